"""The bus over Redis: publish and subscribe on one channel of the service's own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

CONNECT_TIMEOUT_S = 5.0
ASKED_EVERY_S = 15.0
LOOK_S = 1.0


class RedisLink:
    """A Link through the Redis at `url`; `scope` names the service, for channels are shared by all its databases."""

    def __init__(self, url: str, scope: str) -> None:
        self._url = url
        self._channel = f"warmline:bus:{scope}"
        self._client: Any = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, receive: Callable[[str], None]) -> None:
        """Connect and subscribe."""
        self._client = redis.asyncio.Redis.from_url(
            self._url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=CONNECT_TIMEOUT_S,
            health_check_interval=ASKED_EVERY_S,
        )
        subscription: Any = self._client.pubsub(ignore_subscribe_messages=True)
        await subscription.subscribe(self._channel)
        self._reading = asyncio.create_task(_read(subscription, receive))

    async def send(self, frame: str) -> None:
        """Publish a frame."""
        await self._client.publish(self._channel, frame)

    async def lost(self) -> None:
        """Raise once the subscription is lost."""
        if self._reading is not None:
            await self._reading

    async def close(self) -> None:
        """Let go of the connections."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


async def _read(subscription: Any, receive: Callable[[str], None]) -> None:
    try:
        while True:
            message = await subscription.get_message(timeout=LOOK_S)
            if message is not None and message["type"] == "message":
                receive(message["data"])
    finally:
        with suppress(RedisError, OSError):
            await subscription.aclose()
