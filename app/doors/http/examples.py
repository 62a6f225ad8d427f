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
