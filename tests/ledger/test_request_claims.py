"""A creating request is done once: over several workers, and when a worker fails after its work was committed."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from app import idempotency
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.adapters.memory_claims import MemoryClaims
from app.adapters.sql import SqlStore
from app.adapters.sql.claims import SqlClaims
from app.bootstrap import build
from app.errors import Conflict, InvalidRequest, Unavailable
from app.idempotency import REPLIES, RequestClaims
from app.ids import current_work, id_of_work
from app.main import create_app
from app.ports.claims import ClaimRequest
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import email, message, problem
from tests.support.postgres import asked

WORKERS = 4
KEYS = 8


class ForgetfulStore(SqlStore):
    """Commits the work and cannot file the answer, like a process that dies in between."""

    async def add(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> bool:
        """Raises Unavailable for answers."""
        if collection == REPLIES:
            raise Unavailable("The ledger does not answer right now.")
        return await super().add(tenant, collection, key, document, customer_id=customer_id)


async def worker(opened: AsyncExitStack, url: str, store: SqlStore | None = None) -> httpx.AsyncClient:
    """A client of one more process's service on a database; each has connections and locks of its own."""
    settings = Settings.model_construct(database_url=url, vectors_url="memory:", webhooks_private=True)
    store = store or SqlStore(url)
    # The vectors are this process's own, which changes nothing of what is filed.
    app = await opened.enter_async_context(
        build(settings, ledger=store, archive=store, vectors=MemoryVectors(), embedder=WordEmbedder())
    )
    transport = httpx.ASGITransport(create_app(settings, app))
    return await opened.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://localhost"))


@pytest.fixture
async def opened() -> AsyncGenerator[AsyncExitStack]:
    """Closes at the end what a test opened."""
    async with AsyncExitStack() as stack:
        yield stack


REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "/v1/interactions": {"interactions": [message("one", conversation_id="c-new"), message("two")]},
    "/v1/handoffs": {"conversation_id": "c-1"},
    "/v1/webhooks": {"url": "http://127.0.0.1:9/hook", "events": ["handoff.ready"]},
    "/v1/next-actions": {"conversation_id": "c-1"},
}
ROWS: Mapping[str, str] = {
    "/v1/interactions": "SELECT count(*) FROM interactions WHERE conversation_id = 'c-new' OR text = 'two'",
    "/v1/handoffs": "SELECT count(*) FROM documents WHERE collection = 'handoffs'",
    "/v1/webhooks": "SELECT count(*) FROM webhooks",
    "/v1/next-actions": "SELECT count(*) FROM documents WHERE collection = 'decisions'",
}
EACH: Mapping[str, int] = {path: 2 if path == "/v1/interactions" else 1 for path in ROWS}


@pytest.mark.parametrize("path", REQUESTS)
async def test_one_key_sent_to_four_workers_at_once_leaves_one_answer_and_one_piece_of_work(
    opened: AsyncExitStack, postgres: str, path: str
) -> None:
    clients = [await worker(opened, postgres) for _ in range(WORKERS)]
    first = message("The link never arrives.", conversation_id="c-1", identifiers=[email("a@example.com")])
    assert (await clients[0].post("/v1/interactions", json=first)).status_code == 201

    for number in range(KEYS):
        headers = {"idempotency-key": f"key-{number}"}
        answers = await asyncio.gather(*(client.post(path, json=REQUESTS[path], headers=headers) for client in clients))
        assert {answer.is_success for answer in answers} == {True}, [answer.text for answer in answers]
        assert len({answer.content for answer in answers}) == 1

    assert asked(postgres, ROWS[path]) == KEYS * EACH[path]


@pytest.mark.parametrize("path", REQUESTS)
async def test_a_retry_finds_what_a_process_committed_that_died_before_its_answer_was_filed(
    opened: AsyncExitStack, postgres: str, path: str
) -> None:
    failing = await worker(opened, postgres, ForgetfulStore(postgres))
    healthy = await worker(opened, postgres)
    await healthy.post("/v1/interactions", json=message("The link never arrives.", conversation_id="c-1"))
    headers = {"idempotency-key": "key"}

    problem(await failing.post(path, json=REQUESTS[path], headers=headers), 503, "unavailable")
    assert asked(postgres, ROWS[path]) == EACH[path]
    retried = await healthy.post(path, json=REQUESTS[path], headers=headers)
    again = await healthy.post(path, json=REQUESTS[path], headers=headers)

    assert retried.is_success, retried.text
    assert again.content == retried.content
    assert asked(postgres, ROWS[path]) == EACH[path]
    if path == "/v1/interactions":
        assert [row["duplicate"] for row in retried.json()["results"]] == [False, False]


async def test_a_merge_that_was_committed_without_an_answer_is_answered_by_the_retry(
    opened: AsyncExitStack, postgres: str
) -> None:
    failing = await worker(opened, postgres, ForgetfulStore(postgres))
    healthy = await worker(opened, postgres)
    rows = [message("a", identifiers=[email("a@example.com")]), message("b", identifiers=[email("b@example.com")])]
    filed = (await healthy.post("/v1/interactions", json={"interactions": rows})).json()["results"]
    path, headers = f"/v1/customers/{filed[0]['customer_id']}/merge", {"idempotency-key": "key"}
    other = {"other": filed[1]["customer_id"]}

    problem(await failing.post(path, json=other, headers=headers), 503, "unavailable")
    merged = await healthy.post(path, json=other, headers=headers)
    undo = {"merge_id": merged.json()["merge_id"]}
    problem(await failing.post(path.replace("merge", "unmerge"), json=undo, headers=headers), 503, "unavailable")
    undone = await healthy.post(path.replace("merge", "unmerge"), json=undo, headers=headers)

    assert (merged.status_code, undone.status_code) == (200, 200), (merged.text, undone.text)
    assert asked(postgres, "SELECT count(*) FROM merges") == 1


async def test_another_body_is_a_conflict_also_while_the_first_has_no_answer(
    opened: AsyncExitStack, postgres: str
) -> None:
    failing = await worker(opened, postgres, ForgetfulStore(postgres))
    healthy = await worker(opened, postgres)
    headers = {"idempotency-key": "key"}
    problem(await failing.post("/v1/interactions", json=message("one"), headers=headers), 503, "unavailable")

    other = await healthy.post("/v1/interactions", json=message("two"), headers=headers)

    problem(other, 409, "idempotency_conflict")


async def test_a_refused_request_leaves_its_key_to_a_mended_body(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "key"}
    await client.post("/v1/interactions", json=message("one", id="same"))
    refused = await client.post("/v1/interactions", json=message("two", id="same"), headers=headers)
    unknown = await client.post("/v1/handoffs", json={"conversation_id": "none"}, headers=headers)

    problem(refused, 409, "idempotency_conflict")
    problem(unknown, 404, "unknown_conversation")
    mended = await client.post("/v1/interactions", json=message("two", id="another"), headers=headers)
    assert mended.status_code == 201
    made = {"identifiers": [email("a@example.com")]}
    assert (await client.post("/v1/handoffs", json=made, headers=headers)).status_code == 201


async def test_an_attempt_whose_process_died_is_taken_over_when_its_lease_has_run_out(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ended = SqlStore(postgres), SqlStore(postgres)
    monkeypatch.setattr(idempotency, "LEASE_S", 0.5)
    ids: list[str] = []

    class DeadClaims(SqlClaims):
        """Renews and lets go of nothing, as a process that was killed."""

        async def renew(self, request: ClaimRequest, leased_until: int) -> bool:
            return False

        async def release(self, request: ClaimRequest, *, forget: bool) -> None:
            pass

    async def fail(claims: RequestClaims) -> None:
        async with claims.attempt("t", "key", "sha"):
            ids.append(id_of_work("hnd"))
            raise Unavailable("Nothing was answered.")

    for claims in (DeadClaims(ended), SqlClaims(store)):
        with pytest.raises(Unavailable):
            await fail(RequestClaims(claims, store))
    await store.close()
    await ended.close()

    assert len(ids) == 2
    assert ids[0] == ids[1]


async def test_a_claim_is_renewed_while_its_work_goes_on(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqlStore(postgres)
    monkeypatch.setattr(idempotency, "LEASE_S", 0.3)
    working, waiting = (RequestClaims(SqlClaims(store), store) for _ in range(2))
    order: list[str] = []
    begun = asyncio.Event()

    async def work() -> None:
        async with working.attempt("t", "key", "sha"):
            order.append("begun")
            begun.set()
            await asyncio.sleep(1.0)
            await store.add("t", REPLIES, "key", {"body_sha256": "sha", "status": 200, "body": "{}"})
            order.append("answered")

    async def wait() -> None:
        await begun.wait()
        async with waiting.attempt("t", "key", "sha") as attempt:
            order.append("worked twice" if attempt.reply is None else "given the answer")

    await asyncio.gather(work(), wait())
    await store.close()

    assert order == ["begun", "answered", "given the answer"]


async def test_who_waits_too_long_is_told_to_come_again(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqlStore(postgres)
    monkeypatch.setattr(idempotency, "PATIENCE_S", 0.2)
    working, waiting = (RequestClaims(SqlClaims(store), store) for _ in range(2))

    async with working.attempt("t", "key", "sha"):
        with pytest.raises(Unavailable, match="still being worked on"):
            await waiting.attempt("t", "key", "sha").__aenter__()
        with pytest.raises(Conflict):
            await waiting.attempt("t", "key", "other").__aenter__()
    await store.close()


async def test_answers_and_claims_expire_after_a_day(postgres: str) -> None:
    store = SqlStore(postgres)
    clock = [1_000_000.0]
    claims = RequestClaims(SqlClaims(store), store, now=lambda: clock[0])
    async with claims.attempt("t", "key", "sha"):
        await store.add("t", REPLIES, "key", {"body_sha256": "sha", "status": 200, "body": "{}"})

    clock[0] += idempotency.KEPT_FOR.total_seconds() - 1
    assert await claims.remove_expired() == 0
    clock[0] += 1
    assert await claims.remove_expired() == 1
    assert await store.get("t", REPLIES, "key") is None
    async with claims.attempt("t", "key", "another") as attempt:
        assert attempt.reply is None
    await store.close()


async def test_ids_of_a_work_are_the_same_in_each_attempt_and_new_ones_after_it() -> None:
    attempts: list[list[str]] = []
    claims = RequestClaims(MemoryClaims(), MemoryArchive())

    async def fail(failure: Exception) -> None:
        async with claims.attempt("t", "key", "sha"):
            attempts.append([id_of_work("int"), id_of_work("int"), id_of_work("hnd")])
            raise failure

    for failure in (Unavailable("Something failed."), Unavailable("Again."), InvalidRequest("Refused.")):
        with pytest.raises(type(failure)):
            await fail(failure)
    assert current_work() is None
    async with claims.attempt("t", "key", "another"):
        attempts.append([id_of_work("int"), id_of_work("int"), id_of_work("hnd")])

    assert attempts[0] == attempts[1] == attempts[2]
    assert len(set(attempts[0])) == 3
    assert not set(attempts[0]) & set(attempts[3])
    assert id_of_work("int") != id_of_work("int")
