"""What was promised in the case, by whom, and by when."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from app.briefs.due import day_named, due_at
from app.briefs.quoting import shortened
from app.briefs.reading import Utterance
from app.briefs.steps import AttemptedStep, humanised, leaned_on, tells_deed
from app.budget import spend
from app.models import Actor, Commitment
from app.nlu import Act
from app.nlu.promises import binds_us, due_in, time_in
from app.nlu.weekday_hours import hour_alone, leaves_out_hour, weekday_with_hour

MOST_COMMITMENTS = 3
# Of so many, the last ones, it is found out by when they are due.
MOST_LOOKED_AT = 12
_WORDS = 30
_SURE_OF_OWN_PROMISE = 0.8
# "I'll ring you that day" is due when the sentence before it says.
_SAME_TIME = re.compile(r"\b(?:that (?:day|morning|afternoon|evening|time)|by then|then)\b", re.IGNORECASE)


def commitments(
    utterances: Sequence[Utterance], steps: Sequence[AttemptedStep] = (), revoked: Collection[int] = ()
) -> tuple[Commitment, ...]:
    """The last promises of the case in the words they were given in, the same words once; and what tools booked.

    `revoked` are the ids of the sentences whose promise the customer took back.
    """
    commitments_by_text: dict[str, Commitment] = {}
    likely = [
        index
        for index, utterance in enumerate(utterances)
        if id(utterance) not in revoked and (is_promise(utterance) or tells_deed(utterance))
    ]
    for index in likely[-MOST_LOOKED_AT:]:
        spend()
        utterance = utterances[index]
        words = utterance.shown if is_promise(utterance) else _appointment(utterances, index)
        if words is None:
            continue
        text = shortened(words, _WORDS)
        commitments_by_text.pop(text.casefold(), None)
        commitments_by_text[text.casefold()] = Commitment(
            by=utterance.interaction.actor,
            text=text,
            due=time_named(words, utterance.interaction.occurred_at, _due_before(utterances, index)),
            at=utterance.interaction.occurred_at,
            evidence=(utterance.interaction.interaction_id,),
        )
    for commitment in _booked(steps, tuple(commitments_by_text.values())):
        commitments_by_text[commitment.text.casefold()] = commitment
    # What names a time can be broken without anybody noticing; it stays where there are too many.
    newest = sorted(
        commitments_by_text.values(),
        key=lambda commitment: (commitment.due is None, -commitment.at.timestamp() if commitment.at else 0),
    )[:MOST_COMMITMENTS]
    return tuple(commitment for commitment in commitments_by_text.values() if commitment in newest)


def _booked(steps: Sequence[AttemptedStep], promised: Sequence[Commitment]) -> Iterator[Commitment]:
    """What tools fixed for a time to come, but where our side said so and it is told as that."""
    days = {
        moment.date()
        for promise in promised
        if promise.by is not Actor.CUSTOMER and promise.due and promise.at
        if (moment := due_at(promise.due, promise.at)) is not None
    }
    for step in steps:
        if step.booking is not None and step.booking.moment.date() not in days:
            yield Commitment(
                by=Actor.SYSTEM if step.action.actor is Actor.CUSTOMER else step.action.actor,
                text=f"{humanised(step.name).capitalize()}, {step.booking.words}",
                due=step.booking.due,
                at=step.action.at,
                evidence=(step.booking.evidence,),
            )


def is_promise(utterance: Utterance) -> bool:
    """Whether a sentence promises something that outlasts the talk."""
    if utterance.pasted or utterance.interaction.actor is Actor.SYSTEM:
        return False
    if utterance.by_customer:
        return utterance.reading.acts[Act.PROMISE] >= _SURE_OF_OWN_PROMISE
    return binds_us(utterance.text, utterance.reading.promise)


def _appointment(utterances: Sequence[Utterance], index: int) -> str | None:
    """What was fixed for a time to come: the deed that names it, or with the sentence that it leans on."""
    deed, basis = utterances[index], leaned_on(utterances, index)
    said_at = deed.interaction.occurred_at
    if _is_to_come(deed.text, said_at):
        return deed.text
    return f"{basis.text} {deed.text}" if basis is not None and _is_to_come(basis.text, said_at) else None


def _is_to_come(text: str, said_at: datetime) -> bool:
    """Whether a text names a time that was to come when it was said."""
    words = time_named(text, said_at)
    moment = None if words is None else due_at(words, said_at)
    return moment is not None and moment > said_at


def time_named(text: str, said_at: datetime, before: str | None = None) -> str | None:
    """The words for the time that a text names: the weekday with the hour where it names both, however far apart.

    `before` is the time that the sentence before it names, where the text leans on that.
    """
    named, both = time_in(text), weekday_with_hour(text)
    if both is not None and (named is None or hour_alone(named) or leaves_out_hour(named, both)):
        return both
    return named or before or day_named(text, said_at)


def due_elsewhere(text: str) -> bool:
    """Whether a promise names a time that stands in the sentence before it: `I'll ring you that day.`"""
    return _SAME_TIME.search(text) is not None


def _due_before(utterances: Sequence[Utterance], index: int) -> str | None:
    if (
        not index
        or utterances[index - 1].interaction is not utterances[index].interaction
        or not _SAME_TIME.search(utterances[index].text)
    ):
        return None
    return due_in(utterances[index - 1].text)
