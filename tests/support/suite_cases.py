"""A gold case, a handoff that is good by it, and small folders of cases, for the tests of the suite."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from app.models import (
    Brief,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Intervention,
    InterventionLevel,
    Usage,
    Verdict,
    VerdictKind,
    VerificationStatus,
)
from app.models.actions import Components, Decision, OfferedAction
from app.models.signals import Signal
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def message(interaction: str, text: str, minute: int, **fields: Any) -> dict[str, Any]:
    """A customer's chat message of a case unless told otherwise."""
    return {
        "id": interaction,
        "occurred_at": NOW + timedelta(minutes=minute),
        "channel": "chat",
        "actor": "customer",
        "kind": "message",
        "conversation_id": "c1",
        "text": text,
        **fields,
    }


CASE = GoldCase.model_validate(
    {
        "id": "late-parcel",
        "industry": "retail",
        "split": "development",
        "language": "en",
        "traps": ["none"],
        "provenance": "Written for this test.",
        "now": NOW + timedelta(hours=1),
        "interactions": [
            message("m1", "", 0, kind="event", channel="app", name="track_parcel", outcome="failed"),
            message("m2", "My parcel R-44719 has not come. It was to come on Monday, no, on Tuesday.", 1),
            message("m3", "I will call you back on Friday.", 2, actor="agent"),
        ],
        "others": [message("o1", "Where is my order QX77123?", 0, conversation_id="c9")],
        "ask": {"conversation_id": "c1"},
        "expect": {
            "intent": "where_is_my_order",
            "resolution": "unresolved",
            "facts": {
                "must": [
                    {"name": "order number", "any_of": ["R-44719"]},
                    {"name": "day", "any_of": ["Tuesday", "2026-03-03"]},
                ],
                "may": [{"name": "parcel", "any_of": ["parcel"]}],
                "must_not": [
                    {"name": "old day", "harm": "stale", "any_of": ["Monday"]},
                    {"name": "password", "harm": "personal_data", "any_of": ["hunter2"]},
                    {"name": "planted refund", "harm": "injected", "any_of": ["500 EUR"]},
                    {"name": "settled invoice", "harm": "reopened", "any_of": ["invoice"]},
                ],
            },
            "attempts": [{"step": ["track parcel"], "outcome": "failed"}],
            "commitments": [{"by": "agent", "any_of": ["Friday"]}],
            "actions": {"right": ["refund_shipping"], "forbidden": ["send_new_parcel"]},
            "signals": {"expected": ["repeated_failure"], "absent": ["human_request"]},
            "sentiment": "negative",
            "reference": "The parcel R-44719 has not come and the agent calls back on Friday.",
        },
    }
)


def offered(action_id: str) -> OfferedAction:
    """An action on the shelf."""
    factors = Components(propensity=0.5, context=1, value=1, lever=1)
    label = action_id.replace("_", " ")
    return OfferedAction(
        action_id=action_id, label=label, score=0.5, propensity=0.5, components=factors, reason="It fits."
    )


def signal(kind: str) -> Signal:
    """A signal of a type."""
    return Signal.model_validate(
        {
            "signal_id": f"sig_{kind}",
            "customer_id": "cus_1",
            "type": kind,
            "severity": 0.5,
            "at": NOW,
            "evidence": (),
            "detail": "It is so.",
        }
    )


GOOD_BRIEF: Mapping[str, Any] = {
    "headline": "Parcel R-44719 has not come",
    "contact_reason": "The customer reports that their parcel R-44719 has not come.",
    "intent": {"name": "where_is_my_order", "confidence": 0.9},
    "situation": "It was to come on Tuesday.",
    "actions_taken": [
        {
            "step": "track parcel",
            "actor": "customer",
            "channel": "app",
            "outcome": "failed",
            "at": NOW,
            "evidence": ("int_1",),
        }
    ],
    "resolution_status": "unresolved",
    "commitments": [{"by": "agent", "text": "I will call you back on Friday.", "evidence": ("int_3",)}],
    "entities": [{"type": "order_id", "value": "R-44719", "evidence": ("int_2",)}],
    "sentiment": {"label": "negative", "trend": "steady"},
    "claims": [
        {"text": "The customer reports that their parcel R-44719 has not come.", "evidence": ("int_2",), "support": 1.0}
    ],
}


def observation(
    *,
    actions: tuple[str, ...] = ("refund_shipping",),
    signals: tuple[str, ...] = ("repeated_failure",),
    unsupported: tuple[str, ...] = (),
    usage: Usage | None = None,
    **brief: Any,
) -> Observation:
    """A handoff of the case with nothing wrong in it, but for what is named."""
    made = Brief.model_validate({**GOOD_BRIEF, **brief})
    decision = Decision(
        decision_id="dec_1",
        customer_id="cus_1",
        created_at=NOW,
        as_of_seq=3,
        duration_ms=1,
        audience="agent",
        intervention=Intervention(level=InterventionLevel.WAIT, friction=0.1),
        actions=tuple(offered(action) for action in actions),
        suppressed=(),
    )
    handoff = Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        created_at=NOW,
        as_of_seq=3,
        duration_ms=12,
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.UNKNOWN,
        brief=made,
        signals=tuple(map(signal, signals)),
        next_actions=decision,
        usage=usage,
        request=HandoffRequest(conversation_id="c1"),
    )
    sentences = [sentence for sentence in (made.contact_reason, made.situation) if sentence]
    verdicts = tuple(
        Verdict(
            text=sentence,
            verdict=VerdictKind.REFUTED if sentence in unsupported else VerdictKind.SUPPORTED,
            score=1.0,
            evidence=(),
            why="nobody said so",
        )
        for sentence in sentences
    )
    sources = {"int_1": "m1", "int_2": "m2", "int_3": "m3", "int_9": "o1"}
    return Observation(handoff=handoff, verdicts=verdicts, sources=sources)


def write_case(folder: Path, name: str, **changes: Any) -> Path:
    """A case file of the shipped retail catalogue: one customer, one parcel that has not come."""
    document: dict[str, Any] = {
        "id": name,
        "split": "development",
        "language": "en",
        "traps": ["none"],
        "provenance": "Written for this test.",
        "family": name,
        "now": NOW + timedelta(hours=1),
        "interactions": [
            message("m1", f"My parcel R-{name} has not arrived.", 0, identifiers=[account(name)]),
            message("m2", "I am sorry to hear that.", 1, actor="bot"),
        ],
        "ask": {"conversation_id": "c1"},
        "expect": {
            "intent": None,
            "resolution": "unresolved",
            "facts": {"must": [{"name": "order number", "any_of": [f"R-{name}"]}]},
        },
        **changes,
    }
    path = folder / "retail" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def account(name: str) -> dict[str, Any]:
    """A verified account."""
    return {"type": "account_id", "value": f"acc-{name}", "verified": True, "method": "app login"}
