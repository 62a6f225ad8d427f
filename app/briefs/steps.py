"""What was tried, by whom, and how it ended.

Tool calls that change something, self-service, and what customers and staff tell of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.briefs.bookings import Booking, booking_in, booking_of, called_off, references
from app.briefs.quoting import quoted
from app.briefs.reading import Call, Utterance
from app.models import ActionTaken, Actor, Interaction, Kind, Outcome, is_bookkeeping
from app.nlu import Act
from app.nlu.closings import SURE_OF_DEED, akin
from app.nlu.identifiers import structured_names
from app.nlu.sentences import shorten

MOST_NAMES_IN_A_STEP = 5
_SELF_SERVICE_DETAIL = ("error_code", "error", "code", "reason", "step", "page", "screen", "field")
_PERSON_KEYS = frozenset("user customer account member client person profile".split())
# Whether what the customer says they tried helped, in their own words; where they do not say, nobody knows.
_STILL_BROKEN = re.compile(
    r"\b(?:but|still|again|no luck|nothing|didn[’']t|doesn[’']t|did not|does not|without success|to no avail|fail|twice"
    r"|three times|\d+ times)\b",
    re.IGNORECASE,
)
_SURE_TRIED, _SURE_DONE = 0.93, 0.95
_FEWEST_WORDS = 4
_FEWEST_TERMS = 3
_SURE_OF_CONTENT = 0.5
_TELLING_DEEDS = (Act.REPORT, Act.ANSWER, Act.PROMISE, Act.OTHER)
_TELLING_NOTHING = (Act.QUESTION, Act.GREETING, Act.THANKS, Act.FAREWELL, Act.REFUSAL)
_QUOTED_WORDS = 18


class AttemptedStep(NamedTuple):
    """A step with the attempts it took; `action` is what the brief shows, `subject` the thing it was done to.

    `reported` marks a step that we only know from what somebody said of it, which is quoted. `outcomes` are those of
    the attempts, in order. One that `only_found` something out has changed nothing. `booking` is what the last attempt
    fixed for a time to come. One that was `taken_back` is what the customer no longer wants.
    """

    action: ActionTaken
    name: str
    subject: tuple[str, ...]
    attempts: int
    complaint: str | None
    outcomes: tuple[Outcome, ...]
    reported: bool = False
    only_found: bool = False
    booking: Booking | None = None
    taken_back: bool = False


def steps(
    interactions: Sequence[Interaction], tool_calls: Sequence[Call], utterances: Sequence[Utterance]
) -> tuple[AttemptedStep, ...]:
    """The steps in the order of their last attempt, attempts at the same thing counted together."""
    carried_out = list(_tool_steps(tool_calls))
    attempts = [*carried_out, *_events(interactions), *_tried(utterances)]
    if not carried_out:  # with tools at work, what staff says was done only says it again
        attempts.extend(_reported(utterances))
    merged: dict[tuple[str, tuple[str, ...], Actor | None], AttemptedStep] = {}
    for step in sorted(attempts, key=lambda attempt: attempt.action.at):
        key = (step.name, step.subject, step.action.actor if step.reported else None)
        merged[key] = _joined(merged.pop(key), step) if key in merged else step
    return tuple(merged.values())


def _has_tried(utterance: Utterance) -> bool:
    """Whether the customer tells what they tried themselves."""
    return (
        utterance.by_customer
        and utterance.reading.attempt >= _SURE_TRIED
        and utterance.act in (Act.REPORT, Act.COMPLAINT, Act.ANSWER)
    )


def humanised(name: str) -> str:
    """A tool's or event's name in words: `resetPassword` and `reset_password` become `reset password`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]+", " ", name)
    return re.sub(r"\s+", " ", spaced).strip().lower()


def label_of(key: str) -> str:
    """A field's name as a person says it: `order_id` becomes `order`, `flight_number` becomes `flight`."""
    return humanised(re.sub(r"_?(?:ids?|numbers?|no|ref)$", "", key) or key)


def names_in(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The (key, value) pairs in a call's arguments that name things, each value once."""
    seen: dict[str, str] = {}
    for key, value in structured_names(data):
        seen.setdefault(value, key)
    return [(key, value) for value, key in seen.items()]


def effective_calls(tool_calls: Sequence[Call]) -> list[Call]:
    """The calls that changed something; of a tool that never succeeded, its last attempt.

    That attempt counts no more once something else was carried out with the same thing.
    """
    acting = [call for call in tool_calls if not call.looks]
    succeeded = [call for call in acting if call.outcome is not Outcome.FAILED]
    settled = {(subject_of(call), call.call.seq) for call in succeeded if subject_of(call)}
    names = {call.name for call in succeeded}
    last = {call.name: call for call in acting}
    return [
        call
        for call in acting
        if call.outcome is not Outcome.FAILED
        or (
            call.name not in names
            and last[call.name] is call
            and not any(subject == subject_of(call) and seq > call.call.seq for subject, seq in settled)
        )
    ]


def is_of_person(key: str) -> bool:
    """Whether a field's name says that it identifies a person, like `user_id`, and not a thing."""
    return key.partition("_")[0] in _PERSON_KEYS


def subject_of(call: Call) -> tuple[str, ...]:
    """The thing that a call was about: the first that its arguments name and that is no person."""
    return tuple(value for key, value in names_in(call.call.data) if not is_of_person(key))[:1]


def _tool_steps(tool_calls: Sequence[Call]) -> Iterable[AttemptedStep]:
    counted = {call.call.interaction_id for call in effective_calls(tool_calls)}
    for index, tool_call in enumerate(tool_calls):
        findings = tool_call.findings
        if tool_call.looks and not findings:
            continue
        # What an attempt was about says enough of one that failed and that another has taken the place of.
        subject = subject_of(tool_call)
        names = [
            name
            for name in names_in(tool_call.call.data)
            if tool_call.call.interaction_id in counted or name[1] in subject
        ]
        booking = _standing_booking(tool_call, tool_calls[index + 1 :])
        action = ActionTaken(
            step=_with_names(humanised(tool_call.name), names)
            + (f", {booking.words}" if booking else "")
            + (f" ({shorten(tool_call.refusal, 8)})" if tool_call.refusal else "")
            + (f" ({', '.join(map(humanised, findings))})" if findings else ""),
            actor=tool_call.call.actor,
            channel=tool_call.call.channel,
            outcome=tool_call.outcome,
            at=(tool_call.result or tool_call.call).occurred_at,
            evidence=tool_call.evidence,
        )
        step = AttemptedStep(action, tool_call.name, subject, 1, tool_call.complaint, (tool_call.outcome,))
        yield step._replace(only_found=bool(findings), booking=booking)


def _standing_booking(tool_call: Call, later: Iterable[Call]) -> Booking | None:
    """What a call has fixed for a time to come, unless a later one called it off."""
    booking = booking_of(tool_call)
    if booking is None:
        return None
    own = references(tool_call)
    return None if any(own & called_off(other) for other in later) else booking


def _events(interactions: Iterable[Interaction]) -> Iterable[AttemptedStep]:
    for interaction in interactions:
        if interaction.kind is not Kind.EVENT or interaction.outcome is None or not interaction.name:
            continue
        if is_bookkeeping(interaction):
            continue
        details = [
            f"{interaction.data[key]}"
            for key in _SELF_SERVICE_DETAIL
            if isinstance(interaction.data.get(key), str | int)
        ]
        words = humanised(interaction.name) + (f" ({', '.join(details[:2])})" if details else "")
        booking = booking_in(interaction) if interaction.outcome is Outcome.SUCCEEDED else None
        action = ActionTaken(
            step=shorten(words, 14) + (f", {booking.words}" if booking else ""),
            actor=interaction.actor,
            channel=interaction.channel,
            outcome=interaction.outcome,
            at=interaction.occurred_at,
            evidence=(interaction.interaction_id,),
        )
        step = AttemptedStep(action, interaction.name, (), 1, interaction.text or None, (interaction.outcome,))
        yield step._replace(booking=booking)


def _tried(utterances: Sequence[Utterance]) -> Iterable[AttemptedStep]:
    """What the customer says they tried, in their words; where these only answer an instruction, with it."""
    for index, utterance in enumerate(utterances):
        if _has_tried(utterance):
            failed = _STILL_BROKEN.search(utterance.text) is not None
            yield _quoted_step(utterance, Outcome.FAILED if failed else Outcome.UNKNOWN, _followed(utterances, index))


def _followed(utterances: Sequence[Utterance], index: int) -> Utterance | None:
    """The instruction of our side that few words like `Did that twice` answer."""
    utterance = utterances[index]
    if len(utterance.terms) > _FEWEST_TERMS:
        return None
    for earlier in reversed(utterances[:index]):
        same_talk = earlier.interaction.conversation_id == utterance.interaction.conversation_id
        if earlier.by_customer or not same_talk:
            return None
        if earlier.act is Act.REQUEST and earlier.reading.boilerplate < _SURE_OF_CONTENT:
            return earlier
    return None


def _reported(utterances: Sequence[Utterance]) -> Iterable[AttemptedStep]:
    """What our side says it has done, in its words: what is surely told so, and what answers the customer's words."""
    asked: list[Utterance] = []
    for index, utterance in enumerate(utterances):
        if utterance.by_customer:
            asked.append(utterance)
        elif tells_deed(utterance) and (
            _is_full_report(utterance) or any(akin(utterance.terms, earlier.terms) for earlier in asked)
        ):
            yield _quoted_step(utterance, Outcome.SUCCEEDED, leaned_on(utterances, index))
        elif (basis := leaned_on(utterances, index)) is not None and tells_deed(utterance):
            yield _quoted_step(utterance, Outcome.SUCCEEDED, basis)


def tells_deed(utterance: Utterance) -> bool:
    """Whether our side tells that it has done something."""
    is_ours = not utterance.by_customer and utterance.interaction.actor is not Actor.SYSTEM
    return is_ours and utterance.reading.done >= SURE_OF_DEED and utterance.act in _TELLING_DEEDS


def leaned_on(utterances: Sequence[Utterance], index: int) -> Utterance | None:
    """What a deed in few words leans on: the sentence before it in the message, `Then Friday at nine. It is booked.`"""
    utterance, before = utterances[index], utterances[index - 1] if index else None
    if before is None or before.interaction is not utterance.interaction or len(utterance.terms) >= _FEWEST_TERMS:
        return None
    return before if before.reading.boilerplate < _SURE_OF_CONTENT and before.act not in _TELLING_NOTHING else None


def _is_full_report(utterance: Utterance) -> bool:
    is_long = len(utterance.text.split()) >= _FEWEST_WORDS
    return utterance.act is Act.REPORT and utterance.reading.done >= _SURE_DONE and is_long


def _quoted_step(utterance: Utterance, outcome: Outcome, basis: Utterance | None = None) -> AttemptedStep:
    words = [quoted(part.shown, _QUOTED_WORDS) for part in (basis, utterance) if part is not None]
    action = ActionTaken(
        step=" ".join(words),
        actor=utterance.interaction.actor,
        channel=utterance.interaction.channel,
        outcome=outcome,
        at=utterance.interaction.occurred_at,
        evidence=tuple(
            dict.fromkeys(part.interaction.interaction_id for part in (basis, utterance) if part is not None)
        ),
    )
    return AttemptedStep(action, utterance.text, (), 1, None, (outcome,), reported=True)


def _joined(earlier: AttemptedStep, later: AttemptedStep) -> AttemptedStep:
    evidence = tuple(dict.fromkeys((*earlier.action.evidence, *later.action.evidence)))
    action = later.action.model_copy(update={"evidence": evidence})
    if later.reported:  # who says it again has not done it again
        return later._replace(action=action)
    outcomes = (*earlier.outcomes, *later.outcomes)
    return later._replace(action=action, attempts=earlier.attempts + later.attempts, outcomes=outcomes)


def _with_names(words: str, names: Sequence[tuple[str, str]]) -> str:
    grouped: dict[str, list[str]] = {}
    for key, value in names[:MOST_NAMES_IN_A_STEP]:
        grouped.setdefault(label_of(key), []).append(value)
    phrases = [
        f"{label} {', '.join(values)}" if label not in words else ", ".join(values) for label, values in grouped.items()
    ]
    return f"{words}: {'; '.join(phrases)}" if phrases else words
