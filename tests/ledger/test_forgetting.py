"""What was erased is in no object of the process any more, and in no file: everything that is reached is looked at.

The customer and all who read them are a process of their own, so that what is found is the service's. Its connections
and its stream stay open meanwhile.
"""

import asyncio
import gc
import json
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from pydantic import SecretStr

from app.adapters.buses.subscribers import ProcessBus
from app.adapters.memory import MemoryVectors
from app.adapters.sql import SqlStore
from app.adapters.vectors import ChromaVectors
from app.bootstrap import build
from app.caching import forget_texts, on_forgetting, text_cache
from app.main import create_app
from app.models import Channel, HandoffRequest, Interaction, Kind, RetentionRule
from app.nlu.analysis import LONGEST_ANALYSED, is_current
from app.ports.bus import ERASED, MISSED, Message
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft
from tests.support.forgotten_customer import words_of
from tests.support.reach import words_in_files, words_reached

SEEDS = {("sqlite", "erase"): 1, ("sqlite", "redact"): 2, ("postgres", "erase"): 3}
SEED_OF_TWO_WORKERS = 4
AGAIN_AFTER_S = 0.5
# What an interaction is filed under stays when what it says is blanked.
FILED_UNDER = {"mailbox", "phone", "conversation", "caller", "key"}

Ask = Callable[[str], Any]


@asynccontextmanager
async def customer(seed: int) -> AsyncGenerator[tuple[str, Ask]]:
    """A process that is a customer: the address of its model and webhooks, and how to have it do something."""
    command = (sys.executable, "-m", "tests.support.forgotten_customer", str(seed))
    process = await asyncio.create_subprocess_exec(*command, stdin=-1, stdout=-1, limit=1 << 22)
    assert process.stdin is not None
    assert process.stdout is not None
    reader, writer = process.stdout, process.stdin

    async def ask(line: str) -> Any:
        writer.write(f"{line}\n".encode())
        return json.loads(await reader.readline())

    address = json.loads(await reader.readline())["address"]
    try:
        yield address, ask
    finally:
        writer.close()
        process.kill()
        await process.wait()


@asynccontextmanager
async def served(app: App, settings: Settings) -> AsyncGenerator[str]:
    """The address of the service around an App, in this process."""
    config = uvicorn.Config(
        create_app(settings, app), port=0, log_level="error", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def settled(app: App) -> None:
    """Wait until the index has caught up and the journeys were read."""
    async with asyncio.timeout(60):
        while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index tells nobody when it has caught up
            await asyncio.sleep(0.02)


async def analysed(settings: Settings) -> None:
    """Wait until what was said is analysed, so that there is something to forget."""
    store = SqlStore(settings.ledger_url)
    async with asyncio.timeout(60):
        while True:  # nobody is told of it
            rows = [row for _, _, row in await store.after_position(0, 1000)]
            if any(is_current(row) for row in rows) and all(is_current(row) for row in rows if _is_said(row)):
                break
            await asyncio.sleep(0.05)
    await store.close()


def _is_said(row: Interaction) -> bool:
    return row.kind is Kind.MESSAGE and bool(row.text.strip()) and len(row.text) <= LONGEST_ANALYSED


# First, while the process has few objects: telling how one is reached looks through all of them, again and again.
def test_the_search_sees_words_in_objects_of_many_kinds_and_in_files(tmp_path: Path) -> None:
    words = [f"zebra{part}" for part in ("finch", "fish")]
    holder = {"a list": [f"One {words[0].title()} here"], "bytes": bytearray(f"<{words[1]}>".encode())}
    contents_by_path = words_reached(words)
    assert any("Zebrafinch" in each for each in contents_by_path.values())
    assert any("bytearray" in path and "zebrafish" in content for path, content in contents_by_path.items())
    (tmp_path / "file").write_text(words[0])
    assert words_in_files(tmp_path, words) == {"file": [words[0]]}
    assert holder


@pytest.mark.parametrize(("database", "verb"), [("sqlite", "erase"), ("sqlite", "redact"), ("postgres", "erase")])
async def test_nothing_that_the_process_reaches_holds_the_words_of_whom_it_erased(
    database: str, verb: str, settings: Settings, request: pytest.FixtureRequest
) -> None:
    seed = SEEDS[database, verb]  # words of its own, so that what one failure leaves behind is not taken for another
    async with customer(seed) as (helper, ask):
        update: dict[str, Any] = {
            "model": "hosted_vllm/a-model",
            "model_base_url": f"{helper}/v1",
            "model_api_key": SecretStr("none"),
            "webhooks_private": True,
            "vectors_url": None if database == "sqlite" else "memory:",
            "database_url": None if database == "sqlite" else request.getfixturevalue(database),
        }
        settings = settings.model_copy(update=update)
        async with build(settings, forget_again_after_s=AGAIN_AFTER_S) as app, served(app, settings) as address:
            await app.warm_up()
            await ask(f"file {address}")
            await settled(app)
            await analysed(settings)
            statuses = await ask("read")
            assert {status for status in statuses.values() if status >= 400} == {404, 422}, statuses
            await settled(app)
            await ask(verb)
            await asyncio.sleep(2 * AGAIN_AFTER_S)
            words = words_of(seed)._asdict()
            wanted = [word for name, word in words.items() if verb == "erase" or name not in FILED_UNDER]
            assert words_reached(wanted) == {}
            assert words_in_files(settings.data_dir, wanted) == {}


async def test_no_file_of_the_vectors_holds_words_from_memory_that_was_freed(tmp_path: Path) -> None:
    folder, threads, sizes = tmp_path / "vectors", 40, range(60, 12_000, 40)
    together = threading.Barrier(threads)

    def read_and_forget() -> None:
        """Leave what was freed in this thread's part of the memory, among pieces that are still in use."""
        read = [b"vltblsgxxb" * size for size in sizes]
        del read[::3]
        together.wait()

    readers = [threading.Thread(target=read_and_forget) for _ in range(threads)]
    vectors = ChromaVectors(folder)
    await vectors.count()
    for reader in readers:
        reader.start()
    for reader in readers:
        await asyncio.to_thread(reader.join)
    rows = np.eye(5, 256, dtype=np.float32)
    await vectors.put("default", [f"int_{number}" for number in range(5)], rows)
    await vectors.put_cases("default", {f"int_{number}": "resolved" for number in range(5)}, rows)
    await vectors.close()
    assert words_in_files(folder, ["vltblsgxxb"]) == {}


async def test_what_one_worker_erased_is_in_no_memory_of_another_that_served_the_customer(settings: Settings) -> None:
    settings = settings.model_copy(update={"webhooks_private": True})
    async with customer(SEED_OF_TWO_WORKERS) as (_, ask), AsyncExitStack() as workers:
        parts: dict[str, Any] = {"embedder": WordEmbedder(), "vectors": MemoryVectors()}
        addresses: list[str] = []
        for _ in range(2):
            app = await workers.enter_async_context(build(settings, forget_again_after_s=AGAIN_AFTER_S, **parts))
            await app.warm_up()
            addresses.append(await workers.enter_async_context(served(app, settings)))
        await ask(f"file {addresses[0]}")
        for address in addresses:
            await ask(f"turn_to {address}")
            statuses = await ask("read")
            assert {status for status in statuses.values() if status >= 400} == {404, 422}, statuses
        await ask("erase")
        await asyncio.sleep(4 * AGAIN_AFTER_S)
        assert words_reached(list(words_of(SEED_OF_TWO_WORKERS))) == {}


async def test_a_process_that_was_cut_off_from_the_others_forgets_everybody_whom_they_may_have_erased(
    settings: Settings,
) -> None:
    bus = ProcessBus()
    async with build(settings, embedder=WordEmbedder(), bus=bus, forget_again_after_s=AGAIN_AFTER_S) as app:
        remembered = ["a zebrafinch"]
        on_forgetting(remembered.clear)
        recorded = await app.interactions.record(
            "default", [draft(text, conversation_id="c-1") for text in ("Talk to a person!", "I want a human agent.")]
        )
        first = recorded.signals[0].signal_id
        async with app.webhooks.listening("default", after=first) as queue:
            assert queue.qsize()
        bus.publish(MISSED, {})
        async with app.webhooks.listening("default", after=first) as queue:
            assert not queue.qsize()
        async with asyncio.timeout(20):
            while remembered:  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.02)


async def test_other_processes_are_told_that_what_was_kept_for_too_long_was_erased(settings: Settings) -> None:
    messages: list[Message] = []
    bus = ProcessBus()
    bus.subscribe(ERASED, messages.append)
    async with build(settings, embedder=WordEmbedder(), bus=bus) as app:
        await app.interactions.record(
            "default", [draft("The zebrafinch never came.", channel="chat", conversation_id="c-1")]
        )
        await app.customers.set_retention("default", RetentionRule(channel=Channel.CHAT, days=1))
        await app.customers.apply_retention(now=datetime.now(UTC))
        assert messages == []
        await app.customers.apply_retention(now=datetime.now(UTC) + timedelta(days=2))
    assert [(message["tenant"], message["customer_id"]) for message in messages] == [("default", None)]


async def test_what_was_under_way_during_an_erasure_is_forgotten_a_little_later(settings: Settings) -> None:
    async with build(settings, embedder=WordEmbedder(), forget_again_after_s=AGAIN_AFTER_S) as app:
        remembered: list[str] = []
        on_forgetting(remembered.clear)
        recorded = await app.interactions.record(
            "default", [draft("The zebrafinch never came.", conversation_id="c-1")]
        )
        customer_id = recorded.results[0].customer_id
        assert customer_id is not None
        await app.customers.erase("default", customer_id)
        remembered.append("put back by what was under way")
        async with asyncio.timeout(20):
            while remembered:  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.02)


async def test_after_an_erasure_everybody_elses_history_is_answered_as_before(app: App) -> None:
    remaining, erased = [
        (await app.interactions.record("default", [draft(f"My {what} is broken.", conversation_id=what)]))
        .results[0]
        .customer_id
        for what in ("lamp", "chair")
    ]
    assert remaining is not None
    assert erased is not None
    before = await app.handoffs.create("default", HandoffRequest(conversation_id="lamp"))
    await app.customers.erase("default", erased)
    after = await app.handoffs.create("default", HandoffRequest(conversation_id="lamp"))
    assert after.brief == before.brief
    assert [row.text for row in (await app.interactions.timeline("default", remaining)).interactions] == [
        "My lamp is broken."
    ]


def test_a_cache_of_an_object_that_is_gone_is_no_longer_emptied() -> None:
    emptied: list[str] = []

    class Reader:
        def forget(self) -> None:
            emptied.append("emptied")

    reader = Reader()
    on_forgetting(reader.forget)
    forget_texts()
    del reader
    gc.collect()
    forget_texts()
    assert emptied == ["emptied"]


def test_every_function_that_remembers_texts_forgets_them_at_once() -> None:
    calls: list[str] = []

    @text_cache(maxsize=8)
    def read(text: str) -> str:
        calls.append(text)
        return text

    assert read("a zebrafinch") == read("a zebrafinch")
    assert len(calls) == 1
    forget_texts()
    read("a zebrafinch")
    assert len(calls) == 2
