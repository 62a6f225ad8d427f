"""The tools: their words, their scopes, what they take, and the verb of the App behind each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from app.interfaces.http.problems import RefusedError
from app.interfaces.http.schemas import SearchQuery, TimelineQuery, handoff_answer, search_hits, timeline_answer
from app.models import (
    ActionOutcome,
    Feedback,
    HandoffRequest,
    InteractionDraft,
    NextActionRequest,
    Scope,
    VerifyRequest,
)
from app.services import App
from app.validation import check_size_of_data, invalid_request

Arguments = TypeVar("Arguments", bound=BaseModel)
Verb = Callable[[App, str, Mapping[str, Any]], Awaitable[BaseModel]]


class TimelineArguments(TimelineQuery):
    """Whose history is wanted, and which part of it."""

    customer_id: Annotated[
        str, Field(min_length=1, max_length=128, description="our id of the customer; an unknown one is an error")
    ]


class OutcomeArguments(ActionOutcome):
    """Which decision the outcome belongs to, and what became of one of its actions."""

    decision_id: Annotated[str, Field(min_length=1, max_length=128, description="our id of the decision")]


class FeedbackArguments(Feedback):
    """Which handoff the feedback is about, and what the agent tells of it."""

    handoff_id: Annotated[str, Field(min_length=1, max_length=128, description="our id of the handoff")]


class SearchArguments(SearchQuery):
    """Whose history is searched, and for what."""

    customer_id: Annotated[str, Field(min_length=1, max_length=128, description="our id of the customer")]


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
    return handoff_answer(await application.handoffs.create(tenant, wanted))


async def _next_action(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    return await application.decisions.next_actions(tenant, _read(NextActionRequest, arguments))


async def _timeline(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    wanted = _read(TimelineArguments, arguments)
    page = await application.interactions.timeline(
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
    recorded = await application.interactions.record(tenant, [draft], now=datetime.now(UTC))
    if (refused := recorded.results[0].problem) is not None:
        raise RefusedError(refused)
    return recorded


async def _verify(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    return await application.verification.check(tenant, _read(VerifyRequest, arguments))


async def _outcome(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    wanted = _read(OutcomeArguments, arguments)
    outcome = ActionOutcome.model_validate(wanted.model_dump(exclude={"decision_id"}, exclude_unset=True))
    return await application.decisions.file_outcome(tenant, wanted.decision_id, outcome)


async def _feedback(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    wanted = _read(FeedbackArguments, arguments)
    feedback = Feedback.model_validate(wanted.model_dump(exclude={"handoff_id"}, exclude_unset=True))
    return await application.handoffs.file_feedback(tenant, wanted.handoff_id, feedback)


async def _search(application: App, tenant: str, arguments: Mapping[str, Any]) -> BaseModel:
    wanted = _read(SearchArguments, arguments)
    return search_hits(await application.interactions.search(tenant, wanted.customer_id, wanted.q, limit=wanted.limit))


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
    ToolOffered(
        "record_outcome",
        "Tell what became of an action",
        "Tell what became of one action of a decision of `next_best_action`: whether it was displayed, accepted, and "
        "whether it succeeded. Later decisions learn from it. Telling it again replaces what was told.",
        Scope.ACTIONS,
        OutcomeArguments,
        False,
        _outcome,
    ),
    ToolOffered(
        "handoff_feedback",
        "Tell how a handoff went",
        "Tell of a handoff, in parts as the contact goes on: when its brief was displayed, whether it was accepted, "
        "which claims were right, wrong or missing, whether the customer had to repeat anything, and how it ended.",
        Scope.HANDOFF,
        FeedbackArguments,
        False,
        _feedback,
    ),
    ToolOffered(
        "search_history",
        "Find in a customer's history",
        "Find what answers a question in one customer's history over all channels, best first, by the retrieval that "
        "feeds the brief.",
        Scope.HANDOFF,
        SearchArguments,
        True,
        _search,
    ),
)
