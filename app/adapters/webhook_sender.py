"""Webhook messages over HTTP, signed after Standard Webhooks, one attempt at a time.

A URL is a wish of somebody outside, so it must not lead into the network that the service stands in: its name is
resolved first, every address has to be a public one, and the request goes to the address that was checked, whatever
the name leads to a moment later. Redirects are not followed, and no connection is kept: a kept one would serve every
name that leads to the same address.
"""

import asyncio
import socket
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.adapters.addresses import is_public, oddity
from app.errors import InvalidRequest
from app.ports import Attempt
from app.validation import invalid_fields

if TYPE_CHECKING:
    import httpx

# A whole attempt, from the name's resolution to the receiver's status line.
TIMEOUT_S = 10.0
RESOLVERS = 32


class WebhookSender:
    """Posts over HTTP. `private` allows addresses inside one's own network; an attempt ends after `timeout_s`."""

    def __init__(self, *, private: bool = False, timeout_s: float = TIMEOUT_S) -> None:
        self._private = private
        self._timeout_s = timeout_s
        self._client: httpx.AsyncClient | None = None
        # A name server that hangs must not take the threads that everybody else works in.
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="warmline-resolver")

    async def check(self, url: str) -> None:
        """Raises InvalidRequest for a URL that cannot be resolved or that leads into a private network."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._address(url)
        except TimeoutError:
            raise _refused("No address is known for this URL: its name server does not answer") from None

    async def attempt(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Attempt:
        """Post a message once, signed with every secret."""
        return await self._within_bounds(self._post(url, secrets, message_id, body))

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one request with these headers, unsigned."""
        return await self._within_bounds(self._send(method, url, headers, body))

    async def _within_bounds(self, work: Awaitable[Attempt]) -> Attempt:
        import httpx

        try:
            async with asyncio.timeout(self._timeout_s):
                return await work
        except TimeoutError:
            return Attempt(taken=False, why=f"The receiver did not answer within {self._timeout_s:g} s.")
        except InvalidRequest as failure:
            return Attempt(taken=False, why=failure.detail)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            return Attempt(taken=False, why=f"The receiver cannot be reached: {type(failure).__name__}.")

    async def close(self) -> None:
        """Close the connections."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            await self._client.aclose()

    def _made(self) -> "httpx.AsyncClient":
        import httpx

        return httpx.AsyncClient(
            timeout=self._timeout_s,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def _post(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Attempt:
        from standardwebhooks import Webhook

        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(message_id, now, body) for secret in secrets),
        }
        return await self._send("POST", url, headers, body.encode())

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        import httpx

        if self._client is None:
            made = await asyncio.to_thread(self._made)  # reading the certificates takes a tenth of a second
            self._client = self._client or made
        address = await self._address(url)
        parts = urlsplit(url)
        own = {"host": parts.netloc, "user-agent": "warmline"}
        target = httpx.URL(url).copy_with(host=address)
        request = self._client.build_request(
            method, target, content=body, headers={**own, **headers}, extensions={"sni_hostname": parts.hostname}
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()
        if answer.is_success:
            return Attempt(taken=True, status=answer.status_code)
        return Attempt(
            taken=False,
            status=answer.status_code,
            why=f"The receiver answered {answer.status_code}.",
            gone=answer.status_code == HTTPStatus.GONE,
            retry_after_s=_seconds(answer.headers.get("retry-after")),
        )

    async def _address(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise _refused("This is no URL") from None
        if parts.username is not None or parts.password is not None or "\\" in url:
            raise _refused("This URL has a user name, a password or a backslash in it; leave them out")
        odd = oddity(host)
        if odd is not None:
            raise _refused(f"This URL {odd}")
        loop = asyncio.get_running_loop()
        try:
            entries = await loop.run_in_executor(self._resolvers, _resolved, host, port)
        except (OSError, UnicodeError):
            raise _refused("No address is known for this URL") from None
        addresses = [str(entry[4][0]) for entry in entries]
        if not addresses or not (self._private or all(map(is_public, addresses))):
            raise _refused("This URL leads into a private network; WARMLINE_WEBHOOKS_PRIVATE=true allows that")
        return addresses[0]


def _resolved(host: str, port: int) -> "list[tuple[object, object, int, str, tuple[object, ...]]]":
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _seconds(retry_after: str | None) -> float | None:
    """What a Retry-After asks for, in seconds; None for one that nobody can read."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _refused(why: str) -> InvalidRequest:
    return invalid_fields([{"type": "url", "loc": ("url",), "msg": why}])
