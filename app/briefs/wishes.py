"""What the customer wants, and what became of each wish: open, done, withdrawn, refused or wanted on a condition."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from app.briefs.reading import Utterance
from app.briefs.steps import Step, humanised
from app.language.words import terms
from app.models import Actor, Outcome
from app.nlu import Act
from app.nlu.wish_states import MOST_LATER, Later, content_words, state, turns_of

_SURE = 0.5
_NEW_WORDS = 0.5
_LIKELY = 0.3
# A wish that is wrongly taken for done is not told at all.
_SURE_OF_DONE = 0.65
_SURE_OF_REFUSAL = 0.75
_FEWEST_WORDS = 2
_WANTING = (Act.REQUEST, Act.QUESTION, Act.CONDITION, Act.REPORT, Act.COMPLAINT)


class WishState(StrEnum):
    """How a wish stands at the end of the case."""

    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    CONDITIONAL = "conditional"


UNSETTLED = (WishState.OPEN, WishState.CONDITIONAL, WishState.REFUSED)
"""What is still wanted, as far as the case tells."""


class Wish(NamedTuple):
    """A sentence in which the customer says what they want, how it stands, and the sentence that closed it.

    `again` are the sentences that said the same before it was closed.
    """

    said: Utterance
    state: WishState
    closed_by: Utterance | None = None
    again: tuple[Utterance, ...] = ()

    @property
    def sentences(self) -> tuple[Utterance, ...]:
        """Every sentence that tells the wish."""
        return (self.said, *self.again)


def wishes(said: Sequence[Utterance], steps: Sequence[Step]) -> tuple[Wish, ...]:
    """The wishes in the order they were told, the same wish once."""
    places: list[int] = []
    known: set[str] = set()
    repeated: dict[int, list[int]] = {}
    words_of: dict[int, set[str]] = {}
    for place, one in enumerate(said):
        if not one.by_customer or one.pasted or not _is_wish(one):
            continue
        words = set(terms(one.text))
        if places and words and len(words - known) < _NEW_WORDS * len(words):
            same = max(places, key=lambda earlier: len(words & words_of[earlier]))
            repeated.setdefault(same, []).append(place)
            continue
        known |= words
        words_of[place] = words
        places.append(place)
    closing = _Closing(said, steps, places)
    return tuple(_with_repetitions(closing.judged(place), said, repeated.get(place, ())) for place in places)


def _with_repetitions(wish: Wish, said: Sequence[Utterance], repeated: Sequence[int]) -> Wish:
    """The wish with what said it again; what is said after it was closed, in an earlier message, opens it anew."""
    closed_by = wish.closed_by
    again = (said[place] for place in repeated)
    if closed_by is not None:
        closed_at = (closed_by.interaction.occurred_at, closed_by.interaction.seq)
        again = (one for one in again if (one.interaction.occurred_at, one.interaction.seq) <= closed_at)
    return wish._replace(again=tuple(again))


def _is_wish(said: Utterance) -> bool:
    """Whether the customer wants something: by the wish itself, or by what the sentence does."""
    is_wanted = said.act in _WANTING and (said.reading.wish >= _SURE or said.reading.acts[Act.REQUEST] >= _SURE)
    # `Please!` says that something is wanted, and not what.
    tells = said.reading.boilerplate < _SURE and len(set(terms(said.text))) >= _FEWEST_WORDS
    return is_wanted and tells


class _Bearing(NamedTuple):
    """When a step was taken, the turn in which something was last wanted before it, and words of what it is about."""

    at: datetime
    turn: int
    words: frozenset[str]


class _Closing:
    """What was said and done, read once for all wishes."""

    def __init__(self, said: Sequence[Utterance], steps: Sequence[Step], wanted: Sequence[int]) -> None:
        self._said = said
        self._words = [content_words(one.text) for one in said]
        self._turns = turns_of(one.by_customer for one in said)
        ours = [step for step in steps if not step.told and step.action.actor is not Actor.CUSTOMER]
        self._done = [self._bearing(step, wanted) for step in ours if step.action.outcome is Outcome.SUCCEEDED]
        self._failed = [self._bearing(step, wanted) for step in ours if step.action.outcome is Outcome.FAILED]

    def _bearing(self, step: Step, wanted: Sequence[int]) -> _Bearing:
        """What a step was about: what was wanted last before it, and what shares a word with it or its report."""
        at = step.action.at
        before = [self._turns[place] for place in wanted if self._said[place].interaction.occurred_at <= at]
        words = set(content_words(f"{humanised(step.name)} {' '.join(step.subject)}"))
        after = (place for place, one in enumerate(self._said) if one.interaction.occurred_at >= at)
        reply = next((place for place in after if not self._said[place].by_customer), None)
        if reply is not None:
            words.update(*(self._words[place] for place in self._of_turn(reply)))
        return _Bearing(at, max(before, default=-1), frozenset(words))

    def _of_turn(self, start: int) -> Iterator[int]:
        return takewhile(lambda place: self._turns[place] == self._turns[start], range(start, len(self._said)))

    def _is_about(self, step: _Bearing, place: int) -> bool:
        if step.at < self._said[place].interaction.occurred_at:
            return False
        return step.turn == self._turns[place] or not step.words.isdisjoint(self._words[place])

    def _share(self, place: int, other: Utterance) -> bool:
        return not self._words[place].isdisjoint(content_words(other.text))

    def judged(self, place: int) -> Wish:
        """How the wish at this place stands at the end; what is said to close it must itself look like that."""
        wish, words = self._said[place], self._words[place]
        end = min(len(self._said), place + 1 + MOST_LATER)
        later = [
            Later(one.by_customer, self._turns[at], not words.isdisjoint(self._words[at]), one.reading)
            for at, one in enumerate(self._said[place + 1 : end], start=place + 1)
            if not one.pasted
        ]
        carried_out = any(self._is_about(step, place) for step in self._done)
        failed = any(self._is_about(step, place) for step in self._failed)
        likeliest, sure = state(wish.reading, later, carried_out=carried_out, failed=failed)
        judged = WishState(likeliest)
        after = self._said[place + 1 : end]
        ours = [one for one in after if not one.by_customer]
        theirs = [one for one in after if one.by_customer]
        if judged is WishState.OPEN and not carried_out:
            refused = _last(
                ours, lambda one: one.reading.acts[Act.REFUSAL] >= _SURE_OF_REFUSAL and self._share(place, one)
            )
            if refused is not None:
                return Wish(wish, WishState.REFUSED, refused)
        if judged is WishState.WITHDRAWN:
            closed = _last(theirs, lambda one: one.reading.acts[Act.WITHDRAWAL] >= _LIKELY)
            return Wish(wish, judged, closed) if closed else Wish(wish, WishState.OPEN)
        if judged is WishState.REFUSED and not carried_out:
            closed = _last(ours, lambda one: one.reading.acts[Act.REFUSAL] >= _LIKELY)
            return Wish(wish, judged, closed) if closed else Wish(wish, WishState.OPEN)
        if judged is WishState.DONE and sure < _SURE_OF_DONE and not carried_out:
            return Wish(wish, WishState.OPEN)
        if judged is WishState.DONE or (carried_out and judged is not WishState.CONDITIONAL):
            return Wish(wish, WishState.DONE, _last(ours, lambda one: one.reading.done >= _LIKELY))
        return Wish(wish, judged)


def _last(said: Sequence[Utterance], closes: Callable[[Utterance], bool]) -> Utterance | None:
    return next((one for one in reversed(said) if closes(one)), None)
