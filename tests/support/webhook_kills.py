"""Kills or stops the service again and again while signals fire, and counts which webhook messages arrive how often.

`python -m tests.support.webhook_kills --kills 50 --stops 10 [--database-url …]` prints the counts as JSON.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import httpx

from tests.interfaces.http import email, message
from tests.ledger.test_crash import serving
from tests.support.forked_service import ForkedService

WRITERS = 4
MOST_ANSWERS = 25
HANDOFFS = 0.2  # the share of rows that a handoff follows
# Nothing more is waited for once the service has had nothing to send for so long, and after the other in any case: what
# a process had leased when it was killed is sent when its lease ends, and listed as pending until then.
STILL_S = 20.0
PATIENCE_S = 120.0
LOOK_S = 0.5
STOPS_WITHIN_S = 30.0


@dataclass
class Counts:
    """What was acknowledged and what arrived; `doubled_in_one_life` must be 0, and `missing` as well."""

    kills: int = 0
    stops: int = 0
    acknowledged_interactions: int = 0
    acknowledged_signals: int = 0
    acknowledged_handoffs: int = 0
    missing: int = 0
    arrived: int = 0
    doubled_over_a_kill: int = 0
    doubled_over_a_stop: int = 0
    doubled_in_one_life: int = 0


@dataclass
class Receiver:
    """Takes messages after a moment; notes in which life of the service each came, and how that life ended."""

    chance: random.Random
    life: int = 0
    ends: dict[int, str] = field(default_factory=dict[int, str])
    lives: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    names: set[str] = field(default_factory=set[str])

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
            data = json.loads(await reader.readexactly(int(fields["content-length"])))["data"]
            self.lives[fields["webhook-id"]].append(self.life)
            self.names |= {data.get("signal_id") or data["handoff_id"], *data.get("evidence", ())}
            await asyncio.sleep(self.chance.uniform(0, 0.05))
            writer.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


@dataclass
class World:
    """What the callers were told."""

    chance: random.Random
    names: set[str] = field(default_factory=set[str])
    counts: Counts = field(default_factory=Counts)
    unanswered: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    rows: int = 0
    answers_left: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def acknowledge(self, answer: dict[str, Any]) -> None:
        if "results" in answer:
            self.counts.acknowledged_interactions += len(answer["results"])
            self.counts.acknowledged_signals += len(answer["signals"])
            self.names |= {result["interaction_id"] for result in answer["results"]}
            self.names |= {signal["signal_id"] for signal in answer["signals"]}
        else:
            self.counts.acknowledged_handoffs += 1
            self.names.add(answer["handoff_id"])
        self.answers_left -= 1
        if self.answers_left <= 0:
            self.enough.set()


async def write(client: httpx.AsyncClient, world: World) -> None:
    """One caller: first what had no answer, then new rows, each of which fires a signal, now and then a handoff."""
    while True:
        row = world.unanswered.pop() if world.unanswered else _row(world)
        try:
            answer = await client.post("/v1/interactions", json=row)
        except httpx.TransportError:
            world.unanswered.append(row)
            return
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:  # it is being stopped
            world.unanswered.append(row)
            await asyncio.sleep(0.01)
            continue
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        world.acknowledge(answer.json())
        if world.chance.random() < HANDOFFS:
            made = {"conversation_id": row["conversation_id"]}
            with suppress(httpx.HTTPError):
                world.acknowledge((await client.post("/v1/handoffs", json=made)).raise_for_status().json())


def _row(world: World) -> dict[str, Any]:
    world.rows += 1
    number = world.rows
    return message(
        "Let me talk to a person.",
        id=f"caller-{number}",
        conversation_id=f"talk-{number}",
        identifiers=[email(f"customer-{number % 7}@x.example")],
    )


async def end_amid_writing(
    process: ForkedService, client: httpx.AsyncClient, world: World, receiver: Receiver, how: str
) -> None:
    """Let callers write all at once and end the service after some answers."""
    world.answers_left = world.chance.randint(1, MOST_ANSWERS)
    world.enough.clear()
    writers = [asyncio.create_task(write(client, world)) for _ in range(WRITERS)]
    await world.enough.wait()
    await asyncio.sleep(world.chance.uniform(0, 0.05))
    if how == "kill":
        process.kill()
    else:
        process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)
    await asyncio.gather(*writers)
    receiver.ends[receiver.life] = how
    receiver.life += 1


async def receive_what_is_left(client: httpx.AsyncClient, world: World, receiver: Receiver) -> None:
    """Wait until all that was acknowledged has arrived, or the service has nothing to send any more."""
    ends, busy = monotonic() + PATIENCE_S, monotonic()
    while not world.names <= receiver.names and monotonic() < min(ends, busy + STILL_S):
        if await _has_pending(client):
            busy = monotonic()
        await asyncio.sleep(LOOK_S)
    await asyncio.sleep(1.0)  # so that what is sent twice is seen


async def _has_pending(client: httpx.AsyncClient) -> bool:
    """Whether the service lists a message that was not taken yet."""
    for webhook in (await client.get("/v1/webhooks")).raise_for_status().json()["webhooks"]:
        address = f"/v1/webhooks/{webhook['webhook_id']}/deliveries"
        listed = await client.get(address, params={"status": "pending", "limit": 1})
        if listed.raise_for_status().json()["deliveries"]:
            return True
    return False


async def run(folder: Path, database_url: str | None, *, kills: int, stops: int, seed: str) -> Counts:
    """So many lives that end by a kill or a stop, and a last one that sends what is left."""
    chance = random.Random(seed)
    world, receiver = World(chance), Receiver(chance)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    endings = ["kill"] * kills + ["stop"] * stops
    for turn, how in enumerate([*endings, "last"]):
        async with (
            serving(folder, database_url, WARMLINE_WEBHOOKS_PRIVATE="true") as (process, address),
            httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client,
        ):
            if turn == 0:
                draft = {"url": url, "events": ["signal.fired", "handoff.ready"]}
                (await client.post("/v1/webhooks", json=draft)).raise_for_status()
            if how != "last":
                await end_amid_writing(process, client, world, receiver, how)
                continue
            await receive_what_is_left(client, world, receiver)
    server.close()
    return _counted(world, receiver, kills, stops)


def _counted(world: World, receiver: Receiver, kills: int, stops: int) -> Counts:
    counts = world.counts
    counts.kills, counts.stops = kills, stops
    counts.missing = len(world.names - receiver.names)
    counts.arrived = len(receiver.lives)
    for lives in receiver.lives.values():
        for earlier, later in pairwise(lives):
            if earlier == later:
                counts.doubled_in_one_life += 1
            elif "kill" in {receiver.ends[life] for life in range(earlier, later)}:
                counts.doubled_over_a_kill += 1
            else:
                counts.doubled_over_a_stop += 1
    return counts


def main() -> None:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--stops", type=int, default=10)
    parser.add_argument("--database-url")
    parser.add_argument("--seed", default="webhooks")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="warmline-kills-") as name:
        work = run(Path(name), given.database_url, kills=given.kills, stops=given.stops, seed=given.seed)
        sys.stdout.write(json.dumps(asdict(asyncio.run(work)), indent=2) + "\n")


if __name__ == "__main__":
    main()
