"""Finds the passages that answer a question or a situation, by words and by meaning together.

A situation is told in many sentences, most of which are about something else. By words all of them are asked at once:
BM25 weighs a rare word that is repeated above whatever is said in passing. By meaning only the few are asked that have
the most to do with any passage, for a vector of everything is a vector of nothing, and making vectors takes time.

How much words count goes by how many of them are borne out: a long situation goes by its words, where a question of a
few words may share but a chance word with a passage and goes by its meaning.

Chosen on 24 of 49 situations, on the first sentences alone of 21 of these, and on 100 short questions of another
source. Votes or ranks by sentence, pairs of words, and feedback from what was found first gained next to nothing on
these; neither did more sentences and likeness between articles on situations left out by cross-validation.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from time import monotonic
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import ConfigurationError, RetrievalUnavailable
from app.knowledge.library import Library
from app.knowledge.passages import ArticlePassage
from app.knowledge.shelf import Mask, Shelf, ShelvedPassage
from app.knowledge.word_index import Scores
from app.models import KnowledgePassage
from app.nlu.words import terms
from app.patience import within
from app.ports import Embedder

_log = logging.getLogger(__name__)

# From so many of the rarest words on that the best passage holds, words count for more than half of what they can.
MANY_WORDS = 2
# How well a passage answers is read from its meaning first: sentences of another domain share words with it, too.
STRENGTH_OF_COSINE = 2
# A passage that has less in common with a question answers nothing. Greetings find none above it; of questions from
# other domains one in ten does among 77 articles, one in two among 698.
MIN_STRENGTH = 0.2
MIN_COVERAGE = 0.06
SENTENCES_EMBEDDED = 3
WORDS_EMBEDDED = 60
LONGEST_EMBEDDED = 300
PATIENCE_S = 1.5
REST_S = 5.0


class Sought(NamedTuple):
    """What is looked for: sentences that say what it is about, and more words that only words are compared with."""

    sentences: Sequence[str]
    words: str = ""
    language: str | None = None


class RankedPassage(NamedTuple):
    """A passage with how well it fits, 0..1, and what of it answers."""

    passage: ShelvedPassage
    score: float
    answer: ArticlePassage

    def shown(self) -> KnowledgePassage:
        """The passage as an answer shows it."""
        return self.passage.shown(self.score, self.answer)


class Ranking(NamedTuple):
    """The best passage of each article that fits, best first; `by_meaning`: vectors were compared too."""

    passages: Sequence[RankedPassage]
    by_meaning: bool


class _Scored(NamedTuple):
    """Of every passage: its BM25 score for all that is looked for, its cosine to each sentence that meaning is asked
    by, how well it answers the best of these (0..1), and whether it has anything to do with it.
    """

    lexical: Scores
    cosines: NDArray[np.float32] | None
    strength: Scores
    fits: Mask


class _Asked(NamedTuple):
    """The sentences that meaning is asked by, with the terms of each."""

    texts: Sequence[str]
    terms: Sequence[frozenset[str]]


class KnowledgeSearch:
    """Ranks the passages of a tenant's articles."""

    def __init__(self, library: Library, embedder: Embedder, *, patience_s: float = PATIENCE_S) -> None:
        self._library = library
        self._embedder = embedder
        self._patience_s = patience_s
        self._resting_until = 0.0

    async def rank(
        self,
        tenant: str,
        shelf: Shelf,
        sought: Sought,
        *,
        now: datetime,
        limit: int,
        always: Collection[str] = (),
        patience_s: float | None = None,
    ) -> Ranking:
        """The passages that fit best, at most `limit`, each of another article; those of `always` fit in any case."""
        patience_s = self._patience_s if patience_s is None else patience_s
        asked = _most_telling(shelf, sought.sentences)
        await self._library.filled(tenant, shelf, patience_s=patience_s)
        question = await self._embedded(asked.texts, patience_s)
        scored = _scored(shelf, sought, asked, question)
        if always:
            scored = scored._replace(fits=scored.fits | shelf.of_articles(always))
        valid = shelf.may_be_shown(now)
        # What is written in another language is better than nothing.
        rows = _ranked(shelf, scored, valid & shelf.readable_in(sought.language), limit)
        if not rows and sought.language is not None:
            rows = _ranked(shelf, scored, valid, limit)
        wanted = sorted(frozenset[str]().union(*asked.terms))
        ranked: list[RankedPassage] = []
        for row, score in rows:
            passage = shelf.passages[row]
            ranked.append(RankedPassage(passage, score, shelf.answer(passage.passage, wanted)))
        return Ranking(ranked, by_meaning=scored.cosines is not None)

    async def _embedded(self, texts: Sequence[str], patience_s: float) -> NDArray[np.float32] | None:
        if not texts or monotonic() < self._resting_until:
            return None
        try:
            async with within(patience_s):
                return await self._embedder.embed([text[:LONGEST_EMBEDDED] for text in texts])
        except (RetrievalUnavailable, ConfigurationError, TimeoutError) as failure:
            _log.warning("articles are searched by words alone: %s", type(failure).__name__)
            self._resting_until = monotonic() + REST_S
            return None


def _most_telling(shelf: Shelf, sentences: Sequence[str]) -> _Asked:
    """The sentences that have most to do with any one passage, best first, as many as there is time to embed."""
    distinct = {text: frozenset(terms(text)) for text in dict.fromkeys(sentences)}
    if len(distinct) <= 1:
        return _Asked(list(distinct), list(distinct.values()))
    best = {text: float(shelf.words.scores(sorted(words)).max()) for text, words in distinct.items()}
    chosen: list[str] = []
    for text in sorted(distinct, key=lambda text: -best[text]):
        chosen.append(text)
        if len(chosen) == SENTENCES_EMBEDDED or sum(len(each.split()) for each in chosen) >= WORDS_EMBEDDED:
            break
    return _Asked(chosen, [distinct[text] for text in chosen])


def _scored(shelf: Shelf, sought: Sought, asked: _Asked, question: NDArray[np.float32] | None) -> _Scored:
    lexical = shelf.words.scores([term for text in (*sought.sentences, sought.words) for term in terms(text)])
    coverage, cosines = _coverage(shelf, asked), _cosines(shelf, question)
    if cosines is None:
        return _Scored(lexical, None, coverage, coverage >= MIN_COVERAGE)
    likest = np.maximum(cosines.max(axis=1), 0.0)
    strength = (coverage + STRENGTH_OF_COSINE * likest) / (1 + STRENGTH_OF_COSINE)
    return _Scored(lexical, cosines, strength, strength >= MIN_STRENGTH)


def _cosines(shelf: Shelf, question: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """The cosine of each passage to each text, shape (passages, texts)."""
    if question is None or shelf.vectors is None or shelf.vectors.shape[1] != question.shape[1]:
        return None
    return shelf.vectors @ question.T


def _ranked(shelf: Shelf, scored: _Scored, may_be_shown: Mask, limit: int) -> list[tuple[int, float]]:
    # The rows of the passages with how well each fits, best first.
    if not may_be_shown.any():
        return []
    together = scored.lexical / (float(scored.lexical[may_be_shown].max()) + MANY_WORDS * shelf.words.rarest)
    if scored.cosines is not None:
        together = together + np.maximum(scored.cosines.mean(axis=1), 0.0)
    order = np.argsort(-together, kind="stable")
    ranked: list[tuple[int, float]] = []
    shown: set[int] = set()
    # Nothing fits better than what comes before it, whatever single sentence it answers.
    score = 1.0
    for row in order[(may_be_shown & scored.fits)[order]]:
        owner = int(shelf.owners[row])
        if owner in shown:
            continue
        shown.add(owner)
        score = min(score, float(scored.strength[row]))
        ranked.append((int(row), score))
        if len(ranked) == limit:
            break
    return ranked


def _coverage(shelf: Shelf, asked: _Asked) -> Scores:
    """How much of the sentence that it bears out best each passage bears out, 0..1, shape (passages,)."""
    coverage = np.zeros(len(shelf.passages))
    for words in asked.terms:
        most = shelf.words.most(sorted(words))
        if most > 0:
            np.maximum(coverage, shelf.words.scores(sorted(words)) / most, out=coverage)
    return coverage
