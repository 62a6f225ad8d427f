"""A language model ranks the actions that policy left open, and its words are checked like those of a brief."""

from app.ranking.model_ranker import ModelRanker

__all__ = ["ModelRanker"]
