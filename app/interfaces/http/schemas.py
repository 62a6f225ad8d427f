"""What callers see: our records without what is ours alone (the identity a row arrived with, a handoff's request)."""

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

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
from app.services import SearchAnswer, TimelinePage

Limit = Annotated[int, Field(ge=1, le=1000)]
Seen = TypeVar("Seen", bound=BaseModel)


# --- requests -------------------------------------------------------------------------------------------------------


class InteractionBatch(Record):
    """Several interactions at once; a bad one does not lose the good ones."""

    interactions: Annotated[
        tuple[InteractionDraft, ...], Field(max_length=1000, description="the interactions, at most 1,000")
    ]


class ResolveRequest(Record):
    """The names by which somebody is known."""

    identifiers: Annotated[
        tuple[Identifier, ...], Field(min_length=1, max_length=32, description="identifiers of one person, 1 to 32")
    ]


class MergeRequest(Record):
    """The customer who is the same person as the one in the path."""

    other: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            description="our id of the customer to be merged into the one in the path",
        ),
    ]


class UnmergeRequest(Record):
    """Which joining to undo."""

    merge_id: Annotated[
        str, Field(min_length=1, max_length=128, description="our id of the merge to undo, as merging answered it")
    ]


class TimelineQuery(Record):
    """Which part of a customer's history is wanted."""

    channel: Channel | None = Field(None, description="only this channel")
    kind: Kind | None = Field(None, description="only this kind")
    after_seq: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="`next_after_seq` of the page before")
    limit: Limit = Field(default=50, description="how many interactions a page has at most")


class SearchQuery(Record):
    """What to look for in a customer's history."""

    q: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="a question or some words")
    limit: Limit = Field(default=10, description="how many hits there are at most")


# --- answers --------------------------------------------------------------------------------------------------------


class InteractionAnswer(Interaction):
    """An interaction as it stands in the ledger, under the customer it shows up for today."""

    identity_id: str = Field(exclude=True)
    customer_id: str = Field(description="our id of the customer whom it belongs to now")


class TimelineAnswer(Record):
    """One page of a customer's history; `next_after_seq` is null on the last."""

    interactions: tuple[InteractionAnswer, ...] = Field(
        description="one page of the customer's history, ordered by `seq`"
    )
    next_after_seq: int | None = Field(description="`after_seq` for the next page; null on the last")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")


class Hit(Record):
    """An interaction that answers the question, and how well."""

    interaction_id: str = Field(description="our id of the interaction, as evidence lists name it")
    id: str | None = Field(description="the caller's own id; null where none was sent")
    score: Confidence = Field(description="how well it answers the question, 0..1")
    text: str = Field(description="what was said or written")
    at: datetime = Field(description="when it happened, RFC 3339")
    channel: Channel = Field(description="where it happened")
    conversation_id: str | None = Field(description="the caller's id of the conversation; null: part of none")


class SearchHits(Record):
    """What was found, best first."""

    hits: tuple[Hit, ...] = Field(description="what was found, the best first")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, in ms")


class CustomerAnswer(Customer):
    """One customer. Asked for by an id that was merged away, `customer_id` is the one that survived."""

    identity_ids: tuple[str, ...] = Field(exclude=True)


class MergeAnswer(Record):
    """The joining, and the customer who now stands for both."""

    merge_id: str = Field(description="our id of the merge, which unmerge takes")
    customer_id: str = Field(description="our id of the customer in the merge who survives")


class HandoffAnswer(Handoff):
    """The handoff: status, brief with evidence, signals and next actions."""

    request: HandoffRequest = Field(exclude=True)


class HandoffLink(Record):
    """An address that opens one handoff's card without an API key, until it expires."""

    url: str = Field(description="address of the agent's card, opened without an API key")
    expires_at: datetime = Field(description="when the link ends, RFC 3339")


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
