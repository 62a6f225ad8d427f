"""Customers, and how sure we are of them."""

from datetime import datetime
from enum import StrEnum

from app.models.base import Confidence, Evidence, Record
from app.models.interactions import Identifier, Interaction


class Match(StrEnum):
    """How a set of identifiers met the customers already known."""

    EXACT = "exact"
    MERGED = "merged"
    NEW = "new"
    AMBIGUOUS = "ambiguous"


class VerificationStatus(StrEnum):
    """How sure we are of who it is."""

    VERIFIED = "verified"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"


class Verification(Record):
    """What need not be asked again: how and when the customer proved who they are."""

    method: str | None = None
    at: datetime | None = None
    evidence: Evidence = ()


class Customer(Record):
    """The set of identities joined so far, under the id that survives."""

    customer_id: str
    identity_ids: tuple[str, ...]
    identifiers: tuple[Identifier, ...] = ()
    verification_status: VerificationStatus = VerificationStatus.UNKNOWN
    verification: Verification | None = None
    created_at: datetime | None = None


class Resolution(Record):
    """Whom a set of identifiers names."""

    customer_id: str
    match: Match
    verification_status: VerificationStatus
    candidates: tuple[str, ...] = ()


class Passage(Record):
    """An interaction found by retrieval, with how well it answers the question."""

    interaction: Interaction
    score: Confidence
