"""What callers see: our records without what is ours alone (the identity a row arrived with, a handoff's request)."""

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from app.application import SearchAnswer, TimelinePage
from app.models import (
    Channel,
    Confidence,
    Customer,
    Handoff,
    HandoffRequest,
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    Record,
)

Limit = Annotated[int, Field(ge=1, le=1000)]
Seen = TypeVar("Seen", bound=BaseModel)


# --- requests -------------------------------------------------------------------------------------------------------


class InteractionBatch(Record):
    """Several interactions at once; a bad one does not lose the good ones."""

    interactions: Annotated[tuple[InteractionDraft, ...], Field(max_length=1000)]


class ResolveRequest(Record):
    """The names by which somebody is known."""

    identifiers: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=32)]


class MergeRequest(Record):
    """The customer who is the same person as the one in the path."""

    other: Annotated[str, Field(min_length=1, max_length=128)]


class UnmergeRequest(Record):
    """Which joining to undo."""

    merge_id: Annotated[str, Field(min_length=1, max_length=128)]


class TimelineQuery(Record):
    """Which part of a customer's history is wanted."""

    channel: Channel | None = Field(None, description="only this channel")
    kind: Kind | None = Field(None, description="only this kind")
    after_seq: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="`next_after_seq` of the page before")
    limit: Limit = 50


class SearchQuery(Record):
    """What to look for in a customer's history."""

    q: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="a question or some words")
    limit: Limit = 10


# --- answers --------------------------------------------------------------------------------------------------------


class InteractionAnswer(Interaction):
    """An interaction as it stands in the ledger, under the customer it shows up for today."""

    identity_id: str = Field(exclude=True)
    customer_id: str


class TimelineAnswer(Record):
    """One page of a customer's history; `next_after_seq` is null on the last."""

    interactions: tuple[InteractionAnswer, ...]
    next_after_seq: int | None
    as_of_seq: int


class Hit(Record):
    """An interaction that answers the question, and how well."""

    interaction_id: str
    id: str | None
    score: Confidence
    text: str
    at: datetime
    channel: Channel
    conversation_id: str | None


class SearchHits(Record):
    """What was found, best first."""

    hits: tuple[Hit, ...]
    as_of_seq: int
    duration_ms: int


class CustomerAnswer(Customer):
    """One customer. Asked for by an id that was merged away, `customer_id` is the one that survived."""

    identity_ids: tuple[str, ...] = Field(exclude=True)


class MergeAnswer(Record):
    """The joining, and the customer who now stands for both."""

    merge_id: str
    customer_id: str


class HandoffAnswer(Handoff):
    """The handoff: status, brief with evidence, signals and next actions."""

    request: HandoffRequest = Field(exclude=True)


class HandoffLink(Record):
    """An address that opens one handoff's card without an API key, until it expires."""

    url: str
    expires_at: datetime


# --- from records to the wire -----------------------------------------------------------------------------------------


def timeline_answer(page: TimelinePage) -> TimelineAnswer:
    """A page of the ledger as callers see it."""
    return TimelineAnswer.model_construct(
        interactions=tuple(_interaction(interaction, page.customer_id) for interaction in page.interactions),
        next_after_seq=page.next_after_seq,
        as_of_seq=page.as_of_seq,
    )


def redacted_answer(row: Interaction, customer_id: str) -> InteractionAnswer:
    """A blanked interaction as callers see it."""
    return _interaction(row, customer_id)


def search_hits(search_answer: SearchAnswer) -> SearchHits:
    """What retrieval found as callers see it."""
    hits = tuple(
        Hit(
            interaction_id=passage.interaction.interaction_id,
            id=passage.interaction.id,
            score=passage.score,
            text=passage.interaction.text,
            at=passage.interaction.occurred_at,
            channel=passage.interaction.channel,
            conversation_id=passage.interaction.conversation_id,
        )
        for passage in search_answer.hits
    )
    return SearchHits(hits=hits, as_of_seq=search_answer.as_of_seq, duration_ms=search_answer.duration_ms)


def customer_answer(customer: Customer) -> CustomerAnswer:
    """A customer as callers see it."""
    return _seen_as(CustomerAnswer, customer)


def handoff_answer(handoff: Handoff) -> HandoffAnswer:
    """A handoff as callers see it."""
    return _seen_as(HandoffAnswer, handoff)


def _interaction(interaction: Interaction, customer_id: str) -> InteractionAnswer:
    # The ledger's rows were checked when they came in; a page of a thousand is not checked again on its way out.
    return InteractionAnswer.model_construct(customer_id=customer_id, **dict(interaction))


def _seen_as(model: type[Seen], record: BaseModel) -> Seen:
    return model.model_construct(**dict(record))
