"""vCon documents for tests, each with the fields that a test is about."""

from datetime import timedelta
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.formats.vcon import interactions_of
from app.models import (
    Actor,
    Brief,
    Channel,
    Claim,
    Customer,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    Outcome,
    VerificationStatus,
)
from tests.support.builders import START, interaction

UUID = "0190f5a8-7c1e-7000-8000-0123456789ab"


CUSTOMER = {"tel": "tel:+15550100", "mailto": "customer@example.com", "role": "customer"}


AGENT = {"name": "An Agent", "role": "agent"}


BOT = {"name": "Helper", "type": "bot"}


def vcon(**fields: Any) -> dict[str, Any]:
    return {
        "vcon": "0.4.0",
        "uuid": UUID,
        "created_at": "2026-03-02T09:00:00Z",
        "parties": [CUSTOMER, AGENT],
        **fields,
    }


def text_dialog(text: str, *, by: int = 0, minute: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "type": "text",
        "start": f"2026-03-02T09:{minute:02}:00Z",
        "parties": [by, 1 - by],
        "mediatype": "text/plain",
        "encoding": "none",
        "body": text,
        **fields,
    }


def recording(**fields: Any) -> dict[str, Any]:
    return {
        "type": "recording",
        "start": "2026-03-02T09:00:00Z",
        "duration": 60.5,
        "parties": [0, 1],
        "mediatype": "audio/x-wav",
        "url": "https://example.com/call.wav",
        "content_hash": "sha512-abc",
        **fields,
    }


def transcript(body: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "transcript", "dialog": 0, "vendor": "example", "encoding": "json", "body": body, **fields}


def messages(drafts: list[InteractionDraft]) -> list[tuple[str, str]]:
    return [(draft.actor.value, draft.text) for draft in drafts if draft.kind is Kind.MESSAGE]


def read(**fields: Any) -> list[InteractionDraft]:
    return interactions_of(vcon(**fields))


def refused(document: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as failure:
        interactions_of(document)
    assert failure.value.detail
    return {str(error["path"]): str(error["message"]) for error in failure.value.errors}


def handoff(*claims: Claim, brief: Brief | None = None) -> Handoff:
    return Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        conversation_id="c1",
        created_at=START + timedelta(minutes=5),
        as_of_seq=9,
        duration_ms=1,
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.CLAIMED,
        brief=brief or Brief(headline="A late parcel", situation="The parcel is late.", claims=claims),
        request=HandoffRequest(conversation_id="c1"),
    )


def customer(*identifiers: Identifier) -> Customer:
    return Customer(customer_id="cus_1", identity_ids=("cus_1",), identifiers=identifiers)


JOURNEY = [
    interaction(1, "", kind=Kind.EVENT, channel=Channel.APP, name="reset", outcome=Outcome.FAILED, data={"step": 3}),
    interaction(2, "My parcel is late.", channel=Channel.WHATSAPP),
    interaction(3, "", actor=Actor.BOT, kind=Kind.TOOL_CALL, name="find_parcel", data={"id": "A-17"}),
    interaction(4, '{"status": "lost"}', actor=Actor.SYSTEM, kind=Kind.TOOL_RESULT, name="find_parcel"),
    interaction(5, "  It is lost.\nSorry! ", actor=Actor.BOT, channel=Channel.WHATSAPP),
    interaction(6, "I will call you.", actor=Actor.AGENT, channel=Channel.VOICE),
]


def content_of(row: Interaction | InteractionDraft) -> tuple[Any, ...]:
    data = {key: value for key, value in row.data.items() if key != "subject"}
    extra = (row.name, row.outcome, data) if row.kind is not Kind.MESSAGE else ()
    return (row.text, row.actor, row.kind, row.channel, row.occurred_at, *extra)
