"""How much of what was written is read: bounded, so that no text and no history can make one answer take long.

Of a long text its beginning and its end are read. Of a case the newest texts are read first; when what may be read of
it is used up, only the beginnings of the older ones are. The ledger keeps every text whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.models import Interaction

MOST_OF_A_TEXT = 12_000
"""So many characters of one text are read."""
MOST_OF_A_CASE = 96_000
"""So many characters of all texts together are read, and `LEAST_OF_A_TEXT` of each text that is older."""
LEAST_OF_A_TEXT = 200
_END = 0.25
_LONGEST_WORD = 80


class Extent(NamedTuple):
    """Interactions with as much of their texts as is read, in their order, and whether something was left out."""

    rows: list[Interaction]
    is_cut: bool


def readable(rows: Sequence[Interaction]) -> Extent:
    """As much of these interactions as is read; `rows` are in the order they happened."""
    if sum(len(row.text) for row in rows) <= MOST_OF_A_TEXT:
        return Extent(list(rows), is_cut=False)
    left = MOST_OF_A_CASE
    read: list[Interaction] = []
    for row in reversed(rows):
        short = _shortened(row, max(LEAST_OF_A_TEXT, min(MOST_OF_A_TEXT, left)))
        left -= len(short.text)
        read.append(short)
    read.reverse()
    return Extent(read, is_cut=any(short is not row for short, row in zip(read, rows, strict=True)))


def _shortened(row: Interaction, most: int) -> Interaction:
    """The interaction with the beginning and the end of its text, cut between words, on lines of their own."""
    text = row.text
    if len(text) <= most:
        return row
    end = int(most * _END)
    head, tail = text[: most - end], text[-end:]
    space = max(head.rfind(" ", -_LONGEST_WORD), head.rfind("\n", -_LONGEST_WORD))
    head = head[:space] if space > 0 else head
    tail = tail[tail.find(" ", 0, _LONGEST_WORD) + 1 :]
    return row.model_copy(update={"text": f"{head}\n{tail}"})
