"""What is checked against a conversation, and what came of it."""

from enum import StrEnum
from typing import Annotated, Any, Literal, cast

from pydantic import Field, computed_field, model_validator

from app.models.base import Confidence, Evidence, Record
from app.models.interactions import Interaction

Checker = Literal["rules", "model"]


class VerdictKind(StrEnum):
    """Whether the interactions bear a sentence out, say otherwise, or leave it open."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNVERIFIED = "unverified"


class Quote(Record):
    """Words of one interaction, letter for letter."""

    interaction_id: str = Field(description="our id of the interaction that is quoted")
    text: Annotated[str, Field(min_length=1, max_length=2000, description="its words, letter for letter")]


class Statement(Record):
    """A sentence to be checked, with the interactions and the words that its author cites.

    Without `evidence` it is checked against the whole transcript.
    """

    text: str
    evidence: Evidence = ()
    quotes: tuple[Quote, ...] = ()


class Transcript(Record):
    """The interactions that statements are checked against, in the order they happened."""

    interactions: tuple[Interaction, ...]


class Verdict(Record):
    """What came of checking one statement: 0 ≤ `score` ≤ 1 grows with how well the interactions bear it out.

    `evidence` are the interactions that decide it, `quotes` their words, `why` the reason in a few plain words.
    """

    text: str = Field(description="the claim that was checked")
    verdict: VerdictKind = Field(description="whether the interactions support it, refute it or leave it open")
    score: Confidence = Field(description="how well the interactions bear it out, 0..1")
    evidence: Evidence = Field(default=(), description="`interaction_id` of each interaction that decides it")
    quotes: tuple[Quote, ...] = Field(default=(), description="words of these interactions, verbatim")
    why: str = Field(description="the reason in a few plain words")
    checked_by: Checker = Field(default="rules", description="who judged it: rules or a model")

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_computed(cls, values: Any) -> Any:
        if isinstance(values, dict):
            return {key: value for key, value in cast(dict[str, Any], values).items() if key != "supported"}
        return values

    @computed_field
    @property
    def supported(self) -> bool:
        """Whether the verdict is `supported`."""
        return self.verdict is VerdictKind.SUPPORTED
