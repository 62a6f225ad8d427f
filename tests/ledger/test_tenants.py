"""Two tenants who use the same names for everything never see each other: at the API, the ledger and the vectors."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from app import offline
from app.adapters.memory import MemoryLedger, MemoryVectors
from app.adapters.sql import SqlStore
from app.adapters.vectors import ChromaVectors
from app.identity import Identities, Rules
from app.ledger import Recorder
from app.models import Channel, Identifier, Recorded, Scope
from app.ports import Ledger, VectorStore
from app.services import App
from app.settings import Settings
from tests.interfaces.http import email, message, problem, record
from tests.support.builders import START, draft

SHARED = "same@x.example"
TIMES = {"duration_ms", "created_at", "score", "share"}

# Every path that takes an id, with what is sent to it; `{foreign…}` is where another tenant's id is put in.
ASKED: dict[str, tuple[tuple[str, dict[str, Any] | None], ...]] = {
    "GET /v1/customers/{customer_id}": (("/v1/customers/{customer}", None),),
    "DELETE /v1/customers/{customer_id}": (("/v1/customers/{customer}", None),),
    "GET /v1/customers/{customer_id}/timeline": (("/v1/customers/{customer}/timeline", None),),
    "GET /v1/customers/{customer_id}/search": (("/v1/customers/{customer}/search?q=parcel", None),),
    "GET /v1/customers/{customer_id}/export": (("/v1/customers/{customer}/export", None),),
    "POST /v1/customers/{customer_id}/merge": (
        ("/v1/customers/{customer}/merge", {"other": "{own_customer}"}),
        ("/v1/customers/{own_customer}/merge", {"other": "{customer}"}),
    ),
    "POST /v1/customers/{customer_id}/unmerge": (
        ("/v1/customers/{customer}/unmerge", {"merge_id": "{merge}"}),
        ("/v1/customers/{own_customer}/unmerge", {"merge_id": "{merge}"}),
    ),
    "POST /v1/interactions/{interaction_id}/redact": (("/v1/interactions/{interaction}/redact", None),),
    "GET /v1/conversations/{conversation_id}/signals": (("/v1/conversations/{conversation}/signals", None),),
    "GET /v1/conversations/{conversation_id}/friction": (("/v1/conversations/{conversation}/friction", None),),
    "POST /v1/handoffs/{handoff_id}/link": (("/v1/handoffs/{handoff}/link", {"ttl_s": 60}),),
    "GET /v1/handoffs/{handoff_id}": (("/v1/handoffs/{handoff}", None),),
    "POST /v1/handoffs/{handoff_id}/refresh": (("/v1/handoffs/{handoff}/refresh", None),),
    "POST /v1/handoffs/{handoff_id}/feedback": (("/v1/handoffs/{handoff}/feedback", {"accepted": True}),),
    "POST /v1/next-actions/{decision_id}/outcome": (
        ("/v1/next-actions/{decision}/outcome", {"action_id": "{action}", "displayed": True}),
    ),
    "DELETE /v1/webhooks/{webhook_id}": (("/v1/webhooks/{webhook}", None),),
    "GET /v1/webhooks/{webhook_id}/deliveries": (("/v1/webhooks/{webhook}/deliveries", None),),
    "POST /v1/webhooks/{webhook_id}/redeliver": (("/v1/webhooks/{webhook}/redeliver", {}),),
    "POST /v1/webhooks/{webhook_id}/rotate": (("/v1/webhooks/{webhook}/rotate", {}),),
    "POST /v1/connectors/{connector_id}": (("/v1/connectors/{connector}", {"detail": {"ContactId": "c-1"}}),),
    "GET /v1/knowledge/{article_id}": (("/v1/knowledge/{article}", None),),
    "DELETE /v1/knowledge/{article_id}": (("/v1/knowledge/{article}", None),),
    "GET /v1/connectors/{connector_id}/events": (("/v1/connectors/{connector}/events", None),),
    "POST /v1/briefs/verify": (
        ("/v1/briefs/verify", {"customer_id": "{customer}", "claims": ["The customer wants a parcel."]}),
        ("/v1/briefs/verify", {"conversation_id": "{conversation}", "claims": ["The customer wants a parcel."]}),
    ),
    "POST /v1/handoffs": (
        ("/v1/handoffs", {"customer_id": "{customer}"}),
        ("/v1/handoffs", {"conversation_id": "{conversation}"}),
    ),
    "POST /v1/next-actions": (
        ("/v1/next-actions", {"customer_id": "{customer}"}),
        ("/v1/next-actions", {"conversation_id": "{conversation}"}),
    ),
}
# A platform asks here, without a key, whether the address answers: the secret that it proves to know is all it is told.
WITHOUT_A_KEY = {"GET /v1/connectors/{connector_id}"}
# The caller names what it puts: under another tenant's name it makes something of its own.
NAMED_BY_CALLERS = {"PUT /v1/knowledge/{article_id}"}
FORMS = ("application/json", "text/markdown", "text/html", "application/vcon+json")


@dataclass
class Tenant:
    """One tenant's caller, and the ids that its own requests gave it."""

    client: httpx.AsyncClient
    ids: dict[str, str]

    async def ask(self, operation: str, index: int, ids: dict[str, str], accept: str = "*/*") -> httpx.Response:
        """Send one of the requests of `ASKED` with these ids in their places."""
        path, sent = ASKED[operation][index]
        body = None if sent is None else {name: _filled(value, ids) for name, value in sent.items()}
        headers = {"accept": accept}
        return await self.client.request(operation.partition(" ")[0], _filled(path, ids), json=body, headers=headers)

    async def readings(self) -> dict[str, Any]:
        """All that this tenant can read of its two customers, without how long it took."""
        readings: dict[str, Any] = {}
        for customer in (self.ids["customer"], self.ids["second"]):
            for path in ("", "/timeline", "/search?q=parcel", "/export"):
                readings[customer + path] = _lines(await self.client.get(f"/v1/customers/{customer}{path}"))
        own = (f"/v1/handoffs/{self.ids['handoff']}", "/v1/conversations/c-shared/signals", "/v1/knowledge")
        for path in (*own, f"/v1/knowledge/{self.ids['article']}"):
            readings[path] = _lines(await self.client.get(path))
        readings["resolve"] = _lines(
            await self.client.post("/v1/customers/resolve", json={"identifiers": [email(SHARED)]})
        )
        return readings


def _filled(template: Any, ids: dict[str, str]) -> Any:
    return template.format(**ids) if isinstance(template, str) else template


def _lines(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [without_times(json.loads(line)) for line in answer.text.splitlines()]


def without_times(value: Any) -> Any:
    """A JSON value without what tells when it was made: times, durations, and friction, which fades by the second."""
    if isinstance(value, dict):
        return {name: without_times(part) for name, part in value.items() if name not in TIMES}  # pyright: ignore[reportUnknownVariableType]
    return [without_times(part) for part in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which a webhook may lead to this machine."""
    return settings.model_copy(update={"webhooks_private": True})


async def _settled(service: FastAPI, app: App, name: str) -> Tenant:
    """A tenant with two customers, a joining, a handoff and a decision; all its own names are those of any other."""
    key = (await app.access.create_key(name, tuple(Scope))).key
    headers = {"authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(service, client=("192.0.2.7", 40000))
    client = httpx.AsyncClient(transport=transport, base_url="https://warmline.example", headers=headers)
    # Only the secret word and the last conversation tell the tenants apart.
    rows = [
        message(f"My parcel {name} never arrived.", id="m-1", conversation_id="c-shared", identifiers=[email(SHARED)]),
        message(f"I am {name} too.", id="m-2", conversation_id="c-2", identifiers=[email("second@x.example")]),
        message(f"And {name} again.", id="m-3", conversation_id="c-3", identifiers=[email("third@x.example")]),
        message(f"Of {name} alone.", id="m-4", conversation_id=f"c-only-{name}", identifiers=[email(SHARED)]),
    ]
    results = await record(client, *rows)
    assert [(result["duplicate"], result["seq"]) for result in results] == [
        (False, 1),
        (False, 2),
        (False, 3),
        (False, 4),
    ]
    first, second, third = (result["customer_id"] for result in results[:3])
    keyed = {"idempotency-key": "same-key"}
    joined = await client.post(f"/v1/customers/{second}/merge", json={"other": third}, headers=keyed)
    handoff = await client.post("/v1/handoffs", json={"conversation_id": "c-shared"}, headers=keyed)
    decision = await client.post("/v1/next-actions", json={"conversation_id": "c-shared"}, headers=keyed)
    assert [response.status_code for response in (joined, handoff, decision)] == [200, 201, 200]
    hook = {"url": "http://127.0.0.1:9/nobody", "events": ["signal.fired"]}
    article = {"title": "Parcels", "text": f"What {name} does about a parcel that never arrived."}
    for article_id in ("shared", f"guide-{name}"):
        assert (await client.put(f"/v1/knowledge/{article_id}", json=article)).status_code == 200
    ids = {
        "article": f"guide-{name}",
        "webhook": (await client.post("/v1/webhooks", json=hook)).json()["webhook_id"],
        "connector": (await app.connectors.add("amazon-connect", {}, tenant=name)).connector.connector_id,
        "customer": first,
        "second": second,
        "merge": joined.json()["merge_id"],
        "interaction": results[0]["interaction_id"],
        "conversation": f"c-only-{name}",
        "handoff": handoff.json()["handoff_id"],
        "decision": decision.json()["decision_id"],
        "action": decision.json()["actions"][0]["action_id"],
    }
    return Tenant(client, ids)


@pytest.fixture
async def tenants(service: FastAPI, app: App) -> AsyncGenerator[tuple[Tenant, Tenant]]:
    """Two tenants who did the same under the same names."""
    tenant, other = await _settled(service, app, "quokka"), await _settled(service, app, "wombat")
    # What is not embedded yet is found with another score.
    while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index has nobody to tell
        await asyncio.sleep(0.02)
    yield tenant, other
    await tenant.client.aclose()
    await other.client.aclose()


def test_every_path_that_takes_an_id_is_asked_for_another_tenants(service: FastAPI) -> None:
    taking = {
        f"{method.upper()} {path}"
        for path, operations in service.openapi()["paths"].items()
        for method in operations
        if "{" in path
    }
    assert taking
    assert taking - WITHOUT_A_KEY - NAMED_BY_CALLERS == {operation for operation in ASKED if "{" in operation}


async def test_an_id_of_another_tenant_is_answered_like_one_that_nobody_has(tenants: tuple[Tenant, Tenant]) -> None:
    tenant, other = tenants
    before = await tenant.readings()
    own = {"own_customer": other.ids["customer"]}
    nobodys = {name: f"{value[:4]}{'0' * (len(value) - 4)}" for name, value in tenant.ids.items()}

    for operation, asked in ASKED.items():
        for index, accept in product(range(len(asked)), FORMS if operation.startswith("GET") else ("*/*",)):
            refused = await other.ask(operation, index, tenant.ids | own, accept)
            unknown = await other.ask(operation, index, nobodys | own, accept)

            assert refused.status_code == 404, (operation, refused.text)
            problem_text = json.dumps(problem(refused, 404, refused.json()["code"]))
            for name, value in tenant.ids.items():
                problem_text = problem_text.replace(value, nobodys[name])
            assert json.loads(problem_text) == problem(unknown, 404, refused.json()["code"])
            assert "quokka" not in problem_text
        assert await tenant.readings() == before, operation


async def test_what_one_tenant_can_read_is_its_own_alone(tenants: tuple[Tenant, Tenant]) -> None:
    for tenant, own, other in ((tenants[0], "quokka", "wombat"), (tenants[1], "wombat", "quokka")):
        readings = json.dumps(await tenant.readings())
        assert own in readings
        assert other not in readings
    own_ids, other_ids = (set(tenant.ids.values()) - {tenant.ids["action"]} for tenant in tenants)
    assert own_ids.isdisjoint(other_ids)


async def test_an_article_put_under_another_tenants_id_is_ones_own(tenants: tuple[Tenant, Tenant]) -> None:
    tenant, other = tenants
    before = await tenant.readings()
    path, search = f"/v1/knowledge/{tenant.ids['article']}", "/v1/knowledge/search"
    put = await other.client.put(path, json={"title": "Parcels", "text": "Words of wombat alone."})
    assert put.json()["change"] == "created"
    answered = (await other.client.post(search, json={"q": "a parcel that never arrived", "limit": 50})).json()
    assert len(answered["hits"]) > 1
    assert not any("quokka" in hit["passage"] for hit in answered["hits"])
    assert (await other.client.delete(path)).status_code == 200
    assert await tenant.readings() == before


async def test_the_same_ids_and_keys_sent_again_are_each_tenants_own_duplicates(
    tenants: tuple[Tenant, Tenant],
) -> None:
    keyed = {"idempotency-key": "same-key"}
    for tenant, name in zip(tenants, ("quokka", "wombat"), strict=True):
        row = message(
            f"My parcel {name} never arrived.", id="m-1", conversation_id="c-shared", identifiers=[email(SHARED)]
        )
        [again] = await record(tenant.client, row)
        assert (again["duplicate"], again["interaction_id"]) == (True, tenant.ids["interaction"])
        response = await tenant.client.post("/v1/handoffs", json={"conversation_id": "c-shared"}, headers=keyed)
        assert response.json()["handoff_id"] == tenant.ids["handoff"]


async def test_a_merge_a_blanking_and_an_erasure_of_one_tenant_change_nothing_that_another_reads(
    tenants: tuple[Tenant, Tenant],
) -> None:
    tenant, other = tenants
    before = await other.readings()
    ids = tenant.ids

    answers = [
        await tenant.client.post(f"/v1/customers/{ids['customer']}/merge", json={"other": ids["second"]}),
        await tenant.client.post(f"/v1/interactions/{ids['interaction']}/redact"),
    ]
    assert await other.readings() == before
    answers.append(await tenant.client.delete(f"/v1/customers/{ids['customer']}"))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    problem(await tenant.client.get(f"/v1/customers/{ids['second']}"), 404, "unknown_customer")
    assert await other.readings() == before
    row = message("A new start.", id="m-1", conversation_id="c-shared", identifiers=[email(SHARED)])
    [fresh] = await record(tenant.client, row)
    assert (fresh["duplicate"], fresh["seq"]) == (False, 5)
    assert await other.readings() == before


# --- the ledger -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def ledger(request: pytest.FixtureRequest) -> AsyncGenerator[Ledger]:
    """One empty ledger of each kind."""
    opened: Ledger
    match request.param:
        case "sqlite":
            opened = SqlStore(request.getfixturevalue("sqlite"))
        case "postgres":
            opened = SqlStore(request.getfixturevalue("postgres"))
        case _:
            opened = MemoryLedger()
    yield opened
    await opened.close()


async def filed(ledger: Ledger, tenant: str) -> Sequence[Recorded]:
    """Two customers of a tenant under names that every tenant uses, the second joined into the first."""
    recorder = Recorder(ledger, Rules())
    drafts = [
        draft(
            f"The words of {tenant}.",
            id=f"m-{number}",
            occurred_at=START,
            conversation_id=f"c-{number}",
            identifiers=(Identifier(type="email", value=f"same-{number}@x.example", verified=True),),
        )
        for number in (1, 2)
    ]
    results = await recorder.record(tenant, drafts)
    await recorder.close()
    survivor, other = (customer_of(result) for result in results)
    await Identities(ledger, Rules()).merge(tenant, survivor, other, reason="a test", evidence=())
    return results


def customer_of(result: Recorded) -> str:
    assert result.customer_id is not None
    return result.customer_id


async def ledger_readings(ledger: Ledger, tenant: str, identity_ids: Sequence[str], ids: Sequence[str]) -> list[Any]:
    """What every reading method of the port gives a tenant about these identities and interactions."""
    async with ledger.transaction(tenant) as transaction:
        asked_by_identifier = await transaction.recorded(
            identifiers=[("email", "same-1@x.example"), ("email", "same-2@x.example")],
            conversation_ids=["c-1", "c-2"],
            caller_ids=["m-1", "m-2"],
        )
        asked_by_id = await transaction.recorded(customer_ids=identity_ids)
    return [
        asked_by_identifier,
        asked_by_id,
        await ledger.head(tenant),
        [await ledger.customer_of(tenant, identity_id) for identity_id in identity_ids],
        list(await ledger.identities_of(tenant, identity_ids[0])),
        list(await ledger.holdings_of(tenant, identity_ids)),
        [await ledger.seat_of(tenant, conversation_id) for conversation_id in ("c-1", "c-2")],
        list(await ledger.interactions(tenant, identity_ids)),
        list(await ledger.by_ids(tenant, ids)),
        list(await ledger.merges_of(tenant, identity_ids)),
        list(await ledger.expired(tenant, [Channel.CHAT], START.replace(year=START.year + 1))),
    ]


async def test_no_method_of_the_ledger_gives_or_changes_another_tenants_rows(ledger: Ledger) -> None:
    filed_one, filed_two = await filed(ledger, "one"), await filed(ledger, "two")
    assert [(recorded.duplicate, recorded.seq) for recorded in (*filed_one, *filed_two)] == [(False, 1), (False, 2)] * 2
    customers = [customer_of(recorded) for recorded in filed_one]
    ids = [str(recorded.interaction_id) for recorded in filed_one]
    own = [customer_of(recorded) for recorded in filed_two], [str(recorded.interaction_id) for recorded in filed_two]
    before = await ledger_readings(ledger, "one", customers, ids)

    asked_by_identifier, asked_by_id, head, led_to, _, *rest = await ledger_readings(ledger, "two", customers, ids)

    assert (
        {holding.identity_id for holding in asked_by_identifier.holdings}
        == {seat.identity_id for seat in asked_by_identifier.seats}
        == set(own[0])
    )
    assert {row.interaction_id for row in asked_by_identifier.filed} == set(own[1])
    assert (asked_by_id.holdings, asked_by_id.merges, dict(asked_by_id.customers)) == ((), (), {})
    assert (head, led_to) == (2, [None, None])
    holdings, seats, rows, by_ids, merges, expired = rest
    assert (holdings, rows, by_ids, merges) == ([], [], [], [])
    assert {seat.identity_id for seat in seats} == set(own[0])
    assert {row.interaction_id for row in expired} == set(own[1])

    assert await ledger.redact("two", ids[0]) is None
    assert await ledger.erase_rows("two", ids) == 0
    for customer in customers:
        assert not (await ledger.erase("two", customer)).interaction_ids
    assert await ledger_readings(ledger, "one", customers, ids) == before
    assert len((await ledger.erase("two", own[0][0])).interaction_ids) == 2
    assert await ledger_readings(ledger, "one", customers, ids) == before


# --- the vectors ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "embedded"])
async def vectors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    """One empty store of each kind that needs no server."""
    offline.disarm()
    store: VectorStore = MemoryVectors() if request.param == "memory" else ChromaVectors(tmp_path)
    yield store
    await store.close()


async def test_the_same_interaction_id_has_a_vector_of_its_own_in_each_tenant(vectors: VectorStore) -> None:
    axes = np.eye(3, dtype=np.float32)
    await vectors.put("one", ["int_1", "int_2"], axes[:2])
    await vectors.put("two", ["int_1"], axes[2:])

    assert set(await vectors.get("two", ["int_1", "int_2"])) == {"int_1"}
    np.testing.assert_array_equal((await vectors.get("two", ["int_1"]))["int_1"], axes[2])
    np.testing.assert_array_equal((await vectors.get("one", ["int_1"]))["int_1"], axes[0])
    assert dict(await vectors.get("", ["int_1", "one:int_1"])) == {}

    await vectors.delete("two", ["int_1", "int_2"])
    assert dict(await vectors.get("two", ["int_1"])) == {}
    assert set(await vectors.get("one", ["int_1", "int_2"])) == {"int_1", "int_2"}
    assert await vectors.count() == 2


async def test_a_tenant_whose_name_begins_like_another_reads_nothing_of_it(vectors: VectorStore) -> None:
    axes = np.eye(2, dtype=np.float32)
    await vectors.put("one", ["int_1"], axes[:1])
    await vectors.put("one:int_1", ["int_1"], axes[1:])

    assert set(await vectors.get("one:int_1", ["int_1"])) == {"int_1"}
    np.testing.assert_array_equal((await vectors.get("one", ["int_1"]))["int_1"], axes[0])
    for tenant in ("on", "o", "ONE", "one ", "one:"):
        assert dict(await vectors.get(tenant, ["int_1", "e:int_1"])) == {}
