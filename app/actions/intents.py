"""Tells what the customer wants, by the tenant's own examples.

Each intent is known by the mean of its examples and by the nearest of them. A message is compared with both, by
meaning through the embedder, or by its words alone while the embedder does not answer. What fits nothing well is left
without a name. Over a conversation the latest request weighs most; short replies such as "yes, please" weigh nothing.
"""

import asyncio
import logging
import re
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.actions.catalogue import Catalogue
from app.errors import RetrievalUnavailable
from app.language.acts import Act, customer_act, is_english, staff_act
from app.language.sentences import sentences
from app.language.steps import step_name
from app.language.words import terms
from app.models import Actor, Intent, Interaction, Kind, Outcome, ScoredName, Snapshot
from app.ports import Embedder, Vectors

_log = logging.getLogger(__name__)

FIRST_WISHES = 2
LATEST_WISHES = 2
OLDER_WEIGHT = 0.93
LEAST_WEIGHT = 0.75
LEAST_CONFIDENCE = 0.3
ALTERNATIVES = 5
REMEMBERED = 2048
_OPEN = frozenset({Act.REQUEST, Act.QUESTION, Act.PROBLEM})
_TELLING = frozenset({Act.INFORMATION, Act.ATTEMPT})
_STUCK = (Outcome.FAILED, Outcome.ABANDONED)
_SHORTEST_FOREIGN = 4
# A clause ends at a comma, and where the speaker begins anew: "I don't want a refund I want a new one".
_CLAUSE = r"(?:(?!\b(?:but|i (?:just |only |really )?(?:want|need)|i[’']?d|i would|please|just)\b)[^,;:.?!–—]){0,200}"
# What is not wanted, apart from what one wants to be rid of: "I don't want it any more", "I don't want to pay for it".
_UNWANTED = re.compile(
    rf"\bi (?:really |definitely )?(?:don[’']?t|do not|never) (?:really )?(?:want|need|wish for|ask(?:ed)? for)\b"
    rf"(?! to (?:be|pay|lose|wait|keep|get|have)\b)(?!{_CLAUSE}\bany ?(?:more|longer))(?= \w){_CLAUSE}"
    rf"|\b(?:instead of|rather than)\b(?! (?:me|us|one|two|three|four|five|\d)){_CLAUSE}"
    rf"|(?<=[,;])\s*(?:and |so |but )?not (?:an?|the|my|any|another|to)\b{_CLAUSE}"
    rf"|\bi(?:[’']?m| am) not (?:asking for|looking for|after|here for|interested in)\b{_CLAUSE}"
    rf"|\bplease (?:don[’']?t|do not)\b{_CLAUSE}"
    r"|^no (?:\w+ ){1,2}(?:please|thanks|thank you)(?=[,.;!]|$)"
    r"|\bi (?:want|need) no \w+",
    re.IGNORECASE,
)
_HELD = re.compile(r"\b(?:want|need) (?:my|our|the|this|that|these|those|it|them)\b", re.IGNORECASE)
_EDGES = " ,;:–—"
_CIVIL = frozenset("pleas thank hi hello help assist want need like know tell get let would check".split())


class Scale(NamedTuple):
    """How similarities become probabilities: what counts as like, how sharply, and how far apart classes lie."""

    like: float
    sharpness: float
    temperature: float


MEANING = Scale(like=0.42, sharpness=0.05, temperature=0.05)
WORDS = Scale(like=0.3, sharpness=0.06, temperature=0.08)


class Wish(NamedTuple):
    """One thing the customer asked for, with the message it stands in and how much it counts (0..1)."""

    text: str
    row: Interaction
    weight: float
    refused: bool


class WishRead(NamedTuple):
    """How sure we are of each intent in one wish, and when it was uttered."""

    shares: Mapping[str, float]
    at: datetime


class Reading(NamedTuple):
    """What the customer wants, with the messages that say so.

    `wishes` holds what was read in each of them, `likeness` how well each action's own examples fit, and
    `refused` how sure we are of each intent that staff or a bot has refused; all of them 0..1.
    """

    intent: Intent
    wishes: tuple[WishRead, ...]
    likeness: Mapping[str, float]
    refused: Mapping[str, float]
    requests: tuple[Interaction, ...]


class IntentReader:
    """Reads intents by the examples of one catalogue. The examples are embedded once, at the first use."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        self._embedder = embedder
        self._intents = _Examples.of({one.name: one.examples for one in catalogue.intents})
        self._actions = _Examples.of({one.id: one.examples for one in catalogue.actions if one.examples})
        self._fitted: tuple[_Classes, _Classes] | None = None
        self._fitting = asyncio.Lock()
        self._read: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lexicon = _Lexicon([*self._intents.texts, *self._actions.texts])
        by_words = self._lexicon.vectors
        self._by_words = (
            _Classes(self._intents, by_words(self._intents.texts), WORDS),
            _Classes(self._actions, by_words(self._actions.texts), WORDS),
        )

    async def warm_up(self) -> None:
        """Embed the examples, so that no request has to wait for it. Raises RetrievalUnavailable."""
        async with self._fitting:
            if self._fitted is None:
                vectors = await self._embedder.embed([*self._intents.texts, *self._actions.texts])
                cut = len(self._intents.texts)
                self._fitted = (
                    _Classes(self._intents, vectors[:cut], MEANING),
                    _Classes(self._actions, vectors[cut:], MEANING),
                )

    async def read(self, snapshot: Snapshot) -> Reading:
        """What the customer wants in the conversation at hand, or in what went before while it is empty."""
        wishes = wishes_of(snapshot.conversation) or stuck_at(snapshot.conversation) or wishes_of(snapshot.prior)
        requests = tuple({wish.row.interaction_id: wish.row for wish in wishes}.values())
        if not wishes or not (self._intents.texts or self._actions.texts):
            return Reading(Intent(), (), {}, {}, requests)
        texts = [wish.text for wish in wishes]
        try:
            await self.warm_up()
            vectors = await self._vectors(texts)
            intents, actions = self._fitted or self._by_words
        except RetrievalUnavailable as failure:
            _log.warning("intents are read by words alone: %s", failure.detail)
            vectors = self._lexicon.vectors(texts)
            intents, actions = self._by_words
        weights = np.array([wish.weight for wish in wishes], np.float32)
        shares = intents.probabilities(vectors) * weights[:, None]
        refused = shares * np.array([wish.refused for wish in wishes], np.float32)[:, None]
        return Reading(
            intent=_intent(intents.names, shares),
            wishes=tuple(
                WishRead(dict(zip(intents.names, map(float, row), strict=True)), wish.row.occurred_at)
                for row, wish in zip(shares, wishes, strict=True)
            ),
            likeness=actions.likeness(vectors, weights),
            refused=dict(zip(intents.names, map(float, refused.max(axis=0)), strict=True)) if shares.size else {},
            requests=requests,
        )

    async def _vectors(self, texts: Sequence[str]) -> Vectors:
        # Every message of a conversation asks for the ones before it again.
        fresh = [text for text in dict.fromkeys(texts) if text not in self._read]
        if fresh:
            self._read.update(zip(fresh, await self._embedder.embed(fresh), strict=True))
        vectors = np.stack([self._read[text] for text in texts])
        while len(self._read) > REMEMBERED:
            self._read.popitem(last=False)
        return vectors


def wishes_of(rows: Sequence[Interaction]) -> list[Wish]:
    """What the customer asked for, sentence by sentence: the first wish and the latest ones."""
    said = [row for row in rows if row.kind is Kind.MESSAGE and row.text.strip()]
    asked: list[tuple[int, str]] = []
    for place in range(len(said)):
        asked.extend([(place, text) for text in _asked(said, place, opening=not asked)])
    ages = {place: age for age, place in enumerate(sorted({place for place, _ in asked}, reverse=True))}
    chosen = (*asked[:FIRST_WISHES], *asked[FIRST_WISHES:][-LATEST_WISHES:])
    return [
        Wish(text, said[place], max(LEAST_WEIGHT, OLDER_WEIGHT ** ages[place]), _is_refused(said, place))
        for place, text in chosen
    ]


def stuck_at(rows: Sequence[Interaction]) -> list[Wish]:
    """What a customer who has said nothing failed to do or gave up, in the words of the steps' names."""
    stuck = [row for row in rows if row.kind is Kind.EVENT and row.name and row.outcome in _STUCK]
    latest = {step_name(row.name or ""): row for row in stuck}
    return [Wish(name.replace("_", " "), row, 1.0, refused=False) for name, row in latest.items()][-LATEST_WISHES:]


def _is_refused(said: Sequence[Interaction], place: int) -> bool:
    for row in said[place + 1 :]:
        if row.actor is Actor.CUSTOMER:
            return False
        # "Unfortunately, I need your number for that" is a question, not a refusal.
        refusals = [one for one in sentences(row.text) if staff_act(one) is Act.REFUSAL]
        if any(not {"need", "provid", "requir"} & set(terms(one)) for one in refusals):
            return True
    return False


def _asked(said: Sequence[Interaction], place: int, *, opening: bool) -> list[str]:
    row = said[place]
    if row.actor is not Actor.CUSTOMER:
        return []
    spoken = [kept for one in sentences(row.text) if (kept := without_the_unwanted(one))]
    # How a customer opens says what it is about, even where nothing is asked: "There is a fee on my bill."
    telling = _OPEN | _TELLING if opening else _OPEN
    asked = [one for one in spoken if customer_act(one) in telling and _says_something(one)]
    if asked:
        return asked
    # The acts are known by English wording only.
    if len(row.text.split()) >= _SHORTEST_FOREIGN and not is_english(row.text):
        return [without_the_unwanted(row.text)]
    before = said[place - 1] if place else None
    agrees = any(customer_act(one) is Act.CONFIRMATION for one in spoken[:1])
    if before is None or before.actor is Actor.CUSTOMER or not agrees:
        return []
    # Who agrees to a proposal wants what was proposed.
    return [one for one in sentences(before.text) if one.endswith("?") and _says_something(one)][-1:]


def without_the_unwanted(sentence: str) -> str:
    """The sentence without what the customer says they do not want; empty where nothing else is said."""
    kept = _UNWANTED.sub(" ", sentence)
    if kept == sentence:
        return sentence
    kept = re.sub(r"^(?:but|and|so)\b", "", " ".join(kept.split()).strip(_EDGES), flags=re.IGNORECASE).strip(_EDGES)
    if terms(kept):
        return kept
    # Who no longer wants what they have wants to be rid of it, and that is the matter itself.
    return sentence if _HELD.search(sentence) else ""


def _says_something(sentence: str) -> bool:
    return not set(terms(sentence)) <= _CIVIL


def _intent(names: Sequence[str], shares: NDArray[np.float32]) -> Intent:
    # A wish stands until it is met, so what is said later about something else does not water it down.
    together = shares.max(axis=0) if shares.size else np.zeros(len(names), np.float32)
    order = np.argsort(-together, kind="stable")[: ALTERNATIVES + 1]
    ranked = [ScoredName(name=names[int(index)], confidence=round(float(together[index]), 4)) for index in order]
    best = ranked[0] if ranked else None
    if best is None or best.confidence < LEAST_CONFIDENCE:
        return Intent(alternatives=tuple(one for one in ranked if one.confidence >= 0.01))
    rest = tuple(one for one in ranked[1:] if one.confidence >= 0.01)
    return Intent(name=best.name, confidence=best.confidence, alternatives=rest)


class _Examples(NamedTuple):
    names: tuple[str, ...]
    texts: tuple[str, ...]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Mapping[str, Sequence[str]]) -> "_Examples":
        labels = [index for index, texts in enumerate(examples.values()) for _ in texts]
        texts = tuple(text for texts in examples.values() for text in texts)
        return cls(tuple(examples), texts, np.array(labels, np.int64))


class _Classes:
    """Classes known by their examples' vectors, shape (examples, dimensions)."""

    def __init__(self, examples: _Examples, vectors: Vectors, scale: Scale) -> None:
        self.names = examples.names
        self._examples = vectors
        self._scale = scale
        # Examples stand in the order of their classes, so each class is one stretch of rows.
        self._starts = np.searchsorted(examples.labels, np.arange(len(self.names)))
        if self.names:
            means = np.add.reduceat(vectors, self._starts, axis=0)
            self._means = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)

    def probabilities(self, vectors: Vectors) -> NDArray[np.float32]:
        """Shape (texts, classes); a row sums to how likely the text is about any of the classes."""
        if not self.names:
            return np.zeros((len(vectors), 0), np.float32)
        scores = self._scores(vectors)
        best = scores.max(axis=1, keepdims=True)
        shares = np.exp((scores - best) / self._scale.temperature)
        fits = 1 / (1 + np.exp((self._scale.like - best) / self._scale.sharpness))
        return fits * shares / shares.sum(axis=1, keepdims=True)

    def likeness(self, vectors: Vectors, weights: NDArray[np.float32]) -> dict[str, float]:
        """How like each class the best of the texts is, 0..1, older ones counting for less."""
        if not self.names:
            return {}
        like = 1 / (1 + np.exp((self._scale.like - self._scores(vectors)) / self._scale.sharpness))
        best = (like * weights[:, None]).max(axis=0)
        return {name: float(best[index]) for index, name in enumerate(self.names)}

    def _scores(self, vectors: Vectors) -> NDArray[np.float32]:
        nearest = np.maximum.reduceat(vectors @ self._examples.T, self._starts, axis=1)
        return (nearest + vectors @ self._means.T) / 2


class _Lexicon:
    """Turns texts into unit vectors over the words of the examples, rare words counting more."""

    def __init__(self, texts: Sequence[str]) -> None:
        documents = [set(terms(text)) for text in texts]
        counts = Counter(term for document in documents for term in document)
        self._places = {term: place for place, term in enumerate(counts)}
        self._weights = {term: log(1 + len(documents) / count) for term, count in counts.items()}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, words); a text without any known word is a row of zeros."""
        made = np.zeros((len(texts), max(1, len(self._places))), np.float32)
        for row, text in enumerate(texts):
            for term in set(terms(text)) & self._places.keys():
                made[row, self._places[term]] = self._weights[term]
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
