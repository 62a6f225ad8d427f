"""Finds the notices around a letter and the signature under it: lines that its writer did not write to anybody.

What is a notice is learnt (`app.nlu.letter_lines`); near the end, and more so below a signature, less certainty is
enough. A signature stands below a line that takes leave, or below `--`, and names ways to reach its writer.
"""

import re
from collections.abc import Sequence

from app.nlu.act_labels import Act
from app.nlu.classifier import read
from app.nlu.features import Setting
from app.nlu.letter_banners import banner_above, banner_below
from app.nlu.letter_lines import read_line
from app.nlu.sentences import sentences
from app.nlu.tables import Persons, words_in_all

_SEPARATOR = re.compile(r"\s{0,4}(?:--|—|__|\*\*|={2,20}|_{5,80}|-{5,80})\s{0,8}$")
_REACHED = re.compile(
    r"[\w.+'-]{1,64}@[\w.-]{3,120}|(?:https?://|www\.)\S|\b[\w-]{2,40}\.(?:com|org|net|eu|io|co|de|fr|es|it|nl|pt|br|uk|example)\b"
    r"|\+\d[\d ()./-]{6,20}\d|\b0\d[\d ()./-]{5,20}\d"
)
# What parts a signature off; other lines of dashes stand below a title.
_SIGNED = re.compile(r"\s{0,4}--\s{0,8}$")
_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w.-]{3,120}")
_PHONE = re.compile(r"\+\d[\d ()./-]{6,20}\d|\b0\d[\d ()./-]{5,20}\d")
_PARTED = re.compile(r"\s[|•·/–]\s")
_WORD = re.compile(r"[^\W\d_]+")
_POSTSCRIPT = re.compile(r"P\.? ?P?\.?S\b", re.IGNORECASE)
_SURE, _LIKELY, _BESIDE, _BELOW_SIGNATURE = 0.5, 0.3, 0.1, 0.02
_LONGEST_LINE = 1_500
_LONGEST_SIGNATURE_LINE = 90
_MOST_LINES = 40
_MOST_SIGNATURE = 12
_MOST_BELOW_DASHES = 8
_LONGEST_LEAVE = 6
_FEWEST_TOLD = 4
_FEWEST_CONTACTS = 3
_FEWEST_WANTED = 3
_FEWEST_LOWER = 2
_TELLING = 0.5
_COURTEOUS = frozenset((Act.GREETING, Act.THANKS, Act.FAREWELL))
_MATTERS = frozenset((Act.REQUEST, Act.COMPLAINT, Act.REPORT))


def around(lines: Sequence[str], *, is_letter: bool = True) -> frozenset[int]:
    """The places of the notices at both ends of a letter and of the signature; none where nothing else would be left.

    `lines` are those that the writer may have written; empty ones are passed over. In a chat, contacts at the end are
    what is told, not a signature.
    """
    places = [index for index, line in enumerate(lines) if line.strip()]
    if len(places) <= 1:
        return frozenset()
    end = len(places) - banner_below(lines, places)
    end = _before_notices(lines, places, end, _LIKELY)
    leave = _leave(lines, places, end)
    if leave is not None:
        dropped = _signature(lines, places[leave:end])
        dropped_places = {*dropped, *places[end:]}
        end = leave
    else:
        end = _before_contacts(lines, places, end) if is_letter else end
        dropped_places = set(places[end:])
    dropped_places.update(places[: banner_above(lines, places[:end])])
    return frozenset(dropped_places) if len(dropped_places) < len(places) else frozenset()


def trailing_notice(line: str) -> int:
    """Where in a line the notices begin that end it; its length where none does, or somebody speaks of themselves."""
    if len(line) > _LONGEST_LINE:
        return len(line)
    end, surest = len(line), 0.0
    for sentence in reversed(sentences(line)[1:]):
        likely = read_line(sentence).notice
        start = line.rfind(sentence, 0, end)
        if len(sentence.split()) < _FEWEST_TOLD or likely < _BESIDE or start <= 0:
            break
        if _is_of_writer(sentence):
            return len(line)
        end, surest = start, max(surest, likely)
    return end if surest >= _SURE else len(line)


def _before_notices(lines: Sequence[str], places: Sequence[int], end: int, least: float) -> int:
    for _ in range(_MOST_LINES):
        line = lines[places[end - 1]] if end else ""
        if not end or not (_is_notice(line, least) or (end < len(places) and _SEPARATOR.match(line))):
            break
        end -= 1
    return end


def _leave(lines: Sequence[str], places: Sequence[int], end: int) -> int | None:
    """The index among `places` of the line that takes leave above a name or a signature, or parts that off.

    None where the letter is not signed so.
    """
    for index in range(end - 1, max(0, end - _MOST_SIGNATURE) - 1, -1):
        line = lines[places[index]].strip()
        is_near = end - index <= _MOST_BELOW_DASHES + 1
        if is_near and _SIGNED.match(line) and _is_signature(lines, places[index + 1 : end]):
            return index or None
        # With nothing below, it may be a name that only sounds like taking leave, or the end of a talk.
        if index and index + 1 < end and _takes_leave(line):
            return index
    return None


def _is_signature(lines: Sequence[str], places: Sequence[int]) -> bool:
    """Whether lines below dashes name how to reach somebody, or at least tell nothing."""
    below = [lines[index].strip() for index in places]
    return any(map(_REACHED.search, below)) or not any(map(_matters, below))


def _matters(line: str) -> bool:
    """Whether a line asks for something or tells a matter; a name or a title does not, whatever it sounds like."""
    words = line.split()
    if len(words) < _FEWEST_WANTED or sum(word[0].islower() for word in words) < _FEWEST_LOWER:
        return False
    reading = read(line, Setting(by_customer=True, is_first=False))
    telling = reading.act in _MATTERS and max(reading.wish, reading.key) >= _TELLING
    # What begins in lower case goes on with a sentence from above.
    goes_on = words[0].isalpha() and words[0].islower() and reading.act not in _COURTEOUS
    return (telling or goes_on) and not _is_notice(line, _BELOW_SIGNATURE)


def _is_of_writer(sentence: str) -> bool:
    """Whether a sentence is in the first person: notices speak of the sender and the recipient."""
    return any(word.casefold() in words_in_all(Persons, "first") for word in _WORD.findall(sentence))


def _takes_leave(line: str) -> bool:
    if len(line.split()) > _LONGEST_LEAVE or line[-1:] in "?!:" or any(map(str.isdigit, line)):
        return False
    reading = read(line, Setting(by_customer=True, is_first=False))
    return reading.act is Act.FAREWELL


def _signature(lines: Sequence[str], places: Sequence[int]) -> list[int]:
    """The lines from the leave-taking on that are the signature, or stand below one that names how to reach its writer.

    A postscript, a question and what asks for something or tells a matter are their writer's even there.
    """
    signature: list[int] = []
    is_whole = False
    for index in places:
        text = lines[index].strip()
        if _POSTSCRIPT.match(text) or text.endswith("?"):
            break
        if not _REACHED.search(text) and not _PARTED.search(text) and _matters(text):
            continue
        is_contact = _REACHED.search(text) is not None or _PARTED.search(text) is not None
        is_whole = is_whole or (is_contact and text[-1] not in ".!")
        if is_whole or not _is_told(text):
            signature.append(index)
    return signature


def _is_told(text: str) -> bool:
    """Whether a line below a leave-taking is one that its writer tells all the same."""
    if len(text.split()) < _FEWEST_TOLD or _REACHED.search(text) or _PARTED.search(text):
        return False
    return text[-1] in ".?!…" and not _is_notice(text, _BELOW_SIGNATURE)


def _before_contacts(lines: Sequence[str], places: Sequence[int], end: int) -> int:
    """Where a block of short lines at the end begins that says how its writer is reached; `end` where none does."""
    start = end
    while start and end - start < _MOST_SIGNATURE and _is_short(lines[places[start - 1]]):
        start -= 1
    block = [lines[index] for index in places[start:end]]
    reached = sum(_REACHED.search(line) is not None for line in block)
    # Several of one kind are a list of people.
    several = any(sum(map(len, map(kind.findall, block))) > 1 for kind in (_MAIL, _PHONE))
    if start == 0 or len(block) < _FEWEST_CONTACTS or not reached or several:
        return end
    parted = any(_PARTED.search(line) for line in block)
    above = lines[places[start - 1]].rstrip()
    apart = places[start] - places[start - 1] > 1
    return start if above[-1:] in ".?!…," and (apart or parted or reached > 1) else end


def _is_short(line: str) -> bool:
    return len(line) <= _LONGEST_SIGNATURE_LINE and line.rstrip()[-1:] not in (".", "?", "!", ":", "…")


def _is_notice(line: str, least: float) -> bool:
    """Whether every sentence of a line is a notice; the likeliest of several speaks for those beside it."""
    if len(line) > _LONGEST_LINE:
        line = line[:_LONGEST_LINE]
    likely = [read_line(sentence).notice for sentence in sentences(line)]
    if not likely:
        return False
    return max(likely) >= least and (len(likely) == 1 or min(likely) >= least * _BELOW_SIGNATURE)
