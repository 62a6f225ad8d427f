"""A deadline says when the answer comes: what a model says later is filed as revisions and told to whoever listens."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from evals.servers.slow import SlowModel, listening
from tests.interfaces.http import message, record
from tests.ledger.test_crash import serving
from tests.services.test_announcements import Receiver
from tests.support.late_models import (
    DEADLINE_MS,
    MODEL,
    PATIENCE_S,
    STREAM,
    asked_for_a_person,
    events_of,
    handed_over,
    opened,
    read,
    until,
    until_asked,
)

pytestmark = pytest.mark.long

OFF = {"draft_ahead": "off"}


@pytest.fixture
async def model() -> SlowModel:
    return SlowModel(brief_s=0.8, check_s=0.4)


def summary(handoff: dict[str, Any]) -> tuple[Any, ...]:
    names = ("revision", "status", "failure_code", "engine", "pending")
    return (*(handoff[name] for name in names), handoff["check"]["state"])


async def settled(client: httpx.AsyncClient, handoff_id: str) -> dict[str, Any]:
    return await until(lambda: read(client, handoff_id), lambda handoff: not handoff["pending"])


async def test_a_late_brief_and_its_check_are_revisions_of_what_was_answered(
    settings: Settings, model: SlowModel
) -> None:
    receiver = Receiver()
    model.check_s = 60.0
    async with listening(model) as address, opened(settings, address, **OFF) as (_, client):
        hook = {"url": receiver.url, "events": ["handoff.ready", "handoff.updated"]}
        (await client.post("/v1/webhooks", json=hook)).raise_for_status()
        await asked_for_a_person(client)
        answered = await handed_over(client)
        second = await until(lambda: read(client, answered["handoff_id"]), lambda handoff: handoff["revision"] == 2)
        model.check_s = 0.0
        third = await settled(client, answered["handoff_id"])
        deliveries = await receiver.got(3)
    receiver.close()
    assert summary(answered) == (1, "partial", "model_timeout", "extractive", True, "off")
    assert summary(second) == (2, "completed", None, "model", True, "pending")
    assert summary(third) == (3, "completed", None, "model", False, "done")
    assert "model" in {claim["checked_by"] for claim in third["brief"]["claims"]}
    assert "model" not in {claim["checked_by"] for claim in second["brief"]["claims"]}
    for name in ("created_at", "duration_ms", "as_of_seq", "signals", "next_actions"):
        assert answered[name] == second[name] == third[name], name
    assert [delivery["type"] for delivery in deliveries] == ["handoff.ready", "handoff.updated", "handoff.updated"]
    assert [delivery["data"].get("revision") for delivery in deliveries] == [None, 2, 3]
    assert {delivery["data"]["handoff_id"] for delivery in deliveries} == {answered["handoff_id"]}
    assert (model.briefs, model.checks) == (1, 1)


async def test_a_stream_stays_open_for_what_comes_late_and_ends_when_nothing_more_will(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address, **OFF) as (_, client):
        await asked_for_a_person(client)
        asked = {"conversation_id": "c-1", "deadline_ms": DEADLINE_MS}
        async with client.stream("POST", "/v1/handoffs", json=asked, headers=STREAM) as answer:
            seen = [event async for event in events_of(answer.aiter_lines())]
    assert [(name, handoff["revision"], handoff["engine"], handoff["pending"]) for name, handoff in seen] == [
        ("brief", 1, "extractive", True),
        ("brief", 2, "model", True),
        ("brief", 3, "model", False),
        ("done", 3, "model", False),
    ]


async def test_an_answer_in_time_waits_for_the_check_and_one_that_is_missing_only_follows(settings: Settings) -> None:
    model = SlowModel(brief_s=0.0, check_s=0.0)
    async with listening(model) as address, opened(settings, address, **OFF) as (_, client):
        await asked_for_a_person(client)
        whole = await handed_over(client, deadline_ms=60_000)
        await record(client, message("Is anybody there?", conversation_id="c-1"))
        model.check_s = 60.0
        unchecked = await handed_over(client, deadline_ms=5_000)
        model.check_s = 0.0
        checked = await settled(client, unchecked["handoff_id"])
    assert summary(whole) == (1, "completed", None, "model", False, "done")
    assert summary(unchecked) == (1, "completed", None, "model", True, "pending")
    assert summary(checked) == (2, "completed", None, "model", False, "done")


async def test_a_repeated_request_gets_what_was_answered_and_a_reader_the_newest(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address, **OFF) as (_, client):
        await asked_for_a_person(client)
        asked = {"conversation_id": "c-1", "deadline_ms": DEADLINE_MS}
        key = {"Idempotency-Key": "once"}
        answers = [await client.post("/v1/handoffs", json=asked, headers=key)]
        newest = await settled(client, answers[0].json()["handoff_id"])
        answers.append(await client.post("/v1/handoffs", json=asked, headers=key))
    assert answers[0].text == answers[1].text
    assert newest["revision"] == 3


async def test_a_model_that_never_comes_leaves_the_answer_and_says_that_nothing_more_will(settings: Settings) -> None:
    model = SlowModel(brief_s=60.0)
    async with (
        listening(model) as address,
        opened(settings, address, model_patience_s=1.5, **OFF) as (app, client),
    ):
        await asked_for_a_person(client)
        answered = await handed_over(client)
        last = await settled(client, answered["handoff_id"])
        detail = (await app.readiness()).checks["revisions"].detail
    assert summary(answered) == (1, "partial", "model_timeout", "extractive", True, "off")
    assert summary(last) == (1, "partial", "model_timeout", "extractive", False, "off")
    assert "0 filed" in detail


async def test_whoever_is_erased_while_a_model_is_late_leaves_nothing(settings: Settings, model: SlowModel) -> None:
    async with listening(model) as address, opened(settings, address, **OFF) as (app, client):
        row = await asked_for_a_person(client)
        answered = await handed_over(client)
        (await client.delete(f"/v1/customers/{row['customer_id']}")).raise_for_status()
        await asyncio.sleep(2 * (model.brief_s + model.check_s))
        gone = await client.get(f"/v1/handoffs/{answered['handoff_id']}")
        readiness = await app.readiness()
    assert gone.status_code == 404
    assert "0 filed" in readiness.checks["revisions"].detail


async def test_what_was_blanked_while_a_model_is_late_is_told_by_no_revision(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address, **OFF) as (app, client):
        await asked_for_a_person(client)
        extra = (await record(client, message("Never mind the colour.", conversation_id="c-1")))[0]
        answered = await handed_over(client)
        await app.interactions.redact("default", extra["interaction_id"])
        await asyncio.sleep(2 * (model.brief_s + model.check_s))
        response = await client.get(f"/v1/handoffs/{answered['handoff_id']}")
    assert response.status_code == 404 or summary(response.json())[:1] == (1,)
    assert "colour" not in response.text


async def test_many_late_handoffs_hold_no_other_back(settings: Settings) -> None:
    model = SlowModel(brief_s=600.0)
    async with listening(model) as address, opened(settings, address, model_patience_s=600.0, **OFF) as (_, client):
        for number in range(11):
            await asked_for_a_person(client, f"c-{number}")
        late = await asyncio.gather(*(handed_over(client, f"c-{number}") for number in range(10)))
        await until_asked(model, 10)
        model.brief_s = 0.0
        quick = await handed_over(client, "c-10", deadline_ms=60_000)
        newest = [await read(client, handoff["handoff_id"]) for handoff in late]
    assert quick["engine"] == "model"
    assert {(handoff["revision"], handoff["pending"]) for handoff in newest} == {(1, True)}


async def test_however_many_handoffs_wait_for_a_model_the_next_is_not_refused(settings: Settings) -> None:
    model = SlowModel(brief_s=600.0)
    async with listening(model) as address, opened(settings, address, **OFF) as (_, client):
        waiting: list[asyncio.Task[dict[str, Any]]] = []
        for number in range(20):
            await asked_for_a_person(client, f"c-{number}")
            waiting.append(asyncio.create_task(handed_over(client, f"c-{number}", deadline_ms=120_000)))
            await until_asked(model, number + 1)
        under_way = [task.done() for task in waiting]
        await asked_for_a_person(client, "c-20")
        quick = await handed_over(client, "c-20")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert not any(under_way)
    assert quick["failure_code"] == "model_timeout"


async def test_a_stopped_service_hands_its_late_work_on_and_the_next_files_each_revision_once(
    settings: Settings, model: SlowModel
) -> None:
    receiver = Receiver()
    async with listening(model) as address:
        model.brief_s = 60.0
        async with opened(settings, address, **OFF) as (_, client):
            hook = {"url": receiver.url, "events": ["handoff.updated"]}
            (await client.post("/v1/webhooks", json=hook)).raise_for_status()
            await asked_for_a_person(client)
            answered = await handed_over(client)
            await record(client, message("This came after it was asked for.", conversation_id="c-1"))
        model.brief_s = 0.5
        async with opened(settings, address, **OFF) as (_, client):
            last = await settled(client, answered["handoff_id"])
            deliveries = await receiver.got(2)
    receiver.close()
    assert summary(last) == (3, "completed", None, "model", False, "done")
    assert last["as_of_seq"] == answered["as_of_seq"]
    assert last["stale"]
    assert "after it was asked" not in str(last["brief"])
    assert [delivery["data"]["revision"] for delivery in deliveries] == [2, 3]


async def test_a_killed_service_takes_its_late_work_up_again(tmp_path: Path) -> None:
    model, receiver = SlowModel(brief_s=60.0), Receiver()
    async with listening(model) as address:
        own = {"WARMLINE_MODEL": MODEL, "WARMLINE_MODEL_BASE_URL": address, "WARMLINE_WEBHOOKS_PRIVATE": "true"}
        own |= {"WARMLINE_MODEL_PATIENCE_S": str(PATIENCE_S), "WARMLINE_DRAFT_AHEAD": "off"}
        async with serving(tmp_path, None, **own) as (process, url):
            async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
                hook = {"url": receiver.url, "events": ["handoff.updated"]}
                (await client.post("/v1/webhooks", json=hook)).raise_for_status()
                await asked_for_a_person(client)
                answered = await handed_over(client, deadline_ms=2_000)
            process.kill()
            await process.wait()
        model.brief_s = 0.3
        async with (
            serving(tmp_path, None, **own) as (_, url),
            httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client,
        ):
            last = await until(lambda: read(client, answered["handoff_id"]), lambda handoff: handoff["revision"] == 3)
            deliveries = await receiver.got(2)
    receiver.close()
    assert summary(answered)[:3] == (1, "partial", "model_timeout")
    assert summary(last) == (3, "completed", None, "model", False, "done")
    assert [delivery["data"]["revision"] for delivery in deliveries] == [2, 3]
