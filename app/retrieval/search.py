"""Finds in one customer's history by words and by meaning together."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence
from itertools import islice
from time import monotonic
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.errors import ConfigurationError, RetrievalUnavailable
from app.models import Interaction, Passage, Record
from app.nlu.words import terms
from app.patience import within
from app.ports import Embedder, Ledger, VectorStore
from app.retrieval.lexical import Scores, coverage
from app.retrieval.texts import embeddable, names_a_date, searchable, terms_of, terms_of_day

_log = logging.getLogger(__name__)

MAX_CANDIDATES = 10_000
# Vectors cost 0.02 ms each to read, and of a long history the best 100 by words find as much as all. Where words find
# less than that, meaning looks through the newest as well.
SHORTLIST = 100
LONG_SHORTLIST = 400
# What was filed a moment ago has no vector in the index yet: so many, the newest, are embedded as they are read. The
# embedder remembers them, so that the index has them for nothing afterwards.
MOST_EMBEDDED = 16
# Measured: of the turns that answer a question about a long conversation, ten hits hold 0.79 with a weight of 0.2 to
# 0.5 and less beyond, 0.78 by words alone; on short texts without neighbours the reciprocal rank of the first hit is
# 0.65 by words alone and rises to 0.78 at 0.5. Fusing ranks instead of scores was worse on one or the other.
COSINE_WEIGHT = 0.5
# Two sentences of this model that share nothing but the language have a cosine of up to 0.3.
MIN_COSINE = 0.3

# Waiting for vectors must not break the deadline of a handoff: beyond this, words alone have to do, and for a while
# nothing is asked of a part that has just failed.
PATIENCE_S = 1.5
REST_S = 5.0

_Answer = TypeVar("_Answer")


class _SearchCandidate(NamedTuple):
    row: Interaction
    text: str


class RankedPassages(Record):
    """Passages, best first; `by_meaning` is False when the embedder or the vectors failed and words alone decided."""

    passages: tuple[Passage, ...]
    by_meaning: bool = True


class Retriever:
    """Ranks a customer's own interactions, as the ledger has them, so that what is not indexed yet is found too."""

    def __init__(
        self, ledger: Ledger, vectors: VectorStore, embedder: Embedder, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._patience_s = patience_s
        self._ledger = ledger
        self._vectors = vectors
        self._embedder = embedder
        self._resting_until = 0.0

    async def search(
        self, tenant: str, identity_ids: Collection[str], query: str, *, up_to_seq: int, limit: int
    ) -> Sequence[Passage]:
        """The passages that answer the query best among the newest 10,000 interactions, best first, at most `limit`."""
        # The ledger is read while the question is embedded: each takes about as long as the other.
        question, rows = await asyncio.gather(
            self._question(query),
            self._ledger.interactions(
                tenant, identity_ids, up_to_seq=up_to_seq, limit=MAX_CANDIDATES, newest_first=True
            ),
        )
        candidates = _candidates(rows)
        lexical = await asyncio.to_thread(_lexical, query, candidates)
        return (await self._best(tenant, candidates, lexical, question, limit)).passages

    async def rank(self, tenant: str, rows: Sequence[Interaction], query: str, *, limit: int) -> RankedPassages:
        """The best of these rows for a query, best first. A score means the same whatever the question."""
        candidates = _candidates(rows) if query.strip() else []
        if not candidates:
            return RankedPassages(passages=())
        question, lexical = await asyncio.gather(self._question(query), asyncio.to_thread(_lexical, query, candidates))
        return await self._best(tenant, candidates, lexical, question, limit)

    async def _best(
        self,
        tenant: str,
        candidates: Sequence[_SearchCandidate],
        lexical: Scores,
        question: NDArray[np.float32] | None,
        limit: int,
    ) -> RankedPassages:
        shortlist = _shortlist(candidates, lexical)
        rows = [candidates[index].row for index in shortlist]
        cosines = None if question is None else await self._cosines(tenant, question, rows)
        scores, matches = lexical.copy(), lexical > 0
        if cosines is not None:
            scores[shortlist] += COSINE_WEIGHT * cosines
            matches[shortlist] |= cosines >= MIN_COSINE
        scores /= 1 + COSINE_WEIGHT
        order = [index for index in _best_first(scores, candidates) if matches[index]]
        best = (Passage(interaction=candidates[index].row, score=float(scores[index])) for index in order[:limit])
        return RankedPassages(passages=tuple(best), by_meaning=cosines is not None)

    async def _question(self, query: str) -> NDArray[np.float32] | None:
        if not query.strip() or monotonic() < self._resting_until:
            return None
        made = await self._or_none(self._embedder.embed([query]))
        return None if made is None else made[0]

    async def _cosines(self, tenant: str, question: NDArray[np.float32], rows: Sequence[Interaction]) -> Scores | None:
        vectors = await self._or_none(self._vectors_of(tenant, rows))
        if vectors is None:
            return None
        # A vector of another length is a former embedder's, soon replaced.
        read = (vectors.get(row.interaction_id) for row in rows)
        usable = (vector if vector is not None and vector.shape == question.shape else None for vector in read)
        return np.array([0.0 if vector is None else max(0.0, float(vector @ question)) for vector in usable])

    async def _vectors_of(self, tenant: str, rows: Sequence[Interaction]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors of rows, by id; of those that the index has not seen yet, the newest are embedded here."""
        indexed = await self._vectors.get(tenant, [row.interaction_id for row in rows])
        unseen = (row for row in rows if row.interaction_id not in indexed)
        newest = sorted(unseen, key=lambda row: row.seq, reverse=True)[:MOST_EMBEDDED]
        texts = {row.interaction_id: text for row in newest if (text := embeddable(row))}
        if not texts:
            return indexed
        made = await self._embedder.embed(list(texts.values()))
        return {**indexed, **dict(zip(texts, made, strict=True))}

    async def _or_none(self, work: Awaitable[_Answer]) -> _Answer | None:
        try:
            async with within(self._patience_s):
                return await work
        except (RetrievalUnavailable, ConfigurationError, TimeoutError) as failure:
            _log.warning("retrieval goes on by words alone: %s", type(failure).__name__)
            self._resting_until = monotonic() + REST_S
            return None


def _candidates(rows: Sequence[Interaction]) -> list[_SearchCandidate]:
    # In the order of each conversation, one conversation after the other, since neighbours are read together.
    candidates = (_SearchCandidate(row, searchable(row)) for row in rows)
    return sorted(
        (candidate for candidate in candidates if candidate.text),
        key=lambda candidate: (candidate.row.conversation_id or "", candidate.row.occurred_at, candidate.row.seq),
    )


def _lexical(query: str, candidates: Sequence[_SearchCandidate]) -> Scores:
    documents = [terms_of(candidate.row) for candidate in candidates]
    if names_a_date(query):
        documents = [
            (*document, *terms_of_day(candidate.row.occurred_at.date()))
            for document, candidate in zip(documents, candidates, strict=True)
        ]
    return coverage(terms(query), documents, [candidate.row.conversation_id for candidate in candidates])


def _shortlist(candidates: Sequence[_SearchCandidate], lexical: Scores) -> list[int]:
    embedded = (index for index in _best_first(lexical, candidates) if embeddable(candidates[index].row))
    shortlist = list(islice(embedded, SHORTLIST))
    if shortlist and lexical[shortlist[-1]] > 0:
        return shortlist
    return shortlist + list(islice(embedded, LONG_SHORTLIST - SHORTLIST))


def _best_first(scores: Scores, candidates: Sequence[_SearchCandidate]) -> list[int]:
    """The places of the candidates, the highest score first and of equal ones the newest."""
    newest = np.fromiter((-candidate.row.seq for candidate in candidates), np.int64, len(candidates))
    return np.lexsort((newest, -scores)).tolist()
