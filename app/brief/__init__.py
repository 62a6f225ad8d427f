"""The warm-handoff brief: composed from the interactions themselves, worded by a model where one is set."""

from app.brief.extractive import compose
from app.brief.handoff import first_handoff
from app.brief.model import BriefWriter

__all__ = ["BriefWriter", "compose", "first_handoff"]
