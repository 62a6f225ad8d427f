"""Webhook messages over HTTP, signed after Standard Webhooks, tried again with growing pauses.

A URL is a wish of somebody outside, so it must not lead into the network that the service stands in: its name is
resolved first, every address has to be a public one, and the request goes to the address that was checked, whatever
the name leads to a moment later. Redirects are not followed.
"""

import asyncio
import socket
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.errors import InvalidRequest, Unavailable
from app.validation import invalid_fields

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
ATTEMPTS = 6
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0


class HttpCourier:
    """Posts over HTTP. `private` allows addresses inside one's own network; `first_pause_s` is before a second try."""

    def __init__(self, *, private: bool = False, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._private = private
        self._first_pause_s = first_pause_s
        self._client: httpx.AsyncClient | None = None

    async def check(self, url: str) -> None:
        """Raises InvalidRequest for a URL that cannot be resolved or that leads into a private network."""
        await self._address(url)

    async def deliver(self, url: str, secret: str, message_id: str, body: str) -> bool:
        """Post a message; False when the receiver answers 410 Gone. Raises Unavailable when every attempt failed."""
        import httpx
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

        tries = AsyncRetrying(
            retry=retry_if_exception_type((httpx.HTTPError, Unavailable)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(
                multiplier=self._first_pause_s, max=LONGEST_PAUSE_S, jitter=self._first_pause_s
            ),
            reraise=True,
        )
        try:
            return await tries(self._post, url, secret, message_id, body)
        except (httpx.HTTPError, InvalidRequest) as failure:
            raise Unavailable(f"The webhook's receiver cannot be reached: {type(failure).__name__}.") from failure

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, url: str, secret: str, message_id: str, body: str) -> bool:
        import httpx
        from standardwebhooks import Webhook

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
        now = datetime.now(UTC)
        parts = urlsplit(url)
        address = await self._address(url)
        headers = {
            "host": parts.netloc.rpartition("@")[2],
            "content-type": "application/json",
            "user-agent": "warmline",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(message_id, now, body),
        }
        target = httpx.URL(url).copy_with(host=address)
        request = self._client.build_request(
            "POST", target, content=body, headers=headers, extensions={"sni_hostname": parts.hostname}
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()
        if answer.status_code == HTTPStatus.GONE:
            return False
        if not answer.is_success:
            raise Unavailable(f"The webhook's receiver answered {answer.status_code}.")
        return True

    async def _address(self, url: str) -> str:
        parts = urlsplit(url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname or "", port, type=socket.SOCK_STREAM)
        except (OSError, ValueError):
            raise _refused("No address is known for this URL") from None
        addresses = [str(one[4][0]) for one in found]
        if not addresses or not (self._private or all(ip_address(one).is_global for one in addresses)):
            raise _refused("This URL leads into a private network; WARMLINE_WEBHOOKS_PRIVATE=true allows that")
        return addresses[0]


def _refused(why: str) -> InvalidRequest:
    return invalid_fields([{"type": "url", "loc": ("url",), "msg": why}])
