"""Who is who in a talk whose document does not say it of everybody: which voice is which party, and who is served.

All ways of giving the voices to the parties, and of who is the customer, are weighed against each other by what the
document says (sides, names, addresses) and by what is said: somebody introduces themselves with a party's name, or
speaks as those who serve speak. Nobody is taken for anybody because they speak first. What is less likely than `SURE`
stays unknown.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from math import exp
from typing import NamedTuple

from app.models import Actor
from app.nlu.introductions import introduces_as, names_in_passing
from app.nlu.sides import serving_odds

SURE = 0.9
MOST_FREE = 5
"""So many voices and parties are weighed in all ways; of more, every voice is judged by what it says alone."""
_INTRODUCED = 4.0
_NAMED_IN_PASSING = -0.7
_SAME_NUMBER = 1.0
_ONE_MORE_CUSTOMER = -2.0
_SILENT_CUSTOMER = -1.0
_MOST_MENTIONS = 3

Key = Hashable


class WeighedParty(NamedTuple):
    """Somebody whom the document names: the side it states, and what else speaks for serving, as logarithm of odds."""

    name: str | None = None
    side: Actor | None = None
    serving: float = 0.0


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who speaks: what they say, and the party or the side that their label names."""

    key: Key
    texts: Sequence[str]
    party: int | None = None
    side: Actor | None = None
    number: int | None = None
    """What the document numbers this voice by, where it counts them from 0 as it counts its parties."""


class Attribution(NamedTuple):
    """Who a voice is: the side, None where that is unknown; the party, where it is known; how likely, and why."""

    actor: Actor | None
    party: int | None
    confidence: float
    reason: str


class Attributions(NamedTuple):
    """Who every voice is, and the party that is the customer, where that is known."""

    voices: Mapping[Key, Attribution]
    customer: int | None


class _Hypothesis(NamedTuple):
    """A party (or none) and whether it is the customer's, for each voice; the customer's party; its weight."""

    parties: tuple[int | None, ...]
    customers: frozenset[int]
    party_customers: frozenset[int]
    weight: float


def attribute(parties: Sequence[WeighedParty], voices: Sequence[Voice], candidates: Sequence[int] = ()) -> Attributions:
    """Who everybody is. Voices and parties whose side is stated keep it.

    `candidates` are the parties that may have spoken; none: all of them.
    """
    people = candidates or range(len(parties))
    by_all = _marginals(_Weighing(parties, voices, people, with_talk=True))
    by_document = _marginals(_Weighing(parties, voices, people, with_talk=False))
    attributions: dict[Key, Attribution] = {}
    for index, voice in enumerate(voices):
        party = by_all.party_of(index) if voice.party is None else voice.party
        stated = voice.side or (parties[party].side if party is not None else None)
        customer = by_all.customer[index]
        confidence = max(customer, 1 - customer)
        if stated is not None:
            reason = "label" if voice.side or voice.party is not None else "name"
            actor: Actor | None = stated
            confidence = 1.0
        else:
            actor = None if confidence < SURE else Actor.CUSTOMER if customer > 0.5 else Actor.AGENT
            settled = max(by_document.customer[index], 1 - by_document.customer[index]) >= SURE
            reason = "unknown" if actor is None else "document" if settled else "talk"
        attributions[voice.key] = Attribution(actor, party, confidence, reason)
    return Attributions(attributions, by_all.customer_party(parties))


class _Marginals(NamedTuple):
    """How likely each voice is the customer's, and each party's; and each party to be the customer."""

    customer: Sequence[float]
    voice_parties: Sequence[Mapping[int, float]]
    parties: Mapping[int, float]

    def party_of(self, voice: int) -> int | None:
        """The party that a voice surely is."""
        likeliest = max(self.voice_parties[voice].items(), key=lambda item: item[1], default=(0, 0.0))
        return likeliest[0] if likeliest[1] >= SURE else None

    def customer_party(self, parties: Sequence[WeighedParty]) -> int | None:
        """The party that surely is the customer."""
        stated = [index for index, party in enumerate(parties) if party.side is Actor.CUSTOMER]
        if stated:
            return stated[0]
        likeliest = max(self.parties.items(), key=lambda item: item[1], default=(0, 0.0))
        return likeliest[0] if likeliest[1] >= SURE else None


def _marginals(weighing: "_Weighing") -> _Marginals:
    voices = weighing.voices
    hypotheses = list(weighing.hypotheses())
    greatest = max((hypothesis.weight for hypothesis in hypotheses), default=0.0)
    shares = [exp(hypothesis.weight - greatest) for hypothesis in hypotheses]
    whole = sum(shares) or 1.0
    customer = [0.0] * len(voices)
    voice_parties: list[dict[int, float]] = [{} for _ in voices]
    party_customers: dict[int, float] = {}
    for hypothesis, share in zip(hypotheses, shares, strict=True):
        for index in hypothesis.customers:
            customer[index] += share / whole
        for index, party in enumerate(hypothesis.parties):
            if party is not None:
                voice_parties[index][party] = voice_parties[index].get(party, 0.0) + share / whole
        for party in hypothesis.party_customers:
            party_customers[party] = party_customers.get(party, 0.0) + share / whole
    return _Marginals(customer, voice_parties, party_customers)


class _Weighing:
    """The hypotheses about one talk, each with its weight."""

    def __init__(
        self, parties: Sequence[WeighedParty], voices: Sequence[Voice], candidates: Sequence[int], *, with_talk: bool
    ) -> None:
        self._parties = parties
        self.voices = voices
        self._odds = [serving_odds(voice.texts) if with_talk else 0.0 for voice in voices]
        taken = {voice.party for voice in voices}
        self._free_voices = [index for index, voice in enumerate(voices) if voice.party is None]
        self._free_parties = [index for index in dict.fromkeys(candidates) if index not in taken]
        self._links = {
            (voice, party): self._link(voice, party) for voice in self._free_voices for party in self._free_parties
        }

    def hypotheses(self) -> Iterator[_Hypothesis]:
        """Every way in which it may be."""
        for links in self._all_links():
            chosen = tuple(
                voice.party if voice.party is not None else links.get(index) for index, voice in enumerate(self.voices)
            )
            weight = sum(self._links[voice, party] for voice, party in links.items())
            yield from self._with_customers(chosen, weight)

    def _all_links(self) -> Iterator[Mapping[int, int]]:
        voices, parties = self._free_voices, self._free_parties
        if not voices or not parties or max(len(voices), len(parties)) > MOST_FREE:
            yield {}
            return
        yield from self._linked(voices, parties, min(len(voices), len(parties)))

    def _linked(self, voices: Sequence[int], parties: Sequence[int], count: int) -> Iterator[Mapping[int, int]]:
        """All ways to give `count` of the voices a party of their own that does not contradict their side."""
        if count == 0:
            yield {}
            return
        if len(voices) < count:
            return
        voice, rest = voices[0], voices[1:]
        for party in parties:
            if self._fits(voice, party):
                for others in self._linked(rest, [other for other in parties if other != party], count - 1):
                    yield {voice: party, **others}
        if len(voices) > count or not any(self._fits(voice, party) for party in parties):
            yield from self._linked(rest, parties, min(count, len(rest)))

    def _fits(self, voice: int, party: int) -> bool:
        side, stated = self.voices[voice].side, self._parties[party].side
        return side is None or stated is None or side is stated

    def _link(self, voice: int, party: int) -> float:
        spoken, name = self.voices[voice], self._parties[party].name
        weight = _SAME_NUMBER if spoken.number == party else 0.0
        if name:
            weight += _INTRODUCED if any(introduces_as(text, name) for text in spoken.texts) else 0.0
            mentions = sum(names_in_passing(text, name) for text in spoken.texts)
            weight += _NAMED_IN_PASSING * min(mentions, _MOST_MENTIONS)
        return weight

    def _with_customers(self, chosen: tuple[int | None, ...], weight: float) -> Iterator[_Hypothesis]:
        sides = [self._side(index, party) for index, party in enumerate(chosen)]
        open_voices = [index for index, side in enumerate(sides) if side is None]
        silent = [index for index, party in enumerate(self._parties) if index not in chosen and party.side is None]
        stated = [index for index, side in enumerate(sides) if side is Actor.CUSTOMER]
        for customers, party in self._choices(sides, open_voices, silent):
            total = weight + sum(
                odds / 2 * (-1 if index in (*stated, *customers) else 1) for index, odds in enumerate(self._odds)
            )
            total += _ONE_MORE_CUSTOMER * max(0, len(stated) + len(customers) - 1)
            total += _SILENT_CUSTOMER if party is not None and open_voices else 0.0
            served = {chosen[index] for index in (*stated, *customers)} | {party}
            total += sum(
                other.serving / 2 * (-1 if index in served else 1)
                for index, other in enumerate(self._parties)
                if other.side is None
            )
            named = frozenset(index for index in served if index is not None)
            yield _Hypothesis(chosen, frozenset((*stated, *customers)), named, total)

    def _choices(
        self, sides: Sequence[Actor | None], open_voices: Sequence[int], silent: Sequence[int]
    ) -> Iterator[tuple[tuple[int, ...], int | None]]:
        """Which of the voices whose side is open are the customer's, or which of the parties that say nothing."""
        has_customer = Actor.CUSTOMER in sides or any(party.side is Actor.CUSTOMER for party in self._parties)
        serves = any(side in (Actor.AGENT, Actor.BOT) for side in sides) or any(
            party.side in (Actor.AGENT, Actor.BOT) for party in self._parties
        )
        if has_customer:
            yield (), None
            yield from ((pair, None) for pair in combinations(open_voices, 1))
            return
        for customers in chain(combinations(open_voices, 1), combinations(open_voices, 2)):
            # Somebody of a talk serves, where two talk at all.
            if serves or len(customers) < len(open_voices) or len(sides) == 1:
                yield customers, None
        for party in silent:
            yield (), party
        if len(sides) == 1 and open_voices and not silent:
            yield (), None

    def _side(self, voice: int, party: int | None) -> Actor | None:
        return self.voices[voice].side or (self._parties[party].side if party is not None else None)
