"""Words that all records share, and the base they are made of."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Evidence = tuple[str, ...]
# Further away, some time zone's offset leads out of the years that a datetime can hold.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("Leave out the NUL character (U+0000): it stands for nothing, and PostgreSQL does not keep it")
    return text


# For texts that are filed as they are; inside JSON, a NUL is written by other characters.
NO_NUL = AfterValidator(_without_nul)

MAX_DATA_BYTES = 64 * 1024
MAX_BATCH = 1000


class Record(BaseModel):
    """A frozen value; unknown fields are an error, so a misspelt field never vanishes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Actor(StrEnum):
    """Who acted."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Kind(StrEnum):
    """What an interaction is."""

    MESSAGE = "message"
    EVENT = "event"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    NOTE = "note"
    EDIT = "edit"
    DELETION = "deletion"
    LIFECYCLE = "lifecycle"


class Visibility(StrEnum):
    """Who may read an interaction: the customer too, or only those who serve them."""

    PUBLIC = "public"
    INTERNAL = "internal"


class LifecycleStep(StrEnum):
    """What became of a conversation or a case: the name of an interaction of kind lifecycle."""

    STARTED = "started"
    ASSIGNED = "assigned"
    TRANSFERRED = "transferred"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a step ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


class Match(StrEnum):
    """How a set of identifiers met the customers already known."""

    EXACT = "exact"
    MERGED = "merged"
    NEW = "new"
    AMBIGUOUS = "ambiguous"
