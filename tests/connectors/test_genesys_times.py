"""Genesys Cloud: what several deliveries tell has one time, whichever of them comes first."""

from datetime import UTC, datetime
from typing import Any

from app.connectors import CONNECTORS
from app.models import InteractionDraft
from tests.connectors.cloud_deliveries import CALL, drafts_of, notification, participant, request, transcription


def rows(body: dict[str, Any]) -> list[InteractionDraft]:
    return drafts_of(CONNECTORS["genesys"].parse(request(body)))


def row(body: dict[str, Any]) -> InteractionDraft:
    (only,) = rows(body)
    return only


def conversation(*people: dict[str, Any]) -> dict[str, Any]:
    return notification(f"v2.users.u1.conversations.{CALL}", {"id": CALL, "participants": list(people)})


def test_a_state_of_a_transcription_has_its_own_time_whichever_message_tells_it_first() -> None:
    def stated(sent_at: str) -> InteractionDraft:
        message = transcription()
        status = {"offsetMs": 5_000, "status": "SESSION_ONGOING"}
        return row(message | {"eventBody": message["eventBody"] | {"eventTime": sent_at, "status": status}})

    first, second = stated("2026-05-04T09:01:00.000Z"), stated("2026-05-04T09:01:02.000Z")
    assert first == second
    assert first.occurred_at == datetime(2026, 5, 4, 9, 0, 5, tzinfo=UTC)


def test_what_flows_wrote_on_a_participant_has_the_same_time_in_every_state() -> None:
    came = {"connectedTime": "2026-05-04T09:00:00Z", "attributes": {"contract": "HC-4410"}}
    states = [
        conversation(participant("p1", "customer", **came, **left))
        for left in ({}, {"endTime": "2026-05-04T10:00:00Z"})
    ]
    first, second = ([filed for filed in rows(state) if filed.name == "participant_data"] for state in states)
    assert first == second
    assert first[0].occurred_at == datetime(2026, 5, 4, 9, tzinfo=UTC)
