"""What was tried, by whom, and how it ended.

Tool calls that change something, self-service, and what customers and staff tell of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.briefs.reading import Call, Utterance, only_looks
from app.language.acts import Act, attempted
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
_BIDS = re.compile(
    r"\b(?:have you (?:already |ever )?tried(?: to)?|please(?: try(?: to)?)?|try(?: to)?"
    r"|(?:could|can|would) you (?:please )?(?:try(?: to)?|first)"
    r"|(?:could|can|would) you(?: please)?|you (?:can|could|should|need to|have to)(?: try(?: to)?)?"
    r"|let[’']?s try(?: to)?) (?P<what>[a-z][^.?!;]{3,})",
    re.IGNORECASE,
)
_ASKS_TO_TELL = re.compile(
    r"(?:provide|share|confirm|tell|let|give|wait|hold|describe|specify|explain|say|state|enter your"
    r"|send (?:me|us|over)|bear|note|be|know|advise|clarify|verify your|choose|select one|help"
    r"|feel|find|expect|visit|contact|call|me|us|i)\b",
    re.IGNORECASE,
)
_DID_IT = re.compile(
    r"^(?:yes|yeah|yep)\b.*\b(?:\d+ times|once|twice|tried|did|still|never|nothing|again|not)\b"
    r"|\b(?:did (?:that|it|this|so|both|all (?:that|of (?:that|it)))|(?:i )?(?:have )?done (?:that|it|this|so)|^done\b"
    r"|(?:already|just) (?:did|done|tried|have)|(?:i|we)(?:[’']ve| have)? (?:already |just |now )?(?:tried|did|done)\b"
    r"|tried (?:that|it|this|already|both)|same (?:thing|error|problem|issue|result|message"
    r"|again)|not there(?: either)?"
    r"|(?:still|again) (?:the same|not|no|nothing|doesn|does|the|broken|blinking)|no (?:luck|change|difference|joy)"
    r"|(?:that|it|this) (?:worked|works|helped|fixed|solved|did the trick|didn[’']?t|did not|doesn[’']?t|does not)"
    r"|(?:nothing|it) (?:changed|happens|happened)|works now|it[’']?s (?:back|working|fixed))\b",
    re.IGNORECASE,
)
# Whoever is told the same again and says so has not tried again.
_SAID_BEFORE = re.compile(r"\b(?:said|told you|mentioned)\b", re.IGNORECASE)
_NO_CHANGE = re.compile(r"\b(?:same|no (?:change|difference|joy)|worse|never|not there)\b", re.IGNORECASE)
_WORKED = re.compile(
    r"\b(?:worked|works|working|helped|fixed|solved|did the trick|it[’']?s back|all good)\b", re.IGNORECASE
)

_ONLY_LOOKED = re.compile(
    r"\b(?:have|has|[’']ve)(?: now| just| already| successfully)* (?:been )?(?:retrieved|found|located|checked|noted"
    r"|looked|reviewed|received|verified|identified|understood)\b",
    re.IGNORECASE,
)


# Whoever turned to us tried nothing by that.
_TURNED_TO_US = re.compile(r"(?:called|e-?mailed|contacted|wrote|phoned|rang)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:.!?–] | - | (?:and|but|because|so|which|that|yet|then)(?= )|[.!?…]$", re.IGNORECASE)


class Step(NamedTuple):
    """A step with the attempts it took; `action` is what the brief shows, `subject` the thing it was done to.

    `told` marks a step that we only know from what somebody said of it: a sentence is no step of the brief, unless
    `done` tells in words of a step what a customer says they did. `outcomes` are those of the attempts, in order.
    """

    action: ActionTaken
    name: str
    subject: tuple[str, ...]
    attempts: int
    complaint: str | None
    outcomes: tuple[Outcome, ...]
    told: bool = False
    done: str | None = None


def steps(
    interactions: Sequence[Interaction], tool_calls: Sequence[Call], said: Sequence[Utterance]
) -> tuple[Step, ...]:
    """The steps in the order of their last attempt, attempts at the same thing counted together."""
    carried_out = list(_tool_steps(tool_calls))
    found = [*carried_out, *_events(interactions), *_told(said), *_followed(said)]
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


def counted_calls(tool_calls: Sequence[Call]) -> list[Call]:
    """The calls that changed something; of a tool that never succeeded, its last attempt.

    That attempt counts no more once something else was carried out with the same thing.
    """
    acting = [one for one in tool_calls if not only_looks(one.name)]
    succeeded = [one for one in acting if one.outcome is not Outcome.FAILED]
    settled = {(subject_of(one), one.call.seq) for one in succeeded if subject_of(one)}
    names = {one.name for one in succeeded}
    last = {one.name: one for one in acting}
    return [
        one
        for one in acting
        if one.outcome is not Outcome.FAILED
        or (
            one.name not in names
            and last[one.name] is one
            and not any(subject == subject_of(one) and seq > one.call.seq for subject, seq in settled)
        )
    ]


def is_of_person(key: str) -> bool:
    """Whether a field's name says that it identifies a person, like `user_id`, and not a thing."""
    return _PERSON_KEY.match(key) is not None


def subject_of(call: Call) -> tuple[str, ...]:
    """The thing that a call was about: the first that its arguments name and that is no person."""
    return tuple(value for key, value in names_in(call.call.data) if not is_of_person(key))[:1]


def _tool_steps(tool_calls: Sequence[Call]) -> Iterable[Step]:
    counted = {one.call.interaction_id for one in counted_calls(tool_calls)}
    for one in tool_calls:
        if only_looks(one.name):
            continue
        # What an attempt was about says enough of one that failed and that another has taken the place of.
        subject = subject_of(one)
        names = [name for name in names_in(one.call.data) if one.call.interaction_id in counted or name[1] in subject]
        action = ActionTaken(
            step=_with_names(humanised(one.name), names) + (f" ({shorten(one.refusal, 8)})" if one.refusal else ""),
            actor=one.call.actor,
            channel=one.call.channel,
            outcome=one.outcome,
            at=(one.result or one.call).occurred_at,
            evidence=one.evidence,
        )
        yield Step(action, one.name, subject, 1, one.complaint, (one.outcome,))


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
        yield Step(action, one.name, (), 1, one.text or None, (one.outcome,))


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
        yield Step(action, one.text, (), 1, None, (action.outcome,), told=True, done=_done(one.text))


def _done(text: str) -> str | None:
    """What a customer says they did as the words of a step: `restarted the router` of `I restarted the router, …`."""
    said = attempted(text)
    if said is None or _TURNED_TO_US.match(said):
        return None
    what = _CLAUSE_END.split(said, maxsplit=1)[0]
    return shorten(third_person(what).strip(" .!"), 14) if len(what.split()) > 1 else None


def _followed(said: Sequence[Utterance]) -> Iterable[Step]:
    """What staff told the customer to try and the customer then said they had: `Please restart it.` `Did that.`"""
    for place, one in enumerate(said):
        bidden = _BIDS.search(one.text) if one.interaction.actor is not Actor.CUSTOMER else None
        if bidden is None or _ASKS_TO_TELL.match(bidden["what"]):
            continue
        reply = _reply_to(said, place)
        told = " ".join(each.text for each in reply)
        if not _DID_IT.search(told) or _SAID_BEFORE.search(told):
            continue
        evidence = (one.interaction.interaction_id, reply[0].interaction.interaction_id)
        action = ActionTaken(
            step=shorten(bidden["what"].strip(" .!?"), 14),
            actor=Actor.CUSTOMER,
            channel=reply[0].interaction.channel,
            outcome=_told_outcome(told),
            at=reply[0].interaction.occurred_at,
            evidence=evidence,
        )
        yield Step(action, bidden["what"].casefold().strip(" .!?"), (), 1, None, (action.outcome,))


def _reply_to(said: Sequence[Utterance], place: int) -> list[Utterance]:
    """The sentences of the customer's next message after a place."""
    later = (each for each in said[place + 1 :] if each.interaction is not said[place].interaction)
    first = next(later, None)
    if first is None or first.interaction.actor is not Actor.CUSTOMER:
        return []
    return [each for each in said[place + 1 :] if each.interaction is first.interaction]


def _told_outcome(told: str) -> Outcome:
    if _STILL_BROKEN.search(told) or _NO_CHANGE.search(told):
        return Outcome.FAILED
    return Outcome.SUCCEEDED if _WORKED.search(told) else Outcome.UNKNOWN


def _reported(said: Iterable[Utterance]) -> Iterable[Step]:
    for one in said:
        if one.act is not Act.COMPLETION or one.interaction.actor is Actor.CUSTOMER or _ONLY_LOOKED.search(one.text):
            continue
        action = ActionTaken(
            step=f"{one.interaction.actor.value} says “{shorten(one.text, 16)}”",
            actor=one.interaction.actor,
            channel=one.interaction.channel,
            outcome=Outcome.SUCCEEDED,
            at=one.interaction.occurred_at,
            evidence=(one.interaction.interaction_id,),
        )
        yield Step(action, one.text, (), 1, None, (action.outcome,), told=True)


def _joined(earlier: Step, later: Step) -> Step:
    evidence = tuple(dict.fromkeys((*earlier.action.evidence, *later.action.evidence)))
    action = later.action.model_copy(update={"evidence": evidence})
    outcomes = (*earlier.outcomes, *later.outcomes)
    return later._replace(action=action, attempts=earlier.attempts + later.attempts, outcomes=outcomes)


def _with_names(words: str, names: Sequence[tuple[str, str]]) -> str:
    grouped: dict[str, list[str]] = {}
    for key, value in names[:MOST_NAMES_IN_A_STEP]:
        grouped.setdefault(label_of(key), []).append(value)
    told = [
        f"{label} {', '.join(values)}" if label not in words else ", ".join(values) for label, values in grouped.items()
    ]
    return f"{words}: {'; '.join(told)}" if told else words
