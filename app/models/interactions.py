"""Interactions: what channels send and what the ledger holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from app.models.base import NO_NUL, Actor, Channel, Kind, Moment, Outcome, Record


class Identifier(Record):
    """One name by which a customer is known; its type is `email`, `phone`, `account_id`, `device_id` or any word."""

    type: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), NO_NUL]
    value: Annotated[str, Field(min_length=1, max_length=512), NO_NUL]
    verified: bool = False
    verified_at: Moment | None = None
    method: Annotated[str, Field(max_length=128), NO_NUL] | None = None


class Participant(Record):
    """Who acted, as the platform shows it: the name of a customer, bot or agent, and the platform's id for them.

    Words for briefs and checks; they never join customers.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=256), NO_NUL] | None = Field(
        default=None, description="the name as people read it, such as Maria Lopez"
    )
    id: Annotated[str, StringConstraints(strip_whitespace=True, max_length=256), NO_NUL] | None = Field(
        default=None, description="the platform's own id for them"
    )


def _or_nobody(who: Participant | None) -> Participant | None:
    return who if who and (who.name or who.id) else None


# Platforms send an empty name where they know none, which is the same as naming nobody.
MaybeParticipant = Annotated[Participant | None, AfterValidator(_or_nobody)]


class InteractionDraft(Record):
    """What a channel sends: an interaction before the ledger has numbered it."""

    id: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = None
    occurred_at: Moment | None = None
    channel: Channel
    actor: Actor
    kind: Kind
    conversation_id: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = None
    participant: MaybeParticipant = Field(
        default=None,
        description="who acted, as the platform shows it: words for briefs and checks, never a key that joins",
    )
    identifiers: Annotated[tuple[Identifier, ...], Field(max_length=32)] = ()
    text: Annotated[str, Field(max_length=200_000), NO_NUL] = ""
    name: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = None
    outcome: Outcome | None = None
    data: Mapping[str, JsonValue] = Field(default_factory=dict)


class Interaction(Record):
    """A row of the ledger. It belongs for good to the identity it arrived with; merging customers rewrites no row."""

    interaction_id: str
    seq: int
    identity_id: str
    id: str | None = None
    occurred_at: datetime
    channel: Channel
    actor: Actor
    kind: Kind
    conversation_id: str | None = None
    participant: Participant | None = None
    text: str = ""
    name: str | None = None
    outcome: Outcome | None = None
    data: Mapping[str, Any] = Field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()
    redacted: bool = False


class Problem(Record):
    """An RFC 9457 problem object."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: tuple[Mapping[str, JsonValue], ...] = ()


class RowWarning(Record):
    """What was filed as given but looks wrong: the field's path in the interaction, a stable code, and what to do."""

    field: str
    code: str
    detail: str


class Recorded(Record):
    """What became of one interaction of a request: filed, known already, or refused with its own problem."""

    id: str | None = None
    interaction_id: str | None = None
    seq: int | None = None
    customer_id: str | None = None
    duplicate: bool = False
    warnings: tuple[RowWarning, ...] = ()
    problem: Problem | None = None
