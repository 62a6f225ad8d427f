"""Once a customer asks for a person, the model's brief is begun: a handoff asked for then has its words at once."""

import asyncio
from typing import Any

import httpx
import pytest

from app.settings import Settings
from evals.slow_server import SlowModel
from tests.doors.http import message, record
from tests.late_models import asked_for_a_person, handed_over, listening, opened, read, until

NEWS = "My door code has changed meanwhile."


async def counts(client: httpx.AsyncClient) -> str:
    return (await client.get("/readyz")).json()["checks"]["drafts"]["detail"]


async def drafted(client: httpx.AsyncClient, words: str = "2 filed") -> None:
    """Wait until the draft and its verdicts are filed."""

    async def look() -> dict[str, Any]:
        return {"detail": await counts(client)}

    await until(look, lambda seen: words in seen["detail"])


async def settled(client: httpx.AsyncClient, handoff_id: str) -> dict[str, Any]:
    return await until(lambda: read(client, handoff_id), lambda one: not one["pending"])


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
        told = await counts(client)
    assert (answered["engine"], answered["status"], answered["drafted_ahead"]) == ("model", "completed", True)
    assert (answered["revision"], answered["pending"], answered["check"]["state"]) == (1, False, "done")
    assert "talk to a person" in answered["brief"]["situation"]
    assert "1 begun" in told
    assert "1 used" in told
    assert model.briefs == 1


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
    assert [(one["verdict"], one["evidence"]) for one in news] == [("supported", [row["interaction_id"]])]
    assert news[0]["quotes"] == [{"interaction_id": row["interaction_id"], "text": NEWS.rstrip(".")}]
    assert (last["revision"], last["engine"], last["check"]["state"]) == (3, "model", "done")
    assert "Since then" not in last["brief"]["situation"]
    assert "door code" in last["brief"]["situation"]


async def test_a_draft_is_not_used_where_other_words_are_asked_for(settings: Settings, model: SlowModel) -> None:
    section = {"name": "door", "instruction": "What about the door?"}
    async with listening(model) as address, opened(settings, address) as (_, client):
        await asked_for_a_person(client)
        await drafted(client)
        others = [await handed_over(client, locale="de"), await handed_over(client, sections=[section])]
        plain = await handed_over(client, reason={"code": "customer_request"}, to_queue="parcels")
    assert [one["drafted_ahead"] for one in (*others, plain)] == [False, False, True]


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
        pieces = [piece["type"] async for piece in await app.export("default", row["customer_id"])]
    assert (answered["drafted_ahead"], answered["pending"]) == (True, False)
    assert "door code" in answered["brief"]["situation"]
    assert "drafts" not in pieces


async def test_a_draft_is_erased_with_its_customer(settings: Settings, model: SlowModel) -> None:
    async with listening(model) as address, opened(settings, address) as (_, client):
        row = await asked_for_a_person(client)
        await drafted(client)
        erased = await client.delete(f"/v1/customers/{row['customer_id']}")
        await asyncio.sleep(2 * model.brief_s)
        told = await counts(client)
    assert erased.json()["erased"]["drafts"] == 1
    assert "human_request: 0 conversations" in told
    assert "parcel" not in str((settings.data_dir / "ledger.db").read_bytes())


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
