"""Answers that are given again: `Idempotency-Key` on every POST that creates something.

A successful answer is kept in the archive under tenant, path and key. The same body gets the same answer again, another
body is a conflict. Two requests with one key take turns within a process; between processes the first answer kept wins.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from app.application import App
from app.errors import Conflict
from app.validation import invalid_fields

HEADER = "Idempotency-Key"
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: status, JSON text, and whom it tells of, so that erasing the customer erases it as well."""

    status: int
    body: str
    customer_id: str | None = None

    def response(self) -> Response:
        """The answer as it goes over the wire."""
        return Response(self.body, status_code=self.status, media_type="application/json")


def answer(record: BaseModel, *, status: int = 200, customer_id: str | None = None) -> Answer:
    """A record as an answer; null fields and empty lists are there to be seen."""
    return Answer(status, record.model_dump_json(), customer_id)


@dataclass(frozen=True, slots=True)
class Asked:
    """What tells one creating request from another: tenant, path, the caller's key (if any) and the body."""

    tenant: str
    path: str
    key: str | None
    body: bytes


def asked(request: Request, tenant: str, body: bytes) -> Asked:
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
    return Asked(tenant, request.url.path, key, body)


class Turn:
    """One request's turn with its key: `kept` is the answer given before, if there was one."""

    def __init__(self, application: App, request: Asked, kept: Answer | None) -> None:
        self._application = application
        self._request = request
        self.kept = kept

    async def keep(self, made: Answer) -> Answer:
        """Keep an answer for retries; gives the one to send, which is another process's when that was first."""
        if self._request.key is None:
            return made
        document = {"body_sha256": _fingerprint(self._request), "status": made.status, "body": made.body}
        written = await self._application.keep_reply(
            self._request.tenant, _archive_key(self._request), document, customer_id=made.customer_id
        )
        return made if written else await _kept(self._application, self._request) or made


class Replies:
    """The answers kept for retries."""

    def __init__(self, application: App) -> None:
        self._application = application
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, request: Asked) -> AsyncGenerator[Turn]:
        """Wait for one's turn with the key. Raises Conflict when the key was used with another body."""
        if request.key is None:
            yield Turn(self._application, request, None)
            return
        lock = self._turns.setdefault((request.tenant, _archive_key(request)), asyncio.Lock())
        async with lock:
            yield Turn(self._application, request, await _kept(self._application, request))

    async def once(self, request: Asked, make: Callable[[], Awaitable[Answer]]) -> Response:
        """The answer kept for this request, or a new one, which is kept."""
        async with self.turn(request) as turn:
            given = turn.kept or await turn.keep(await make())
        return given.response()


async def _kept(application: App, request: Asked) -> Answer | None:
    document = await application.kept_reply(request.tenant, _archive_key(request))
    if document is None:
        return None
    if document["body_sha256"] != _fingerprint(request):
        raise Conflict(
            f"This {HEADER} was used with another body. Use a new key for a new request, or send the same body again."
        )
    return Answer(document["status"], document["body"])


def _archive_key(request: Asked) -> str:
    return f"{request.path} {request.key}"


def _fingerprint(request: Asked) -> str:
    return hashlib.sha256(request.body).hexdigest()
