"""Packs a snapshot into what is sent to a model: redacted, numbered, one line an interaction, within a token budget.

What matters comes first: what the customer opened with, the newest turns, then what retrieval found in the history,
then the rest. So the prompt stays the same size however long the history is.

A prompt gets the inputs that it declares and no other. One that declares `participants` has their names in its lines;
one that declares `earlier` has the lines of other conversations there, and those at hand alone under `interactions`.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from app.briefs.llm.participants import participants, speaker, steps_on_record
from app.models import ActionTaken, HandoffRequest, Interaction, Kind, Snapshot
from app.privacy import Redactor, questions_answered
from app.prompts import Input, fit

INTERACTION_TOKENS = 3000
NEWEST_TURNS = 16
LINE_CHARACTERS = 1200
TRUSTED_INPUTS = (
    "now",
    "language",
    "headline_characters",
    "situation_sentences",
    "situation_words",
    "opening_words",
    "sections",
)
UNTRUSTED_INPUTS = ("case", "participants", "steps", "earlier", "interactions")
"""Every input that a brief's prompt may declare."""
_NOTHING = "none"
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


class Packed(NamedTuple):
    """What a prompt is filled with, and the interactions in it under the short ids they are cited by (`t1`, `t2`, …).

    They read as an agent may see them: what a placeholder stands for is back, secrets are not.
    """

    inputs: Mapping[str, Input]
    shown: Mapping[str, Interaction]


class Numbered(NamedTuple):
    """Interactions as they are sent, under their short ids, and whether their lines name who acted."""

    sent: Mapping[str, Interaction]
    named: bool

    def lines(self, aliases: Iterable[str] | None = None) -> str:
        """Those lines, or all, one an interaction."""
        chosen = self.sent if aliases is None else aliases
        return "\n".join(f"{alias} | {line_of(self.sent[alias], named=self.named)}" for alias in chosen)


def pack(
    snapshot: Snapshot,
    request: HandoffRequest,
    redactor: Redactor,
    limits: Mapping[str, int],
    *,
    untrusted: Collection[str] = ("case", "interactions"),
    steps: Sequence[ActionTaken] = (),
) -> Packed:
    """The prompt's inputs for a snapshot. `limits` are the lengths the brief must keep, which the prompt states.

    `untrusted` are the inputs about the case that the prompt declares, `steps` those that the ledger knows of.
    """
    named, parted = "participants" in untrusted, "earlier" in untrusted
    at_hand = (
        frozenset(interaction.interaction_id for interaction in snapshot.conversation) if parted else frozenset[str]()
    )
    numbered = number_lines(ranked_lines(snapshot), snapshot.interactions, redactor, named=named, last=at_hand)
    earlier = [
        alias for alias, interaction in numbered.sent.items() if parted and interaction.interaction_id not in at_hand
    ]
    inputs: dict[str, Input] = {
        "now": snapshot.now.isoformat(timespec="minutes"),
        "language": _language(request.locale),
        "sections": [
            {"name": section.name, "instruction": _one_line(section.instruction)} for section in request.sections
        ],
        **limits,
    }
    fillers: Mapping[str, Callable[[], str]] = {
        "case": lambda: redactor.redact(_case(snapshot, request)),
        "participants": lambda: participants(numbered.sent.values()) or _NOTHING,
        "steps": lambda: steps_on_record(steps, numbered.sent, redactor) or _NOTHING,
        "earlier": lambda: numbered.lines(earlier) or _NOTHING,
        "interactions": lambda: numbered.lines([alias for alias in numbered.sent if alias not in earlier]),
    }
    inputs |= {name: fill() for name, fill in fillers.items() if name in untrusted}
    return Packed(inputs, readable(numbered.sent, redactor))


def number_lines(
    ranked: Iterable[Interaction],
    everything: Sequence[Interaction],
    redactor: Redactor,
    *,
    named: bool,
    last: Collection[str] = (),
    budget: int = INTERACTION_TOKENS,
) -> Numbered:
    """The interactions, most important first, that fit the budget: redacted, and numbered in the order they happened.

    `everything` tells which question each answers; those whose ids are in `last` come after all others.
    """
    asked = questions_answered(everything)
    redacted = (
        _changed(interaction, partial(redactor.redact, answering=asked.get(interaction.interaction_id, "")))
        for interaction in ranked
    )
    fitting = fit(redacted, budget, text=partial(line_of, named=named))
    in_order = sorted(
        fitting, key=lambda interaction: (interaction.interaction_id in last, interaction.occurred_at, interaction.seq)
    )
    return Numbered({f"t{number}": interaction for number, interaction in enumerate(in_order, start=1)}, named)


def readable(sent: Mapping[str, Interaction], redactor: Redactor) -> Mapping[str, Interaction]:
    """What was sent as an agent may see it."""
    return {alias: _changed(interaction, redactor.restore) for alias, interaction in sent.items()}


def details_of(interaction: Interaction) -> str:
    """What a line holds beside the words: name, outcome and data of an event or tool call, as JSON."""
    content: dict[str, object] = {}
    if interaction.name:
        content["name"] = interaction.name
    if interaction.outcome:
        content["outcome"] = interaction.outcome.value
    if interaction.data:
        content["data"] = interaction.data
    return json.dumps(content, ensure_ascii=False, default=str)[:LINE_CHARACTERS] if content else ""


def line_of(interaction: Interaction, *, named: bool = False) -> str:
    """One line, whatever the text holds: its line breaks and quotes are escaped, so it cannot pose as another line."""
    spoken = json.dumps(interaction.text[:LINE_CHARACTERS], ensure_ascii=False) if interaction.text else ""
    at = interaction.occurred_at.isoformat(timespec="minutes")
    who = speaker(interaction) if named else interaction.actor.value
    source = f"{who} {interaction.kind.value}, {interaction.channel.value}"
    line = f"{at} | {source} | {' '.join(part for part in (spoken, details_of(interaction)) if part)}"
    return " ".join(line.splitlines())  # also the line breaks that JSON leaves alone, such as U+2028


def says_something(interaction: Interaction) -> bool:
    """Whether there is anything in it to send."""
    return bool(interaction.text.strip() or interaction.name or interaction.data) and not interaction.redacted


def ranked_lines(snapshot: Snapshot) -> Iterator[Interaction]:
    """What a model may be shown of a snapshot, each interaction once, what matters most first."""
    newest = [interaction for interaction in reversed(snapshot.conversation) if says_something(interaction)]
    opening = next((interaction for interaction in reversed(newest) if interaction.kind is Kind.MESSAGE), None)
    retrieved = [passage.interaction for passage in snapshot.history if says_something(passage.interaction)]
    earlier = [interaction for interaction in reversed(snapshot.prior) if says_something(interaction)]
    given: set[str] = set()
    ranked = [opening] if opening else []
    for interaction in (*ranked, *newest[:NEWEST_TURNS], *retrieved, *newest[NEWEST_TURNS:], *earlier):
        if interaction.interaction_id not in given:
            given.add(interaction.interaction_id)
            yield interaction


def _changed(interaction: Interaction, change: Callable[[str], str]) -> Interaction:
    data = (
        _object(change(json.dumps(dict(interaction.data), ensure_ascii=False, default=str))) if interaction.data else {}
    )
    update: dict[str, object] = {"text": change(interaction.text), "data": data, "identifiers": ()}
    if interaction.participant is not None:
        shown = {name: change(value) for name, value in interaction.participant if value}
        update["participant"] = interaction.participant.model_copy(update=shown)
    return interaction.model_copy(update=update)


def _object(text: str) -> dict[str, object]:
    # A placeholder in the place of a bare number leaves no valid JSON; what it says still counts.
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"data": text}


def _case(snapshot: Snapshot, request: HandoffRequest) -> str:
    facts = {
        "customer is": snapshot.customer.verification_status.value,
        "handed over from": request.from_channel,
        "handed over to": request.to_channel,
        "handed over by": request.from_actor,
        "to queue": request.to_queue,
        "reason": request.reason.code.value if request.reason else None,
        "reason in words": request.reason.detail if request.reason else None,
    }
    return "\n".join(f"{name}: {_one_line(str(value))}" for name, value in facts.items() if value)


def _language(locale: str | None) -> str:
    if locale and _LOCALE.fullmatch(locale):
        return f"that of the locale {locale}"
    return "that of the customer's messages"


def _one_line(text: str) -> str:
    return " ".join(text.split())
