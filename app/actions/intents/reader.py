"""Reads what the customer wants in a conversation.

A message is told by what was learnt from the examples, or by its words alone while the embedder does not answer. What
fits nothing well is left without a name. Over a conversation the latest request weighs most; short replies such as
"yes, please" weigh nothing.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from app.actions.catalogue import Catalogue
from app.actions.intents.classifier import LEAST_CONFIDENCE, IntentClassifier, IntentLearner
from app.actions.intents.customer_requests import IntentWish, stuck_at, wishes_of
from app.actions.intents.similarity import MEANING, WORDS, Classes, Examples, Lexicon
from app.caching import on_forgetting
from app.errors import RetrievalUnavailable
from app.models import Intent, Interaction, ScoredName, Snapshot
from app.ports import Embedder, Vectors

_log = logging.getLogger(__name__)

ALTERNATIVES = 5
REMEMBERED = 2048
# What customers want is looked for in longer cases in a thread, so that nobody else's request waits for it.
_LONG = 12_000


class WishRead(NamedTuple):
    """How sure we are of each intent in one wish, and when it was uttered."""

    shares: Mapping[str, float]
    at: datetime


class IntentReading(NamedTuple):
    """What the customer wants, with the messages that say so.

    `wishes` holds what was read in each of them, `likeness` how well each action's own examples fit, and
    `refused` how sure we are of each intent that staff or a bot has refused; all of them 0..1. `wanted` is what is said
    in the latest message that says what is wanted; None while the embedder does not answer, or where none does.
    """

    intent: Intent
    wishes: tuple[WishRead, ...]
    likeness: Mapping[str, float]
    refused: Mapping[str, float]
    requests: tuple[Interaction, ...]
    wanted: "Wanted | None" = None


class Wanted(NamedTuple):
    """A message that says what is wanted, and the unit vector of what it says of it, shape (dimensions,)."""

    interaction_id: str
    vector: NDArray[np.float32]


class _TextScores(NamedTuple):
    """How sure we are of each intent of one text, shape (intents,), and how like each action it is, shape (actions,).

    Of actions without examples there is nothing to be like. `vector` is the text's own, shape (dimensions,).
    """

    confidences: NDArray[np.float32]
    likeness: NDArray[np.float32]
    vector: NDArray[np.float32]


class _Compared(NamedTuple):
    """Of texts: how sure we are of each intent, how like each action's examples they are, and their vectors."""

    confidences: NDArray[np.float32]
    likeness: Mapping[str, float]
    vectors: Sequence[NDArray[np.float32]] = ()


class IntentReader:
    """Reads intents by the examples of one catalogue. They are embedded and learnt from once, at the first use."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        self._learner = IntentLearner(embedder)
        self._labels = {intent.name: intent.label for intent in catalogue.intents}
        self._intents = Examples.of({intent.name: intent.examples for intent in catalogue.intents})
        self._actions = Examples.of({action.id: action.examples for action in catalogue.actions if action.examples})
        self._fitted: tuple[IntentClassifier, Classes] | None = None
        self._fitting = asyncio.Lock()
        self._judged: LRUCache[str, _TextScores] = LRUCache(REMEMBERED)
        on_forgetting(self.forget)
        self._lexicon = Lexicon([*self._intents.texts, *self._actions.texts])
        by_words = self._lexicon.vectors
        self._by_words = (
            Classes(self._intents, by_words(self._intents.texts), WORDS),
            Classes(self._actions, by_words(self._actions.texts), WORDS),
        )

    async def warm_up(self) -> None:
        """Learn from the examples, so that no request has to wait for it. Raises RetrievalUnavailable."""
        async with self._fitting:
            if self._fitted is None:
                self._fitted = await self._learnt(None)

    async def learn_from(self, traffic: Vectors) -> None:
        """Learn anew, from unlabelled messages of the same tenant too. Raises RetrievalUnavailable.

        `traffic` has shape (messages, dimensions); what was learnt before is in use until this has returned.
        """
        async with self._fitting:
            self._fitted = await self._learnt(traffic)
            self._judged.clear()

    def forget(self) -> None:
        """Keep nothing of the texts that were read; what was learnt stays."""
        self._judged.clear()

    async def _learnt(self, traffic: Vectors | None) -> tuple[IntentClassifier, Classes]:
        intents = await self._learner.learn(self._intents.by_name, labels=self._labels, traffic=traffic)
        vectors = await self._learner.embed(self._actions.texts)
        return intents, Classes(self._actions, vectors, MEANING)

    async def read(self, snapshot: Snapshot) -> IntentReading:
        """What the customer wants in the conversation at hand, or in what went before while it is empty."""
        is_long = snapshot.characters > _LONG
        wishes = await asyncio.to_thread(_wishes, snapshot) if is_long else _wishes(snapshot)
        requests = tuple({wish.row.interaction_id: wish.row for wish in wishes}.values())
        if not wishes or not (self._intents.texts or self._actions.texts):
            return IntentReading(Intent(), (), {}, {}, requests)
        texts = [wish.text for wish in wishes]
        weights = np.array([wish.weight for wish in wishes], np.float32)
        names = self._intents.names
        compared = await self._compared(texts, weights)
        shares = compared.confidences * weights[:, None]
        refused = shares * np.array([wish.refused for wish in wishes], np.float32)[:, None]
        return IntentReading(
            intent=_intent(names, shares),
            wishes=tuple(
                WishRead(dict(zip(names, row, strict=True)), wish.row.occurred_at)
                for row, wish in zip(shares.tolist(), wishes, strict=True)
            ),
            likeness=compared.likeness,
            refused=dict(zip(names, refused.max(axis=0).tolist(), strict=True)) if shares.size else {},
            requests=requests,
            wanted=_wanted(wishes, compared.vectors),
        )

    async def _compared(self, texts: Sequence[str], weights: NDArray[np.float32]) -> _Compared:
        if self._fitted is None and self._fitting.locked():
            return self._compared_by_words(texts, weights)  # the examples are being learnt, which takes seconds
        try:
            await self.warm_up()
            judged = await self._judgements(texts)
        except RetrievalUnavailable as failure:
            _log.warning("intents are read by words alone: %s", failure.detail)
            return self._compared_by_words(texts, weights)
        likeness = np.stack([judgement.likeness for judgement in judged]) * weights[:, None]
        best: list[float] = likeness.max(axis=0).tolist()
        return _Compared(
            np.stack([judgement.confidences for judgement in judged]),
            dict(zip(self._actions.names, best, strict=True)),
            [judgement.vector for judgement in judged],
        )

    def _compared_by_words(self, texts: Sequence[str], weights: NDArray[np.float32]) -> _Compared:
        vectors = self._lexicon.vectors(texts)
        intents, actions = self._by_words
        return _Compared(intents.probabilities(vectors), actions.likeness(vectors, weights))

    async def _judgements(self, texts: Sequence[str]) -> Sequence["_TextScores"]:
        # Every message of a conversation asks for the ones before it again.
        judgements = {text: self._judged[text] for text in texts if text in self._judged}
        fresh = [text for text in dict.fromkeys(texts) if text not in judgements]
        if fresh:
            vectors = await self._learner.embed(fresh)
            assert self._fitted is not None
            intents, actions = self._fitted
            made = zip(intents.likelihoods(vectors).confidences, actions.likenesses(vectors), vectors, strict=True)
            judgements |= {text: _TextScores(*rows) for text, rows in zip(fresh, made, strict=True)}
            self._judged.update((text, judgements[text]) for text in fresh)
        return [judgements[text] for text in texts]


def _wishes(snapshot: Snapshot) -> list[IntentWish]:
    return wishes_of(snapshot.conversation) or stuck_at(snapshot.conversation) or wishes_of(snapshot.prior)


def _wanted(wishes: Sequence[IntentWish], vectors: Sequence[NDArray[np.float32]]) -> Wanted | None:
    # Who agrees to what was proposed wants it, but it is the proposal that says what it is.
    own = [index for index, wish in enumerate(wishes[: len(vectors)]) if wish.text in wish.row.text]
    if not own:
        return None
    row = wishes[own[-1]].row
    together = np.sum([vectors[index] for index in own if wishes[index].row is row], axis=0)
    return Wanted(row.interaction_id, (together / max(float(np.linalg.norm(together)), 1e-9)).astype(np.float32))


def _intent(names: Sequence[str], shares: NDArray[np.float32]) -> Intent:
    # A wish stands until it is met, so what is said later about something else does not water it down.
    together = shares.max(axis=0) if shares.size else np.zeros(len(names), np.float32)
    order = np.argsort(-together, kind="stable")[: ALTERNATIVES + 1]
    ranked = [
        ScoredName(name=names[int(index)], confidence=min(1.0, round(float(together[index]), 4))) for index in order
    ]
    best = ranked[0] if ranked else None
    if best is None or best.confidence < LEAST_CONFIDENCE:
        return Intent(alternatives=tuple(score for score in ranked if score.confidence >= 0.01))
    rest = tuple(score for score in ranked[1:] if score.confidence >= 0.01)
    return Intent(name=best.name, confidence=best.confidence, alternatives=rest)
