"""What a judge says of a brief."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.models import Record


class _JudgeRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class JudgedSentence(_JudgeRecord):
    """Whether the interactions say what a sentence says."""

    number: int
    right: bool
    reason: str = ""


class JudgedFact(_JudgeRecord):
    """Whether the sentences tell a key fact."""

    number: int
    told: bool
    reason: str = ""


class JudgesAnswer(_JudgeRecord):
    """The JSON object that a judge is asked for."""

    sentences: Annotated[tuple[JudgedSentence, ...], Field(max_length=200)]
    facts: Annotated[tuple[JudgedFact, ...], Field(max_length=200)]


class Judgement(Record):
    """What the judge found, the numbers from 1; `failure` says why there is nothing."""

    sentences: tuple[JudgedSentence, ...] = ()
    facts: tuple[JudgedFact, ...] = ()
    failure: str | None = None
