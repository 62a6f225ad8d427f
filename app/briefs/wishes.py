"""What the customer wants, and what became of each wish: open, done, withdrawn, refused or wanted on a condition."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from app.briefs.reading import Utterance, of_two_people
from app.briefs.steps import AttemptedStep, humanised
from app.models import Actor, Outcome
from app.nlu import Act
from app.nlu.closings import Closed, Ending, TalkSentence, closings, warns, wishes_anew
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

    utterance: Utterance
    state: WishState
    closed_by: Utterance | None = None
    again: tuple[Utterance, ...] = ()

    @property
    def sentences(self) -> tuple[Utterance, ...]:
        """Every sentence that tells the wish."""
        return (self.utterance, *self.again)


def wishes(utterances: Sequence[Utterance], steps: Sequence[AttemptedStep]) -> tuple[Wish, ...]:
    """The wishes in the order they were told, the same wish once."""
    places: list[int] = []
    seen_words: dict[str | None, set[str]] = {}
    repeated: dict[int, list[int]] = {}
    words_of: dict[int, set[str]] = {}
    later = closings(spoken_by(utterances))
    taken_back = _taken_back(utterances, later)
    for index, utterance in enumerate(utterances):
        if not utterance.by_customer or utterance.pasted or not _is_wish(utterance, taken_back.get(index, frozenset())):
            continue
        words = set(utterance.terms)
        seen = seen_words.setdefault(utterance.speaker, set())  # of several people each has their own wishes
        if seen and words and len(words - seen) < _NEW_WORDS * len(words):
            own = [position for position in places if utterances[position].speaker == utterance.speaker]
            same = max(own, key=lambda earlier: len(words & words_of[earlier]))
            repeated.setdefault(same, []).append(index)
            continue
        seen |= words
        words_of[index] = words
        places.append(index)
    closing = _Closing(utterances, steps, places)
    judged = {
        index: _with_repetitions(
            _closed_later(closing.judged(index), utterances, later.get(index)), utterances, repeated.get(index, ())
        )
        for index in places
    }
    # A trouble is told as a wish only where it is over: what is open is told as it was told.
    over = {
        index: Wish(utterances[index], WishState.DONE, utterances[ended.by])
        for index, ended in later.items()
        if index not in judged and ended.how is Closed.DONE
    }
    return tuple(wish for _, wish in sorted((judged | over).items()))


def _taken_back(utterances: Sequence[Utterance], later: Mapping[int, Ending]) -> Mapping[int, frozenset[str]]:
    """The terms of what each sentence takes back, by its place."""
    terms_by_place: dict[int, frozenset[str]] = {}
    for index, closing in later.items():
        if closing.how is Closed.WITHDRAWN:
            terms_by_place[closing.by] = terms_by_place.get(closing.by, frozenset()).union(utterances[index].terms)
    return terms_by_place


def spoken_by(utterances: Sequence[Utterance]) -> list[TalkSentence]:
    """What was said, as it is read for what closes a matter; what was only pasted closes nothing."""
    messages = _messages(utterances)
    return [
        TalkSentence(
            utterance.text, utterance.by_customer, message, utterance.reading, utterance.terms, utterance.speaker
        )
        for utterance, message in zip(utterances, messages, strict=True)
    ]


def _messages(utterances: Sequence[Utterance]) -> Iterator[int]:
    """The number of the message that each sentence stands in."""
    numbers: dict[str, int] = {}
    for utterance in utterances:
        yield numbers.setdefault(utterance.interaction.interaction_id, len(numbers))


def _closed_later(wish: Wish, utterances: Sequence[Utterance], closing: Ending | None) -> Wish:
    """The wish as the sentence that plainly closes it has it, where the course of the talk alone leaves it open."""
    if closing is None or wish.state not in (WishState.OPEN, WishState.CONDITIONAL):
        return wish
    return Wish(wish.utterance, WishState(closing.how.value), utterances[closing.by])


def _with_repetitions(wish: Wish, utterances: Sequence[Utterance], repeated: Sequence[int]) -> Wish:
    """The wish with what said it again; what is said after it was closed, in an earlier message, opens it anew."""
    closed_by = wish.closed_by
    again = (utterances[index] for index in repeated)
    if closed_by is not None:
        closed_at = (closed_by.interaction.occurred_at, closed_by.interaction.seq)
        again = (
            utterance
            for utterance in again
            if (utterance.interaction.occurred_at, utterance.interaction.seq) <= closed_at
        )
    return wish._replace(again=tuple(again))


def _is_wish(utterance: Utterance, taken_back: frozenset[str]) -> bool:
    """Whether the customer wants something: by the wish itself, by what the sentence does, or by what it goes on to.

    `taken_back` are the terms of what it takes back, where it takes something back.
    """
    reading = utterance.reading
    is_wanted = utterance.act in _WANTING and (reading.wish >= _SURE or reading.acts[Act.REQUEST] >= _SURE)
    is_wanted = is_wanted or (bool(taken_back) and wishes_anew(utterance.text, reading, taken_back))
    # `Please!` says that something is wanted, and not what.
    tells = (
        not warns(utterance.reading)
        and utterance.reading.boilerplate < _SURE
        and len(set(utterance.terms)) >= _FEWEST_WORDS
    )
    return is_wanted and tells


class _Bearing(NamedTuple):
    """When a step was taken, the turn in which something was last wanted before it, and words of what it is about."""

    at: datetime
    turn: int
    words: frozenset[str]


class _Closing:
    """What was said and done, read once for all wishes."""

    def __init__(self, utterances: Sequence[Utterance], steps: Sequence[AttemptedStep], wanted: Sequence[int]) -> None:
        self._utterances = utterances
        self._words = [frozenset(utterance.terms) for utterance in utterances]
        self._turns = turns_of(utterance.by_customer for utterance in utterances)
        ours = [step for step in steps if not step.reported and step.action.actor is not Actor.CUSTOMER]
        self._done = [self._bearing(step, wanted) for step in ours if step.action.outcome is Outcome.SUCCEEDED]
        self._failed = [self._bearing(step, wanted) for step in ours if step.action.outcome is Outcome.FAILED]

    def _bearing(self, step: AttemptedStep, wanted: Sequence[int]) -> _Bearing:
        """What a step was about: what was wanted last before it, and what shares a word with it or its report."""
        at = step.action.at
        before = [self._turns[index] for index in wanted if self._utterances[index].interaction.occurred_at <= at]
        words = set(content_words(f"{humanised(step.name)} {' '.join(step.subject)}"))
        after = (index for index, utterance in enumerate(self._utterances) if utterance.interaction.occurred_at >= at)
        reply = next((index for index in after if not self._utterances[index].by_customer), None)
        if reply is not None:
            words.update(*(self._words[index] for index in self._of_turn(reply)))
        return _Bearing(at, max(before, default=-1), frozenset(words))

    def _of_turn(self, start: int) -> Iterator[int]:
        return takewhile(lambda index: self._turns[index] == self._turns[start], range(start, len(self._utterances)))

    def _is_about(self, step: _Bearing, index: int) -> bool:
        if step.at < self._utterances[index].interaction.occurred_at:
            return False
        return step.turn == self._turns[index] or not step.words.isdisjoint(self._words[index])

    def _share(self, index: int, other: Utterance) -> bool:
        return not self._words[index].isdisjoint(other.terms)

    def judged(self, index: int) -> Wish:
        """How the wish at this place stands at the end; what is said to close it must itself look like that."""
        wish, words = self._utterances[index], self._words[index]
        end = min(len(self._utterances), index + 1 + MOST_LATER)
        later = [
            Later(utterance.by_customer, self._turns[at], not words.isdisjoint(self._words[at]), utterance.reading)
            for at, utterance in enumerate(self._utterances[index + 1 : end], start=index + 1)
            if not utterance.pasted and _may_close(wish, utterance)
        ]
        carried_out = any(self._is_about(step, index) for step in self._done)
        failed = any(self._is_about(step, index) for step in self._failed)
        likeliest, sure = state(wish.reading, later, carried_out=carried_out, failed=failed)
        judged = WishState(likeliest)
        after = self._utterances[index + 1 : end]
        ours = [utterance for utterance in after if not utterance.by_customer]
        theirs = [utterance for utterance in after if utterance.by_customer and _may_close(wish, utterance)]
        if judged is WishState.OPEN and not carried_out:
            refused = _last(
                ours,
                lambda utterance: (
                    utterance.reading.acts[Act.REFUSAL] >= _SURE_OF_REFUSAL and self._share(index, utterance)
                ),
            )
            if refused is not None:
                return Wish(wish, WishState.REFUSED, refused)
        if judged is WishState.WITHDRAWN:
            closed = _last(theirs, lambda utterance: utterance.reading.acts[Act.WITHDRAWAL] >= _LIKELY)
            return Wish(wish, judged, closed) if closed else Wish(wish, WishState.OPEN)
        if judged is WishState.REFUSED and not carried_out:
            closed = _last(ours, lambda utterance: utterance.reading.acts[Act.REFUSAL] >= _LIKELY)
            return Wish(wish, judged, closed) if closed else Wish(wish, WishState.OPEN)
        if judged is WishState.DONE and sure < _SURE_OF_DONE and not carried_out:
            return Wish(wish, WishState.OPEN)
        if judged is WishState.DONE or (carried_out and judged is not WishState.CONDITIONAL):
            return Wish(wish, WishState.DONE, _last(ours, lambda utterance: utterance.reading.done >= _LIKELY))
        return Wish(wish, judged)


def _may_close(wish: Utterance, later: Utterance) -> bool:
    """Whether what is said later may bear on a wish: of several people on the customer's side, only its owner's."""
    return not later.by_customer or not of_two_people(wish, later)


def _last(utterances: Sequence[Utterance], closes: Callable[[Utterance], bool]) -> Utterance | None:
    return next((utterance for utterance in reversed(utterances) if closes(utterance)), None)
