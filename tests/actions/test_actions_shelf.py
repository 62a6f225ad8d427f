"""Which catalogue is in force for a tenant, and how one is put over HTTP."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.actions import Catalogue, parse_catalogue
from app.actions.catalogue_store import COLLECTION, CURRENT, CatalogueStore
from app.adapters.memory import MemoryArchive
from app.errors import RetrievalUnavailable
from app.interfaces.http.examples import CATALOGUE, CATALOGUE_LINES
from app.models import Scope
from app.ports import Vectors
from app.services import App
from tests.interfaces.http import check_fits, message, problem, record


class SilentEmbedder:
    """An embedder whose server does not answer."""

    name = "silent"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Fail as a port may fail."""
        raise RetrievalUnavailable("The embedder does not answer.")


YAML = {"content-type": "application/yaml"}
TENANT = "one"


def catalogue(name: str, *actions: str) -> Catalogue:
    """A catalogue with actions that are open whatever the customer wants."""
    return parse_catalogue(
        {
            "name": name,
            "actions": [{"id": action, "label": action.title(), "intents": {"any": 0.5}} for action in actions],
        }
    )


def shelf(archive: MemoryArchive, *, look_again_s: float = 0.0) -> CatalogueStore:
    """One worker's shelf, which looks at every question whether another has put something."""
    return CatalogueStore(catalogue("own", "wait"), SilentEmbedder(), archive, look_again_s=look_again_s)


async def in_force(worker: CatalogueStore, tenant: str = TENANT) -> str:
    """The name of the catalogue by which a worker goes, after it has had the time to take one up."""
    for _ in range(3):
        await worker.of(tenant)
        await asyncio.sleep(0)
    return (await worker.of(tenant)).catalogue.name


async def test_a_tenant_that_has_put_none_has_the_services_own() -> None:
    worker = shelf(MemoryArchive())
    await worker.put("another", catalogue("theirs", "wave"))
    assert await in_force(worker) == "own"
    assert await in_force(worker, "another") == "theirs"


async def test_what_was_put_is_in_force_at_once_and_stays_after_a_restart() -> None:
    archive = MemoryArchive()
    worker = shelf(archive, look_again_s=1000)
    assert await in_force(worker) == "own"
    put = await worker.put(TENANT, catalogue("first", "wave"))
    assert (await worker.of(TENANT)).version == put.version
    restarted = shelf(archive, look_again_s=1000)
    assert (await restarted.of(TENANT)).catalogue == catalogue("first", "wave")


async def test_another_worker_takes_a_new_catalogue_up_and_then_the_one_after_it() -> None:
    archive = MemoryArchive()
    putting, other = shelf(archive), shelf(archive)
    assert await in_force(other) == "own"
    for name in ("first", "second"):
        await putting.put(TENANT, catalogue(name, "wave"))
        assert await in_force(other) == name
    await other.close()


async def test_a_kept_catalogue_that_cannot_be_read_leaves_the_one_in_force() -> None:
    archive = MemoryArchive()
    worker = shelf(archive)
    await worker.put(TENANT, catalogue("first", "wave"))
    await archive.put(TENANT, COLLECTION, CURRENT, {"version": "x", "put_at": "", "catalogue": {"name": "broken"}})
    assert await in_force(worker) == "first"


# --- over HTTP --------------------------------------------------------------------------------------------------------


async def offered(client: httpx.AsyncClient) -> set[str]:
    """What is offered for a customer's message."""
    (filed,) = await record(client, message("Can I keep my book for another week?"))
    decision = (await client.post("/v1/next-actions", json={"customer_id": filed["customer_id"]})).json()
    return {action["action_id"] for action in decision["actions"]}


@pytest.mark.parametrize(
    ("body", "headers"),
    [(CATALOGUE_LINES, YAML), (json.dumps(CATALOGUE), {"content-type": "application/json"}), (CATALOGUE_LINES, {})],
)
async def test_a_catalogue_that_was_put_is_given_back_and_decided_by(
    client: httpx.AsyncClient, service: FastAPI, body: str, headers: Mapping[str, str]
) -> None:
    before = await client.get("/v1/catalogue")
    check_fits(service, before, "/v1/catalogue")
    assert "renew_loan" not in await offered(client)
    put = await client.put("/v1/catalogue", content=body, headers=dict(headers))
    assert put.status_code == 200, put.text
    check_fits(service, put, "/v1/catalogue")
    assert parse_catalogue(put.json()) == parse_catalogue(CATALOGUE)
    after = await client.get("/v1/catalogue")
    assert (after.json(), after.headers["etag"]) == (put.json(), put.headers["etag"])
    assert before.headers["etag"] != after.headers["etag"]
    assert await offered(client) == {"renew_loan"}


@pytest.mark.parametrize(
    ("body", "kind", "path", "words"),
    [
        (CATALOGUE_LINES.replace("id: renew_loan", "idd: x"), "yaml", "actions[0].idd", "line 7: there is no such"),
        (
            CATALOGUE_LINES.replace("has(facts.", "hat(facts."),
            "yaml",
            "actions[0].policy.eligibility[0].expression",
            "",
        ),
        ("name: [open", "yaml", "body", "this is not valid YAML"),
        ('{"name": "x",\n oops', "json", "body", "line 2: this is not valid JSON"),
        ('{"name": "x",\n "actions": [{"id": "a"}]}', "json", "actions[0].label", "line 2: this field is needed"),
        ("", "yaml", "body", "a catalogue is a mapping"),
    ],
)
async def test_a_catalogue_with_a_fault_is_refused_and_the_fault_named_by_path_and_line(
    client: httpx.AsyncClient, body: str, kind: str, path: str, words: str
) -> None:
    refused = await client.put("/v1/catalogue", content=body, headers={"content-type": f"application/{kind}"})
    errors = {error["path"]: error["message"] for error in problem(refused, 422, "invalid_request")["errors"]}
    assert words in errors[path]
    assert "renew_loan" not in (await client.get("/v1/catalogue")).text


async def test_only_an_admin_puts_a_catalogue_and_each_tenant_has_its_own(client: httpx.AsyncClient, app: App) -> None:
    def key(issued: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {issued.key}"}

    reader, admin = (
        await app.access.create_key("one", [Scope.ACTIONS]),
        await app.access.create_key("one", [Scope.ADMIN]),
    )
    stranger = await app.access.create_key("two", [Scope.ACTIONS])
    refused = await client.put("/v1/catalogue", content=CATALOGUE_LINES, headers=YAML | key(reader))
    problem(refused, 403, "forbidden")
    assert (await client.put("/v1/catalogue", content=CATALOGUE_LINES, headers=YAML | key(admin))).status_code == 200
    assert (await client.get("/v1/catalogue", headers=key(reader))).json()["name"] == "library"
    assert (await client.get("/v1/catalogue", headers=key(stranger))).json()["name"] != "library"
