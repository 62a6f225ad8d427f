"""Who acted, by name: recorded and returned by every interface, and never a reason to join customers."""

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from app.formats.vcon import interactions_of
from app.models import Participant
from app.privacy import content_sha256
from tests.interfaces.http import check_fits, email, message, problem, record
from tests.support.builders import START, draft
from tests.support.vcon_documents import AGENT, CUSTOMER, recording, text_dialog, transcript, vcon

if TYPE_CHECKING:
    from app.services import App

MARIA = {"name": "Maria Lopez", "id": "u-17"}
STRUCTURED = {"content-type": "application/cloudevents+json"}


async def timeline(client: httpx.AsyncClient, customer_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/customers/{customer_id}/timeline")
    return answer.json()["interactions"]


async def test_a_participant_comes_back_in_the_timeline_and_the_export(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    (row,) = await record(client, message(id="m-1", participant=MARIA, conversation_id="c1"))
    answer = await client.get(f"/v1/customers/{row['customer_id']}/timeline")
    check_fits(service, answer, "/v1/customers/{customer_id}/timeline")
    assert answer.json()["interactions"][0]["participant"] == MARIA
    exported = (await client.get(f"/v1/customers/{row['customer_id']}/export")).text.splitlines()
    rows = [document["interaction"] for document in map(json.loads, exported) if document["type"] == "interaction"]
    assert rows[0]["participant"] == MARIA


async def test_lines_of_ndjson_carry_participants_too(client: httpx.AsyncClient) -> None:
    lines = "\n".join(json.dumps(message(conversation_id="c1", participant=who)) for who in (MARIA, {"name": "Al"}))
    answer = await client.post("/v1/interactions", content=lines, headers={"content-type": "application/x-ndjson"})
    rows = await timeline(client, answer.json()["results"][0]["customer_id"])
    assert [row["participant"] for row in rows] == [MARIA, {"name": "Al", "id": None}]


@pytest.mark.parametrize("nobody", [None, {}, {"name": "  "}, {"name": None, "id": ""}])
async def test_a_participant_without_a_name_is_nobody(client: httpx.AsyncClient, nobody: Any) -> None:
    (row,) = await record(client, message(conversation_id="c1", participant=nobody))
    assert (await timeline(client, row["customer_id"]))[0]["participant"] is None


async def test_the_same_row_again_is_a_duplicate_and_another_name_is_a_conflict(client: httpx.AsyncClient) -> None:
    sent = message(id="m-1", conversation_id="c1", occurred_at=START.isoformat(), participant=MARIA)
    await record(client, sent)
    assert (await record(client, sent))[0]["duplicate"]
    changed = await client.post("/v1/interactions", json=sent | {"participant": {"name": "Mario Lopez"}})
    problem(changed, 409, "idempotency_conflict")


async def test_a_row_that_was_filed_before_its_channel_knew_names_stays_a_duplicate(client: httpx.AsyncClient) -> None:
    sent = message("Card 4111 1111 1111 1111", id="m-1", conversation_id="c1", occurred_at=START.isoformat())
    plain = message(id="m-2", conversation_id="c1", occurred_at=START.isoformat())
    await record(client, sent, plain)
    again = await record(client, sent | {"participant": MARIA}, plain | {"participant": MARIA})
    assert [row["duplicate"] for row in again] == [True, True]


def test_a_row_without_a_participant_has_the_digest_that_earlier_versions_filed() -> None:
    row = draft("The link never arrives.", id="m-1", occurred_at=START, conversation_id="c1", data={"page": "/reset"})
    assert content_sha256(row) == "1734cb0fc1f2e05e622f539970439f618fa711291e8bbab3e6c7ea42471df74a"


async def test_two_customers_of_one_name_stay_two(client: httpx.AsyncClient) -> None:
    rows = await record(
        client,
        message(identifiers=[email("maria@example.com")], participant=MARIA),
        message(identifiers=[email("lopez@example.com")], participant=MARIA),
        message(conversation_id="c3", participant=MARIA),
    )
    assert len({row["customer_id"] for row in rows}) == 3


async def test_a_card_number_where_a_name_should_be_is_masked(client: httpx.AsyncClient) -> None:
    who = {"name": "4111 1111 1111 1111", "id": "4111111111111111"}
    (row,) = await record(client, message(conversation_id="c1", participant=who))
    shown = (await timeline(client, row["customer_id"]))[0]["participant"]
    assert "411111" not in json.dumps(shown).replace(" ", "")


async def test_redaction_blanks_the_participant(client: httpx.AsyncClient) -> None:
    (row,) = await record(client, message(conversation_id="c1", participant=MARIA))
    blanked = await client.post(f"/v1/interactions/{row['interaction_id']}/redact")
    assert blanked.json()["participant"] is None
    assert (await timeline(client, row["customer_id"]))[0]["participant"] is None


async def test_the_parties_of_a_vcon_name_who_spoke(client: httpx.AsyncClient) -> None:
    document = vcon(
        parties=[CUSTOMER | {"name": "Maria Lopez", "uuid": "p-1"}, AGENT],
        dialog=[text_dialog("The link never arrives."), text_dialog("I send it again.", by=1, minute=1)],
    )
    answer = await client.post("/v1/vcons", json=document)
    rows = await timeline(client, answer.json()["results"][0]["customer_id"])
    assert [row["participant"] for row in rows] == [
        {"name": "Maria Lopez", "id": "p-1"},
        {"name": "An Agent", "id": None},
    ]


def test_the_turns_of_a_transcript_have_the_names_of_their_parties() -> None:
    parties = [CUSTOMER | {"name": "Maria Lopez"}, AGENT, AGENT | {"name": "Another"}]
    text = "An Agent: Hello.\nMaria: Hi.\nAgent: One moment."
    drafts = interactions_of(vcon(parties=parties, dialog=[recording()], analysis=[transcript(text)]))
    spoken = [turn.participant.name if turn.participant else None for turn in drafts if turn.kind.value == "message"]
    assert spoken == ["An Agent", "Maria Lopez", None]  # two are agents, and nobody knows which of them this is


async def test_a_handoff_as_a_vcon_gives_each_name_a_party_of_its_own(client: httpx.AsyncClient) -> None:
    rows = [
        message("My parcel is late.", participant={"name": "Maria Lopez"}),
        message("", kind="event", name="page_seen", channel="app"),
        message("I am Anna.", actor="agent", participant={"name": "Anna"}),
        message("I am Ben.", actor="agent", participant={"name": "Ben"}),
    ]
    await record(client, *(row | {"conversation_id": "c1"} for row in rows))
    made = (await client.post("/v1/handoffs", json={"conversation_id": "c1"})).json()
    answer = await client.get(f"/v1/handoffs/{made['handoff_id']}", headers={"accept": "application/vcon+json"})
    document = answer.json()
    assert [(party["role"], party.get("name")) for party in document["parties"]] == [
        ("customer", "Maria Lopez"),
        ("agent", "Anna"),
        ("agent", "Ben"),
    ]
    again = sorted(interactions_of(document), key=lambda turn: turn.text)
    names = {turn.text: turn.participant for turn in again if turn.kind.value == "message"}
    assert names["I am Ben."] == Participant(name="Ben")
    assert names["My parcel is late."] == Participant(name="Maria Lopez")


@pytest.mark.parametrize(
    ("given", "filed"),
    [(MARIA, MARIA), ("Maria", None), ({"name": "Maria", "age": 5}, None), (None, None)],
)
async def test_an_event_of_another_system_names_who_acted_where_it_says_so(
    client: httpx.AsyncClient, given: Any, filed: Any
) -> None:
    event = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "page.seen", "subject": "c-1"}
    content = json.dumps(event | {"data": {"participant": given, "page": "/cart"}})
    answer = await client.post("/v1/events", content=content, headers=STRUCTURED)
    row = (await timeline(client, answer.json()["results"][0]["customer_id"]))[0]
    assert (row["participant"], row["data"]["page"]) == (filed, "/cart")


async def test_the_card_and_the_journey_show_the_name(client: httpx.AsyncClient) -> None:
    (row, *_) = await record(
        client,
        message("My parcel A-1234567 is late.", conversation_id="c1", participant=MARIA),
        message("I want to speak to a person.", conversation_id="c1", participant=MARIA),
    )
    made = (await client.post("/v1/handoffs", json={"conversation_id": "c1"})).json()
    page = await client.get(f"/v1/handoffs/{made['handoff_id']}", headers={"accept": "text/html"})
    journey = await client.get(f"/console/customers/{row['customer_id']}")
    assert "Maria Lopez" in page.text
    assert "Maria Lopez" in journey.text


async def test_with_redaction_at_ingest_a_password_in_a_name_is_never_filed(app: "App") -> None:
    from app.privacy import redacted_draft

    row = redacted_draft(draft("hello", participant=Participant(name="my password is hunter22", id="u-17")))
    assert row.participant == Participant(name="my password is [password_1]", id="u-17")
