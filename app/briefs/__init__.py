"""The warm-handoff brief: composed from interactions, worded by a model where one is set, and then verified."""

from app.briefs.explaining import explain
from app.briefs.extractive import compose
from app.briefs.handoff import before_model, first_handoff
from app.briefs.joining import Underway, in_words_of, with_news
from app.briefs.model import BriefWriter
from app.briefs.pacing import Rest, TimelyWriter, Word, Worded

__all__ = [
    "BriefWriter",
    "Rest",
    "TimelyWriter",
    "Underway",
    "Word",
    "Worded",
    "before_model",
    "compose",
    "explain",
    "first_handoff",
    "in_words_of",
    "with_news",
]
