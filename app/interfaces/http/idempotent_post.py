"""A creating POST: its tenant, its raw body, read once, and its answer, given once however often it is retried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.interfaces.http.authentication import Tenant, admitted_tenant
from app.interfaces.http.dependencies import Door, TheDoor, door_of
from app.interfaces.http.idempotency import IdempotentRequest, JsonReply, answer, asked
from app.interfaces.http.problems import RefusedError
from app.interfaces.http.request_bodies import MAX_BATCH_BYTES, SubmittedInteractions, parsed, read_body
from app.services import App, RecordAnswer

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Post:
    """One creating request that was let in."""

    door: Door
    asked: IdempotentRequest

    @property
    def tenant(self) -> str:
        """The tenant it acts for."""
        return self.asked.tenant

    @property
    def application(self) -> App:
        """The App behind the HTTP API."""
        return self.door.application

    def read_as(self, model: type[Model]) -> Model:
        """The body as a record. Raises InvalidRequest naming what does not fit."""
        return parsed(model, self.asked.body)

    async def once(self, make: Callable[[], Awaitable[JsonReply]]) -> Response:
        """The answer that `make` gives, or the one kept for this Idempotency-Key."""
        return await self.door.replies.once(self.asked, make)

    async def record(self, sent: SubmittedInteractions) -> Response:
        """File the interactions of the body: 201, or 207 when some were refused. Raises RefusedError for a lone one."""

        async def make() -> JsonReply:
            recorded = _completed(
                await self.application.interactions.record(self.tenant, sent.rows, now=datetime.now(UTC)), sent
            )
            problems = [result.problem for result in recorded.results if result.problem is not None]
            if sent.single and problems:
                raise RefusedError(problems[0])
            customers = {result.customer_id for result in recorded.results if result.customer_id}
            only = customers.pop() if len(customers) == 1 else None
            return answer(recorded, status=207 if problems else 201, customer_id=only)

        return await self.once(make)


def _completed(recorded: RecordAnswer, sent: SubmittedInteractions) -> RecordAnswer:
    """The answer with what rows called themselves, and with what reading them brought up."""
    results = list(recorded.results)
    for index, name in enumerate(sent.ids):
        if name is not None:
            results[index] = results[index].model_copy(update={"id": name})
    for index, warnings in enumerate(sent.warnings):
        result = results[index]
        if warnings and result.problem is None:
            results[index] = result.model_copy(update={"warnings": (*result.warnings, *warnings)})
    return recorded.model_copy(update={"results": tuple(results)})


async def _posted(request: Request, door: TheDoor, tenant: Tenant) -> Post:
    return Post(door, asked(request, tenant, await read_body(request)))


async def _posted_batch(request: Request, door: TheDoor, tenant: Tenant) -> Post:
    return Post(door, asked(request, tenant, await read_body(request, limit=MAX_BATCH_BYTES)))


async def posted(request: Request) -> Post:
    """As `Posted`, for a route that is called too often to have its dependencies solved each time."""
    return await _posted(request, await door_of(request), await admitted_tenant(request))


async def posted_batch(request: Request) -> Post:
    """As `PostedBatch`, for a route that is called too often to have its dependencies solved each time."""
    return await _posted_batch(request, await door_of(request), await admitted_tenant(request))


Posted = Annotated[Post, Depends(_posted)]
PostedBatch = Annotated[Post, Depends(_posted_batch)]
