"""Names what the customer wants by the intents of one catalogue.

A text is told by what was learnt from the examples, or by its words alone while the embedder does not answer. What fits
nothing well is left without a name. Over a case all texts that tell what is wanted are added up, each by its weight.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from app.actions.catalogue import Catalogue
from app.actions.intents.classifier import LEAST_CONFIDENCE, IntentClassifier, IntentLearner
from app.actions.intents.similarity import MEANING, WORDS, Classes, Examples, Lexicon
from app.caching import on_forgetting
from app.errors import RetrievalUnavailable
from app.models import Intent, Interaction, ScoredName
from app.nlu.wants import Want
from app.ports import Embedder, Vectors

_log = logging.getLogger(__name__)

ALTERNATIVES = 5
REMEMBERED = 2048
# A text of less weight says too little for whoever asks which message told a wish.
_TELLING = 0.3


class WishRead(NamedTuple):
    """How much one text says for each intent, by its weight, and the message or step that it stands in."""

    shares: Mapping[str, float]
    row: Interaction


class IntentReading(NamedTuple):
    """What the customer wants, with the messages that say so.

    `wishes` holds what each text says, `likeness` how well each action's own examples fit, and `refused` how sure we
    are of each intent that staff or a bot has refused; all of them 0..1. `wanted` is what is said in the latest message
    that says what is wanted; None while the embedder does not answer, or where none does. `asked` are the texts that
    say what is still wanted, in their order.
    """

    intent: Intent
    wishes: tuple[WishRead, ...]
    likeness: Mapping[str, float]
    refused: Mapping[str, float]
    requests: tuple[Interaction, ...]
    wanted: "Wanted | None" = None
    asked: tuple[str, ...] = ()


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

    async def read(self, wants: Sequence[Want]) -> IntentReading:
        """What the customer wants, by all texts that tell something of it."""
        telling = [want for want in wants if want.weight >= _TELLING and want.own]
        requests = tuple({want.row.interaction_id: want.row for want in telling}.values())
        asked = tuple(dict.fromkeys(want.text for want in telling))
        if not wants or not (self._intents.texts or self._actions.texts):
            return IntentReading(Intent(), (), {}, {}, requests, asked=asked)
        texts = [want.text for want in wants]
        weights = np.array([want.weight for want in wants], np.float32)
        names = self._intents.names
        compared = await self._compared(texts, weights)
        shares = compared.confidences * weights[:, None]
        refused = shares * np.array([want.refused for want in wants], np.float32)[:, None]
        return IntentReading(
            intent=_intent(names, shares),
            wishes=tuple(
                WishRead(dict(zip(names, row, strict=True)), want.row)
                for row, want in zip(shares.tolist(), wants, strict=True)
            ),
            likeness=compared.likeness,
            refused=dict(zip(names, refused.max(axis=0).tolist(), strict=True)) if shares.size else {},
            requests=requests,
            wanted=_wanted(wants, compared.vectors),
            asked=asked,
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


def added_up(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """How sure we are of each intent by all texts together, shape (intents,); the sum is at most 1.

    `shares`, shape (texts, intents), says how much each text says for each intent.
    """
    together = shares.sum(axis=0)
    return together / np.maximum(together.sum(), 1.0)


def _wanted(wants: Sequence[Want], vectors: Sequence[NDArray[np.float32]]) -> Wanted | None:
    # Who agrees to what was proposed wants it, but it is the proposal that says what it is.
    telling = [index for index, want in enumerate(wants[: len(vectors)]) if want.own and want.weight >= _TELLING]
    if not telling:
        return None
    row = wants[telling[-1]].row
    together = np.sum([vectors[index] for index in telling if wants[index].row is row], axis=0)
    return Wanted(row.interaction_id, (together / max(float(np.linalg.norm(together)), 1e-9)).astype(np.float32))


def _intent(names: Sequence[str], shares: NDArray[np.float32]) -> Intent:
    together = added_up(shares) if shares.size else np.zeros(len(names), np.float32)
    order = np.argsort(-together, kind="stable")[: ALTERNATIVES + 1]
    ranked = [
        ScoredName(name=names[int(index)], confidence=min(1.0, round(float(together[index]), 4))) for index in order
    ]
    best = ranked[0] if ranked else None
    if best is None or best.confidence < LEAST_CONFIDENCE:
        return Intent(alternatives=tuple(score for score in ranked if score.confidence >= 0.01))
    rest = tuple(score for score in ranked[1:] if score.confidence >= 0.01)
    return Intent(name=best.name, confidence=best.confidence, alternatives=rest)
