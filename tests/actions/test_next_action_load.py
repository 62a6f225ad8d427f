"""What a next action is gathered from, and how it is timed under a steady load."""

import asyncio
from datetime import UTC, timedelta

from app.adapters.embeddings import MiniLM
from app.models import Channel, Customer, Kind, Outcome
from app.retrieval.gather import MAX_RECENT
from evals.bench import bench_next_action
from evals.bench.next_action import steadily
from tests.support.builders import START, draft
from tests.support.retrieval_room import ANNA, TENANT, CountingEmbedder, Room, texts


async def test_a_next_action_is_gathered_without_a_search_and_with_what_was_tried_long_before_much_talk() -> None:
    embedder = CountingEmbedder(MiniLM())
    room = Room(embedder)
    tried = draft("", kind=Kind.EVENT, name="password_reset", outcome=Outcome.FAILED, conversation_id="app")
    talk = [
        draft(f"still about it {number}", conversation_id="chat", occurred_at=START + timedelta(minutes=number))
        for number in range(MAX_RECENT + 20)
    ]
    asked = draft("my reset does not work", conversation_id="now", occurred_at=START + timedelta(days=1))
    await room.file(tried.model_copy(update={"channel": Channel.APP, "occurred_at": START}), *talk, asked)
    customer = Customer(customer_id=ANNA, identity_ids=(ANNA,))
    now = (START + timedelta(days=2)).astimezone(UTC)
    snapshot = await room.gatherer.gather(TENANT, customer, "now", now=now, cutoff=None, history=False)
    assert texts(snapshot.conversation) == ["my reset does not work"]
    assert snapshot.history == ()
    assert "password_reset" in {row.name for row in snapshot.prior}
    assert len(snapshot.prior) == MAX_RECENT + 1
    assert embedder.asked == []


async def test_a_server_that_falls_behind_is_charged_for_the_queue_as_well() -> None:
    one_at_a_time = asyncio.Lock()

    async def work(_: int) -> None:
        async with one_at_a_time:
            await asyncio.sleep(0.012)

    took = await steadily(100, 0.1, work)
    assert len(took) == 10
    # Each turn takes 12 ms and is due 10 ms after the one before, so that 2 ms more are waited each time.
    assert min(took) > 100 * 2


async def test_a_next_action_is_timed_over_http_as_asked_and_after_a_message() -> None:
    figures = await bench_next_action(20, others=10, per_second=4, seconds=1)
    assert (figures.interactions, figures.others, figures.per_second, figures.seconds) == (20, 10, 4, 1)
    assert figures.asked.p50_ms > figures.asked.floor_ms > 0
    assert figures.fresh.p50_ms > 0
