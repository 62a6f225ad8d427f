"""What follows from the numbers of a transcript: sums, differences, multiples, shares and counts."""

from app.verification.figures import Figure
from app.verification.transcript import TranscriptIndex

_MOST_VALUES = 1200
_MOST_TIMES = 12
_ROUNDED = 0.15


def follows(figure: Figure, index: TranscriptIndex, cited: int) -> bool:
    """Whether a number that stands nowhere may follow from what does; `cited` interactions may be what is counted."""
    if any(value in index.counts or value == cited for value in figure.values):
        return True
    if figure.approximate and any(_is_near(value, index) for value in figure.values):
        return True
    if len(index.cents) > _MOST_VALUES or not figure.values.isdisjoint(index.sums):
        return True
    if not (figure.money or figure.percent):
        return False
    return any(
        _is_sum(round(value * 100), index.cents)
        or _is_multiple(value, index)
        or (figure.percent and _is_share(value, index))
        for value in figure.values
    )


def _is_near(value: float, index: TranscriptIndex) -> bool:
    return any(abs(value - other) <= _ROUNDED * max(value, other) for other in index.values)


def _is_sum(wanted: int, cents: frozenset[int]) -> bool:
    """Whether two numbers make it, added or the one taken from the other."""
    return any(wanted - amount in cents and wanted != 2 * amount for amount in cents) or any(
        wanted + amount in cents for amount in cents
    )


def _is_multiple(value: float, index: TranscriptIndex) -> bool:
    """Whether it is so many times a larger number: three tickets at 444."""
    multiples = (times for times in range(2, _MOST_TIMES + 1) if times in index.values or times in index.counts)
    return any(value / times > _MOST_TIMES and round(value / times * 100) in index.cents for times in multiples)


def _is_share(value: float, index: TranscriptIndex) -> bool:
    """Whether it is the percentage that one number is of another, or that is left of it."""
    shares = (100 * amount / other for amount in index.cents for other in index.cents if other > amount)
    return any(abs(share - value) < 1 or abs(100 - share - value) < 1 for share in shares)
