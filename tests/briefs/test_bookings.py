"""What a tool booked is told with its day, its reference and its name, as what was done and as what is to come."""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.briefs import read_case
from app.briefs.bookings import booking_in
from app.briefs.steps import steps
from app.models import Interaction
from tests.interfaces.http import message, record
from tests.support.builders import interaction, snapshot

SLOT = {"start": "2026-05-14T08:00:00+02:00", "end": "2026-05-14T10:00:00+02:00"}
WHO = [{"type": "account_id", "value": "acc-7", "verified": True}]


def answer(**fields: Any) -> Interaction:
    """A tool's answer of 12 May, noon."""
    noon = datetime.fromisoformat("2026-05-12T12:00:00+02:00")
    return interaction(1, kind="tool_result", name="reserve_dive", at=noon, data=fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (SLOT, "2026-05-14 08:00–10:00"),
        ({"slot": SLOT, "ref": "QX-40418"}, "2026-05-14 08:00–10:00, reference QX-40418"),
        ({"starts_at": "2026-05-14T08:00Z", "id": "dv_771"}, "2026-05-14 08:00 UTC, dv_771"),
        ({"date": "2026-05-14", "time": "08:00-10:00"}, "2026-05-14 08:00-10:00"),
        ({"from": "2026-05-14", "until": "2026-05-17"}, "2026-05-14 – 2026-05-17"),
        ({**SLOT, "diver": {"name": "Ines Faro"}}, "2026-05-14 08:00–10:00, Ines Faro"),
        ({**SLOT, "customer_name": "Anna Berg", "status": "Fully Booked"}, "2026-05-14 08:00–10:00"),
        ({**SLOT, "session_token": "tk_99182737aabbccddeeff0011"}, "2026-05-14 08:00–10:00"),
        ({"start": "2026-05-12T15:00:00+02:00"}, "2026-05-12 15:00"),
        ({"estimated_landing": "2026-05-14"}, "estimated landing 2026-05-14"),
        ({"dive_at": "2026-05-14T08:00+02:00", "valid_until": "2026-05-13T08:00+02:00"}, "2026-05-14 08:00"),
    ],
)
def test_a_time_to_come_is_read_from_a_record_with_its_window_reference_and_name(
    fields: dict[str, Any], words: str
) -> None:
    booking = booking_in(answer(**fields))
    assert booking is not None
    assert booking.words == words


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": "2026-05-12T12:00:00+02:00", "updated_at": "2026-05-12T12:00:20+02:00"},
        {"start": "2026-05-12T12:01:00+02:00"},
        {"start": "2026-05-10T08:00:00+02:00"},
        {"date": "2026-05-12"},
        {"expires_at": "2027-05-12T12:00:00Z", "ref": "QX-1"},
        {"slots": [SLOT, SLOT]},
        {"date": "2026-14-45"},
        {"start": "soon"},
    ],
)
def test_a_time_of_the_answer_itself_the_past_and_a_list_of_times_are_no_appointment(fields: dict[str, Any]) -> None:
    assert booking_in(answer(**fields)) is None


def test_today_counts_where_that_day_was_asked_for() -> None:
    booking = booking_in(answer(date="2026-05-12"), {"day": "2026-05-12"})
    assert booking is not None
    assert booking.words == "2026-05-12"


async def test_what_was_booked_is_told_with_its_day_and_the_check_bears_it_out(client: httpx.AsyncClient) -> None:
    talk = {"conversation_id": "dive", "identifiers": WHO}
    booked = {"reference": "QX-40418", **SLOT, "diver": {"name": "Ines Faro"}}
    tool = {"actor": "bot", "name": "reserve_dive"}
    at = "2026-05-12T{}:00+02:00"
    rows = [
        message("I would like to have my wreck dive planned for Thursday morning.", occurred_at=at.format("12:00")),
        message("", kind="tool_call", data={"site_id": "W-11"}, occurred_at=at.format("12:01"), **tool),
        message(json.dumps(booked), kind="tool_result", occurred_at=at.format("12:02"), **tool),
        message("Can somebody call me? The boat must have a ladder.", occurred_at=at.format("12:03")),
    ]
    filed = await record(client, *(row | talk for row in rows))
    asked = {"conversation_id": "dive", "now": at.format("12:10")}
    brief = (await client.post("/v1/handoffs", json=asked)).json()["brief"]
    clause = "2026-05-14 08:00–10:00, reference QX-40418, Ines Faro"
    assert clause in brief["actions_taken"][0]["step"]
    assert f"Done: reserve dive: W-11, {clause}." in brief["situation"]
    (commitment,) = brief["commitments"]
    assert (commitment["text"], commitment["due"]) == (f"Reserve dive, {clause}", "2026-05-14 08:00")
    assert (commitment["by"], commitment["evidence"]) == ("bot", [filed[2]["interaction_id"]])
    claims = [claim for claim in brief["claims"] if "08:00" in claim["text"]]
    assert claims
    assert {claim["verdict"] for claim in claims} == {"supported"}
    sentences = [claim["text"] for claim in claims] + [
        "Done: reserve dive, 2026-05-15 08:00–10:00, reference QX-40418."
    ]
    checked = await client.post("/v1/briefs/verify", json={"conversation_id": "dive", "claims": sentences})
    verdicts = [verdict["verdict"] for verdict in checked.json()["verdicts"]]
    assert "refuted" not in verdicts[:-1]
    assert verdicts[-1] == "refuted"


async def test_an_appointment_that_our_side_also_told_stands_among_the_promises_once(client: httpx.AsyncClient) -> None:
    talk = {"conversation_id": "dive", "identifiers": WHO}
    tool = {"actor": "bot", "name": "reserve_dive"}
    rows = [
        message("I would like to book my wreck dive.", occurred_at="2026-05-12T12:00:00+02:00"),
        message("", kind="tool_result", data=SLOT, occurred_at="2026-05-12T12:01:00+02:00", **tool),
        message("Your dive is booked for 14 May.", actor="bot", occurred_at="2026-05-12T12:02:00+02:00"),
    ]
    await record(client, *(row | talk for row in rows))
    asked = {"conversation_id": "dive", "now": "2026-05-12T12:10:00+02:00"}
    brief = (await client.post("/v1/handoffs", json=asked)).json()["brief"]
    assert [commitment["text"] for commitment in brief["commitments"]] == ["Your dive is booked for 14 May."]
    assert "2026-05-14 08:00–10:00" in brief["actions_taken"][0]["step"]


def test_an_event_of_the_customers_own_booking_tells_its_time() -> None:
    noon = datetime.fromisoformat("2026-05-12T12:00:00+02:00")
    row = interaction(1, kind="event", name="reserve_dive", outcome="succeeded", at=noon, data=SLOT)
    (step,) = steps([row], [], [])
    assert step.action.step == "reserve dive, 2026-05-14 08:00–10:00"


def _call(number: int, name: str, asked: dict[str, Any], record: dict[str, Any]) -> list[Interaction]:
    """A tool of the bot's that was called, with what it answered two minutes later."""
    at = datetime.fromisoformat(f"2026-05-12T{8 + number:02}:00:00+02:00")
    return [
        interaction(2 * number, actor="bot", kind="tool_call", name=name, at=at, data=asked),
        interaction(
            2 * number + 1,
            json.dumps(record),
            actor="system",
            kind="tool_result",
            name=name,
            at=at.replace(minute=2),
            outcome="succeeded",
        ),
    ]


@pytest.mark.parametrize(
    ("later", "stands"),
    [
        ({"dive": "QX-40418", "status": "cancelled"}, False),
        ({"dive": {"ref": "QX-40418", "state": "Voided"}}, False),
        ({"dive": "QX-50999", "status": "cancelled"}, True),
        ({"dive": "QX-40418", "status": "confirmed"}, True),
        ({"diver_account": "QX-40418", "status": "cancelled"}, True),
        ({"start": SLOT["start"], "status": "cancelled"}, True),
    ],
)
def test_an_appointment_that_a_tool_called_off_by_its_reference_is_no_promise_any_more(
    later: dict[str, Any], stands: bool
) -> None:
    rows = [
        *_call(1, "reserve_dive", {"day": "Thursday"}, {"ref": "QX-40418", **SLOT}),
        *_call(2, "change_dive", {}, later),
    ]
    case = read_case(snapshot(rows))
    assert case is not None
    first = case.steps[0]
    assert (first.booking is not None) is stands
