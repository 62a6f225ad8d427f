"""A full disk, vectors that cannot be read, and a second process on the same data folder."""

import asyncio
import os
import random
import resource
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.adapters.vectors import ChromaVectors
from app.adapters.vectors_folder import claim_for_process
from app.bootstrap import build
from app.main import create_app
from app.models import Identifier
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import email, message, problem
from tests.ledger.test_crash import serving
from tests.support.builders import draft

ROOT = Path(__file__).parents[2]
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
ANNA = (Identifier(type="email", value="anna@example.com", verified=True),)
DAMAGES = ("database", "graph", "folders")


def damage(folder: Path, how: str) -> None:
    """Break the vectors in a folder that no process has open."""
    noise = random.Random(how)
    if how == "database":
        (folder / "chroma.sqlite3").write_bytes(noise.randbytes(200_000))
    for file in folder.glob("*/*"):
        if how == "graph":
            file.write_bytes(noise.randbytes(100))
        elif how == "folders":
            file.unlink()


async def fill(settings: Settings) -> str:
    """A service's life in which Anna's messages were filed and embedded; gives her customer id."""
    async with build(settings, embedder=WordEmbedder()) as app:
        await app.warm_up()
        answer = await app.interactions.record(
            "default", [draft(f"the heating is cold {n}", identifiers=ANNA) for n in range(40)]
        )
        await indexed(app)
    return str(answer.results[0].customer_id)


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """Settings of a service with all its stores in one folder."""
    return Settings.model_construct(data_dir=tmp_path / "data")


@pytest.fixture
async def full_disk(tmp_path: Path) -> AsyncGenerator[tuple[int, httpx.AsyncClient]]:
    """A service in a process of its own, whose files can be kept from growing, and its process id."""
    async with (
        serving(tmp_path, None) as (process, address),
        httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client,
    ):
        yield process.pid, client


async def test_on_a_full_disk_nothing_is_acknowledged_readiness_says_so_and_it_goes_on_when_there_is_room(
    full_disk: tuple[int, httpx.AsyncClient],
) -> None:
    pid, client = full_disk
    first = message("The link never arrives.", conversation_id="c-1", identifiers=[email("a@example.com")])
    customer_id = (await client.post("/v1/interactions", json=first)).json()["results"][0]["customer_id"]
    timeline = f"/v1/customers/{customer_id}/timeline"
    await ready(client, 200)

    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    for headers in ({}, {"idempotency-key": "k"}):
        refused = await client.post("/v1/interactions", json=message("lost", conversation_id="c-1"), headers=headers)
        problem(refused, 503, "unavailable")
    problem(await client.post("/v1/handoffs", json={"conversation_id": "c-1"}), 503, "unavailable")
    readiness = await ready(client, 503)
    assert readiness["checks"]["ledger"]["status"] == "failed"
    assert "not written" in readiness["checks"]["ledger"]["detail"]
    assert len((await client.get(timeline)).json()["interactions"]) == 1

    resource.prlimit(pid, resource.RLIMIT_FSIZE, NO_LIMIT)
    again = await client.post(
        "/v1/interactions", json=message("lost", conversation_id="c-1"), headers={"idempotency-key": "k"}
    )
    assert again.status_code == 201, again.text
    await ready(client, 200)
    assert (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).status_code == 201
    assert len((await client.get(timeline)).json()["interactions"]) == 2


async def ready(client: httpx.AsyncClient, status: int) -> dict[str, dict[str, dict[str, str]]]:
    """What /readyz tells once it has this status."""
    async with asyncio.timeout(30):
        while (answer := await client.get("/readyz")).status_code != status:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    return answer.json()


async def indexed(app: App) -> None:
    """Wait until the index has caught up with the ledger."""
    async with asyncio.timeout(30):
        while (now := await app.readiness()).checks["index"].status != "ok" or now.index_lag:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", DAMAGES)
async def test_with_broken_vectors_words_are_found_and_the_customer_can_be_erased(embedded: Settings, how: str) -> None:
    customer_id = await fill(embedded)
    vectors = embedded.data_dir / "vectors"
    damage(vectors, how)
    (vectors.parent / "vectors-broken-before").mkdir()

    async with build(embedded, embedder=WordEmbedder()) as app:
        await app.warm_up()
        transport = httpx.ASGITransport(create_app(embedded, app))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            response = await client.get(f"/v1/customers/{customer_id}/search", params={"q": "heating"})
            assert response.json()["hits"], response.text
            row = message("the invoice is wrong", conversation_id="c-2", identifiers=[email("ben@example.com")])
            assert (await client.post("/v1/interactions", json=row)).status_code == 201
            erased = await client.delete(f"/v1/customers/{customer_id}")
            assert erased.status_code == 200, erased.text
            assert not (vectors.parent / "vectors-broken-before").exists()
            await indexed(app)
    store = ChromaVectors(vectors)
    assert await store.count() == 1
    await store.close()


@pytest.mark.parametrize("how", DAMAGES)
async def test_broken_vectors_are_made_anew_by_reindexing(embedded: Settings, how: str) -> None:
    await fill(embedded)
    damage(embedded.data_dir / "vectors", how)

    app = build(embedded, embedder=WordEmbedder())
    steps = [step async for step in app.reindex()]
    await app.close()

    assert steps[-1].vectors == 40
    if steps[-1].set_aside is not None:
        assert Path(steps[-1].set_aside).parent == embedded.data_dir
    store = ChromaVectors(embedded.data_dir / "vectors")
    assert await store.count() == 40
    await store.close()


async def test_vectors_that_only_cannot_be_written_now_are_not_thrown_away(tmp_path: Path) -> None:
    store = ChromaVectors(tmp_path / "vectors")
    await store.put("t", ["int_1", "int_2"], np.ones((2, 4), np.float32))

    assert await store.discard_if_broken("t", ["int_1"]) is False
    assert await store.count() == 1
    await store.close()


async def test_a_folder_that_a_process_claimed_is_used_by_its_own_stores_and_by_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    let_go = claim_for_process(folder)
    store = ChromaVectors(folder)
    assert await store.count() == 0
    await store.close()
    claim = (
        "import sys, pathlib; from app.adapters.vectors_folder import claim_for_process; "
        "claim_for_process(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", claim, str(folder)]

    refused = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False)
    let_go()
    taken = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert "ConfigurationError" in refused.stderr
    assert str(folder) in refused.stderr
    assert taken.returncode == 0, taken.stderr  # and what it claimed is free again, for it has ended


async def test_a_second_service_on_the_same_data_folder_does_not_start_and_says_why(tmp_path: Path) -> None:
    async with serving(tmp_path, None) as (first, _):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
        environment |= {"PYTHONPATH": str(ROOT), "WARMLINE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "400"}
        command = [sys.executable, "-m", "app.interfaces.cli", "serve", "--port", "0"]
        second = await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert first.returncode is None
        first.kill()
        await first.wait()
    async with serving(tmp_path, None):
        pass  # a process that was killed keeps nobody out

    assert second.returncode == 1
    output = " ".join(second.stderr.split())
    assert "Another Warmline process uses the vectors in" in output
    assert "WARMLINE_DATA_DIR" in output
