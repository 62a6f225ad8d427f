"""Handoffs as the archive holds them, read for what the figures need, with what was told of them afterwards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from app.ids import made_at
from app.nlu.steps import step_name

# What an agent tells of a brief, in the order of `FeedbackFacts`.
_TOLD = ("accepted", "edited_brief", "repeated_information", "missing_context", "disposition")


class FeedbackFacts(NamedTuple):
    """All that was told of one handoff: of what was told twice, the last, and of moments the first."""

    displayed_at: datetime | None
    connected_at: datetime | None
    accepted: bool | None
    edited_brief: Any
    repeated: bool | None
    missing: bool | None
    disposition: str | None

    @property
    def is_seen(self) -> bool:
        """Whether the agent saw the brief, by what was told."""
        answers = (self.accepted, self.edited_brief, self.repeated, self.missing, self.disposition)
        return self.displayed_at is not None or any(answer is not None for answer in answers)


class HandoffFacts(NamedTuple):
    """One handoff."""

    handoff_id: str
    at: datetime
    as_of_seq: int
    duration_ms: int
    conversation_id: str | None
    from_channel: str | None
    to_channel: str | None
    queue: str | None
    reason: str | None
    intent: str | None
    has_brief: bool
    made: datetime
    feedback: FeedbackFacts
    overridden: bool | None
    overrides: tuple[str, ...]

    @property
    def brief_ms(self) -> int | None:
        """From the request until the agent had the brief: displayed where that was told, else made."""
        if not self.has_brief:
            return None
        shown = self.feedback.displayed_at
        if shown is None:
            return self.duration_ms
        # Judged as of another moment than that of its making, it may be shown by either of the two clocks.
        asked = max((moment for moment in (self.at, self.made) if moment <= shown), default=shown)
        return max(self.duration_ms, round((shown - asked).total_seconds() * 1000))


def handoffs_of(documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[HandoffFacts]:
    """The handoffs of one customer in the order they were asked for, by the documents filed of them."""
    feedback_by_handoff: dict[str, list[Mapping[str, Any]]] = {}
    for document in sorted(
        documents.get("feedback", ()), key=lambda document: (document["filed_at"], document["feedback_id"])
    ):
        feedback_by_handoff.setdefault(document["handoff_id"], []).append(document)
    answered: dict[str, list[Mapping[str, Any]]] = {}
    for outcome in documents.get("outcomes", ()):
        answered.setdefault(outcome["decision_id"], []).append(outcome)
    handoffs = [
        _facts(document, feedback_by_handoff.get(document["handoff_id"], ()), answered)
        for document in documents.get("handoffs", ())
    ]
    return sorted(handoffs, key=lambda handoff: (handoff.at, handoff.handoff_id))


def _facts(
    document: Mapping[str, Any],
    filed_feedback: Sequence[Mapping[str, Any]],
    answered: Mapping[str, Sequence[Mapping[str, Any]]],
) -> HandoffFacts:
    request, brief = document["request"], document["brief"]
    feedback = _together(filed_feedback)
    decision: Mapping[str, Any] = document.get("next_actions") or {}
    overrides, answers = _overrides(brief, decision, feedback, answered.get(decision.get("decision_id", ""), ()))
    return HandoffFacts(
        handoff_id=document["handoff_id"],
        at=datetime.fromisoformat(request.get("now") or document["created_at"]),
        as_of_seq=document["as_of_seq"],
        duration_ms=document["duration_ms"],
        conversation_id=document.get("conversation_id"),
        from_channel=request.get("from_channel"),
        to_channel=request.get("to_channel"),
        queue=request.get("to_queue"),
        reason=(request.get("reason") or {}).get("code"),
        intent=(brief.get("intent") or {}).get("name"),
        has_brief=document["status"] != "failed",
        made=made_at(document["handoff_id"]),
        feedback=feedback,
        overridden=bool(overrides) if answers else None,
        overrides=overrides,
    )


def _together(filed_feedback: Sequence[Mapping[str, Any]]) -> FeedbackFacts:
    def last(name: str) -> Any:
        return next((document[name] for document in reversed(filed_feedback) if document.get(name) is not None), None)

    def first(name: str) -> datetime | None:
        moments = [
            datetime.fromisoformat(document[name]) for document in filed_feedback if document.get(name) is not None
        ]
        return min(moments, default=None)

    return FeedbackFacts(first("displayed_at"), first("connected_at"), *(last(name) for name in _TOLD))


def _overrides(
    brief: Mapping[str, Any],
    decision: Mapping[str, Any],
    feedback: FeedbackFacts,
    outcomes: Sequence[Mapping[str, Any]],
) -> tuple[tuple[str, ...], bool]:
    """In which ways the agent overrode what was suggested, and whether they answered it at all."""
    disposition: Mapping[str, str] = brief.get("suggested_disposition") or {}
    suggested = disposition.get("name")
    chosen = feedback.disposition if suggested is not None else None
    offered = {action["action_id"] for action in decision.get("actions", ())}
    taken = {outcome["action_id"] for outcome in outcomes if outcome.get("accepted") is True}
    refused = {outcome["action_id"] for outcome in outcomes if outcome.get("accepted") is False}
    ways = {
        "rejected": feedback.accepted is False,
        "edited": feedback.edited_brief is not None and feedback.edited_brief != brief,
        "other_disposition": chosen is not None and step_name(chosen) != step_name(suggested or ""),
        "other_action": bool(taken - offered) or (bool(refused & offered) and not taken),
    }
    answers = (feedback.accepted, feedback.edited_brief, chosen)
    answered = any(answer is not None for answer in answers) or bool(taken or refused)
    return tuple(name for name, holds in ways.items() if holds), answered
