"""The warm-handoff brief: composed from interactions, worded by a model where one is set, and then verified."""

from app.brief.extractive import compose
from app.brief.handoff import before_model, first_handoff
from app.brief.joining import Underway, in_words_of, with_news
from app.brief.model import BriefWriter
from app.brief.pacing import Rest, TimelyWriter, Word, Worded

__all__ = [
    "BriefWriter",
    "Rest",
    "TimelyWriter",
    "Underway",
    "Word",
    "Worded",
    "before_model",
    "compose",
    "first_handoff",
    "in_words_of",
    "with_news",
]
