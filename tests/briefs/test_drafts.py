"""Once a customer asks for a person, the model's brief is begun: a handoff asked for then has its words at once."""

import asyncio
from typing import Any

import httpx
import pytest

from app.adapters.sql import SqlStore
from app.settings import Settings
from evals.servers.slow import SlowModel, listening
from tests.interfaces.http import message, record
from tests.support.late_models import (
    DEADLINE_MS,
    STREAM,
    asked_for_a_person,
    events_of,
    handed_over,
    opened,
    read,
    until,
    until_asked,
)

NEWS = "My door code has changed meanwhile."


async def counts(client: httpx.AsyncClient) -> str:
    return (await client.get("/readyz")).json()["checks"]["drafts"]["detail"]


async def drafted(client: httpx.AsyncClient, words: str = "2 filed") -> None:
    """Wait until the draft and its verdicts are filed."""

    async def look() -> dict[str, Any]:
        return {"detail": await counts(client)}

    await until(look, lambda seen: words in seen["detail"])


async def settled(client: httpx.AsyncClient, handoff_id: str) -> dict[str, Any]:
    return await until(lambda: read(client, handoff_id), lambda handoff: not handoff["pending"])


@pytest.fixture
def model() -> SlowModel:
    return SlowModel(brief_s=0.5, check_s=0.2)


async def test_a_handoff_asked_for_after_the_models_time_has_its_words_at_once(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address) as (_, client):
        await asked_for_a_person(client)
        await drafted(client)
        model.brief_s = 60.0
        answered = await handed_over(client)
        counted = await counts(client)
    assert (answered["engine"], answered["status"], answered["drafted_ahead"]) == ("model", "completed", True)
    assert (answered["revision"], answered["pending"], answered["check"]["state"]) == (1, False, "done")
    assert "talk to a person" in answered["brief"]["situation"]
    assert "1 begun" in counted
    assert "1 used" in counted
    assert model.briefs == 1


async def test_calls_for_a_draft_are_counted_as_such_and_those_for_its_check_as_checks(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address) as (_, client):
        await asked_for_a_person(client)
        await drafted(client)
        metrics = (await client.get("/metrics")).text
    assert 'warmline_model_calls_total{purpose="draft",result="answered"} 1.0' in metrics
    assert 'warmline_model_calls_total{purpose="check",result="answered"} 1.0' in metrics
    assert 'purpose="brief"' not in metrics


async def test_what_came_since_the_draft_is_told_in_our_words_and_then_in_the_models(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address) as (_, client):
        await asked_for_a_person(client)
        await drafted(client)
        row = (await record(client, message(NEWS, conversation_id="c-1")))[0]
        answered = await handed_over(client)
        last = await settled(client, answered["handoff_id"])
    assert (answered["drafted_ahead"], answered["revision"], answered["pending"]) == (True, 1, True)
    assert answered["as_of_seq"] == row["seq"]
    assert f"Since then the customer wrote “{NEWS}”." in answered["brief"]["situation"]
    news = [claim for claim in answered["brief"]["claims"] if claim["text"].startswith("Since then")]
    assert [(claim["verdict"], claim["evidence"]) for claim in news] == [("supported", [row["interaction_id"]])]
    assert news[0]["quotes"] == [{"interaction_id": row["interaction_id"], "text": NEWS}]
    assert (last["revision"], last["engine"], last["check"]["state"]) == (3, "model", "done")
    assert "Since then" not in last["brief"]["situation"]
    assert "door code" in last["brief"]["situation"]


async def test_a_handoff_asked_for_while_its_draft_is_begun_waits_for_that_and_the_model_is_asked_once(
    settings: Settings, model: SlowModel
) -> None:
    model.brief_s = 2.0
    async with listening(model) as address, opened(settings, address) as (_, client):
        for conversation_id in ("c-1", "c-2"):
            await asked_for_a_person(client, conversation_id)
        await drafted(client, "2 begun")
        late, in_time = await asyncio.gather(handed_over(client), handed_over(client, "c-2", deadline_ms=60_000))
        last = await settled(client, late["handoff_id"])
        counted = await counts(client)
    assert (late["revision"], late["failure_code"], late["engine"]) == (1, "model_timeout", "extractive")
    assert (last["revision"], last["status"], last["engine"]) == (3, "completed", "model")
    assert last["check"]["state"] == "done"
    assert (in_time["revision"], in_time["engine"], in_time["pending"]) == (1, "model", False)
    assert not in_time["drafted_ahead"]
    assert last["next_actions"] == late["next_actions"]
    assert "2 joined" in counted
    assert (model.briefs, model.checks) == (2, 2)  # one for each conversation


async def test_a_draft_that_the_conversation_has_overtaken_is_told_with_the_news_until_the_models_own_comes(
    settings: Settings, model: SlowModel
) -> None:
    model.brief_s = 1.5
    async with listening(model) as address, opened(settings, address) as (_, client):
        await asked_for_a_person(client)
        await drafted(client, "1 begun")
        await until_asked(model, 1)
        model.brief_s = 3.0
        await record(client, message(NEWS, conversation_id="c-1"))
        asked = {"conversation_id": "c-1", "deadline_ms": DEADLINE_MS}
        async with client.stream("POST", "/v1/handoffs", json=asked, headers=STREAM) as answer:
            seen = [version async for _, version in events_of(answer.aiter_lines())]
    stages = [
        (version["revision"], version["engine"], "Since then" in version["brief"]["situation"]) for version in seen
    ]
    assert stages == [
        (1, "extractive", False),
        (2, "model", True),
        (3, "model", False),
        (4, "model", False),
        (4, "model", False),
    ]
    assert "door code" in seen[-1]["brief"]["situation"]
    assert model.briefs == 2


async def test_a_handoff_of_which_the_draft_was_given_up_asks_the_model_itself(
    settings: Settings, model: SlowModel
) -> None:
    model.brief_s = 60.0
    async with listening(model) as address, opened(settings, address) as (app, client):
        await asked_for_a_person(client)
        extra = (await record(client, message("Never mind the colour.", conversation_id="c-1")))[0]
        await until_asked(model, 1)
        model.brief_s = 0.0
        waiting = asyncio.create_task(handed_over(client, deadline_ms=60_000))
        await drafted(client, "1 joined")
        await app.memory.forget("default", extra["customer_id"])  # as when another process erased something
        answered = await waiting
    assert (answered["engine"], answered["status"]) == ("model", "completed")
    assert model.briefs == 2


async def test_a_draft_is_not_used_where_other_words_are_asked_for(settings: Settings, model: SlowModel) -> None:
    section = {"name": "door", "instruction": "What about the door?"}
    async with listening(model) as address, opened(settings, address) as (_, client):
        await asked_for_a_person(client)
        await drafted(client)
        others = [await handed_over(client, locale="de"), await handed_over(client, sections=[section])]
        plain = await handed_over(client, reason={"code": "customer_request"}, to_queue="parcels")
    assert [handoff["drafted_ahead"] for handoff in (*others, plain)] == [False, False, True]


async def test_nothing_is_drafted_beyond_a_tenants_budget(settings: Settings, model: SlowModel) -> None:
    async with listening(model) as address, opened(settings, address, drafts_per_minute=2) as (_, client):
        for number in range(5):
            await asked_for_a_person(client, f"c-{number}")
        await drafted(client, "4 filed")
        await drafted(client, "3 over budget")
    assert model.briefs == 2


async def test_a_draft_is_kept_up_to_date_and_dropped_when_its_moment_passes(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address) as (app, client):
        row = await asked_for_a_person(client)
        await drafted(client)
        await record(client, message(NEWS, conversation_id="c-1"))
        await drafted(client, "4 filed")
        answered = await handed_over(client)
        over = {"channel": "chat", "actor": "system", "kind": "event", "name": "conversation_ended"}
        await record(client, over | {"conversation_id": "c-1"})
        await drafted(client, "1 dropped")
        pieces = [piece["type"] async for piece in await app.customers.export("default", row["customer_id"])]
    assert (answered["drafted_ahead"], answered["pending"]) == (True, False)
    assert "door code" in answered["brief"]["situation"]
    assert "drafts" not in pieces


async def test_a_draft_is_erased_with_its_customer(settings: Settings, model: SlowModel) -> None:
    async with listening(model) as address, opened(settings, address) as (_, client):
        row = await asked_for_a_person(client)
        await drafted(client)
        erased = await client.delete(f"/v1/customers/{row['customer_id']}")
        await asyncio.sleep(2 * model.brief_s)
        counted = await counts(client)
    assert erased.json()["erased"]["drafts"] == 1
    assert "human_request: 0 conversations" in counted
    assert "parcel" not in str((settings.data_dir / "ledger.db").read_bytes())


async def test_a_draft_whose_process_ended_before_its_moment_did_is_dropped_by_the_next(
    settings: Settings, model: SlowModel
) -> None:
    store = SqlStore(settings.ledger_url)
    async with listening(model) as address:
        async with opened(settings, address) as (_, client):
            for conversation_id in ("c-1", "c-2"):
                await asked_for_a_person(client, conversation_id)
            await drafted(client, "4 filed")
        document = await store.get("default", "drafts", "c-1")
        assert document is not None
        long_ago = document["handoff"] | {"created_at": "2026-03-03T09:00:00Z"}
        await store.put("default", "drafts", "c-1", {**document, "handoff": long_ago})
        async with opened(settings, address) as (_, client):
            await drafted(client, "1 of them orphaned")
            left = [key for key, _ in await store.page("default", "drafts")]
    await store.close()
    assert left == ["c-2"]  # whose moment may still last in another process


async def test_drafts_of_customers_who_are_joined_or_parted_are_dropped(settings: Settings, model: SlowModel) -> None:
    async with listening(model) as address, opened(settings, address) as (_, client):
        both = [await asked_for_a_person(client, conversation_id) for conversation_id in ("c-1", "c-2")]
        await drafted(client, "4 filed")
        survivor, other = (row["customer_id"] for row in both)
        merge = (await client.post(f"/v1/customers/{survivor}/merge", json={"other": other})).raise_for_status().json()
        await drafted(client, "2 dropped")
        joined = await counts(client)
        row = (await record(client, message("A person, please!", conversation_id="c-1")))[0]
        await drafted(client, "6 filed")
        answered = await handed_over(client)
        parting = await client.post(f"/v1/customers/{survivor}/unmerge", json={"merge_id": merge["merge_id"]})
        parting.raise_for_status()
        await drafted(client, "3 dropped")
    assert "human_request: 0 conversations" in joined
    assert answered["drafted_ahead"]
    assert answered["as_of_seq"] == row["seq"]


async def test_a_draft_of_words_that_were_blanked_is_dropped(settings: Settings, model: SlowModel) -> None:
    model.brief_s = 60.0
    async with listening(model) as address, opened(settings, address) as (app, client):
        await asked_for_a_person(client)
        extra = (await record(client, message("Never mind the colour.", conversation_id="c-1")))[0]
        await until_asked(model, 1)
        await app.interactions.redact("default", extra["interaction_id"])
        counted = await counts(client)
    assert "human_request: 0 conversations" in counted
    assert "0 filed" in counted


async def test_a_conversation_that_ends_takes_the_draft_of_another_process_with_it(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address:
        async with opened(settings, address) as (_, client):
            await asked_for_a_person(client)
            await drafted(client)
        async with opened(settings, address) as (_, client):
            over = {"channel": "chat", "actor": "system", "kind": "event", "name": "conversation_ended"}
            await record(client, over | {"conversation_id": "c-1"})
            await drafted(client, "1 dropped, 0 of them orphaned")


async def test_nothing_is_drafted_where_nobody_asked_for_a_person_or_it_is_switched_off(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address:
        async with opened(settings, address) as (_, client):
            await record(client, message("My parcel never arrived.", conversation_id="c-2"))
        async with opened(settings, address, draft_ahead="off") as (_, client):
            await asked_for_a_person(client)
            await asyncio.sleep(2 * model.brief_s)
    assert model.briefs == 0


async def test_friction_that_calls_for_a_route_is_a_moment_too_where_that_is_set(
    settings: Settings, model: SlowModel
) -> None:
    async with listening(model) as address, opened(settings, address, draft_ahead="friction") as (_, client):
        for _ in range(4):
            failed = {"channel": "chat", "actor": "bot", "kind": "tool_result", "name": "track_parcel"}
            await record(client, failed | {"outcome": "failed", "conversation_id": "c-3"})
            await record(client, message("This is useless! Where is my parcel?", conversation_id="c-3"))
        await drafted(client)
        answered = await handed_over(client, "c-3")
    assert answered["drafted_ahead"]
