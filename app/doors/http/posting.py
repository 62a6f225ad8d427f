"""A creating POST: its tenant, its raw body, read once, and its answer, given once however often it is retried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.application import App
from app.doors.http.bodies import MAX_BATCH_BYTES, parsed, read_body
from app.doors.http.replies import Answer, Asked, asked
from app.doors.http.security import Tenant
from app.doors.http.state import Door, TheDoor

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Post:
    """One creating request that was let in."""

    door: Door
    asked: Asked

    @property
    def tenant(self) -> str:
        """The tenant it acts for."""
        return self.asked.tenant

    @property
    def application(self) -> App:
        """The App behind the door."""
        return self.door.application

    def read_as(self, model: type[Model]) -> Model:
        """The body as a record. Raises InvalidRequest naming what does not fit."""
        return parsed(model, self.asked.body)

    async def once(self, make: Callable[[], Awaitable[Answer]]) -> Response:
        """The answer that `make` gives, or the one kept for this Idempotency-Key."""
        return await self.door.replies.once(self.asked, make)


async def _posted(request: Request, door: TheDoor, tenant: Tenant) -> Post:
    return Post(door, asked(request, tenant, await read_body(request)))


async def _posted_batch(request: Request, door: TheDoor, tenant: Tenant) -> Post:
    return Post(door, asked(request, tenant, await read_body(request, limit=MAX_BATCH_BYTES)))


Posted = Annotated[Post, Depends(_posted)]
PostedBatch = Annotated[Post, Depends(_posted_batch)]
