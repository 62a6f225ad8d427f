"""Interactions: what channels send and what the ledger holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from app.models.base import NO_NUL, Actor, Kind, LifecycleStep, Match, Moment, Outcome, Record, Visibility
from app.models.channels import Channel


class Identifier(Record):
    """One name by which a customer is known; its type is `email`, `phone`, `account_id`, `device_id` or any word."""

    type: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), NO_NUL] = Field(
        description="email, phone, account_id, device_id, cookie_id, social_handle or any other word"
    )
    value: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            description="the identifier itself, such as maria@example.com; e-mails, phones and handles are normalised",
        ),
        NO_NUL,
    ]
    verified: bool = Field(default=False, description="whether it has been proved to be this customer's")
    verified_at: Moment | None = Field(default=None, description="when it was verified, RFC 3339; null: not known")
    method: Annotated[str, Field(max_length=128), NO_NUL] | None = Field(
        default=None, description="how it was verified, such as app login; null: not known"
    )


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


_CHANGES = frozenset({Kind.EDIT, Kind.DELETION})
_LIFECYCLE = frozenset(LifecycleStep)

# Platforms send an empty name where they know none, which is the same as naming nobody.
MaybeParticipant = Annotated[Participant | None, AfterValidator(_or_nobody)]


class InteractionDraft(Record):
    """What a channel sends: an interaction before the ledger has numbered it."""

    id: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = Field(
        default=None, description="the caller's own id, unique in the tenant; the same again is a duplicate"
    )
    occurred_at: Moment | None = Field(default=None, description="when it happened, RFC 3339; null: now")
    channel: Channel = Field(description="where it happened")
    actor: Actor = Field(description="who acted")
    kind: Kind = Field(description="what it is, such as a message, an event or a tool call")
    conversation_id: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = Field(
        default=None, description="the caller's id of the conversation; null: part of none"
    )
    participant: MaybeParticipant = Field(
        default=None,
        description="who acted, as the platform shows it: words for briefs and checks, never a key that joins",
    )
    identifiers: Annotated[
        tuple[Identifier, ...],
        Field(max_length=32, description="who the customer is, at most 32; not needed where the conversation is known"),
    ] = ()
    text: Annotated[
        str,
        Field(max_length=200_000, description="what was said or written, at most 200,000 characters; may be empty"),
        NO_NUL,
    ] = ""
    name: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = Field(
        default=None, description="name of the event or tool, such as password_reset; null where it is neither"
    )
    outcome: Outcome | None = Field(default=None, description="how the event or tool call ended; null: not told")
    data: Mapping[str, JsonValue] = Field(
        default_factory=dict,
        description="any JSON object, at most 64 KiB, such as page, order number or tool arguments",
    )
    visibility: Visibility = Field(
        default=Visibility.PUBLIC,
        description="internal: what agents write among themselves, told to agents and never to the customer",
    )
    target_id: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = Field(
        default=None,
        description="with kind edit or deletion: the caller's id of the interaction it changes; either may come first",
    )
    partial: bool = Field(
        default=False,
        description="a transcript still being recognised: a later row with the same id replaces it; never evidence",
    )
    case_id: Annotated[str, Field(min_length=1, max_length=256), NO_NUL] | None = Field(
        default=None, description="the platform's ticket or case, which may span conversations; null: none"
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind in _CHANGES:
            if self.target_id is None:
                raise ValueError(f"kind {self.kind} needs target_id: the id of the interaction that it changes")
            if self.partial:
                raise ValueError(f"kind {self.kind} cannot be partial: send it when it is certain")
        elif self.target_id is not None:
            raise ValueError(f"target_id belongs to the kinds edit and deletion, not to {self.kind}")
        if self.kind is Kind.LIFECYCLE and self.name not in _LIFECYCLE:
            raise ValueError(f"kind lifecycle needs one of these as its name: {', '.join(LifecycleStep)}")
        if self.partial and self.id is None:
            raise ValueError("partial needs an id, by which the whole text replaces it")
        return self


BOOKKEEPING = "bookkeeping"
"""A flag in an event's data: it only tells how far a message got, or what the platform does for itself.

Nobody did anything for the customer by that, so it is no step, whatever it is called and however it ended.
"""


def is_bookkeeping(row: "InteractionDraft | Interaction") -> bool:
    """Whether a row is a platform's account of its own work."""
    return row.kind is Kind.EVENT and row.data.get(BOOKKEEPING) is True


class EarlierWording(Record):
    """What an interaction said from one moment on."""

    text: str = Field(description="what was said or written")
    at: datetime = Field(description="since when it said so, RFC 3339")


class Interaction(Record):
    """A row of the ledger. It belongs for good to the identity it arrived with; merging customers rewrites no row.

    `text` is the newest wording; `revisions` are the ones before it, the oldest first. An interaction of kind edit or
    deletion has no text of its own once the interaction that it changes is there.
    """

    # What was read off it (see app/nlu/analysis.py): no fields, so that it is in no answer and in no comparison, and a
    # copy that says something else does not take it over.
    __slots__ = ("analysis", "memo")

    interaction_id: str = Field(description="our id of the interaction, as evidence lists name it")
    seq: int = Field(description="its sequence number in the ledger")
    identity_id: str = Field(description="our id of the identity that it arrived with")
    id: str | None = Field(default=None, description="the caller's own id; null where none was sent")
    occurred_at: datetime = Field(description="when it happened, RFC 3339")
    channel: Channel = Field(description="where it happened")
    actor: Actor = Field(description="who acted")
    kind: Kind = Field(description="what it is, such as a message, an event or a tool call")
    conversation_id: str | None = Field(
        default=None, description="the caller's id of the conversation; null: part of none"
    )
    participant: Participant | None = Field(
        default=None, description="who acted, as the platform shows it; null: not told"
    )
    text: str = Field(default="", description="what was said or written; may be empty")
    name: str | None = Field(default=None, description="name of the event or tool; null where it is neither")
    outcome: Outcome | None = Field(default=None, description="how the event or tool call ended; null: not told")
    data: Mapping[str, Any] = Field(default_factory=dict, description="the JSON object that came with it")
    identifiers: tuple[Identifier, ...] = Field(default=(), description="identifiers that came with it")
    redacted: bool = Field(
        default=False, description="whether it was blanked: its text, data and the values of its identifiers are gone"
    )
    visibility: Visibility = Field(default=Visibility.PUBLIC, description="internal: the customer never reads it")
    target_id: str | None = Field(
        default=None, description="the caller's id of the interaction that it changes; null where it changes none"
    )
    partial: bool = Field(default=False, description="whether it is still being recognised, and never evidence")
    case_id: str | None = Field(default=None, description="the platform's ticket or case; null: none")
    revisions: tuple[EarlierWording, ...] = Field(
        default=(), description="what it said before it was edited, oldest first"
    )
    edited_at: datetime | None = Field(default=None, description="when it was edited last, RFC 3339; null: never")
    deleted_at: datetime | None = Field(default=None, description="when it was deleted, RFC 3339; null: never")


class Problem(Record):
    """An RFC 9457 problem object."""

    type: str = Field(default="about:blank", description="URI of the kind of problem, always about:blank")
    title: str = Field(description="the kind of problem in a few words")
    status: int = Field(description="HTTP status, such as 422")
    code: str = Field(description="stable code of the problem, such as invalid_request")
    detail: str = Field(description="what is wrong and how to mend it")
    errors: tuple[Mapping[str, JsonValue], ...] = Field(
        default=(), description="offending fields, each with `path` and `message`; empty where no field is at fault"
    )


class RowWarning(Record):
    """What was filed as given but looks wrong: the field's path in the interaction, a stable code, and what to do."""

    field: str = Field(description="path of the field in the interaction, such as identifiers[0].value")
    code: str = Field(description="stable code of the warning, such as invalid_email")
    detail: str = Field(description="what looks wrong and what to do")


class Recorded(Record):
    """What became of one interaction of a request: filed, known already, or refused with its own problem."""

    id: str | None = Field(default=None, description="the caller's own id; null where none was sent or read")
    interaction_id: str | None = Field(default=None, description="our id of the interaction; null where it was refused")
    seq: int | None = Field(default=None, description="its sequence number in the ledger; null where it was refused")
    customer_id: str | None = Field(
        default=None, description="our id of the customer it belongs to; null where it was refused"
    )
    match: Match | None = Field(
        default=None, description="how its identifiers met the customers already known; null where it was refused"
    )
    duplicate: bool = Field(
        default=False, description="whether the same was recorded before, so that nothing new was filed"
    )
    warnings: tuple[RowWarning, ...] = Field(default=(), description="what was filed as given but looks wrong")
    problem: Problem | None = Field(default=None, description="why it was refused; null where it was not")
