"""The tools: their words, their scopes, what they take, and the verb of the App behind each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from app.application import App
from app.doors.http.problems import RefusedError
from app.doors.http.wire import TimelineQuery, handoff_answer, timeline_answer
from app.models import HandoffRequest, InteractionDraft, NextActionRequest, Scope, VerifyRequest
from app.validation import check_size_of_data, invalid_request

Arguments = TypeVar("Arguments", bound=BaseModel)
Verb = Callable[[App, str, Mapping[str, Any]], Awaitable[BaseModel]]


class TimelineArguments(TimelineQuery):
    """Whose history is wanted, and which part of it."""

    customer_id: Annotated[
        str, Field(min_length=1, max_length=128, description="our id of the customer; an unknown one is an error")
    ]


@dataclass(frozen=True, slots=True)
class ToolOffered:
    """A tool as it is described to whoever may call it."""

    name: str
    title: str
    description: str
    scope: Scope
    arguments: type[BaseModel]
    reads_only: bool
    call: Verb


async def _handoff(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    wanted = _read(HandoffRequest, arguments)
    return handoff_answer(await application.handoff(tenant, wanted))


async def _next_action(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    return await application.next_actions(tenant, _read(NextActionRequest, arguments))


async def _timeline(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    wanted = _read(TimelineArguments, arguments)
    page = await application.timeline(
        tenant,
        wanted.customer_id,
        channel=wanted.channel,
        kind=wanted.kind,
        after_seq=wanted.after_seq,
        limit=wanted.limit,
    )
    return timeline_answer(page)


async def _record(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    draft = _read(InteractionDraft, arguments)
    check_size_of_data(draft)
    recorded = await application.record(tenant, [draft])
    if (refused := recorded.results[0].problem) is not None:
        raise RefusedError(refused)
    return recorded


async def _verify(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    return await application.verify_claims(tenant, _read(VerifyRequest, arguments))


def _read(model: type[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    try:
        return model.model_validate(dict(arguments))
    except ValidationError as failure:
        raise invalid_request(failure, whole="arguments") from None


_WHOM = (
    "Name the customer by `conversation_id`, by `identifiers` (an e-mail address, a phone number, an account …) or by "
    "`customer_id`."
)

TOOLS: Sequence[ToolOffered] = (
    ToolOffered(
        "get_handoff_brief",
        "Brief for a handoff",
        "Hand a conversation on: files a handoff and gives the brief for whoever takes over. What the customer wants, "
        "what was tried on any channel, what was promised, each sentence with its evidence; friction signals and next "
        f"actions. {_WHOM}",
        Scope.HANDOFF,
        HandoffRequest,
        False,
        _handoff,
    ),
    ToolOffered(
        "next_best_action",
        "What to do next",
        "How forward to be with this customer now, and the actions worth taking, best first, with what to say and the "
        "parameters that are known. Offers only what the tenant's catalogue allows and what was not tried before; "
        f"`suppressed` says what is held back and why. {_WHOM}",
        Scope.ACTIONS,
        NextActionRequest,
        False,
        _next_action,
    ),
    ToolOffered(
        "customer_timeline",
        "A customer's history",
        "One customer's whole history over all channels, by `seq`. Pass `next_after_seq` as `after_seq` for the next "
        "page until it is null.",
        Scope.HANDOFF,
        TimelineArguments,
        True,
        _timeline,
    ),
    ToolOffered(
        "record_interaction",
        "Record an interaction",
        "Write down one thing that happened: what was said, an event, a tool call or its result. It is durable once "
        "answered. The same `id` sent again is not recorded twice. Gives the `customer_id` and the friction it shows.",
        Scope.INGEST,
        InteractionDraft,
        False,
        _record,
    ),
    ToolOffered(
        "verify_summary",
        "Check a summary",
        "Check sentences that somebody wrote of a conversation or a customer: for each whether the interactions bear "
        "it out (`supported`), say otherwise (`refuted`) or leave it open (`unverified`), with the words that decide "
        "it and the reason. Name the `conversation_id` or the `customer_id`, and give the sentences as `claims`.",
        Scope.HANDOFF,
        VerifyRequest,
        True,
        _verify,
    ),
)
