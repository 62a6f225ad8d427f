"""What was tried, by whom, and how it ended.

Tool calls that change something, self-service, and what customers and staff tell of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.brief.reading import Call, Utterance, only_looks
from app.language.acts import Act
from app.language.identifiers import structured_names
from app.language.sentences import shorten
from app.language.voice import third_person
from app.models import ActionTaken, Actor, Interaction, Kind, Outcome

MOST_NAMES_IN_A_STEP = 5
_SELF_SERVICE_DETAIL = ("error_code", "error", "code", "reason", "step", "page", "screen", "field")
_PERSON_KEY = re.compile(r"(?:user|customer|account|member|client|person|profile)(?:_|$)")
_STILL_BROKEN = re.compile(
    r"\b(?:but|still|again|no luck|nothing|didn[’']t|doesn[’']t|did not|does not|without success|to no avail|fail|twice"
    r"|three times|\d+ times)\b",
    re.IGNORECASE,
)


class Step(NamedTuple):
    """A step with the attempts it took; `action` is what the brief shows, `subject` the thing it was done to.

    `told` marks a step that we only know from what somebody said of it.
    """

    action: ActionTaken
    name: str
    subject: tuple[str, ...]
    attempts: int
    complaint: str | None
    told: bool = False


def steps(
    interactions: Sequence[Interaction], tool_calls: Sequence[Call], said: Sequence[Utterance]
) -> tuple[Step, ...]:
    """The steps in the order of their last attempt, attempts at the same thing counted together."""
    carried_out = list(_tool_steps(tool_calls))
    found = [*carried_out, *_events(interactions), *_told(said)]
    if not carried_out:  # with tools at work, what staff says was done only says it again
        found.extend(_reported(said))
    merged: dict[tuple[str, tuple[str, ...]], Step] = {}
    for step in sorted(found, key=lambda one: one.action.at):
        key = (step.name, step.subject)
        merged[key] = _joined(merged.pop(key), step) if key in merged else step
    return tuple(merged.values())


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


def _tool_steps(tool_calls: Iterable[Call]) -> Iterable[Step]:
    for one in tool_calls:
        if only_looks(one.name):
            continue
        names = names_in(one.call.data)
        action = ActionTaken(
            step=_with_names(humanised(one.name), names),
            actor=one.call.actor,
            channel=one.call.channel,
            outcome=one.outcome,
            at=(one.result or one.call).occurred_at,
            evidence=one.evidence,
        )
        things = [value for key, value in names if not _PERSON_KEY.match(key)]
        yield Step(action, one.name, tuple(things[:1]), 1, one.complaint)


def _events(interactions: Iterable[Interaction]) -> Iterable[Step]:
    for one in interactions:
        if one.kind is not Kind.EVENT or one.outcome is None or not one.name:
            continue
        details = [f"{one.data[key]}" for key in _SELF_SERVICE_DETAIL if isinstance(one.data.get(key), str | int)]
        words = humanised(one.name) + (f" ({', '.join(details[:2])})" if details else "")
        action = ActionTaken(
            step=shorten(words, 14),
            actor=one.actor,
            channel=one.channel,
            outcome=one.outcome,
            at=one.occurred_at,
            evidence=(one.interaction_id,),
        )
        yield Step(action, one.name, (), 1, one.text or None)


def _told(said: Iterable[Utterance]) -> Iterable[Step]:
    for one in said:
        if one.act is not Act.ATTEMPT or one.interaction.actor is not Actor.CUSTOMER:
            continue
        failed = _STILL_BROKEN.search(one.text) is not None
        action = ActionTaken(
            step="customer says " + shorten(third_person(one.text).strip(" .!"), 16),
            actor=Actor.CUSTOMER,
            channel=one.interaction.channel,
            outcome=Outcome.FAILED if failed else Outcome.UNKNOWN,
            at=one.interaction.occurred_at,
            evidence=(one.interaction.interaction_id,),
        )
        yield Step(action, one.text, (), 1, None, told=True)


def _reported(said: Iterable[Utterance]) -> Iterable[Step]:
    for one in said:
        if one.act is not Act.COMPLETION or one.interaction.actor is Actor.CUSTOMER:
            continue
        action = ActionTaken(
            step=f"{one.interaction.actor.value} says “{shorten(one.text, 16)}”",
            actor=one.interaction.actor,
            channel=one.interaction.channel,
            outcome=Outcome.SUCCEEDED,
            at=one.interaction.occurred_at,
            evidence=(one.interaction.interaction_id,),
        )
        yield Step(action, one.text, (), 1, None, told=True)


def _joined(earlier: Step, later: Step) -> Step:
    evidence = tuple(dict.fromkeys((*earlier.action.evidence, *later.action.evidence)))
    action = later.action.model_copy(update={"evidence": evidence})
    return later._replace(action=action, attempts=earlier.attempts + later.attempts)


def _with_names(words: str, names: Sequence[tuple[str, str]]) -> str:
    grouped: dict[str, list[str]] = {}
    for key, value in names[:MOST_NAMES_IN_A_STEP]:
        grouped.setdefault(label_of(key), []).append(value)
    told = [
        f"{label} {', '.join(values)}" if label not in words else ", ".join(values) for label, values in grouped.items()
    ]
    return f"{words}: {'; '.join(told)}" if told else words
