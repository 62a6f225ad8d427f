"""Suggestions that two customers are one person, for somebody to confirm: what the identity rules cannot decide."""

from datetime import datetime
from enum import StrEnum

from app.models.base import Confidence, Evidence, Record


class ComparedField(StrEnum):
    """What of two customers is compared."""

    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    BIRTH_DATE = "birth_date"
    STREET = "street"
    CITY = "city"
    POSTCODE = "postcode"
    NATIONAL_ID = "national_id"
    EMAIL = "email"
    PHONE = "phone"
    HANDLE = "handle"
    ACCOUNT_ID = "account_id"


class Likeness(StrEnum):
    """How two values of one field compare; `similar` is anything short of equal that still speaks for one person."""

    SAME = "same"
    SIMILAR = "similar"
    DIFFERENT = "different"


class FieldAgreement(Record):
    """How one field compares, and how much that weighs: the log2 of its Bayes factor, negative when it speaks against.

    The values themselves are not in it, so that they stand in the ledger alone.
    """

    field: ComparedField
    likeness: Likeness
    weight: float


class SuggestionStatus(StrEnum):
    """What became of a suggestion."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Suggestion(Record):
    """Two customers who look like one person, the older first.

    `match_weight` is the log2 of the Bayes factor of all fields together with how rare a match is, `probability` the
    same as a probability. `agreements` come with the heaviest first; `evidence` are the interactions they stand in.
    """

    suggestion_id: str
    customer_ids: tuple[str, str]
    match_weight: float
    probability: Confidence
    agreements: tuple[FieldAgreement, ...]
    evidence: Evidence
    created_at: datetime
    status: SuggestionStatus = SuggestionStatus.OPEN
    settled_at: datetime | None = None
    merge_id: str | None = None


class SuggestionRun(Record):
    """What one search for suggestions found: how many identities it compared, and the open suggestions it filed.

    `new` of these were not open before; the heaviest come first.
    """

    compared: int
    new: int
    suggestions: tuple[Suggestion, ...]
