"""What follows from the numbers of a transcript: sums, differences, multiples and shares of what is of one kind.

Of many numbers nearly every other one is the sum or the difference of two. So numbers are taken together only where
they are of one kind (`app.verification.amounts`), and what is made of them counts only where hardly any other number of
that size could be made of them as well: else it would follow by coincidence.
"""

import itertools
from collections.abc import Iterator

from app.verification.counts import counted
from app.verification.figures import Figure
from app.verification.transcript import Line, TranscriptIndex

_MOST_AMOUNTS = 40
_MOST_TIMES = 12
_ROUNDED = 0.15
_COINCIDENCE = 0.01
"""So large a part of the numbers of about that size may be made of some amounts that one of them still follows."""
_WHOLE = 100
_MOST_SHARES = 10


def follows(figure: Figure, index: TranscriptIndex, text: str, cited: list[Line]) -> bool:
    """Whether a number of a text that stands nowhere may follow from what does, or be counted."""
    if not (figure.money or figure.percent):
        if counted(figure, text, index, len(cited)):
            return True
        return figure.approximate and any(_is_near(value, index.values) for value in figure.values)
    if figure.money and figure.approximate and any(_is_near(value, index.amounts.all) for value in figure.values):
        return True
    pools = [
        pool
        for pool in (index.amounts.of(line.interaction.interaction_id for line in cited), *index.amounts.pools)
        if len(pool) <= _MOST_AMOUNTS
    ]
    return any(_is_made(value, pool, figure, index) for value in figure.values for pool in pools)


def _is_near(value: float, others: frozenset[float]) -> bool:
    # Whoever rounds an amount does not name its cents: `above 57.50` is no rounding of 54.50.
    return value.is_integer() and any(abs(value - other) <= _ROUNDED * max(value, other) for other in others)


def _is_made(value: float, amounts: frozenset[int], figure: Figure, index: TranscriptIndex) -> bool:
    """Whether a value is made of amounts, in hundredths, and hardly any other of about its size is."""
    if figure.percent:
        shares = {round(share) for share in _shares(amounts)}
        return round(value) in shares and len(shares) <= _MOST_SHARES
    wanted = round(value * 100)
    made = set(_made(amounts, index))
    # Where all are whole, only whole ones could be taken for them.
    step = _WHOLE if all(amount % _WHOLE == 0 for amount in (*amounts, wanted)) else 1
    alike = [amount for amount in made if wanted / 2 <= amount <= 2 * wanted]
    return wanted in made and (len(alike) <= 2 or len(alike) <= _COINCIDENCE * 1.5 * wanted / step)


def _made(amounts: frozenset[int], index: TranscriptIndex) -> Iterator[int]:
    """Sums and differences of two amounts, and so many times the larger ones: three tickets at 444."""
    for smaller, larger in itertools.combinations(sorted(amounts), 2):
        yield smaller + larger
        yield larger - smaller
    for times in range(2, _MOST_TIMES + 1):
        if times in index.values or times in index.counts:
            yield from (times * amount for amount in amounts if amount > _MOST_TIMES * 100)


def _shares(amounts: frozenset[int]) -> Iterator[float]:
    """The percentages that one amount is of another, or that are left of it."""
    for smaller, larger in itertools.combinations(sorted(amounts), 2):
        yield 100 * smaller / larger
        yield 100 - 100 * smaller / larger
