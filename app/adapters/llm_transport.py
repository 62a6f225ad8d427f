"""Holds what a model's server sends within bounds before litellm reads it.

litellm reads every body whole, whatever its length, and looks through the ones that it cannot make out with patterns
that take time by the square of their length: a megabyte of braces keeps the event loop busy for twenty seconds. So a
body that is too long is not read to its end, and one that is no JSON object does not reach litellm at all.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx

MOST_BYTES = 256 * 1024
"""Four times the longest answer that is taken, for escapes and for what stands around it."""
MOST_ERROR_BYTES = 8 * 1024

_bounded: ContextVar[bool] = ContextVar("bounded", default=False)


class UnusableAnswer(Exception):
    """A body that is too long, or no JSON object. Not an error of httpx: the server could well be reached."""


@contextmanager
def bounded_answers() -> Generator[None]:
    """Within the block, answers to requests are held within bounds; embeddings are longer and stay as they are."""
    token = _bounded.set(True)
    try:
        yield
    finally:
        _bounded.reset(token)


class BoundedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport, whose answers are read here, within bounds."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer. Raises UnusableAnswer."""
        if not _bounded.get():
            return await super().handle_async_request(request)
        request.headers["Accept-Encoding"] = "identity"  # else a short body may unpack to a long one
        response = await super().handle_async_request(request)
        try:
            return await _read(response)
        finally:
            await response.aclose()


def transport(ssl_context: Any = None, ssl_verify: bool | None = None, shared_session: object = None) -> Any:
    """A transport by the arguments of litellm's own maker of transports, whose place it takes."""
    del shared_session  # of a kind of client that is switched off
    verify = ssl_context if ssl_context is not None else ssl_verify is not False
    return BoundedTransport(verify=verify)


async def _read(response: httpx.Response) -> httpx.Response:
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    most = MOST_ERROR_BYTES if response.is_error else MOST_BYTES
    body = bytearray()
    async for piece in stream:
        body += piece
        if len(body) > most:
            break
    if response.is_error:
        del body[most:]
    else:
        _check(bytes(body), most)
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_WIRE]
    return httpx.Response(response.status_code, headers=headers, content=bytes(body), extensions=response.extensions)


def _check(body: bytes, most: int) -> None:
    if len(body) > most:
        raise UnusableAnswer("The answer is far too long.")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableAnswer("The answer is no JSON.") from None
    if not isinstance(answer, dict):
        raise UnusableAnswer("The answer is no JSON object.")


_OF_THE_WIRE = (b"content-length", b"transfer-encoding", b"connection")
