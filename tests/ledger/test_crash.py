"""What was acknowledged survives `kill -9`: the service itself, killed again and again while callers write to it.

Each kill falls after a number of acknowledgements and a moment more, with six requests under way. The range of both is
cut into as many parts as there are kills, and each part gets one kill, so that no two kills are alike: early and late
ones, between two commits and amid one, in a service that is still warming up or has long done so. A caller who got no
answer sends the same rows again afterwards, as callers do.
"""

import asyncio
import os
import random
import socket
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.interfaces.http import email, message
from tests.support.forked_service import ForkedService

pytestmark = pytest.mark.long

KILLS = 8
MOST_ANSWERS = 40
LONGEST_AFTER_S = 0.02  # several commits
SEARCHES = 30
WRITERS = 6
CUSTOMERS = 3
PAGE = 1000

Row = dict[str, Any]


class Moment(NamedTuple):
    """When the service is killed: so long after so many answers."""

    answers: int
    after_s: float


@dataclass
class World:
    """What the callers know: the rows sent, the acknowledgement of each by its caller's id, and what had no answer."""

    chance: random.Random
    sent: dict[str, Row] = field(default_factory=dict[str, Row])
    acknowledged: dict[str, Row] = field(default_factory=dict[str, Row])
    unanswered: list[list[Row]] = field(default_factory=list[list[Row]])
    answers_left: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def new_rows(self, writer: int, conversation: str) -> list[Row]:
        """A message or two of the writer's customer, each with a word that no other has."""
        rows: list[Row] = []
        for _ in range(self.chance.randint(1, 2)):
            number = len(self.sent)
            row = message(
                f"The parcel {mark(number)} has not arrived.",
                id=f"caller-{number}",
                conversation_id=conversation,
                identifiers=[email(f"customer-{writer % CUSTOMERS}@x.example")],
            )
            self.sent[row["id"]] = row
            rows.append(row)
        return rows

    def acknowledge(self, results: list[Row]) -> None:
        """Take down one answer; an id that was acknowledged before must be the same row again."""
        for result in results:
            before = self.acknowledged.setdefault(result["id"], result)
            assert (before["interaction_id"], before["seq"]) == (result["interaction_id"], result["seq"])
        self.answers_left -= 1
        if self.answers_left <= 0:
            self.enough.set()

    def by_conversation(self) -> dict[str, list[str]]:
        """The interaction ids acknowledged, by conversation, in the order of the acknowledgements."""
        ids_by_conversation: dict[str, list[str]] = {}
        for name, result in self.acknowledged.items():
            ids_by_conversation.setdefault(self.sent[name]["conversation_id"], []).append(result["interaction_id"])
        return ids_by_conversation


def mark(number: int) -> str:
    """The word that only this message has."""
    return f"zq{number:05d}"


@asynccontextmanager
async def serving(folder: Path, database_url: str | None, **settings: str) -> AsyncGenerator[tuple[ForkedService, str]]:
    """The service in a process of its own, answering, and its address; killed at the end if it still lives."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    environment |= {"WARMLINE_DATA_DIR": str(folder / "data"), "WARMLINE_LOG_LEVEL": "WARNING"} | settings
    if database_url:
        environment["WARMLINE_DATABASE_URL"] = database_url
    process = ForkedService(["serve", "--host", "127.0.0.1", "--port", str(port)], folder, environment)
    try:
        await _answering(process, port)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answering(process: ForkedService, port: int) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise AssertionError("the service did not start")


async def write_until_killed(client: httpx.AsyncClient, world: World, writer: int, conversation: str) -> None:
    """One caller: first what had no answer, then new rows, until the service answers no more."""
    while True:
        rows = world.unanswered.pop() if world.unanswered else world.new_rows(writer, conversation)
        try:
            answer = await client.post("/v1/interactions", json={"interactions": rows})
        except httpx.TransportError:
            world.unanswered.append(rows)
            return
        assert answer.status_code == 201, answer.text
        world.acknowledge(answer.json()["results"])


def moments(chance: random.Random) -> list[Moment]:
    """A moment for each kill: one from each part of the range of answers, and one from each part of the time after."""
    answers, after = list(range(KILLS)), list(range(KILLS))
    chance.shuffle(answers)
    chance.shuffle(after)
    return [
        Moment(
            1 + round((early + chance.random()) * (MOST_ANSWERS - 1) / KILLS),
            (late + chance.random()) * LONGEST_AFTER_S / KILLS,
        )
        for early, late in zip(answers, after, strict=True)
    ]


async def kill_amid_writing(
    process: ForkedService, client: httpx.AsyncClient, world: World, turn: int, moment: Moment
) -> None:
    """Let callers write all at once and kill the service at this moment."""
    world.answers_left = moment.answers
    world.enough.clear()

    async def kill() -> None:
        await world.enough.wait()
        await asyncio.sleep(moment.after_s)
        process.kill()

    async with asyncio.TaskGroup() as group:
        group.create_task(kill())
        for writer in range(WRITERS):
            group.create_task(write_until_killed(client, world, writer, f"talk-{turn}-{writer % CUSTOMERS}"))


async def check_ledger(client: httpx.AsyncClient, world: World) -> None:
    """Every acknowledged row is there once, as it was acknowledged; nothing is there twice or was never sent."""
    listed: list[Row] = []
    for customer_id in {result["customer_id"] for result in world.acknowledged.values()}:
        after: int | None = 0
        while after is not None:
            query = {"after_seq": after, "limit": PAGE}
            page = (await client.get(f"/v1/customers/{customer_id}/timeline", params=query)).json()
            listed.extend(page["interactions"])
            after = page["next_after_seq"]
    assert max(Counter(row["id"] for row in listed).values(), default=1) == 1
    assert len({row["seq"] for row in listed}) == len({row["interaction_id"] for row in listed}) == len(listed)
    rows = {row["id"]: row for row in listed}
    assert rows.keys() <= world.sent.keys()
    for name, result in world.acknowledged.items():
        assert name in rows, f"{name} was acknowledged as {result['seq']} and is lost"
        assert {key: rows[name][key] for key in ("interaction_id", "seq", "customer_id")} == {
            key: result[key] for key in ("interaction_id", "seq", "customer_id")
        }
        assert rows[name]["text"] == world.sent[name]["text"]


async def check_handoff(client: httpx.AsyncClient, world: World, conversation: str, acknowledged: list[str]) -> None:
    """A handoff of the conversation stands on every row of it that was acknowledged, each once."""
    made = await client.post("/v1/handoffs", json={"conversation_id": conversation})
    assert made.status_code == 201, made.text
    handoff = made.json()
    assert handoff["as_of_seq"] >= max(result["seq"] for result in world.acknowledged.values())
    accept = {"accept": "application/vcon+json"}
    document = (await client.get(f"/v1/handoffs/{handoff['handoff_id']}", headers=accept)).json()
    counts = Counter(dialog["interaction_id"] for dialog in document["dialog"])
    assert [counts[interaction_id] for interaction_id in acknowledged] == [1] * len(acknowledged)


async def check_search(client: httpx.AsyncClient, world: World, name: str) -> None:
    """The word that only this row has leads to it, and first."""
    result = world.acknowledged[name]
    query = {"q": mark(int(name.removeprefix("caller-"))), "limit": 3}
    hits = (await client.get(f"/v1/customers/{result['customer_id']}/search", params=query)).json()["hits"]
    assert [hit["interaction_id"] for hit in hits][:1] == [result["interaction_id"]]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_what_was_acknowledged_survives_a_kill_exactly_once_and_is_in_the_next_handoff(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database_url: str | None = request.getfixturevalue("postgres") if database == "postgres" else None
    world = World(random.Random(database))
    kills = moments(world.chance)

    for turn in range(KILLS + 1):
        async with (
            serving(tmp_path, database_url) as (process, address),
            httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client,
        ):
            await check_ledger(client, world)
            talks = world.by_conversation()
            # A first handoff loads all that there is; the lives without one are killed while they are still loading.
            if turn < KILLS and turn % 2:
                latest = list(talks)[-1]
                await check_handoff(client, world, latest, talks[latest])
                await check_search(client, world, list(world.acknowledged)[-1])
            if turn < KILLS:
                await kill_amid_writing(process, client, world, turn, kills[turn])
                continue
            for conversation, acknowledged in talks.items():
                await check_handoff(client, world, conversation, acknowledged)
            for name in world.chance.sample(sorted(world.acknowledged), SEARCHES):
                await check_search(client, world, name)
