"""Examples for the published description, of no trade in particular."""

from collections.abc import Mapping
from typing import Any

Example = Mapping[str, Any]

_CUSTOMER: Example = {"type": "email", "value": "customer@example.com", "verified": True, "method": "login"}

INTERACTION: Example = {
    "id": "app-7781",
    "occurred_at": "2026-03-02T09:00:00Z",
    "channel": "app",
    "actor": "customer",
    "kind": "event",
    "conversation_id": "visit-42",
    "identifiers": [_CUSTOMER],
    "name": "password_reset",
    "outcome": "failed",
    "data": {"page": "/account/security", "error_code": "E-207"},
}

INTERACTION_BATCH: Example = {
    "interactions": [
        INTERACTION,
        {
            "id": "chat-1",
            "channel": "chat",
            "actor": "customer",
            "kind": "message",
            "conversation_id": "visit-42",
            "participant": {"name": "Maria Lopez"},
            "text": "The reset link never arrives. I tried it twice.",
        },
    ]
}

INTERACTION_LINES = (
    '{"id": "chat-1", "channel": "chat", "actor": "customer", "kind": "message", "text": "The link never arrives."}\n'
    '{"id": "chat-2", "channel": "chat", "actor": "bot", "kind": "message", "text": "I have sent it again."}\n'
)

RESOLVE: Example = {"identifiers": [_CUSTOMER]}

MERGE: Example = {"other": "cus_0190f5e2a7c07d3b9f6e1a2b3c4d5e6f"}

UNMERGE: Example = {"merge_id": "mrg_0190f5e2a7c07d3b9f6e1a2b3c4d5e6f"}

HANDOFF: Example = {
    "conversation_id": "visit-42",
    "from_channel": "chat",
    "to_channel": "voice",
    "from_actor": "bot",
    "to_queue": "second-line",
    "reason": {"code": "bot_failure", "detail": "Two attempts failed."},
    "deadline_ms": 2000,
}

VERIFY: Example = {
    "conversation_id": "visit-42",
    "claims": ["The customer tried to reset the password.", "The agent promised a call back on Friday."],
}

FEEDBACK: Example = {
    "displayed_at": "2026-03-02T09:05:00Z",
    "connected_at": "2026-03-02T09:05:04Z",
    "accepted": True,
    "repeated_information": False,
    "missing_context": False,
}

NEXT_ACTIONS: Example = {"conversation_id": "visit-42", "audience": "bot", "limit": 3, "context": {"page": "/account"}}

LINK: Example = {"ttl_s": 900}

ARTICLE: Example = {
    "title": "Return a damaged parcel",
    "markdown": "## Within 30 days\n\nOffer a return label. The customer keeps the parcel until the label has come.",
    "url": "https://help.example/returns/damaged",
    "language": "en",
    "intents": ["refund"],
    "actions": ["send_return_label"],
    "valid_until": "2027-01-01T00:00:00Z",
}

KNOWLEDGE_QUESTION: Example = {"q": "The parcel came damaged. Who pays for the return?", "limit": 3}

OUTCOME: Example = {
    "action_id": "send_reset_link",
    "displayed": True,
    "accepted": True,
    "outcome": "succeeded",
    "reward": 1.0,
}

VCON: Example = {
    "vcon": "0.4.0",
    "uuid": "0190f5a8-7c1e-7000-8000-0123456789ab",
    "created_at": "2026-03-02T09:05:00Z",
    "parties": [{"mailto": "customer@example.com", "role": "customer"}, {"name": "Helper", "role": "bot"}],
    "dialog": [
        {
            "type": "text",
            "start": "2026-03-02T09:00:00Z",
            "parties": [0, 1],
            "mediatype": "text/plain",
            "encoding": "none",
            "body": "The reset link never arrives.",
        }
    ],
}

CLOUD_EVENT: Example = {
    "specversion": "1.0",
    "id": "7781",
    "source": "/accounts",
    "type": "com.example.password_reset.failed",
    "subject": "visit-42",
    "time": "2026-03-02T09:00:00Z",
    "datacontenttype": "application/json",
    "data": {"channel": "app", "outcome": "failed", "error_code": "E-207"},
}

CATALOGUE: Example = {
    "name": "library",
    "intents": [{"name": "renew", "label": "Keep a book longer", "examples": ["Can I keep my book for another week?"]}],
    "actions": [
        {
            "id": "renew_loan",
            "label": "Renew the loan",
            "intents": ["renew"],
            "policy": {
                "eligibility": [
                    {
                        "expression": "!has(facts.reserved) || !facts.reserved",
                        "otherwise": "Somebody else waits for it.",
                    }
                ]
            },
            "script": "I can renew {title} for you.",
            "parameters": [{"name": "title", "from": ["fact.title"]}],
        }
    ],
}

CATALOGUE_LINES = """\
name: library
intents:
  - name: renew
    label: Keep a book longer
    examples: [Can I keep my book for another week?]
actions:
  - id: renew_loan
    label: Renew the loan
    intents: [renew]
    policy:
      eligibility:
        - expression: "!has(facts.reserved) || !facts.reserved"
          otherwise: Somebody else waits for it.
    script: I can renew {title} for you.
    parameters:
      - {name: title, from: [fact.title]}
"""

_RATE: Example = {"value": 0.31, "count": 214, "ci_low": 0.252, "ci_high": 0.375}
_TIME: Example = {"value": 41000.0, "count": 198, "ci_low": 35000.0, "ci_high": 48000.0}
_BRIEF_TIME: Example = {"value": 320.0, "count": 230, "ci_low": 290.0, "ci_high": 350.0}
_FIGURES: Example = {
    "count": 260,
    "handoffs": 230,
    "repeat_information_rate": _RATE,
    "context_gap_rate": {"value": 0.15, "count": 260, "ci_low": 0.112, "ci_high": 0.198},
    "handoff_penalty_ms": _TIME,
    "time_to_brief_ms": _BRIEF_TIME,
    "override_rate": {"value": 0.08, "count": 120, "ci_low": 0.044, "ci_high": 0.143},
    "unprepared_repeat_rate": {"value": 0.73, "count": 30, "ci_low": 0.555, "ci_high": 0.857},
    "unprepared_penalty_ms": {"value": 95000.0, "count": 28, "ci_low": 80000.0, "ci_high": 120000.0},
}
_FILTERS: Example = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "channel": "voice"}
_ASKED: Example = {"as_of_seq": 104233, "duration_ms": 64}

CONTINUITY: Example = {
    "group_by": "breakpoint",
    "filters": _FILTERS,
    "overall": _FIGURES,
    "breakpoints": [{"from_channel": "chat", "to_channel": "voice", **_FIGURES}],
    "over_time": [],
    "groups": [],
    "definitions": {
        "override_rate": {
            "label": "Suggestions overridden",
            "formula": "|{h in A : overridden(h)}| / |A|; …",
            "unit": "share",
            "statistic": "share",
            "interval": "Wilson's score interval, 95 %",
        }
    },
    "unread_conversations": 0,
    **_ASKED,
}

ESCALATIONS: Example = {
    "escalations": [
        {
            "escalation_id": "hnd_0190f5e2a7c07d3b9f6e1a2b3c4d5e6f",
            "customer_id": "cus_0190f5e2a7c07d3b9f6e1a2b3c4d5e6f",
            "at": "2026-03-02T09:04:00Z",
            "from_channel": "chat",
            "to_channel": "voice",
            "handoff_id": "hnd_0190f5e2a7c07d3b9f6e1a2b3c4d5e6f",
            "repeated": True,
            "repeated_by": "ledger",
            "restated": [{"kind": "identifier", "value": "ORD-70331", "known": "int_0190…", "restated": "int_0190…"}],
            "context_gap": False,
            "penalty_ms": 42000,
            "time_to_brief_ms": 320,
        }
    ],
    "next_after": None,
    **_ASKED,
}

GRAPH: Example = {
    "filters": _FILTERS,
    "nodes": [
        {"id": "chat:refund", "channel": "chat", "intent": "refund", "count": 412},
        {"id": "voice:refund", "channel": "voice", "intent": "refund", "count": 130},
    ],
    "edges": [
        {
            "from": "chat:refund",
            "to": "voice:refund",
            "count": 88,
            "median_gap_ms": 540000,
            "broke": 31,
            "broke_share": 0.352,
            "ci_low": 0.261,
            "ci_high": 0.456,
        }
    ],
    "unread_conversations": 0,
    **_ASKED,
}

GRAPH_STEPS: Example = {
    "steps": [
        {
            "customer_id": "cus_0190f5e2a7c07d3b9f6e1a2b3c4d5e6f",
            "at": "2026-03-02T09:04:00Z",
            "before": {"node": "chat:refund", "channel": "chat", "conversation_id": "visit-42", "settled": False},
            "visit": {"node": "voice:refund", "channel": "voice", "conversation_id": "call-7", "settled": True},
            "gap_ms": 540000,
            "broke": True,
            "escalated": True,
            "restated": [],
        }
    ],
    "next_after": None,
    **_ASKED,
}

MOMENTS: Example = {
    "filters": _FILTERS,
    "moments": [
        {
            "kind": "bot_loop",
            "channel": "chat",
            "intent": "refund",
            "node": "chat:refund",
            "journeys": 57,
            "seen": 63,
            "occurrences": 71,
            "samples": [],
        }
    ],
    "journeys": 2310,
    "unread_conversations": 0,
    **_ASKED,
}
