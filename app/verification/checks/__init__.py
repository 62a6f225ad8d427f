"""The checks, one module each: a new one is a module beside these and a place in `CHECKS`."""

from app.verification.checks.base import FactCheck, Objection, StatementReading
from app.verification.checks.dates import DateCheck
from app.verification.checks.identifiers import IdentifierCheck
from app.verification.checks.names import NameCheck
from app.verification.checks.numbers import NumberCheck
from app.verification.checks.quotations import QuotationCheck
from app.verification.checks.relative import RelativeCheck
from app.verification.checks.times import TimeCheck

CHECKS: tuple[FactCheck, ...] = (
    IdentifierCheck(),
    NumberCheck(),
    DateCheck(),
    TimeCheck(),
    RelativeCheck(),
    NameCheck(),
    QuotationCheck(),
)
"""In the order in which they are asked; the first that objects is the reason told."""

__all__ = ["CHECKS", "FactCheck", "Objection", "StatementReading"]
