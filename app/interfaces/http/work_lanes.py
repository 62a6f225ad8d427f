"""How much work is under way at once, and what waits for it: one lane a class of work.

A lane has a limit on what is under way. Above it requests wait in a short queue, each tenant in one of its own; the
next to go is of the tenant with the least under way. Who would wait for longer than is useful is refused at once, and
so is who waited that long after all. When the queue is full, the tenant with the most in it gives way, so that one
tenant's flood never keeps the others out.

The limit follows what the lane measures (AIMD, as in TCP; the idea of Netflix' concurrency-limits). `normal_s` is how
long this work takes when nothing is refused. When the work lately took more than `STRETCH` times as long while the
event loop was busy, the limit falls by a tenth; when all of it is used and the work is quick, it grows by one each time
as many were done, and by one each time where the loop idles: a model that is slow takes nothing away.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import perf_counter

from app.errors import Unavailable

STRETCH = 1.8
CALM_AFTER_S = 5.0
BUSY_LAG_S = 0.002
PROBE_EVERY_S = 0.005
LAG_OUTDATED_S = 1.0
LEAST_WAIT_S = 0.1
# A queue that was empty so lately is a burst or a moment's stall, and soon gone (after Nichols and Jacobson's CoDel).
STANDING_AFTER_S = 0.3
WAIT_SHARE = 1.5
_DECREASE = 0.9
_RECENT_WEIGHT = 0.15
# What is normal moves down with each request, and up only in many seconds: a rush must not become what is normal.
_NORMAL_DOWN = 0.05
_NORMAL_UP_S = 20.0
_NORMAL_UP_MOST = 0.05
# The first so many requests say what is normal on this machine; until then the lane has only a guess.
_FIRST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class LaneShape:
    """What a lane starts from: how long its work takes (s), the least and the most under way, how long one may wait."""

    name: str
    usual_s: float
    floor: int
    ceiling: int
    start: int
    wait_s: float


class LoopLag:
    """How long the event loop's ready work waits for its turn, in seconds: near nothing while it idles."""

    def __init__(self) -> None:
        self._lag = 0.0
        self._probed_at = 0.0
        self._is_probing = False

    @property
    def is_busy(self) -> bool:
        """Whether ready work lately waited noticeably."""
        return self._lag > BUSY_LAG_S and perf_counter() - self._probed_at < LAG_OUTDATED_S

    def probe(self) -> None:
        """Measure one turn of the loop, at most every few milliseconds."""
        now = perf_counter()
        if not self._is_probing and now - self._probed_at > PROBE_EVERY_S:
            self._is_probing = True
            asyncio.get_running_loop().call_soon(self._measure, now)

    def _measure(self, since: float) -> None:
        self._is_probing = False
        self._probed_at = perf_counter()
        self._lag += 0.1 * (self._probed_at - since - self._lag)


class Lane:
    """One class of work. Not for several event loops."""

    def __init__(self, shape: LaneShape, lag: LoopLag, *, clock: Callable[[], float] = perf_counter) -> None:
        self.shape = shape
        self.limit = float(shape.start)
        self.normal_s = shape.usual_s
        self._recent_s = shape.usual_s
        self._lag = lag
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._in_use = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._queued = 0
        self._refused_at = -CALM_AFTER_S
        self._lowered_at = -CALM_AFTER_S
        self._measured_at = clock()
        self._looks = 0
        self._empty_at = clock()

    @property
    def in_use(self) -> int:
        """How many requests are under way."""
        return self._in_use

    @property
    def queued(self) -> int:
        """How many requests wait."""
        return self._queued

    def check(self, tenant: str) -> None:
        """Raise Unavailable when a request of this tenant had better not be read at all: it would be refused anyway."""
        if self._in_use < int(self.limit) or self._may_wait(tenant):
            return
        raise self._refusal()

    async def enter(self, tenant: str) -> None:
        """Take a place, after waiting for one if need be; `leave` gives it back. Raises Unavailable."""
        self._lag.probe()
        if self._in_use < int(self.limit) and not self._queued:
            self._empty_at = self._clock()
            self._take(tenant)
            return
        if not self._may_wait(tenant):
            raise self._refusal()
        if self._queued >= self._most_queued:
            self._send_away(self._crowding())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        self._queued += 1
        self._admit_waiting()
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await turn
        except BaseException as failure:
            self._withdraw(tenant, turn)
            if isinstance(failure, TimeoutError):
                raise self._refusal() from None
            raise

    def leave(self, tenant: str, took_s: float) -> None:
        """Give back a place that was taken for so many seconds."""
        self._give_back(tenant)
        self._adjust(took_s)
        self._admit_waiting()
        if not self._queued:
            self._empty_at = self._clock()
        self._lag.probe()

    @property
    def _most_queued(self) -> int:
        """As many as are done within the time that one may wait."""
        return max(1, int(self.limit * self._longest_wait_s / max(self._recent_s, self.normal_s)))

    @property
    def _longest_wait_s(self) -> float:
        # In a queue that does not go away, waiting for about as long as the work takes is still useful.
        if self._clock() - self._empty_at < STANDING_AFTER_S:
            return self.shape.wait_s
        return min(self.shape.wait_s, max(WAIT_SHARE * self.normal_s, LEAST_WAIT_S))

    def _may_wait(self, tenant: str) -> bool:
        if self._queued < self._most_queued:
            return True
        # The queue is full: whoever has less in it than the tenant with the most takes a place of theirs.
        crowding = self._crowding()
        return len(self._waiting.get(tenant, ())) + 1 < len(self._waiting[crowding])

    def _crowding(self) -> str:
        return max(self._waiting, key=lambda name: (len(self._waiting[name]), self._under_way[name]))

    def _send_away(self, tenant: str) -> None:
        turn = self._waiting[tenant].pop()
        self._forget_empty(tenant)
        self._queued -= 1
        if not turn.done():
            turn.set_exception(self._refusal())

    def _withdraw(self, tenant: str, turn: asyncio.Future[None]) -> None:
        """Clean up behind one that waited in vain: it was sent away, or gave up."""
        turns = self._waiting.get(tenant)
        if turns is not None and turn in turns:
            turns.remove(turn)
            self._forget_empty(tenant)
            self._queued -= 1
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            # Its place came in the moment in which it gave up.
            self._give_back(tenant)
            self._admit_waiting()

    def _admit_waiting(self) -> None:
        while self._queued and self._in_use < int(self.limit):
            tenant = min(self._waiting, key=lambda name: self._under_way[name])
            turn = self._waiting[tenant].popleft()
            # To the end of the tenants, so that those with as much under way take turns.
            turns = self._waiting.pop(tenant)
            if turns:
                self._waiting[tenant] = turns
            self._queued -= 1
            if not turn.done():
                self._take(tenant)
                turn.set_result(None)

    def _forget_empty(self, tenant: str) -> None:
        if not self._waiting[tenant]:
            del self._waiting[tenant]

    def _take(self, tenant: str) -> None:
        self._in_use += 1
        self._under_way[tenant] += 1

    def _give_back(self, tenant: str) -> None:
        self._in_use -= 1
        self._under_way[tenant] -= 1
        if not self._under_way[tenant]:
            del self._under_way[tenant]

    def _adjust(self, took_s: float) -> None:
        now = self._clock()
        self._recent_s += _RECENT_WEIGHT * (took_s - self._recent_s)
        if self._looks < _FIRST_LOOKS:
            self._looks += 1
            self.normal_s += (took_s - self.normal_s) / (self._looks + 1)
        elif not self._queued and now - self._refused_at > CALM_AFTER_S:
            upwards = min(_NORMAL_UP_MOST, (now - self._measured_at) / _NORMAL_UP_S)
            weight = _NORMAL_DOWN if took_s < self.normal_s else upwards
            self.normal_s += weight * (min(took_s, STRETCH * self.normal_s) - self.normal_s)
        self._measured_at = now
        is_used = self._queued > 0 or self._in_use + 1 >= int(self.limit)
        if not self._lag.is_busy:
            grown = self.limit + 1 if is_used else self.limit
        elif self._recent_s > STRETCH * self.normal_s:
            grown = self.limit
            if now - self._lowered_at > self._recent_s:
                self._lowered_at, grown = now, self.limit * _DECREASE
        else:
            grown = self.limit + 1 / self.limit if is_used else self.limit
        self.limit = min(max(grown, float(self.shape.floor)), float(self.shape.ceiling))

    def _refusal(self) -> Unavailable:
        self._refused_at = self._clock()
        after = ceil(self._queued * self._recent_s / max(self.limit, 1.0))
        return Unavailable(
            "The service is busy: this request would have waited for too long, and nothing of it was taken. "
            "Send it again after the seconds of Retry-After.",
            retry_after_s=max(1, after),
        )
