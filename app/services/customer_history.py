"""What is told of a customer's whole history at once, as people look at it: in the order in which things happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.models import (
    Channel,
    Customer,
    Decision,
    Handoff,
    Identifier,
    Interaction,
    Kind,
    Moment,
    Record,
    Signal,
)
from app.ports import MergeRecord

InteractionId = Annotated[str, Field(min_length=1, max_length=128)]


class JourneyQuery(Record):
    """Which part of a history is wanted; the newest `limit` interactions unless a place is named.

    `before` and `after` name an interaction that the part ends before or begins after, `at` one that it holds. `since`
    counts in, `until` does not. With `friction` only interactions that a signal rests on are told.
    """

    channel: Channel | None = None
    kind: Kind | None = None
    since: Moment | None = None
    until: Moment | None = None
    friction: bool = False
    before: InteractionId | None = None
    after: InteractionId | None = None
    at: InteractionId | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 60

    @model_validator(mode="after")
    def _names_one_place(self) -> "JourneyQuery":
        if sum(interaction_id is not None for interaction_id in (self.before, self.after, self.at)) > 1:
            raise ValueError("Give one of before, after and at")
        return self


class Joining(Record):
    """A merge of this customer, placed where it happened: at the newest interaction that it rests on, where it stands.

    `brought` are the identifiers that the absorbed customer holds; `evidence` the ids of this customer's interactions
    that the merge rests on. Of a merge that was undone, `other` is the customer who was parted from this one.
    """

    merge: MergeRecord
    at: datetime
    brought: tuple[Identifier, ...] = ()
    evidence: tuple[str, ...] = ()
    other: str | None = None


class MadeHandoff(Record):
    """A handoff with the moment as of which it was judged."""

    at: datetime
    handoff: Handoff


class MadeDecision(Record):
    """A decision that is no handoff's, with the moment as of which it was judged."""

    at: datetime
    decision: Decision


class JourneyPage(Record):
    """One part of a customer's history, oldest first, with what was noticed, joined, handed over and decided in it.

    `total` counts the whole history and `channels` what it holds of each channel; `matching` counts what the filters
    leave, `friction` apart, of which `looked_through` were looked at for this part and begin at place `first` (from
    0). `earlier` and `later` name the interaction to ask for the neighbouring part with, or are null at an end.
    Handoffs and decisions are those from `since` on and before `until`, null at an open end; `joinings` are all. What
    was made while this customer was joined with another, and rests on the other's interactions, is only counted, as
    `withheld`. `targets` are the interactions that edits and deletions of this part change, by their callers' ids.
    """

    customer: Customer
    interactions: tuple[Interaction, ...]
    signals: tuple[Signal, ...]
    joinings: tuple[Joining, ...]
    handoffs: tuple[MadeHandoff, ...]
    decisions: tuple[MadeDecision, ...]
    withheld: int
    targets: Mapping[str, Interaction]
    total: int
    channels: Mapping[Channel, int]
    matching: int
    first: int
    looked_through: int
    earlier: str | None
    later: str | None
    since: datetime | None
    until: datetime | None
    as_of_seq: int
    duration_ms: int


Why = Literal["customer", "merged", "identifier", "conversation", "interaction", "handoff", "decision", "mention"]


class FoundCustomer(Record):
    """A customer somebody looked for, by what it was found, and the interaction that leads there where one does."""

    customer: Customer
    why: Why
    identifier: Identifier | None = None
    interaction_id: str | None = None
