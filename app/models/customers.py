"""Customers, and how sure we are of them."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.models.base import Confidence, Evidence, Match, Record
from app.models.interactions import Identifier, Interaction


class VerificationStatus(StrEnum):
    """How sure we are of who it is."""

    VERIFIED = "verified"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"


class Verification(Record):
    """What need not be asked again: how and when the customer proved who they are."""

    method: str | None = Field(
        default=None,
        description="how the customer was verified, as the channel told it, such as `app login`; null where it did not",
    )
    at: datetime | None = Field(
        default=None, description="when the customer was verified, RFC 3339; null where that was not told"
    )
    evidence: Evidence = Field(default=(), description="interaction_ids that brought the verified identifier")


class Customer(Record):
    """The set of identities joined so far, under the id that survives."""

    customer_id: str = Field(description="our id of the customer, after merges that of the survivor")
    identity_ids: tuple[str, ...] = Field(description="our ids of the identities that are joined in the customer")
    identifiers: tuple[Identifier, ...] = Field(
        default=(), description="the identifiers by which the customer is known, normalised, each once"
    )
    verification_status: VerificationStatus = Field(
        default=VerificationStatus.UNKNOWN, description="how sure it is who the customer is"
    )
    verification: Verification | None = Field(
        default=None, description="how and when the customer was verified; null where they never were"
    )
    created_at: datetime | None = Field(
        default=None, description="when the customer was first seen, RFC 3339; null where that is not asked for"
    )


class Resolution(Record):
    """Whom a set of identifiers names."""

    customer_id: str = Field(
        description="our id of the customer whom the identifiers name, a new one where nobody was known"
    )
    match: Match = Field(description="how the identifiers met the customers already known")
    verification_status: VerificationStatus = Field(description="how sure it is who the customer is")
    candidates: tuple[str, ...] = Field(
        default=(), description="customer_ids of who it may be as well; empty unless `match` is `ambiguous`"
    )


class IdentityMatch(Record):
    """Who the customer of a handoff may be, without a fact of anybody else."""

    match: Match = Field(
        default=Match.EXACT,
        description="how the customer was met: `exact`, `new`, `merged`, or `ambiguous` where an unverified identifier "
        "of theirs is somebody else's",
    )
    candidates: tuple[str, ...] = Field(
        default=(), description="customer_ids of who it may be as well; empty unless `match` is `ambiguous`"
    )


class Passage(Record):
    """An interaction found by retrieval, with how well it answers the question."""

    interaction: Interaction = Field(description="the interaction that was found")
    score: Confidence = Field(description="how well it answers the question, 0..1")
