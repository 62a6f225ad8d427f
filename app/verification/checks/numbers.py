"""Amounts and numbers: whether each stands in the transcript, in whatever format, or follows from what stands there."""

import re
from collections.abc import Iterator

from app.verification.checks.base import Objection, StatementReading
from app.verification.derivation import follows
from app.verification.figures import Figure, figures
from app.verification.transcript import TranscriptIndex

_VAGUE = 1
_ARTICLE = re.compile(r"\b(?:the|these|those|die|den|les|los|las|i|le|os|as|de) $", re.IGNORECASE)
_TWO = frozenset(
    """both couple pair twice again another second either two beide beiden zwei zweimal nochmal deux ambos ambas dos
    doble entrambi entrambe due doppio dois duas dobro twee opnieuw""".split()
)
"""Two things may be meant where one of these is said."""


class NumberCheck:
    """Objects to the first number that neither stands there nor follows."""

    name = "numbers"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for figure in _numbers(reading):
            if not _stands(figure, index) and not follows(figure, index, reading.without_identifiers, reading.cited):
                subject = "the amount" if figure.money else "the number"
                return Objection(
                    f"{subject} {figure.written} stands nowhere in the conversation and does not follow from it"
                )
        return None


def _numbers(reading: StatementReading) -> Iterator[Figure]:
    """The numbers of a statement that are no times, dates or ordinals; `one` tells no number."""
    taken = [(figure.start, figure.end) for figure in (*reading.days, *reading.moments)]
    for figure in figures(reading.without_identifiers):
        inside = any(start < figure.end and figure.start < end for start, end in taken)
        inside = inside or reading.without_identifiers[figure.start - 1 : figure.start].isalpha()  # part of a name
        inside = inside or _is_definite(figure, reading.without_identifiers)
        if not inside and not figure.ordinal and any(value > _VAGUE for value in figure.values):
            yield figure


def _is_definite(figure: Figure, text: str) -> bool:
    """Whether it is `the two` of something that is spoken of, counted by whoever writes."""
    return 2.0 in figure.values and _ARTICLE.search(text, max(0, figure.start - 6), figure.start) is not None


def _stands(figure: Figure, index: TranscriptIndex) -> bool:
    if not figure.values.isdisjoint(index.values):
        return True
    return 2.0 in figure.values and not _TWO.isdisjoint(index.words)
