"""Puts a handoff together from what the rooms found: its status says what is whole and what is missing."""

from datetime import UTC, datetime
from time import perf_counter

from app.models import (
    Brief,
    Decision,
    FailureCode,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    IdentityMatch,
    Signal,
    Snapshot,
)


def first_handoff(
    handoff_id: str,
    snapshot: Snapshot,
    brief: Brief,
    signals: tuple[Signal, ...],
    decision: Decision | None,
    request: HandoffRequest,
    *,
    started: float,
    gave_up: bool = False,
    identity: IdentityMatch | None = None,
) -> Handoff:
    """The deterministic handoff, ready before any model answers. `started` is a reading of `time.perf_counter()`.

    `gave_up`: there was no time for the whole brief.
    """
    status, failure_code = _status(snapshot, brief, gave_up=gave_up)
    return Handoff(
        handoff_id=handoff_id,
        customer_id=snapshot.customer.customer_id,
        conversation_id=snapshot.conversation_id,
        created_at=datetime.now(UTC),
        as_of_seq=snapshot.as_of_seq,
        duration_ms=round((perf_counter() - started) * 1000),
        status=status,
        failure_code=failure_code,
        engine="extractive",
        verification_status=snapshot.customer.verification_status,
        verification=snapshot.customer.verification,
        identity=identity or IdentityMatch(),
        brief=brief,
        signals=signals,
        next_actions=decision,
        request=request,
    )


def before_model(handoff: Handoff, snapshot: Snapshot) -> Handoff:
    """A handoff whose model was late, as it stood before the model was asked."""
    status, failure_code = _status(snapshot, handoff.brief, gave_up=False)
    return handoff.model_copy(
        update={"status": status, "failure_code": failure_code, "model": None, "prompt": None, "usage": None}
    )


def _status(snapshot: Snapshot, brief: Brief, *, gave_up: bool) -> tuple[HandoffStatus, FailureCode | None]:
    if gave_up:
        return HandoffStatus.PARTIAL, FailureCode.ANALYSIS_LIMIT
    if brief.contact_reason is None and not brief.actions_taken:
        return HandoffStatus.FAILED, FailureCode.INSUFFICIENT_CONTENT
    if not snapshot.retrieval_available:
        return HandoffStatus.PARTIAL, FailureCode.RETRIEVAL_UNAVAILABLE
    if snapshot.is_cut:
        return HandoffStatus.PARTIAL, FailureCode.ANALYSIS_LIMIT
    return HandoffStatus.COMPLETED, None
