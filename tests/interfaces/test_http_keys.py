"""API keys of the HTTP API: who is refused, and whose data a key opens."""

from collections.abc import Collection
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from app.interfaces.http.scopes import SCOPES
from app.main import create_app
from app.models import Scope
from app.services import App
from app.settings import Settings
from tests.interfaces.http import email, message, problem, record

EVERY_SCOPE = tuple(Scope)
SENT_KEY = {"idempotency-key": "6f1d2c1e"}

# The contract's rule, written a second time on purpose: a path that changes its scope has to be changed here as well.
EXPECTED = {
    "POST /v1/interactions": Scope.INGEST,
    "POST /v1/handoffs": Scope.HANDOFF,
    "GET /v1/handoffs/h": Scope.HANDOFF,
    "POST /v1/handoffs/h/refresh": Scope.HANDOFF,
    "POST /v1/handoffs/h/feedback": Scope.HANDOFF,
    "POST /v1/customers/resolve": Scope.HANDOFF,
    "GET /v1/customers/c": Scope.HANDOFF,
    "GET /v1/customers/c/timeline": Scope.HANDOFF,
    "GET /v1/customers/c/search?q=x": Scope.HANDOFF,
    "POST /v1/next-actions": Scope.ACTIONS,
    "POST /v1/next-actions/d/outcome": Scope.ACTIONS,
    "GET /v1/conversations/c/signals": Scope.ACTIONS,
    "GET /v1/conversations/c/friction": Scope.ACTIONS,
    "POST /v1/customers/c/merge": Scope.ADMIN,
    "POST /v1/customers/c/unmerge": Scope.ADMIN,
}


async def key_for(app: App, tenant: str = "one", scopes: Collection[Scope] = EVERY_SCOPE) -> dict[str, str]:
    """The header of a new key."""
    return {"authorization": f"Bearer {(await app.access.create_key(tenant, scopes)).key}"}


def caller(service: FastAPI, key: dict[str, str]) -> httpx.AsyncClient:
    """A client at another address that sends a key with every request."""
    transport = httpx.ASGITransport(service, client=("192.0.2.7", 40000))
    return httpx.AsyncClient(transport=transport, base_url="https://warmline.example", headers=key)


async def test_once_a_key_was_made_nobody_is_let_in_without_one(client: httpx.AsyncClient, app: App) -> None:
    assert (await client.post("/v1/interactions", json=message())).status_code == 201
    made = await app.access.create_key("one", [Scope.INGEST])

    refused = await client.post("/v1/interactions", json=message())
    problem(refused, 401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"
    await app.access.revoke_key(made.key_id)
    problem(await client.post("/v1/interactions", json=message()), 401, "unauthorized")


async def test_what_says_whether_the_service_lives_and_how_it_is_used_asks_for_no_key(
    client: httpx.AsyncClient, app: App
) -> None:
    await app.access.create_key("one", [Scope.INGEST])

    for path in ("/healthz", "/readyz", "/openapi.json", "/docs"):
        assert (await client.get(path)).status_code == 200


async def test_a_key_opens_the_service_from_anywhere_and_in_either_header(service: FastAPI, app: App) -> None:
    bearer = await key_for(app)
    plain = {"x-api-key": bearer["authorization"].removeprefix("Bearer ")}

    for key in (bearer, plain):
        async with caller(service, key) as client:
            assert (await client.post("/v1/interactions", json=message())).status_code == 201
            answer = await client.post(
                "/v1/interactions", json=message(), headers={"origin": "https://elsewhere.example"}
            )
            assert answer.status_code == 201


async def test_a_key_that_is_unknown_garbled_revoked_or_expired_is_refused(client: httpx.AsyncClient, app: App) -> None:
    revoked = await app.access.create_key("one", EVERY_SCOPE)
    await client.get("/v1/customers/cus_1", headers={"x-api-key": revoked.key})
    await app.access.revoke_key(revoked.key_id)
    expired = await app.access.create_key("one", EVERY_SCOPE)
    successor = await app.access.rotate_key(expired.key_id, grace=timedelta(0))
    garbled = successor.key[:-1] + ("B" if successor.key[-1] == "A" else "A")

    for key in (revoked.key, expired.key, garbled, "nonsense", "wl_", successor.key.upper(), "ü".encode()):
        value = key if isinstance(key, bytes) else key.encode()
        for header in ({b"authorization": b"Bearer " + value}, {b"x-api-key": value}):
            refusal = problem(await client.get("/v1/customers/cus_1", headers=header), 401, "unauthorized")
            assert successor.key_id not in refusal["detail"]
    for header in ({"authorization": "Bearer"}, {"authorization": "Basic b25lOnR3bw=="}, {"x-api-key": ""}):
        problem(await client.get("/v1/customers/cus_1", headers=header), 401, "unauthorized")


async def test_an_unknown_key_is_refused_also_where_none_is_needed(client: httpx.AsyncClient) -> None:
    sent = await client.post("/v1/interactions", json=message(), headers={"authorization": "Bearer mistaken"})

    problem(sent, 401, "unauthorized")


async def test_keys_can_be_required_before_the_first_is_made(settings: Settings, app: App) -> None:
    strict = create_app(settings.model_copy(update={"require_keys": True}), app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(strict), base_url="http://localhost") as client:
        problem(await client.post("/v1/interactions", json=message()), 401, "unauthorized")
        assert (await client.post("/v1/interactions", json=message(), headers=await key_for(app))).status_code == 201


async def test_a_caller_is_refused_before_its_body_is_looked_at(client: httpx.AsyncClient, app: App) -> None:
    reader = await key_for(app, scopes=[Scope.HANDOFF])

    problem(await client.post("/v1/interactions", content=b"{"), 401, "unauthorized")
    problem(await client.post("/v1/interactions", content=b"{", headers=reader), 403, "forbidden")
    problem(await client.get("/v1/customers/cus_1/timeline?limit=0"), 401, "unauthorized")


@pytest.mark.parametrize("asked", EXPECTED)
async def test_a_path_asks_for_its_scope_and_names_it(client: httpx.AsyncClient, app: App, asked: str) -> None:
    method, path = asked.split()
    needed = EXPECTED[asked]
    others = await key_for(app, scopes=[scope for scope in Scope if scope not in (needed, Scope.ADMIN)])

    refused = problem(await client.request(method, path, headers=others), 403, "forbidden")

    assert f"`{needed}`" in refused["detail"]
    for scope in {needed, Scope.ADMIN}:
        right = await key_for(app, scopes=[scope])
        assert (await client.request(method, path, headers=right)).status_code in (404, 422)


def test_every_path_of_the_service_is_listed_with_its_scope(service: FastAPI) -> None:
    served = {
        f"{method.upper()} {path}"
        for path, operations in service.openapi()["paths"].items()
        if path.startswith("/v1/")
        for method in operations
    }

    assert served
    # What a platform sends is let in by its signature; a platform that signs nothing is asked for a key there.
    by_signature = {f"{method} /v1/connectors/{{connector_id}}" for method in ("GET", "POST")}
    assert served - by_signature <= set(SCOPES)


async def test_the_key_alone_decides_the_tenant(client: httpx.AsyncClient, app: App) -> None:
    first, second = await key_for(app, "one"), await key_for(app, "two")
    claims = first | {"x-tenant": "two", "x-tenant-id": "two", "x-warmline-tenant": "two", "cookie": "tenant=two"}

    problem(await client.post("/v1/interactions", json=message(tenant="two"), headers=first), 422, "invalid_request")
    sent = await client.post("/v1/interactions?tenant=two", json=message(data={"tenant": "two"}), headers=claims)

    customer = f"/v1/customers/{sent.json()['results'][0]['customer_id']}"
    assert (await client.get(f"{customer}?tenant=two", headers=claims)).status_code == 200
    problem(await client.get(f"{customer}?tenant=one", headers=second | {"x-tenant": "one"}), 404, "unknown_customer")


async def test_two_tenants_with_the_same_names_for_everything_never_meet(service: FastAPI, app: App) -> None:
    same = {"id": "m-1", "conversation_id": "c-1", "identifiers": [email("same@example.com")]}
    customers: dict[str, str] = {}
    async with (
        caller(service, await key_for(app, "one")) as first,
        caller(service, await key_for(app, "two")) as second,
    ):
        for tenant, client in (("one", first), ("two", second)):
            sent = message(f"The words of {tenant}.", **same)
            answer = await client.post("/v1/interactions", json=sent, headers=SENT_KEY)
            assert answer.status_code == 201, answer.text  # neither a duplicate nor an idempotency conflict
            assert answer.json()["results"][0]["duplicate"] is False
            customers[tenant] = answer.json()["results"][0]["customer_id"]
        handoff = (await first.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
        decision = (await first.post("/v1/next-actions", json={"conversation_id": "c-1"})).json()

        assert customers["one"] != customers["two"] == await _resolved(second, "same@example.com")
        assert handoff["customer_id"] == customers["one"] == decision["customer_id"]
        for path in ("", "/timeline", "/search?q=words"):
            problem(await second.get(f"/v1/customers/{customers['one']}{path}"), 404, "unknown_customer")
        problem(await second.get(f"/v1/handoffs/{handoff['handoff_id']}"), 404, "not_found")
        problem(await second.post(f"/v1/handoffs/{handoff['handoff_id']}/refresh"), 404, "not_found")
        problem(await second.post("/v1/handoffs", json={"customer_id": customers["one"]}), 404, "unknown_customer")
        outcome = {"action_id": "a", "displayed": True}
        problem(
            await second.post(f"/v1/next-actions/{decision['decision_id']}/outcome", json=outcome), 404, "not_found"
        )
        merge = f"/v1/customers/{customers['two']}/merge"
        problem(await second.post(merge, json={"other": customers["one"]}), 404, "unknown_customer")
        own = (await second.get(f"/v1/customers/{customers['two']}/timeline")).json()["interactions"]
        assert [row["text"] for row in own] == ["The words of two."]
        response = await second.get(f"/v1/customers/{customers['two']}/search?q=words")
        assert [hit["text"] for hit in response.json()["hits"]] == ["The words of two."]


async def test_what_was_filed_without_a_key_belongs_to_the_default_tenant(client: httpx.AsyncClient, app: App) -> None:
    rows = await record(client, message())
    customer = f"/v1/customers/{rows[0]['customer_id']}"

    assert (await client.get(customer, headers=await key_for(app, "default"))).status_code == 200
    problem(await client.get(customer, headers=await key_for(app, "one")), 404, "unknown_customer")


def test_the_description_says_how_a_key_is_sent(service: FastAPI) -> None:
    document = service.openapi()

    schemes = document["components"]["securitySchemes"]
    ways = {(scheme["type"], scheme.get("scheme", scheme.get("name"))) for scheme in schemes.values()}
    assert ways == {("http", "bearer"), ("apiKey", "X-API-Key")}
    for operation in (document["paths"]["/v1/handoffs"]["post"], document["paths"]["/v1/interactions"]["post"]):
        assert operation["security"] == [{name: []} for name in schemes]
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_the_description_says_of_each_operation_which_scope_it_asks_for(service: FastAPI) -> None:
    paths = service.openapi()["paths"]

    described = {
        f"{method.upper()} {path}": operation.get("x-scope")
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert described["GET /healthz"] is None
    assert {name: scope for name, scope in described.items() if scope} == {
        name: scope for name, scope in SCOPES.items() if name in described
    }
    assert described["GET /v1/signals/stream"] == "actions"


async def _resolved(client: httpx.AsyncClient, address: str) -> str:
    answer = await client.post("/v1/customers/resolve", json={"identifiers": [email(address)]})
    return answer.json()["customer_id"]
