"""A lane of work: how much is under way, what waits, and who goes first."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from app.errors import Unavailable
from app.interfaces.http.work_lanes import Lane, LaneShape, LoopLag

SHAPE = LaneShape("test", usual_s=10.0, floor=2, ceiling=2, start=2, wait_s=15.0)  # three may wait


def lane(shape: LaneShape = SHAPE) -> Lane:
    return Lane(shape, LoopLag())


async def waiting(made: Lane, tenant: str, order: list[str] | None = None) -> asyncio.Task[None]:
    """A request of a tenant that has had its turn to get into the queue."""

    async def enter() -> None:
        await made.enter(tenant)
        if order is not None:
            order.append(tenant)

    task = asyncio.create_task(enter())
    await asyncio.sleep(0)
    return task


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Unavailable):
            await task


async def test_what_is_beyond_the_limit_waits_and_what_is_beyond_the_queue_is_refused_with_a_time_to_come_again() -> (
    None
):
    made = lane()
    tasks = [await waiting(made, "one") for _ in range(5)]
    assert (made.in_use, made.queued) == (2, 3)
    with pytest.raises(Unavailable) as refusal:
        made.check("one")
    assert refusal.value.retry_after_s is not None
    assert refusal.value.retry_after_s >= 1
    with pytest.raises(Unavailable):
        await made.enter("one")
    made.leave("one", 10.0)
    await asyncio.sleep(0)
    assert (made.in_use, made.queued) == (2, 2)
    await ended(*tasks)


async def test_a_tenant_that_fills_the_queue_gives_way_to_another_which_goes_first() -> None:
    made, order = lane(), list[str]()
    flood = [await waiting(made, "flood", order) for _ in range(5)]
    other = await waiting(made, "other", order)
    await asyncio.sleep(0)
    assert isinstance(flood[-1].exception(), Unavailable)
    made.leave("flood", 10.0)
    await asyncio.wait_for(other, 5)
    assert order == ["flood", "flood", "other"]
    await ended(*flood[:-1])


async def test_who_waited_for_longer_than_is_useful_is_refused_and_takes_no_place() -> None:
    made = lane(replace(SHAPE, wait_s=0.02, usual_s=0.02))
    await made.enter("one")
    await made.enter("one")
    with pytest.raises(Unavailable):
        await made.enter("one")
    assert (made.in_use, made.queued) == (2, 0)


async def test_a_caller_who_leaves_while_waiting_or_in_the_moment_of_being_let_in_leaves_no_place_behind() -> None:
    made = lane()
    first, second, waits, lets_go = [await waiting(made, "one") for _ in range(4)]
    await ended(waits)
    assert (made.in_use, made.queued) == (2, 1)
    made.leave("one", 10.0)  # the place goes to the last one, who is told at the same time to stop
    lets_go.cancel()
    with suppress(asyncio.CancelledError):
        await lets_go
    assert (made.in_use, made.queued) == (1, 0)
    await ended(first, second)


async def test_slow_work_lowers_the_limit_only_while_the_loop_is_busy() -> None:
    class Busy(LoopLag):
        is_busy = True  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    moment = 0.0

    def clock() -> float:
        return moment

    shape = LaneShape("test", usual_s=0.1, floor=2, ceiling=16, start=8, wait_s=1.0)
    waits_for_a_model, reckons = Lane(shape, LoopLag(), clock=clock), Lane(shape, Busy(), clock=clock)
    for _ in range(100):  # what is normal is learnt first
        for measured_lane in (waits_for_a_model, reckons):
            await measured_lane.enter("one")
            measured_lane.leave("one", 0.1)
    for _ in range(200):
        moment += 0.01
        for measured_lane in (waits_for_a_model, reckons):
            for _ in range(int(measured_lane.limit)):
                await measured_lane.enter("one")
            while measured_lane.in_use:
                measured_lane.leave("one", 5.0 if measured_lane is waits_for_a_model else 0.3)
    assert waits_for_a_model.limit == 16
    assert reckons.limit < 8
