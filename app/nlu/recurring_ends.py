"""Leaves out the lines with which letters begin or end time and again: a banner, a signature or a notice.

Letters of one writer that end in the same lines, several of them or one that is long, end in what their mail program
puts there, in whatever language. Letters of one side that begin with the same block begin with what a gateway puts
there, if the block is framed, is a little like a notice, or stands above letters of several people: a customer may
begin two letters with the same words. What is left of each letter is what it says.
"""

from collections.abc import Sequence
from itertools import pairwise

from app.models import Actor, Interaction, Kind
from app.nlu.letter_banners import is_like_a_banner, is_rule

_FEWEST_LINES = 3
_LONG_WORDS = 8
_LONGEST_END = 30


def without_recurring_ends(rows: Sequence[Interaction]) -> list[Interaction]:
    """The interactions, of letters without the beginning that the next one of their side has too, and the end that the
    next letter of their writer has.
    """
    rows = _without_beginnings(rows)
    letters: dict[tuple[Actor, str | None], list[int]] = {}
    for index, row in enumerate(rows):
        if row.kind is Kind.MESSAGE and row.channel.traits.letters and "\n" in row.text:
            letters.setdefault((row.actor, _name_of(row)), []).append(index)
    read = list(rows)
    for places in letters.values():
        texts = [[line.rstrip() for line in rows[index].text.rstrip().splitlines()] for index in places]
        shared = [_shared(earlier, later) for earlier, later in pairwise(texts)]
        for number, index in enumerate(places):
            most = max(shared[max(0, number - 1) : number + 1], default=0)
            if most:
                own = "\n".join(texts[number][: len(texts[number]) - most]).strip()
                read[index] = rows[index].model_copy(update={"text": own})
    return read


def _without_beginnings(rows: Sequence[Interaction]) -> Sequence[Interaction]:
    sides: dict[Actor, list[int]] = {}
    for index, row in enumerate(rows):
        if row.kind is Kind.MESSAGE and row.channel.traits.letters and "\n" in row.text:
            sides.setdefault(row.actor, []).append(index)
    read = list(rows)
    for places in sides.values():
        texts = [[line.rstrip() for line in rows[index].text.strip().splitlines()] for index in places]
        shared = [
            _shared_beginning(texts[at], texts[at + 1], by_several=_name_of(rows[here]) != _name_of(rows[there]))
            for at, (here, there) in enumerate(pairwise(places))
        ]
        for number, index in enumerate(places):
            most = max(shared[max(0, number - 1) : number + 1], default=0)
            if most:
                own = "\n".join(texts[number][most:]).strip()
                read[index] = rows[index].model_copy(update={"text": own})
    return read


def _name_of(row: Interaction) -> str | None:
    return row.participant.name if row.participant else None


def _shared_beginning(earlier: Sequence[str], later: Sequence[str], *, by_several: bool) -> int:
    """How many lines of a block both begin with that is apart from what follows; none where it may be said."""
    if earlier == later:
        return 0
    count = 0
    for line, other in zip(earlier[:_LONGEST_END], later[:_LONGEST_END], strict=False):
        if line != other:
            break
        count += 1
    while count and not (is_rule(earlier[count - 1]) or (_is_apart(earlier, count) and _is_apart(later, count))):
        count -= 1
    block = [line for line in earlier[:count] if line.strip()]
    enough = len(block) >= _FEWEST_LINES or any(len(line.split()) >= _LONG_WORDS for line in block)
    return count if enough and count < min(len(earlier), len(later)) and (by_several or is_like_a_banner(block)) else 0


def _is_apart(lines: Sequence[str], count: int) -> bool:
    """Whether an empty line stands at the end of the first lines, or below them."""
    return not lines[count - 1].strip() or (count < len(lines) and not lines[count].strip())


def _shared(earlier: Sequence[str], later: Sequence[str]) -> int:
    """How many lines both end with; none where these are too few to tell, or where one has no others."""
    if earlier == later:  # the same letter again
        return 0
    count = 0
    for line, other in zip(reversed(earlier[-_LONGEST_END:]), reversed(later[-_LONGEST_END:]), strict=False):
        if line != other:
            break
        count += 1
    end = [line for line in earlier[len(earlier) - count :] if line.strip()]
    enough = len(end) >= _FEWEST_LINES or any(len(line.split()) >= _LONG_WORDS for line in end)
    others = min(len(earlier), len(later)) > count
    return count if enough and others else 0
