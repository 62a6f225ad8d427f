"""The warm-handoff brief: composed from interactions, worded by a model where one is set, and then verified."""

from app.briefs.case import Case
from app.briefs.case_reader import CaseReader, read_case
from app.briefs.explanation import explain
from app.briefs.extractive import compose
from app.briefs.handoff import before_model, first_handoff
from app.briefs.llm.deadline import Rest, TimelyWriter, Word, Worded
from app.briefs.llm.shared_drafts import Underway, in_words_of, with_news
from app.briefs.llm.writer import BriefWriter
from app.briefs.wants import case_state, wants

__all__ = [
    "BriefWriter",
    "Case",
    "CaseReader",
    "Rest",
    "TimelyWriter",
    "Underway",
    "Word",
    "Worded",
    "before_model",
    "case_state",
    "compose",
    "explain",
    "first_handoff",
    "in_words_of",
    "read_case",
    "wants",
    "with_news",
]
