"""Writes what agents marked on cards as `warmline eval facts` reads it: labelled sentences, and their conversations.

A claim marked right is a row labelled `supported`, one marked wrong `unsupported`, with the turns that the brief named
for it. The conversation of a row is all that was filed of the customer when the brief was made, over all channels, so
it has the handoff's id. What was marked as missing is no row: nobody said where the conversation bears it out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.models import Actor, Handoff, Interaction, Kind

Mark = Literal["right", "wrong"]

_LABELS: Mapping[Mark, tuple[str, str]] = {"right": ("supported", "true"), "wrong": ("unsupported", "marked_wrong")}
_SPEAKERS = {Actor.CUSTOMER: "customer", Actor.BOT: "bot", Actor.AGENT: "agent", Actor.SYSTEM: "bot"}


def conversation_file(handoff: Handoff, rows: Sequence[Interaction]) -> dict[str, Any]:
    """The interactions behind a handoff, in the order they happened, as one conversation file."""
    return {"id": handoff.handoff_id, "turns": [_turn(row) for row in rows]}


def fact_rows(handoff: Handoff, marks: Mapping[str, Mark], rows: Sequence[Interaction]) -> list[dict[str, Any]]:
    """The marked claims of a handoff; evidence is counted in the turns of its conversation file, from 0."""
    places = {row.interaction_id: index for index, row in enumerate(rows)}
    evidence = {claim.text: claim.evidence for claim in handoff.brief.claims}
    facts: list[dict[str, Any]] = []
    for text, mark in marks.items():
        label, kind = _LABELS[mark]
        # A later revision may make the claim no more; the sentence is as true or false as it was.
        turns = sorted(places[name] for name in evidence.get(text, ()) if name in places)
        facts.append({"id": handoff.handoff_id, "text": text, "label": label, "kind": kind, "evidence": turns})
    return facts


def _turn(row: Interaction) -> dict[str, Any]:
    turn: dict[str, Any] = {
        "role": _role(row),
        "actor": row.actor.value,
        "channel": row.channel.value,
        "at": row.occurred_at.isoformat(),
        "text": row.text,
    }
    if row.name or turn["role"] in ("tool_call", "tool_result"):
        turn["name"] = row.name or row.kind.value
    # A conversation file knows no outcome of its own.
    outcome = {"outcome": row.outcome.value} if row.outcome and "outcome" not in row.data else {}
    if row.data or outcome:
        turn["arguments"] = {**row.data, **outcome}
    if row.participant is not None:
        turn["participant"] = row.participant.model_dump(exclude_none=True)
    return turn


def _role(row: Interaction) -> str:
    if row.kind is Kind.TOOL_RESULT:
        return "tool_result"
    # An event is what somebody did, as a call of a tool is.
    return "tool_call" if row.kind in (Kind.TOOL_CALL, Kind.EVENT) else _SPEAKERS[row.actor]
