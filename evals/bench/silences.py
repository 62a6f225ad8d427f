"""Whether every silence is told exactly once: over HTTP, to a real webhook, over a kill and with several workers."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any, NamedTuple

import httpx
from pydantic import BaseModel

from app.settings import Settings
from evals.bench.service import started

SILENT_AFTER_S = 30.0
# A question is as old as this when it is recorded, so that its silence shows some seconds later.
ASKED_BEFORE_S = 25.0
TOLD_WITHIN_S = 60.0
QUIET_FOR_S = 3.0
AT_ONCE = 50


class SilencesBench(BaseModel):
    """How often each silence was told to a webhook; `latest_ms` is how long after it was due the last one was."""

    silences: int
    told_once: int
    told_more: int
    never_told: int
    latest_ms: int
    workers: int
    killed: bool
    database: str


class _SilenceNotice(NamedTuple):
    conversation_id: str
    at: float


async def bench_silences(
    settings: Settings, count: int, *, workers: int, kill: bool, environment: Mapping[str, str]
) -> SilencesBench:
    """Ask so many questions by a bot on the phone, and count the webhook's messages. Raises Unavailable.

    With `kill` the service is killed three seconds before the silences are due, and started again after it.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    given = {**environment, "WARMLINE_WEBHOOKS_PRIVATE": "true"}
    arguments = ("--workers", str(workers))
    with _receiver() as (url, arrivals):
        async with started(settings, arguments=arguments, environment=given) as (client, process):
            hook = {"url": url, "events": ["signal.fired"]}
            (await client.post("/v1/webhooks", json=hook)).raise_for_status()
            due = await _ask(client, count)
            if kill:
                await asyncio.sleep(SILENT_AFTER_S - ASKED_BEFORE_S - 3.0)
                process.kill()
                await process.wait()
            else:
                await _until_announced(arrivals, count)
        if kill:
            async with started(settings, arguments=arguments, environment=given):
                await _until_announced(arrivals, count)
    return _counted(arrivals, count, due, workers=workers, kill=kill, database=environment.get("WARMLINE_DATABASE_URL"))


async def _ask(client: httpx.AsyncClient, count: int) -> float:
    """Record the questions; gives when their silences are due, in seconds since 1970."""
    at = datetime.now(UTC) - timedelta(seconds=ASKED_BEFORE_S)
    rows = [
        {
            "channel": "voice",
            "actor": "bot",
            "kind": "message",
            "conversation_id": f"call-{number}",
            "identifiers": [{"type": "account_id", "value": f"account-{number}", "verified": True}],
            "text": "Could you tell me your postcode?",
            "occurred_at": at.isoformat(),
        }
        for number in range(count)
    ]
    for start in range(0, count, AT_ONCE):
        part = rows[start : start + AT_ONCE]
        answers = await asyncio.gather(*(client.post("/v1/interactions", json=row) for row in part))
        for answer in answers:
            answer.raise_for_status()
    return at.timestamp() + SILENT_AFTER_S


async def _until_announced(arrivals: Sequence[_SilenceNotice], count: int) -> None:
    """Wait until there are as many messages as silences, and then a while for those that are too many."""
    deadline = monotonic() + TOLD_WITHIN_S
    while monotonic() < deadline and _conversations(arrivals) < count:  # noqa: ASYNC110 - they arrive in a thread
        await asyncio.sleep(0.1)
    await asyncio.sleep(QUIET_FOR_S)


def _conversations(arrivals: Sequence[_SilenceNotice]) -> int:
    return len({arrival.conversation_id for arrival in tuple(arrivals)})


def _counted(
    arrivals: Sequence[_SilenceNotice], count: int, due: float, *, workers: int, kill: bool, database: str | None
) -> SilencesBench:
    times = Counter(arrival.conversation_id for arrival in arrivals)
    firsts = {arrival.conversation_id: arrival.at for arrival in reversed(arrivals)}
    return SilencesBench(
        silences=count,
        told_once=sum(number == 1 for number in times.values()),
        told_more=sum(number > 1 for number in times.values()),
        never_told=count - len(times),
        latest_ms=round(1000 * (max(firsts.values(), default=due) - due)),
        workers=workers,
        killed=kill,
        database="postgresql" if database else "sqlite",
    )


@contextmanager
def _receiver() -> Generator[tuple[str, Sequence[_SilenceNotice]]]:
    """The address of a webhook's receiver, and what it was told of silences."""
    arrivals: list[_SilenceNotice] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if event["data"]["type"] == "silence":
                arrivals.append(_SilenceNotice(event["data"]["conversation_id"], datetime.now(UTC).timestamp()))
            self.send_response(204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", arrivals
    finally:
        server.shutdown()
        server.server_close()
