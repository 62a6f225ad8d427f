"""The warm-handoff brief: composed from interactions, worded by a model where one is set, and then verified."""

from app.brief.extractive import compose
from app.brief.handoff import before_model, first_handoff
from app.brief.model import BriefWriter
from app.brief.news import brought_up_to_date
from app.brief.pacing import Rest, TimelyWriter, Worded

__all__ = [
    "BriefWriter",
    "Rest",
    "TimelyWriter",
    "Worded",
    "before_model",
    "brought_up_to_date",
    "compose",
    "first_handoff",
]
