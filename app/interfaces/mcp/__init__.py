"""MCP (`/mcp`, streamable HTTP): a bot built on any framework asks for its brief and its next action here.

It is mounted on the HTTP API: the same keys and scopes, the same limit on a body, the same App. No session is kept, so
any worker may answer any request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import offline
from app.interfaces.http.authentication import grant_of

if TYPE_CHECKING:
    from app.interfaces.mcp.server import Manager

__all__ = ["McpDoor", "mount_mcp"]

PATH = "/mcp"


class McpDoor:
    """An ASGI application that opens at the first request: the SDK takes a second to load, and not everybody asks."""

    path = PATH  # what the access log calls it

    def __init__(self) -> None:
        self._opening = asyncio.Lock()
        self._closing = asyncio.Event()
        self._manager: Manager | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises what the HTTP API raises when a caller is refused."""
        scope["route"] = self
        request = Request(scope)
        request.state.grant = await grant_of(request)
        request.state.application = request.app.state.door.application
        manager = self._manager or await self._open()
        await manager.handle_request(scope, receive, send)

    async def close(self) -> None:
        """Let go of what is still being answered."""
        self._closing.set()
        if self._running is not None:
            await self._running

    async def _open(self) -> "Manager":
        async with self._opening:
            if self._manager is None:
                manager = await asyncio.to_thread(_manager)
                opened = asyncio.Event()
                # The SDK wants to be closed by the task that opened it, and a request's task ends with the request.
                self._running = asyncio.create_task(_held_open(manager.run(), opened.set, self._closing.wait))
                await opened.wait()
                self._manager = manager
        return self._manager


def mount_mcp(api: FastAPI) -> McpDoor:
    """Put the MCP interface on `api`, beside the HTTP API; gives what has to be closed at the end."""
    door = McpDoor()
    # A class instance is an ASGI application to Starlette, so that the SDK answers in its own way.
    # Clients write the address with and without a slash at its end, and some lose the body on a redirect.
    for path in (PATH, f"{PATH}/"):
        api.router.routes.append(Route(path, endpoint=door, methods=["POST"], include_in_schema=False))
    return door


def _manager() -> "Manager":
    with offline.LOADING:
        from app.interfaces.mcp.server import manager

    return manager()


async def _held_open(
    run: AbstractAsyncContextManager[None], opened: Callable[[], None], closing: Callable[[], Awaitable[object]]
) -> None:
    async with run:
        opened()
        await closing()
