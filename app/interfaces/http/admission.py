"""In front of the work: who may send now, and what is refused before it is read.

Every request of the API passes here first. It is counted against the limits of its key and tenant (429), and takes a
place in the lane of its class of work (503 when the lane is full), mostly before its body was read and always before it
is understood. A refusal acknowledges nothing. `/healthz`, `/readyz` and whatever else belongs to nobody is never held
up.
"""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RateLimited, Unavailable, WarmlineError
from app.interfaces.http.authentication import grant_of
from app.interfaces.http.dependencies import Door
from app.interfaces.http.problems import SOON_S, problem_of, problem_response
from app.interfaces.http.work_lanes import Lane, LaneShape, LoopLag
from app.models import KeyGrant

INGEST, BULK, ACTIONS, HANDOFF = "ingest", "bulk", "actions", "handoff"
READ, ANALYTICS, STREAM = "read", "analytics", "stream"
# A body from this size on (bytes), or of a size not announced, holds many interactions: no measure for a single one.
BULK_BYTES = 32 * 1024
SHAPES = (
    LaneShape(INGEST, usual_s=0.02, floor=32, ceiling=256, start=64, wait_s=1.0),
    LaneShape(BULK, usual_s=0.5, floor=2, ceiling=64, start=8, wait_s=5.0),
    LaneShape(ACTIONS, usual_s=0.03, floor=2, ceiling=256, start=8, wait_s=0.25),
    LaneShape(HANDOFF, usual_s=0.1, floor=2, ceiling=256, start=16, wait_s=0.5),
    LaneShape(READ, usual_s=0.02, floor=2, ceiling=256, start=16, wait_s=0.5),
    LaneShape(ANALYTICS, usual_s=0.1, floor=1, ceiling=64, start=4, wait_s=1.0),
)
TENANT_SHARE = 4
VISITORS = ""  # who shows no key: no tenant has this name

_LEAVE = "warmline.leave_lane"
_EVENTS = b"text/event-stream"
_WORK_OF_PATH = {
    ("POST", "/v1/interactions"): INGEST,
    ("POST", "/v1/vcons"): INGEST,
    ("POST", "/v1/events"): INGEST,
    ("POST", "/v1/next-actions"): ACTIONS,
    ("POST", "/mcp"): ACTIONS,
    ("POST", "/mcp/"): ACTIONS,
    ("POST", "/v1/handoffs"): HANDOFF,
    ("POST", "/v1/briefs/verify"): HANDOFF,
    ("POST", "/v1/wrap-ups"): HANDOFF,
}
_OVER_EVERYTHING = ("/v1/analytics/", "/v1/decisions", "/v1/audit")
_WITH_A_BODY = frozenset({"POST", "PUT"})
_MCP = frozenset({"/mcp", "/mcp/"})


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many of each a key may have under way in this process; the keys of a tenant together four times that."""

    handoffs: int = 64
    actions: int = 128
    streams: int = 256


class AdmissionDesk:
    """What is under way, over all requests of one service."""

    def __init__(self, quotas: Quotas) -> None:
        lag = LoopLag()
        self.lanes = {shape.name: Lane(shape, lag) for shape in SHAPES}
        self._quotas = {
            HANDOFF: (quotas.handoffs, "handoffs under way"),
            ACTIONS: (quotas.actions, "next actions under way"),
            STREAM: (quotas.streams, "streams open"),
        }
        self._under_way: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def counted(self, work: str, grant: KeyGrant | None) -> Generator[None]:
        """Count work of a key and its tenant as under way. Raises RateLimited when they have too much of it already."""
        if grant is None or work not in self._quotas:
            yield
            return
        most, what = self._quotas[work]
        counts = [((work, f"tenant {grant.tenant}"), most)]
        if grant.key_id is not None:
            counts = [((work, f"key {grant.key_id}"), most), (counts[0][0], most * TENANT_SHARE)]
        if any(self._under_way[name] >= limit for name, limit in counts):
            raise RateLimited(
                f"This key or its tenant has too many {what} ({most} a key). Wait until some have ended.",
                retry_after_s=SOON_S,
            )
        for name, _ in counts:
            self._under_way[name] += 1
        try:
            yield
        finally:
            for name, _ in counts:
                self._under_way[name] -= 1
                if not self._under_way[name]:
                    del self._under_way[name]


class Admission:
    """ASGI middleware. It stands inside the Frame, so that refusals are logged and have their request id too."""

    def __init__(self, app: ASGIApp, desk: AdmissionDesk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        work = work_of(scope) if scope["type"] == "http" else None
        if work is None:
            await self._app(scope, receive, send)
            return
        visit = _InboundRequest(scope, receive, send)
        try:
            grant = await _grant(scope)
            tenant = VISITORS if grant is None else grant.tenant
            with self._desk.counted(work, grant):
                if work == STREAM:
                    await self._app(scope, receive, visit.send)
                elif visit.is_stream:
                    with self._desk.counted(STREAM, grant):
                        await self._through(self._desk.lanes[work], tenant, visit)
                else:
                    await self._through(self._desk.lanes[work], tenant, visit)
        except (RateLimited, Unavailable) as refusal:
            if visit.has_begun:
                raise
            after = {"Retry-After": str(refusal.retry_after_s or SOON_S)}
            await problem_response(problem_of(refusal), after)(scope, receive, visit.send)
        finally:
            if visit.status == 503:
                door: Door = scope["app"].state.door
                door.application.access.note_pressure()

    async def _through(self, lane: Lane, tenant: str, visit: "_InboundRequest") -> None:
        if visit.scope["method"] in _WITH_A_BODY and visit.scope["path"] not in _MCP:
            lane.check(tenant)
        else:
            await visit.enter(lane, tenant)
        visit.lane, visit.tenant = lane, tenant
        visit.scope[_LEAVE] = visit.leave
        try:
            await self._app(visit.scope, visit.receive, visit.send)
        finally:
            visit.leave()


class _InboundRequest:
    """One request on its way: it enters its lane when its body is there, so that a slow sender takes no place."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.lane: Lane | None = None
        self.tenant = VISITORS
        self.status = 0
        self.is_stream = any(name == b"accept" and _EVENTS in value for name, value in scope["headers"])
        self._receive = receive
        self._send = send
        self._entered_at: float | None = None
        self._has_left = False

    @property
    def has_begun(self) -> bool:
        """Whether an answer was begun."""
        return self.status != 0

    async def enter(self, lane: Lane, tenant: str) -> None:
        """Take a place in the lane. Raises Unavailable."""
        self.lane, self.tenant = lane, tenant
        await lane.enter(tenant)
        self._entered_at = perf_counter()

    def leave(self) -> None:
        """Give the place back, once."""
        if self.lane is not None and self._entered_at is not None and not self._has_left:
            self._has_left = True
            self.lane.leave(self.tenant, perf_counter() - self._entered_at)

    async def receive(self) -> Message:
        """The next part of the body; its last part comes once there is a place in the lane. Raises Unavailable."""
        message = await self._receive()
        is_whole = message["type"] == "http.request" and not message.get("more_body", False)
        if is_whole and self.lane is not None and self._entered_at is None and not self._has_left:
            await self.enter(self.lane, self.tenant)
        return message

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer; a stream gives its place back when it begins."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.is_stream:
                self.leave()
        await self._send(message)


def give_place_back(request: Request) -> None:
    """Give back the request's place in its lane: what is left of it is waiting, which keeps nobody from working."""
    leave: Callable[[], None] | None = request.scope.get(_LEAVE)
    if leave is not None:
        leave()


def work_of(scope: Scope) -> str | None:
    """The class of work of a request; None for what is never held up."""
    method, path = scope["method"], scope["path"]
    work = _WORK_OF_PATH.get((method, path))
    if work is not None:
        return BULK if work == INGEST and _announced_bytes(scope) >= BULK_BYTES else work
    if not path.startswith(("/v1/", "/console", "/mcp")):
        return None
    if method == "GET" and path.endswith(("/stream", "/live")):
        return STREAM
    if method == "POST" and path.endswith("/refresh"):
        return HANDOFF
    if path.startswith(_OVER_EVERYTHING) or path.endswith("/export"):
        return ANALYTICS
    return INGEST if path.startswith("/v1/connectors/") else READ


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else BULK_BYTES
    return BULK_BYTES


async def _grant(scope: Scope) -> KeyGrant | None:
    """What the sender may do; None without a valid key, which the path itself refuses or has another way in for.

    Raises RateLimited.
    """
    request = Request(scope)
    door: Door = request.app.state.door
    try:
        grant = await grant_of(request)
    except WarmlineError:
        return None
    request.state.grant = grant
    if not await door.application.access.is_within_rate(grant):
        raise RateLimited(
            "More requests in this second than this key or its tenant may send. Send them more slowly, or several "
            "interactions in one request.",
            retry_after_s=SOON_S,
        )
    return grant
