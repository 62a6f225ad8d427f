"""The warm-handoff brief: composed from the interactions themselves, worded by a model where one is set, and checked."""

from app.brief.extractive import compose
from app.brief.handoff import first_handoff
from app.brief.model import BriefWriter
from app.brief.verification import Statement, verify

__all__ = ["BriefWriter", "Statement", "compose", "first_handoff", "verify"]
