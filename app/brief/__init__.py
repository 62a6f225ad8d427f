"""The warm-handoff brief: composed from interactions, worded by a model where one is set, and then verified."""

from app.brief.extractive import compose
from app.brief.handoff import first_handoff
from app.brief.model import BriefWriter
from app.brief.pacing import TimelyWriter

__all__ = ["BriefWriter", "TimelyWriter", "compose", "first_handoff"]
