"""Filing interactions: durable, once, in order, together with others, and one bad row at a time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.adapters.memory import MemoryLedger, MemoryTransaction
from app.adapters.sql import SqlStore
from app.errors import Unavailable
from app.identity import Rules
from app.ledger import MAX_TOGETHER, Recorder
from app.models import MAX_DATA_BYTES, Identifier, InteractionDraft, Match, Problem, Recorded
from app.privacy import content_sha256
from tests.support.builders import START, draft

EMAIL = Identifier(type="email", value="one@example.com", verified=True)


class CountingLedger(MemoryLedger):
    """Counts its units of work, and refuses them while `broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0
        self.broken = False

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncGenerator[MemoryTransaction]:
        if self.broken:
            raise Unavailable("The ledger does not answer right now.")
        self.units += 1
        async with super().transaction(tenant) as transaction:
            await asyncio.sleep(0)
            yield transaction


@pytest.fixture
async def ledger(sqlite: str) -> AsyncGenerator[SqlStore]:
    store = SqlStore(sqlite)
    yield store
    await store.close()


@pytest.fixture
async def recorder(ledger: SqlStore) -> AsyncGenerator[Recorder]:
    opened = Recorder(ledger, Rules())
    yield opened
    await opened.close()


async def record_one(recorder: Recorder, row: InteractionDraft | Problem) -> Recorded:
    (result,) = await recorder.record("t", [row])
    return result


def problem_code(result: Recorded) -> str | None:
    return result.problem.code if result.problem else None


async def test_each_row_is_answered_in_its_place_with_its_number_and_customer(
    ledger: SqlStore, recorder: Recorder
) -> None:
    first, second = await recorder.record(
        "t", [draft("one", id="a", identifiers=(EMAIL,)), draft("two", identifiers=(EMAIL,))]
    )
    assert (first.id, first.seq, second.id, second.seq) == ("a", 1, None, 2)
    assert first.customer_id == second.customer_id
    assert not first.duplicate
    rows = await ledger.by_ids("t", [first.interaction_id or "", second.interaction_id or ""])
    assert [row.text for row in rows] == ["one", "two"]


async def test_nothing_to_file_is_answered_with_nothing(recorder: Recorder) -> None:
    assert list(await recorder.record("t", [])) == []


async def test_a_time_left_out_is_now(ledger: SqlStore, recorder: Recorder) -> None:
    before = datetime.now(UTC)
    result = await record_one(recorder, draft("hello"))
    (row,) = await ledger.by_ids("t", [result.interaction_id or ""])
    assert before <= row.occurred_at <= datetime.now(UTC)


# --- once and only once ---------------------------------------------------------------------------------------------


async def test_a_retried_interaction_is_a_duplicate_and_not_a_second_row(ledger: SqlStore, recorder: Recorder) -> None:
    sent = draft("hello", id="a", identifiers=(EMAIL,), data={"b": 1, "a": [2]})
    first = await record_one(recorder, sent)
    again = await record_one(recorder, sent.model_copy(update={"data": {"a": [2], "b": 1}}))
    assert again == first.model_copy(update={"duplicate": True, "match": Match.EXACT})
    assert await ledger.head("t") == 1


async def test_the_same_id_with_other_content_is_that_rows_conflict_alone(ledger: SqlStore, recorder: Recorder) -> None:
    await record_one(recorder, draft("hello", id="a"))
    conflict, filed = await recorder.record("t", [draft("goodbye", id="a"), draft("another", id="b")])
    assert (conflict.id, problem_code(conflict), conflict.seq) == ("a", "idempotency_conflict", None)
    assert conflict.problem is not None
    assert conflict.problem.status == 409
    assert (filed.problem, filed.seq) == (None, 2)
    assert await ledger.head("t") == 2


async def test_repeats_within_one_batch_are_told_apart_from_conflicts(ledger: SqlStore, recorder: Recorder) -> None:
    first, repeated, conflict = await recorder.record(
        "t", [draft("hello", id="a"), draft("hello", id="a"), draft("goodbye", id="a")]
    )
    assert (first.duplicate, repeated.duplicate) == (False, True)
    assert (repeated.interaction_id, repeated.seq) == (first.interaction_id, first.seq)
    assert problem_code(conflict) == "idempotency_conflict"
    assert await ledger.head("t") == 1


async def test_within_one_batch_it_is_the_filed_content_that_decides(recorder: Recorder) -> None:
    filed = await record_one(recorder, draft("hello", id="a"))
    conflict, repeated = await recorder.record("t", [draft("goodbye", id="a"), draft("hello", id="a")])
    assert problem_code(conflict) == "idempotency_conflict"
    assert repeated == filed.model_copy(update={"duplicate": True, "match": Match.EXACT})


async def test_rows_without_an_id_are_never_duplicates(recorder: Recorder) -> None:
    results = await recorder.record("t", [draft("hello"), draft("hello")])
    assert [result.seq for result in results] == [1, 2]


async def test_ids_are_the_tenants_own(recorder: Recorder) -> None:
    await recorder.record("a", [draft("hello", id="a")])
    (result,) = await recorder.record("b", [draft("goodbye", id="a")])
    assert (result.problem, result.duplicate, result.seq) == (None, False, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "other"},
        {"channel": "voice"},
        {"actor": "bot"},
        {"kind": "note"},
        {"conversation_id": "c2"},
        {"name": "step"},
        {"outcome": "failed"},
        {"data": {"n": 1}},
        {"identifiers": (EMAIL,)},
        {"occurred_at": START + timedelta(seconds=1)},
        {"occurred_at": None},
    ],
)
def test_whatever_was_said_otherwise_is_other_content(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"text": "hello", "conversation_id": "c1", "occurred_at": START}
    assert content_sha256(draft(**fields)) != content_sha256(draft(**(fields | change)))


def test_the_same_moment_in_another_time_zone_is_the_same_content() -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=9)))
    assert content_sha256(draft("hello", occurred_at=START)) == content_sha256(draft("hello", occurred_at=elsewhere))


# --- one bad row ----------------------------------------------------------------------------------------------------


async def test_a_row_that_was_refused_before_comes_back_in_its_place(recorder: Recorder) -> None:
    refused = Problem(title="No", status=422, code="invalid_request", detail="channel: unknown")
    first, second, third = await recorder.record("t", [draft("one"), refused, draft("two")])
    assert (first.seq, second.problem, third.seq) == (1, refused, 2)


async def test_data_over_the_limit_is_that_rows_problem_and_names_the_field(
    ledger: SqlStore, recorder: Recorder
) -> None:
    room = MAX_DATA_BYTES - len('{"a":""}')
    fits, too_large = await recorder.record(
        "t", [draft(data={"a": "x" * room}), draft(id="b", data={"a": "x" * (room + 1)})]
    )
    assert fits.problem is None
    assert too_large.id == "b"
    assert too_large.problem is not None
    assert (too_large.problem.status, too_large.problem.code) == (422, "invalid_request")
    assert too_large.problem.errors[0]["path"] == "data"
    assert await ledger.head("t") == 1


async def test_data_that_cannot_be_written_is_that_rows_problem(recorder: Recorder) -> None:
    bad, good = await recorder.record("t", [draft(data={"a": "\ud800"}), draft("fine")])
    assert problem_code(bad) == "invalid_request"
    assert good.seq == 1


# --- together -------------------------------------------------------------------------------------------------------


async def test_requests_that_wait_share_one_unit_of_work() -> None:
    ledger = CountingLedger()
    recorder = Recorder(ledger, Rules())
    results = await asyncio.gather(*(recorder.record("t", [draft(f"{n}", id=f"{n}")]) for n in range(100)))
    assert sorted(result.seq or 0 for (result,) in results) == list(range(1, 101))
    assert [result.id for (result,) in results] == [f"{n}" for n in range(100)]
    assert ledger.units <= 2
    await recorder.close()


async def test_requests_of_different_tenants_are_filed_apart() -> None:
    recorder = Recorder(MemoryLedger(), Rules())
    requests = [("a", "1"), ("b", "2"), ("a", "3")]
    results = await asyncio.gather(*(recorder.record(tenant, [draft(id=name)]) for tenant, name in requests))
    assert [(result.id, result.seq) for (result,) in results] == [("1", 1), ("2", 1), ("3", 2)]
    await recorder.close()


async def test_more_than_one_unit_holds_are_filed_in_several() -> None:
    ledger = CountingLedger()
    recorder = Recorder(ledger, Rules())
    half = [draft("hello")] * (MAX_TOGETHER // 2 + 1)
    await asyncio.gather(*(recorder.record("t", half) for _ in range(3)))
    assert (ledger.units, await ledger.head("t")) == (3, 3 * len(half))
    await recorder.close()


async def test_the_same_id_from_two_requests_at_once_is_filed_once(ledger: SqlStore, recorder: Recorder) -> None:
    answers = await asyncio.gather(*(recorder.record("t", [draft("hello", id="a")]) for _ in range(8)))
    assert sorted(answer.duplicate for (answer,) in answers) == [False] + [True] * 7
    assert {answer.seq for (answer,) in answers} == {1}
    assert await ledger.head("t") == 1


async def test_a_ledger_that_fails_is_told_to_everybody_who_waits_and_later_ones_are_filed() -> None:
    ledger = CountingLedger()
    recorder = Recorder(ledger, Rules())
    ledger.broken = True
    answers = await asyncio.gather(*(recorder.record("t", [draft("lost")]) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    ledger.broken = False
    (result,) = await recorder.record("t", [draft("kept")])
    assert (result.seq, await ledger.head("t")) == (1, 1)
    await recorder.close()


async def test_one_who_has_gone_away_does_not_hold_up_the_others() -> None:
    ledger = CountingLedger()
    recorder = Recorder(ledger, Rules())
    leaving = asyncio.create_task(recorder.record("t", [draft("left")]))
    staying = asyncio.create_task(recorder.record("t", [draft("stayed")]))
    await asyncio.sleep(0)
    leaving.cancel()
    (result,) = await staying
    assert result.problem is None
    assert [row.text for row in await ledger.by_ids("t", [result.interaction_id or ""])] == ["stayed"]
    await recorder.close()


async def test_closing_finishes_what_was_taken_and_takes_nothing_more() -> None:
    ledger = CountingLedger()
    recorder = Recorder(ledger, Rules())
    taken = asyncio.create_task(recorder.record("t", [draft("hello")]))
    await asyncio.sleep(0)
    await recorder.close()
    assert await ledger.head("t") == 1
    assert len(await taken) == 1
    with pytest.raises(Unavailable):
        await recorder.record("t", [draft("too late")])
