"""What every check is: one question that is decidable without understanding, asked of one statement."""

from functools import cached_property
from typing import NamedTuple, Protocol

from app.models import Statement
from app.nlu.identifiers import Mention, mentions
from app.nlu.languages import Language, language_of
from app.verification.calendar import Day, days
from app.verification.clock import ClockTime, moments
from app.verification.figures import in_digits
from app.verification.transcript import Line, TranscriptIndex


class Objection(NamedTuple):
    """Why a statement is refuted, in plain words, and the lines that show it, where there are such."""

    why: str
    lines: tuple[Line, ...] = ()


class StatementReading:
    """One statement, read once for all checks."""

    def __init__(self, statement: Statement, index: TranscriptIndex) -> None:
        self.statement = statement
        self.text = statement.text
        self.language: Language | None = language_of(statement.text) or index.language
        self.cited = [index.by_id[cited_id] for cited_id in statement.evidence if cited_id in index.by_id]

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """The identifiers, amounts and dates in it."""
        return mentions(self.text)

    @cached_property
    def without_identifiers(self) -> str:
        """The statement with its number words in digits, and blanks where an identifier or a quotation stands."""
        text = self.text
        for mention in self.mentions:
            if mention.type not in ("amount", "date"):
                text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
        return in_digits(text, self.language) if self.language else text

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """The days it tells of, where they stand in `without_identifiers`."""
        dated = days(self.without_identifiers, self.language)
        # An ordinal in words counts something more often than it names a day of the month.
        return tuple(day for day in dated if day.day is None or day.weekday is not None or day.written in self.text)

    @cached_property
    def moments(self) -> tuple[ClockTime, ...]:
        """The times of day it tells of, where they stand in `without_identifiers`."""
        return moments(self.without_identifiers, self.language)


class FactCheck(Protocol):
    """One check, in a module of its own; it knows no other check."""

    @property
    def name(self) -> str:
        """What it looks at: `identifiers`, `numbers`, `names`."""
        ...

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        ...
