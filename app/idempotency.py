"""A creating request is done once however often it is sent, by whichever workers.

1. Before its work, a request claims it in the database under tenant, path and `Idempotency-Key`: one of all that carry
   the key gets the claim, the others wait for its answer.
2. A claim is a lease, renewed while the work goes on. When a process dies, the lease runs out and the next attempt
   takes the claim over.
3. The claim names the work, and what the work creates has ids that follow from that name (`app.ids`). So an attempt
   that takes a claim over finds what a process had committed before it died, and creates nothing twice.
4. The answer is filed in the archive, where erasing a customer erases it. It is kept for `KEPT_FOR`, as is the claim.
5. A failed attempt lets its claim go. One that was refused before anything was done leaves no trace of it, so that the
   key may be used with a mended body.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from time import time
from typing import Any
from uuid import uuid4

from app.errors import Conflict, Forbidden, InvalidRequest, NotFound, PayloadTooLarge, RateLimited, Unavailable
from app.ids import Work, working
from app.ports import Archive
from app.ports.claims import ClaimRequest, Claims, ClaimState

_log = logging.getLogger(__name__)

REPLIES = "idempotency"
KEPT_FOR = timedelta(hours=24)
LEASE_S = 10.0
# Longer than a lease: who waits for a process that has died is there when its claim can be taken over.
PATIENCE_S = 30.0
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.25
_PAGE = 500

# Errors that say that nothing was done.
_REFUSALS = (Conflict, Forbidden, InvalidRequest, NotFound, PayloadTooLarge, RateLimited)


@dataclass(slots=True)
class WorkAttempt:
    """One request's attempt at a piece of work: `reply` is the answer given before, if there was one.

    Whoever refuses the work before anything of it was done sets `refused`.
    """

    reply: Mapping[str, Any] | None = None
    refused: bool = False


class RequestClaims:
    """Lets one of several requests with the same key do the work."""

    def __init__(self, claims: Claims, archive: Archive, *, now: Callable[[], float] = time) -> None:
        self._claims = claims
        self._archive = archive
        self._now = now

    @asynccontextmanager
    async def attempt(self, tenant: str, key: str, body_sha256: str) -> AsyncGenerator[WorkAttempt]:
        """Get the answer that is kept, or else the claim to the work for as long as the block runs.

        Raises Conflict when the key was used with another body, and Unavailable when somebody else is at work for
        longer than anybody waits, or the database does not answer.
        """
        reply = await self._reply(tenant, key, body_sha256)
        if reply is not None:
            yield WorkAttempt(reply)
            return
        request = self._request(tenant, key, body_sha256)
        state = await self._claimed_or_answered(request)
        if state is None:
            yield WorkAttempt(await self._reply(tenant, key, body_sha256))
            return
        work = Work(state.work_id, resumed=state.resumed)
        attempt = WorkAttempt()
        renewing = asyncio.create_task(self._renew(request))
        try:
            with working(work):
                yield attempt
        except BaseException as failure:
            await self._let_go(request, forget=attempt.refused or isinstance(failure, _REFUSALS))
            raise
        finally:
            renewing.cancel()

    async def remove_expired(self) -> int:
        """Remove answers and claims that are older than `KEPT_FOR`; tells how many."""
        now = self._milliseconds()
        count = 0
        while expired := await self._claims.expired(now, limit=_PAGE):
            for tenant, key in expired:
                await self._archive.remove(tenant, REPLIES, [key])
                await self._claims.remove(tenant, key, now)
            count += len(expired)
        return count

    async def _claimed_or_answered(self, request: ClaimRequest) -> ClaimState | None:
        """The claim once it is this request's, or None once there is an answer."""
        clock = asyncio.get_running_loop().time
        patient_until, pause = clock() + PATIENCE_S, FIRST_PAUSE_S
        while True:
            now = self._milliseconds()
            current = replace(request, now=now, leased_until=now + round(LEASE_S * 1000))
            state = await self._claims.claim(current)
            if state.body_sha256 not in ("", request.body_sha256):
                raise _other_body()
            if state.is_mine and not state.resumed:
                return state
            # An answer is filed before its claim can be taken over, so now it is there or never will be.
            if await self._reply(request.tenant, request.key, request.body_sha256) is not None:
                return None
            if state.is_mine:
                return state
            if clock() > patient_until:
                raise Unavailable(
                    "Another request with this Idempotency-Key is still being worked on. Send it again in a moment."
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _reply(self, tenant: str, key: str, body_sha256: str) -> Mapping[str, Any] | None:
        reply = await self._archive.get(tenant, REPLIES, key)
        if reply is not None and reply["body_sha256"] != body_sha256:
            raise _other_body()
        return reply

    async def _renew(self, request: ClaimRequest) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with suppress(Unavailable):
                await self._claims.renew(request, self._milliseconds() + round(LEASE_S * 1000))

    async def _let_go(self, request: ClaimRequest, *, forget: bool) -> None:
        try:
            await self._claims.release(request, forget=forget)
        except Unavailable as failure:
            _log.warning("a claim could not be let go of: %s; its lease runs out by itself", failure.detail)

    def _request(self, tenant: str, key: str, body_sha256: str) -> ClaimRequest:
        now = self._milliseconds()
        return ClaimRequest(
            tenant=tenant,
            key=key,
            body_sha256=body_sha256,
            work_id=Work.new_id(),
            holder=uuid4().hex,
            now=now,
            leased_until=now,
            expires_at=now + round(KEPT_FOR.total_seconds() * 1000),
        )

    def _milliseconds(self) -> int:
        return round(self._now() * 1000)


def _other_body() -> Conflict:
    return Conflict(
        "This Idempotency-Key was used with another body. Use a new key for a new request, or send the same body again."
    )
