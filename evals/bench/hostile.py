"""How long one request keeps all the others waiting when its text was made to be slow to read.

Somebody asks `/healthz` every few milliseconds while each shape of text goes through each of the four POSTs. What
holds the event loop, or the interpreter, shows as an answer of `/healthz` that comes late.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import NamedTuple

import httpx
from pydantic_core import to_json

from app import offline
from app.models import Record
from app.settings import Settings
from evals.bench.figures import silent
from evals.bench.service import started
from evals.servers.seed_stores import Progress

INGEST, HANDOFF, NEXT_ACTION, VERIFY = "interactions", "handoffs", "next-actions", "briefs/verify"
POSTS = (INGEST, HANDOFF, NEXT_ACTION, VERIFY)
ORDINARY = "ordinary"
LONG_HISTORY = "1,000 turns"

LOOK_EVERY_S = 0.003
AFTERWARDS_S = 0.4
GIVE_UP_S = 120.0
TURNS, CLAIMS = 1000, 200
LONGEST_CLAIM = 2000
# Each round has another letter and figure, so that nothing of it was read before.
_LETTERS = "bcdfghkmnp"
_ASKED = "Why was I charged twice for order {number}, and where is my parcel?"
_ANSWERED = "I have looked at order {number}: it was sent on 3 May and should be with you by Friday."
_SAID = ("The customer was charged twice.", "The agent said that the parcel was sent on 3 May.")


class Hold(Record):
    """The longest that `/healthz` waited in milliseconds, and in which shape; the longest an answer itself took.

    `floor_ms` is how long it waited at most during ordinary requests of the kind. `statuses` counts the answers.
    """

    longest_ms: float
    shape: str
    floor_ms: float
    took_ms: float
    took_shape: str
    statuses: dict[str, int]


class HostileBench(Record):
    """`bench hostile`: for each POST its longest hold; `idle_ms` is the longest that `/healthz` took with no request.

    `holds_ms` has the longest hold of each shape by POST, of the round in which it was shortest.
    """

    characters: int
    rounds: int
    idle_ms: float
    posts: dict[str, Hold]
    holds_ms: dict[str, dict[str, float]]


class _BenchRequest(NamedTuple):
    post: str
    body: bytes


class _RequestTiming(NamedTuple):
    post: str
    hold_ms: float
    took_ms: float
    status: int


async def bench_hostile(
    characters: int = 50_000,
    rounds: int = 2,
    *,
    turns: int = TURNS,
    afterwards_s: float = AFTERWARDS_S,
    progress: Progress | None = None,
) -> HostileBench:
    """Play each shape of so many characters through each POST. Raises Unavailable when the service does not start.

    What goes on for so long after an answer counts as well, such as looking at what was just filed. Of several rounds
    the one with the shortest hold counts: what else the machine does makes a hold longer, never shorter.
    """
    show = progress or silent
    played: dict[str, list[list[_RequestTiming]]] = {}
    names = [ORDINARY, *hostile_texts(1, 0), LONG_HISTORY]
    async with _watched() as (client, looks):
        # What loads at the first call counts not.
        await _play(client, looks, "warm-up", _ordinary("warm-up"), afterwards_s)
        idle_from = perf_counter()
        await asyncio.sleep(1)
        idle_ms = looks.longest_since(idle_from)
        for number in range(rounds):
            texts = hostile_texts(characters, number)
            for index, shape in enumerate(names):
                name = f"{shape} {number}"
                sendings = _sendings(shape, name, texts.get(shape, ""), turns)
                played.setdefault(shape, []).append(await _play(client, looks, name, sendings, afterwards_s))
                show(number * len(names) + index + 1, rounds * len(names))
    return _figures(characters, rounds, idle_ms, played)


@asynccontextmanager
async def _watched() -> AsyncGenerator[tuple[httpx.AsyncClient, "_Looks"]]:
    """A service on fresh stores, and what is seen of its `/healthz`. Raises Unavailable when it does not start."""
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        offline.disarm()
        async with started(Settings.model_construct(data_dir=Path(folder))) as (client, _):
            with _looking(client.base_url.host, client.base_url.port or 80) as looks:
                yield client, looks


def hostile_texts(characters: int, number: int) -> Mapping[str, str]:
    """Twelve texts that are slow to read, by their names; each `number` has others."""
    letter, figure = _LETTERS[number % len(_LETTERS)], str(number % 9 + 1)
    whole = {
        "letters": letter,
        "capitals": letter.upper(),
        "digits": f"{figure}0",
        "newlines": f"{letter}\n",
        "brackets": f"[({letter}",
        "quotes": f'“"{letter}',
        "nearly a wish": f"cancel {letter} ",
        "nearly an address": f"{letter}@",
        "nearly a number": f"{figure}-",
        "short sentences": f"A{letter}. ",
        "nearly a day": f"{figure} May not ",
    }
    texts = {name: (unit * (characters // len(unit) + 1))[:characters] for name, unit in whole.items()}
    return texts | {"a gap": f'"{letter}"' + "\n" * max(0, characters - 6) + f'"{letter}"'}


class _Looks:
    """When somebody asked for `/healthz`, and how long the answer took."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float]] = []

    def add(self, asked: float, answered: float) -> None:
        """One answer came."""
        self._taken.append((asked, answered))

    def longest_since(self, moment: float) -> float:
        """The longest that an answer took which came since then, in milliseconds."""
        durations = [answered - asked for asked, answered in tuple(self._taken) if answered >= moment]
        return round(1000 * max(durations, default=0.0), 1)


@contextmanager
def _looking(host: str, port: int) -> Generator[_Looks]:
    """Asks for `/healthz` in a thread of its own for as long as the block runs."""
    looks, ended = _Looks(), threading.Event()

    def look() -> None:
        connection = HTTPConnection(host, port, timeout=GIVE_UP_S)
        while not ended.is_set():
            asked = perf_counter()
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
            except OSError:  # the service has ended, or closed what was idle
                connection.close()
                sleep(LOOK_EVERY_S)
                continue
            looks.add(asked, perf_counter())
            sleep(LOOK_EVERY_S)
        connection.close()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        ended.set()
        thread.join()


def _sendings(shape: str, name: str, text: str, turns: int) -> Sequence[_BenchRequest]:
    if shape == ORDINARY:
        return _ordinary(name)
    return _long_history(name, turns) if shape == LONG_HISTORY else _hostile(name, text)


def _ordinary(name: str) -> Sequence[_BenchRequest]:
    rows = [_row(name, turn, turn) for turn in range(10)]
    return _asked(name, rows, [list(_SAID)], {})


def _hostile(name: str, text: str) -> Sequence[_BenchRequest]:
    rows = [_row(name, turn, turn) for turn in range(4)]
    rows += [_row(name, turn, turn, text) for turn in (4, 5)]
    return _asked(name, rows, [list(_SAID), [text[:LONGEST_CLAIM], text[-LONGEST_CLAIM:]]], {"note": text})


def _long_history(name: str, turns: int) -> Sequence[_BenchRequest]:
    rows = [_row(name, turn, turn * 7 % 997 + 10_000) for turn in range(turns)]
    claims = [_ASKED.format(number=index + 10_000).replace("I ", "the customer ") for index in range(CLAIMS // 2)]
    claims += [f"The agent said that order {index + 10_000} was sent on 4 May." for index in range(CLAIMS // 2)]
    return _asked(name, rows, [claims], {})


def _asked(
    name: str, rows: Sequence[object], claims: Sequence[Sequence[str]], context: Mapping[str, str]
) -> Sequence[_BenchRequest]:
    about = {"conversation_id": name}
    bodies: list[tuple[str, object]] = [(INGEST, {"interactions": rows}), (HANDOFF, about)]
    bodies.append((NEXT_ACTION, about | {"audience": "agent", "context": dict(context)}))
    bodies += [(VERIFY, about | {"claims": list(batch)}) for batch in claims]
    return [_BenchRequest(post, to_json(body)) for post, body in bodies]


def _row(name: str, turn: int, number: int, text: str | None = None) -> dict[str, object]:
    asks = turn % 2 == 0
    content = text if text is not None else (_ASKED if asks else _ANSWERED).format(number=number)
    row: dict[str, object] = {"channel": "chat", "actor": "customer" if asks else "agent", "kind": "message"}
    person = {"type": "account_id", "value": name, "verified": True}
    return row | {"text": content, "conversation_id": name, "identifiers": [person]}


async def _play(
    client: httpx.AsyncClient, looks: _Looks, name: str, sendings: Sequence[_BenchRequest], afterwards_s: float
) -> list[_RequestTiming]:
    played: list[_RequestTiming] = []
    for index, sending in enumerate(sendings):
        headers = {"Content-Type": "application/json"}
        if sending.post in (INGEST, HANDOFF):
            headers["Idempotency-Key"] = f"{name} {index}"
        began = perf_counter()
        try:
            answer = await client.post(f"/v1/{sending.post}", content=sending.body, headers=headers, timeout=GIVE_UP_S)
            status = answer.status_code
        except httpx.TransportError:
            status = 0
        took_ms = (perf_counter() - began) * 1000
        await asyncio.sleep(afterwards_s)
        played.append(_RequestTiming(sending.post, looks.longest_since(began), round(took_ms, 1), status))
    return played


def _figures(
    characters: int, rounds: int, idle_ms: float, played: Mapping[str, Sequence[Sequence[_RequestTiming]]]
) -> HostileBench:
    holds = {shape: {post: _shortest_hold(parts, post) for post in POSTS} for shape, parts in played.items()}
    floors = holds.pop(ORDINARY)
    answers = {shape: [answer for part in played[shape] for answer in part] for shape in holds}
    posts: dict[str, Hold] = {}
    for post in POSTS:
        shape = max(holds, key=lambda candidate: holds[candidate][post])
        own = [(answer, of) for of, some in answers.items() for answer in some if answer.post == post]
        slowest, of = max(own, key=lambda pair: pair[0].took_ms)
        posts[post] = Hold(
            longest_ms=holds[shape][post],
            shape=shape,
            floor_ms=floors[post],
            took_ms=slowest.took_ms,
            took_shape=of,
            statuses=dict(Counter(str(answer.status) for answer, _ in own)),
        )
    return HostileBench(characters=characters, rounds=rounds, idle_ms=idle_ms, posts=posts, holds_ms=holds)


def _shortest_hold(parts: Sequence[Sequence[_RequestTiming]], post: str) -> float:
    """The longest hold of the round in which it was shortest."""
    return min(max(played.hold_ms for played in part if played.post == post) for part in parts)
