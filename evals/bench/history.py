"""Whether a long ledger is as quick as a short one: an import, a page of a timeline and a search, small and large."""

import resource
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from app import offline
from app.adapters.embeddings import DIMENSIONS, MiniLM
from app.adapters.sql import SqlStore
from app.adapters.vectors import ChromaVectors
from app.bootstrap import build
from app.errors import Unavailable
from app.identity import Rules
from app.ledger import MAX_TOGETHER, Recorder
from app.models import Identifier, InteractionDraft, Record
from app.retrieval import Retriever
from app.settings import Settings
from evals.bench.figures import silent, timed
from evals.servers.seed_stores import TENANT, TURNS, Progress, conversation, file_customer

SMALL = 10_000
TURNS_OF = 200
PROBED = 200
# Customers come in blocks, each of which is whole before the next begins, so that a page is as long in a small ledger.
BLOCK = 500
MIB = 1024 * 1024

_QUESTIONS = ("Why was I charged twice?", "Where is my money?", "Who promised to call me back?", "What about the date?")


class Growth(Record):
    """Milliseconds (median) among few rows and among many, and how many times more the second is."""

    small_rows: int
    large_rows: int
    small_ms: float
    large_ms: float
    ratio: float


class HistoryBench(Record):
    """`bench history`: interactions through the identity rules into SQLite, then the same questions again.

    `peak_mib` is what the process had used at most when the import had ended, before any vector. The floors of a search
    are embedding the question alone. Memory and disk are those of the vectors, by the difference of the two sizes.
    """

    interactions: int
    customers: int
    import_per_second: float
    peak_mib: float
    ledger_mib: float
    timeline: Growth
    embedded: int
    search: Growth
    search_floor: Growth
    vectors_read: Growth
    memory_mib_per_100k: float
    disk_mib_per_100k: float


async def bench_history(
    interactions: int = 1_000_000,
    customers: int = 50_000,
    embedded: int = 100_000,
    *,
    small: int = SMALL,
    progress: Progress | None = None,
) -> HistoryBench:
    """Import so many interactions of so many customers, with made-up vectors for so many of them.

    `small` is the size that the large one is compared with; there are at least as many interactions as that, and at
    least a turn a customer. Raises Unavailable when something could not be filed.
    """
    tell = progress or silent
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        offline.disarm()
        settings = Settings.model_construct(data_dir=Path(folder), vectors_url="memory:")
        imported = await _Import(settings, interactions, customers, small, tell).run()
        vectors = await _Vectors(settings, min(embedded, interactions), small, tell).run()
    return HistoryBench(interactions=interactions, customers=customers, **dict(imported), **dict(vectors))


class _Imported(Record):
    import_per_second: float
    peak_mib: float
    ledger_mib: float
    timeline: Growth


class _Indexed(Record):
    embedded: int
    search: Growth
    search_floor: Growth
    vectors_read: Growth
    memory_mib_per_100k: float
    disk_mib_per_100k: float


class _Import:
    """Files the interactions, batch after batch, and reads timelines on the way and at the end."""

    def __init__(self, settings: Settings, interactions: int, customers: int, small: int, tell: Progress) -> None:
        self._settings = settings
        self._interactions = interactions
        self._customers = customers
        self._small = small
        self._tell = tell
        self._app = build(settings)
        self._random = Random(19)  # noqa: S311 - nothing here is a secret
        # Of the customers one in a hundred is remembered, so that what is asked again later is all over the ledger.
        self._probes: list[str] = []

    async def run(self) -> _Imported:
        store = SqlStore(self._settings.ledger_url)
        recorder = Recorder(store, Rules())
        drafts = _history(self._random, self._interactions, self._customers)
        try:
            spent = await self._file(recorder, islice(drafts, self._small), done=0)
            small = await self._pages()
            spent += await self._file(recorder, drafts, done=self._small)
            large = await self._pages()
        finally:
            await recorder.close()
            await store.close()
            await self._app.close()
        return _Imported(
            import_per_second=round(self._interactions / spent, 1),
            peak_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            ledger_mib=_mib_in(self._settings.data_dir),
            timeline=_growth(self._small, self._interactions, small, large),
        )

    async def _file(self, recorder: Recorder, drafts: Iterator[InteractionDraft], *, done: int) -> float:
        spent = 0.0
        while batch := list(islice(drafts, MAX_TOGETHER)):
            started = perf_counter()
            results = await recorder.record(TENANT, batch)
            spent += perf_counter() - started
            refused = next((result.problem for result in results if result.problem), None)
            if refused is not None:
                raise Unavailable(f"An interaction could not be filed: {refused.detail}")
            self._probes.extend(result.customer_id for result in results[:: MAX_TOGETHER // 10] if result.customer_id)
            done += len(batch)
            self._tell(done, self._interactions)
        return spent

    async def _pages(self) -> list[float]:
        chosen = [self._random.choice(self._probes) for _ in range(2 * PROBED)]
        return await timed(PROBED, lambda turn: self._app.interactions.timeline(TENANT, chosen[turn]))


class _Vectors:
    """Gives the ledger's rows made-up vectors, and searches one customer's history among few of them and among many."""

    def __init__(self, settings: Settings, embedded: int, small: int, tell: Progress) -> None:
        self._embedded = embedded
        self._small = small
        self._tell = tell
        self._folder = settings.data_dir / "vectors"
        self._store = SqlStore(settings.ledger_url)
        self._vectors = ChromaVectors(self._folder)
        self._embedder = MiniLM()
        self._noise = np.random.default_rng(23)

    async def run(self) -> _Indexed:
        retriever = Retriever(self._store, self._vectors, self._embedder)
        try:
            last = await self._store.last_position()
            written = await file_customer(self._store, Random(29), TURNS_OF)  # noqa: S311 - nothing here is a secret
            await self._put([interaction.interaction_id for interaction in written.interactions])
            position = await self._grow(0, self._small, last)
            few = await self._times(retriever, written.new_identities)
            memory, disk = _memory_mib(), _mib_in(self._folder)
            await self._grow(position, self._embedded, last)
            many = await self._times(retriever, written.new_identities)
            memory, disk = _memory_mib() - memory, _mib_in(self._folder) - disk
        finally:
            await self._vectors.close()
            await self._store.close()
        share = 100_000 / max(1, self._embedded - self._small)
        growths = [_growth(self._small, self._embedded, *pair) for pair in zip(few, many, strict=True)]
        return _Indexed(
            embedded=self._embedded,
            search=growths[0],
            search_floor=growths[1],
            vectors_read=growths[2],
            memory_mib_per_100k=round(memory * share, 1),
            disk_mib_per_100k=round(disk * share, 1),
        )

    async def _grow(self, position: int, until: int, last: int) -> int:
        while position < until:
            rows = await self._store.after_position(position, min(MAX_TOGETHER, until - position))
            if not rows or rows[0][0] > last:
                break
            await self._put([row.interaction_id for _, _, row in rows])
            position = rows[-1][0]
            self._tell(position, self._embedded)
        return position

    async def _put(self, ids: Sequence[str]) -> None:
        rows = self._noise.standard_normal((len(ids), DIMENSIONS)).astype(np.float32)
        await self._vectors.put(TENANT, ids, rows / np.linalg.norm(rows, axis=1, keepdims=True))

    async def _times(self, retriever: Retriever, identity_ids: Sequence[str]) -> tuple[list[float], ...]:
        head = await self._store.head(TENANT)
        rows = await self._store.interactions(TENANT, identity_ids)
        ids = [row.interaction_id for row in rows]
        # A question that was asked before is remembered, so each has a number of its own.
        asked = [f"{_QUESTIONS[turn % 4]} It is about {self._noise.integers(10**9)}." for turn in range(2 * PROBED)]
        searched = await timed(
            PROBED // 2,
            lambda turn: retriever.search(TENANT, identity_ids, asked[turn], up_to_seq=head, limit=10),
        )
        floor = await timed(PROBED // 2, lambda turn: self._embedder.embed([asked[PROBED + turn]]))
        return searched, floor, await timed(PROBED // 2, lambda _: self._vectors.get(TENANT, ids))


def _history(random: Random, interactions: int, customers: int) -> Iterator[InteractionDraft]:
    """Conversations of ten turns; each customer's begin with a verified account id, a day after the one before."""
    per_customer = max(1, -(-interactions // (TURNS * customers)))
    start = datetime.now(UTC) - timedelta(days=per_customer + 1)

    def talks() -> Iterator[InteractionDraft]:
        for first in range(0, customers, BLOCK):
            for day in range(per_customer):
                for customer in range(first, min(first + BLOCK, customers)):
                    yield from _talk(random, customer, day, start)

    return islice(talks(), interactions)


def _talk(random: Random, customer: int, day: int, start: datetime) -> Iterator[InteractionDraft]:
    known_as = Identifier(type="account_id", value=f"customer-{customer}", verified=True)
    talk = conversation(random, f"customer-{customer}-{day}", start + timedelta(days=day))
    yield next(talk).model_copy(update={"identifiers": (known_as,)})
    yield from talk


def _growth(small_rows: int, large_rows: int, small: Sequence[float], large: Sequence[float]) -> Growth:
    few, many = median(small), median(large)
    return Growth(
        small_rows=small_rows,
        large_rows=large_rows,
        small_ms=round(few, 3),
        large_ms=round(many, 3),
        ratio=round(many / few, 2),
    )


def _mib_in(folder: Path) -> float:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MIB, 1)


def _memory_mib() -> float:
    """What the process has in memory now."""
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return resident * resource.getpagesize() / MIB
