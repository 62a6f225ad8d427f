"""Answers that are given again: `Idempotency-Key` on every POST that creates something.

A successful answer is kept for a day in the archive under tenant, path and key. The same body gets the same answer
again, another body is a conflict. Requests with one key take turns: within a process here, between processes by a claim
in the database, which is made before the work (see `app.idempotency`).
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from app.interfaces.http.problems import RefusedError
from app.interfaces.http.request_bodies import THREAD_BYTES
from app.services import App
from app.validation import invalid_fields

HEADER = "Idempotency-Key"
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class JsonReply:
    """A successful answer: status, JSON text, and whom it tells of, so that erasing the customer erases it as well."""

    status: int
    body: str
    customer_id: str | None = None

    def response(self) -> Response:
        """The answer as it goes over the wire."""
        return Response(self.body, status_code=self.status, media_type="application/json")


def answer(record: BaseModel, *, status: int = 200, customer_id: str | None = None) -> JsonReply:
    """A record as an answer; null fields and empty lists are there to be seen."""
    return JsonReply(status, record.model_dump_json(), customer_id)


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """What tells one creating request from another: tenant, path, the caller's key (if any) and the body."""

    tenant: str
    path: str
    key: str | None
    body: bytes


def asked(request: Request, tenant: str, body: bytes) -> IdempotentRequest:
    """The request's identity. Raises InvalidRequest for a key that is empty, too long or not plain text."""
    key = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise invalid_fields(
            [
                {
                    "type": "key",
                    "loc": (HEADER,),
                    "msg": f"Send 1 to {MAX_KEY} printable ASCII characters, a UUID for example",
                }
            ]
        )
    return IdempotentRequest(tenant, request.url.path, key, body)


class PendingReply:
    """One request's turn with its key: `earlier_answer` is the answer given before, if there was one."""

    def __init__(
        self, application: App, request: IdempotentRequest, body_sha256: str, earlier_answer: JsonReply | None
    ) -> None:
        self._application = application
        self._request = request
        self._body_sha256 = body_sha256
        self.earlier_answer = earlier_answer

    async def keep(self, made: JsonReply) -> JsonReply:
        """Keep an answer for retries; gives the one to send, which is another's that was filed first."""
        if self._request.key is None:
            return made
        key, body_sha256 = _archive_key(self._request), self._body_sha256
        document = {"body_sha256": body_sha256, "status": made.status, "body": made.body}
        written = await self._application.replies.keep(
            self._request.tenant, key, document, customer_id=made.customer_id
        )
        if written:
            return made
        # The lease ran out while this attempt was at work, and another one finished first.
        async with self._application.replies.attempt(self._request.tenant, key, body_sha256) as attempt:
            return made if attempt.reply is None else _answer_of(attempt.reply)


class Replies:
    """The answers kept for retries."""

    def __init__(self, application: App) -> None:
        self._application = application
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, request: IdempotentRequest) -> AsyncGenerator[PendingReply]:
        """Wait for one's turn with the key. Raises Conflict when the key was used with another body, or Unavailable."""
        if request.key is None:
            yield PendingReply(self._application, request, "", None)
            return
        key, body_sha256 = _archive_key(request), await _fingerprint(request)
        # Within this process the requests queue, so that only one of them asks the database whose turn it is.
        lock = self._turns.setdefault((request.tenant, key), asyncio.Lock())
        async with lock, self._application.replies.attempt(request.tenant, key, body_sha256) as attempt:
            earlier_answer = None if attempt.reply is None else _answer_of(attempt.reply)
            try:
                yield PendingReply(self._application, request, body_sha256, earlier_answer)
            except RefusedError:
                attempt.refused = True
                raise

    async def once(self, request: IdempotentRequest, make: Callable[[], Awaitable[JsonReply]]) -> Response:
        """The answer kept for this request, or a new one, which is kept."""
        async with self.turn(request) as turn:
            given = turn.earlier_answer or await turn.keep(await make())
        return given.response()


def _answer_of(document: Mapping[str, Any]) -> JsonReply:
    return JsonReply(document["status"], document["body"])


def _archive_key(request: IdempotentRequest) -> str:
    return f"{request.path} {request.key}"


async def _fingerprint(request: IdempotentRequest) -> str:
    # A body of many megabytes takes tenths of a second, during which nobody else would be answered.
    if len(request.body) < THREAD_BYTES:
        return hashlib.sha256(request.body).hexdigest()
    return await asyncio.to_thread(lambda: hashlib.sha256(request.body).hexdigest())
