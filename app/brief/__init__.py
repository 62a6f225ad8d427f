"""The warm-handoff brief: composed from interactions, worded by a model where one is set, and then verified."""

from app.brief.extractive import compose
from app.brief.handoff import first_handoff
from app.brief.model import BriefWriter
from app.brief.pacing import TimelyWriter
from app.brief.verification import Statement, verify

__all__ = ["BriefWriter", "Statement", "TimelyWriter", "compose", "first_handoff", "verify"]
