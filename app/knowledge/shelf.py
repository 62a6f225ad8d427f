"""The articles of one tenant in memory, as they are searched: by words, by meaning, and by what they belong to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.knowledge.article_store import StoredArticle
from app.knowledge.passages import ArticlePassage
from app.knowledge.word_index import WordIndex, weighted_counts
from app.models import Article, KnowledgePassage
from app.nlu.words import terms
from app.ports import Vectors

Mask = NDArray[np.bool_]

# A section of a passage that bears out less than this share of what the best one does is left out of an answer.
SHARE_OF_BEST = 0.5


class ShelvedPassage(NamedTuple):
    """A passage with its id and its article."""

    passage_id: str
    article: Article
    passage: ArticlePassage

    def shown(self, score: float, answer: ArticlePassage) -> KnowledgePassage:
        """The passage as an answer shows it: what of it answers."""
        headings, text = answer
        return KnowledgePassage(
            article_id=self.article.article_id,
            title=self.article.title,
            passage=f"{headings}\n{text}" if headings else text,
            url=self.article.url,
            score=round(min(max(score, 0.0), 1.0), 4),
        )


class ShelvedArticle:
    """An article with what searching needs of it, made once for as long as it stays the same."""

    def __init__(self, stored: StoredArticle, embedder: str) -> None:
        self.article = stored.article
        self.drawn = stored.drawn
        title = stored.article.title
        self.passages = [
            ShelvedPassage(passage.passage_id(stored.article.article_id, title, embedder), stored.article, passage)
            for passage in stored.passages
        ]
        title_terms = terms(title)
        self.counts = [
            weighted_counts(title_terms, terms(f"{passage.headings}\n{passage.text}")) for passage in stored.passages
        ]


class Shelf:
    """All articles of a tenant at one moment; it never changes, only its vectors are filled in as they come."""

    def __init__(self, articles: Sequence[ShelvedArticle]) -> None:
        self.articles = {shelved.article.article_id: shelved for shelved in articles}
        self.passages = [passage for shelved in articles for passage in shelved.passages]
        self.words = WordIndex([counts for shelved in articles for counts in shelved.counts])
        self.vectors: Vectors | None = None
        self._rows = {passage.passage_id: row for row, passage in enumerate(self.passages)}
        self.missing = frozenset(self._rows)

    def fill(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Take in the vectors of passages; those that are not there yet are zeros, and like nothing."""
        usable = {passage_id: vector for passage_id, vector in vectors.items() if passage_id in self.missing}
        if not usable:
            return
        length = len(next(iter(usable.values())))
        if self.vectors is None or self.vectors.shape[1] != length:
            self.vectors = np.zeros((len(self.passages), length), np.float32)
        for passage_id, vector in usable.items():
            if len(vector) == length:
                self.vectors[self._rows[passage_id]] = vector
        self.missing -= usable.keys()

    def answer(self, passage: ArticlePassage, asked: Collection[str]) -> ArticlePassage:
        """The sections of a passage that bear out the terms of a question, each as a whole; all where none does."""
        sections = passage.text.split("\n\n")
        if len(sections) == 1:
            return passage
        shares = [self.words.most([term for term in asked if term in here]) for here in map(_terms_in, sections)]
        enough = max(shares) * SHARE_OF_BEST
        answering = [section for section, share in zip(sections, shares, strict=True) if share >= enough]
        headings = passage.headings if answering[0] is sections[0] else ""
        return ArticlePassage(headings, "\n\n".join(answering))

    def vectors_by_id(self) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that are there."""
        if self.vectors is None:
            return {}
        return {
            passage.passage_id: vector
            for passage, vector in zip(self.passages, self.vectors, strict=True)
            if passage.passage_id not in self.missing
        }

    def may_be_shown(self, now: datetime) -> Mask:
        """Which passages are of articles that are valid at a moment, shape (passages,)."""
        return self._ends > now.timestamp()

    def readable_in(self, language: str | None) -> Mask:
        """Which passages are in a language, or in none in particular; all where none is asked for."""
        if language is None:
            return np.ones(len(self.passages), np.bool_)
        # Comparing texts takes longer than the search itself.
        names, numbers = self._languages
        return np.isin(names, (primary(language), ""))[numbers]

    def of_articles(self, article_ids: Collection[str]) -> Mask:
        """Which passages are of these articles."""
        return np.array([passage.article.article_id in article_ids for passage in self.passages], np.bool_)

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """The number of each passage's article, shape (passages,)."""
        counts = [len(shelved.passages) for shelved in self.articles.values()]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def _ends(self) -> NDArray[np.float64]:
        ends = (passage.article.valid_until for passage in self.passages)
        return np.array([end.timestamp() if end else np.inf for end in ends], np.float64)

    @cached_property
    def _languages(self) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
        """The languages there are, and the number of each passage's among them."""
        languages = [primary(passage.article.language or "") for passage in self.passages]
        names, numbers = np.unique(np.array(languages, np.str_), return_inverse=True)
        return names, numbers


def primary(tag: str) -> str:
    """The language of a tag, without its country: `en` of `en-GB`."""
    return tag.replace("_", "-").partition("-")[0].lower()


def _terms_in(text: str) -> frozenset[str]:
    return frozenset(terms(text))
