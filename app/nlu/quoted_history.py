"""Finds in a letter the lines that it only repeats: the letter that is answered or passed on, and lines after `>`.

Told by their shape, whatever the language: labels with a sender and a time, a line that tells day and sender and ends
with a colon, a title between dashes above such labels. The words that mail programs use are in `letters.toml`; they
settle what the shape leaves open.
"""

import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from app.nlu.courtesies import is_greeting
from app.nlu.tables import Letters, words_in_all

_QUOTED = re.compile(r"\s{0,20}(?:>|&gt;)(?!\d)")
# `>5 people` says `more than` where no line beside it is quoted.
_QUOTED_FIGURE = re.compile(r"\s{0,20}(?:>|&gt;)\d")
_LABELLED = re.compile(
    r"[\s>*_|]{0,20}(?P<label>[^\W\d_][^:：\n]{0,28}?)[\s*_]{0,4}[:：][\s*_]{0,4}(?P<value>.{0,400})$"
)
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")
_SENDER = re.compile(r"[<\[(](?:mailto:)?[\w.+'-]{1,64}@[\w.-]{3,120}[>\])]")
_CLOCK = re.compile(r"(?<![\d./-])\d{1,2}[:.h]\s?\d{2}\b(?![./-]\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")
_DASHES = re.compile(r"\s{0,20}[-_=*—–]{2,80}\s?(?P<title>[^\W\d_][^-_=*\n]{2,60}?)\s?[-_=*—–]{2,80}\s{0,20}$")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_]))*")
_PREFIXED = re.compile(r"[\s>]{0,20}\[(?P<name>[^\W\d_][^\[\]\n]{1,40})\]\s{0,4}:?\s{0,4}(?P<words>\S)")
_MOST_SIGNED, _LONGEST_SIGNED = 3, 40
_LONGEST_LINE = 500
_LONGEST_OPENING = 240
_MOST_HEADERS = 12
_FEWEST_HEADERS, _FEWEST_KNOWN = 3, 2
_MOST_LABEL_WORDS = 3
_MOST_WRAPPED = 3
_MOST_ANSWERED = 5
_MOST_ABOVE_LABELS = 8
# Mail programs fold lines at about so many characters.
_FOLDED = 65
_ENDED = re.compile(r"[.!?…:;。！？]$")


class _Header(NamedTuple):
    label: str
    value: str


def _words(name: str) -> frozenset[str]:
    return words_in_all(Letters, name)


def repeated(lines: Sequence[str]) -> frozenset[int]:
    """The places of the lines that a letter only repeats, with what stands above them."""
    marked = {index for index in range(len(lines)) if _is_quoted(lines, index)}
    openings = {above for index in marked if index - 1 not in marked for above in _opening_above(lines, index)}
    # A letter whose lines are marked is answered between them, so it does not go on to the end.
    begins = (index for index in range(len(lines)) if index not in openings and _begins_history(lines, index))
    start = next(begins, len(lines))
    wrapped = {index for index in range(1, len(lines)) if openings and _goes_on(lines, index, marked)}
    return frozenset({*marked, *openings, *wrapped, *range(start, len(lines))})


def _goes_on(lines: Sequence[str], index: int, marked: Collection[int]) -> bool:
    """Whether a line is the rest of a long marked one that was folded on its way and lost its mark.

    A line that ends a sentence is whole: what stands below it answers it.
    """
    if index - 1 not in marked or index in marked or not lines[index].strip():
        return False
    above = lines[index - 1].rstrip()
    return len(above) >= _FOLDED > len(lines[index]) and _ENDED.search(above) is None


def answered(lines: Sequence[str]) -> frozenset[int]:
    """The places of few lines after `>` right above what answers them: they name what the answer is about."""
    chosen: set[int] = set()
    block: list[int] = []
    for index, line in enumerate(lines):
        if _is_quoted(lines, index):
            block.append(index)
        elif line.strip():
            if len(block) <= _MOST_ANSWERED:
                chosen.update(block)
            block = []
    return frozenset(chosen)


def prefixed(lines: Sequence[str], own: Sequence[int]) -> Mapping[int, int]:
    """The lines of a repeated letter that begin with the writer's own name in brackets, with where their words begin.

    Mail programs put `[Name]` before what is written between the lines of the letter that is answered. Whose name it
    is, the end of the writer's own lines tells.
    """
    signed = [line for line in (lines[index] for index in own) if line.strip()][-_MOST_SIGNED:]
    names = {word.casefold() for line in signed if len(line) < _LONGEST_SIGNED for word in _WORD.findall(line)}
    chosen: dict[int, int] = {}
    for index, line in enumerate(lines):
        match = _PREFIXED.match(line)
        if match is not None and names & {word.casefold() for word in _WORD.findall(match["name"])}:
            chosen[index] = match.start("words")
    return chosen


class Beginning(NamedTuple):
    """Where the letter that is repeated stands, and what the lines above it tell of it, each as it is written.

    The lines from `start` on are not their writer's, those from `body` to `end` are what it says. `is_passed_on` tells
    whether a title says that it is passed on, `is_quoted` whether it is only marked, without labels.
    """

    start: int
    body: int
    end: int
    sender: str
    recipients: str = ""
    at: str = ""
    subject: str = ""
    is_passed_on: bool = False
    is_quoted: bool = False


def beginning_of_history(lines: Sequence[str]) -> Beginning | None:
    """The first letter that a letter repeats, with what is told of its sender; None where nothing tells of one."""
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if _begins_history(lines, index) or _is_quoted(lines, index):
            return _labelled_beginning(lines, index) or _opened_beginning(lines, index)
    return None


def unmarked(lines: Sequence[str]) -> list[str]:
    """The lines of a quoted or indented letter without the marks and the indent before them."""
    bare = [line[mark.end() :].removeprefix(" ") if (mark := _QUOTED.match(line)) else line for line in lines]
    return textwrap.dedent("\n".join(bare)).splitlines()


def _labelled_beginning(lines: Sequence[str], start: int) -> Beginning | None:
    """A letter below labels, which may be marked or indented as the letter is."""
    for first in range(start, min(len(lines), start + _MOST_ABOVE_LABELS)):
        headers = _headers_from(lines, first)
        subject = next((header.value for header in headers if header.label in _words("subjects")), "")
        addressed = [header.value for header in headers if _ADDRESS.search(header.value) and header.value != subject]
        if not addressed and headers and headers[0].label in _words("headers"):
            addressed = [headers[0].value]  # a sender by name alone
        if len(headers) > 1 and addressed:
            break
    else:
        return None
    title = {word.casefold() for word in _WORD.findall(" ".join(lines[start:first]))}
    end = first + len(headers)
    return Beginning(
        start=start,
        body=end,
        end=_end_of_marked(lines, end),
        sender=addressed[0],
        recipients=" ".join(addressed[1:]),
        at=next((header.value for header in headers if _is_moment(header.value)), ""),
        subject=subject,
        is_passed_on=not title.isdisjoint(_words("forwarded")),
    )


def _headers_from(lines: Sequence[str], start: int) -> list[_Header]:
    """The labels with values that begin at a line; none where a line without a value begins there."""
    headers: list[_Header] = []
    for line in lines[start : start + _MOST_HEADERS]:
        header = _header(line)
        if header is None or not (headers or header.value):
            break
        headers.append(header)
    return headers


def _opened_beginning(lines: Sequence[str], index: int) -> Beginning | None:
    """A letter below a line that tells day and sender, or a marked one with such a line above it."""
    marked = next((i for i in range(index, min(len(lines), index + _MOST_ABOVE_LABELS)) if _is_quoted(lines, i)), None)
    opening = range(0) if marked is None else _opening_above(lines, marked)
    if marked is None or not opening:
        return None
    joined = " ".join(line.strip() for line in lines[opening.start : opening.stop])
    address = _ADDRESS.search(joined)
    if address is None:
        return None
    words = re.split(r"[,;:\d]", joined[: address.start()])[-1].split()
    named = next((i for i, word in enumerate(words) if not word[0].islower()), len(words))
    sender = f"{' '.join(words[named:])} {address[0]}"
    end = _end_of_marked(lines, marked)
    return Beginning(opening.start, marked, end, sender.replace("<", ""), at=joined[: address.start()], is_quoted=True)


def _end_of_marked(lines: Sequence[str], start: int) -> int:
    """Where a letter ends whose lines are marked; one that is not marked goes on to the end."""
    first = next((i for i in range(start, len(lines)) if lines[i].strip()), None)
    if first is None or not _is_quoted(lines, first):
        return len(lines)
    unmarked_line = (i for i in range(first, len(lines)) if lines[i].strip() and not _is_quoted(lines, i))
    return next(unmarked_line, len(lines))


def _is_moment(value: str) -> bool:
    return _CLOCK.search(value) is not None and (_YEAR.search(value) is not None)


def _is_quoted(lines: Sequence[str], index: int) -> bool:
    if _QUOTED.match(lines[index]):
        return True
    beside = lines[max(0, index - 1) : index + 2]
    return _QUOTED_FIGURE.match(lines[index]) is not None and any(_QUOTED.match(line) for line in beside)


def _begins_history(lines: Sequence[str], index: int) -> bool:
    """Whether from this line on everything is another letter."""
    line = lines[index]
    if len(line) > _LONGEST_LINE or not line.strip() or _is_quoted(lines, index):
        return False
    title = _DASHES.match(line)
    if title is not None:
        return _is_title(title["title"]) or _has_labels_next(lines, index)
    return _is_title(line) or _tells_of_letter(lines, index) or _is_header_block(lines, index)


def _is_title(line: str) -> bool:
    """Whether these are but the words that mail programs write above a letter."""
    words = [word.casefold() for word in _WORD.findall(line)]
    return len(words) > 1 and len(line) < _LONGEST_OPENING and all(word in _words("passed_on") for word in words)


def _has_labels_next(lines: Sequence[str], index: int) -> bool:
    following = [line for line in lines[index + 1 : index + 4] if line.strip()]
    return bool(following) and _header(following[0]) is not None


def _tells_of_letter(lines: Sequence[str], index: int) -> bool:
    """Whether a line, or it and the next ones where it is wrapped, tells when somebody wrote what stands below."""
    if not (_YEAR.search(lines[index]) or _CLOCK.search(lines[index])):
        return False
    joined = ""
    for line in lines[index : index + _MOST_WRAPPED]:
        joined = f"{joined} {line.strip()}".strip()
        if joined.endswith((":", "：")):
            below = lines[index + 1 :]
            if not _is_opening(joined) or not any(line.strip() for line in below):
                return False
            return _is_of_program(joined, lines[:index]) or any(map(_QUOTED.match, below))
        if not line.strip():
            return False
    return False


def _is_of_program(opening: str, above: Sequence[str]) -> bool:
    """Whether a mail program wrote the line that tells who wrote; a customer tells so too: `your driver wrote to me:`.

    A program names the sender, with an address or last, and writes below what was answered.
    """
    if _ADDRESS.search(opening):
        return True
    words = _WORD.findall(opening)
    is_to_somebody = words[-1][0].islower() and words[-1].casefold() not in _words("wrote")
    return not is_to_somebody and not all(map(is_greeting, filter(str.strip, above)))


def _is_opening(line: str) -> bool:
    if len(line) > _LONGEST_OPENING or not _YEAR.search(line):
        return False
    says_so = any(word.casefold() in _words("wrote") for word in _WORD.findall(line)[-12:])
    return (says_so and (bool(_CLOCK.search(line)) or len(line) < _LONGEST_OPENING // 2)) or (
        bool(_SENDER.search(line)) and bool(_CLOCK.search(line))
    )


def _opening_above(lines: Sequence[str], index: int) -> range:
    """The line or wrapped lines above a quotation that say whose it is."""
    end = index
    while end and not lines[end - 1].strip():
        end -= 1
    if not end or not lines[end - 1].rstrip().endswith((":", "：")):
        return range(0)
    named = range(0)
    for start in range(end - 1, max(-1, end - 1 - _MOST_WRAPPED), -1):
        joined = " ".join(line.strip() for line in lines[start:end])
        if not lines[start].strip() or len(joined) > _LONGEST_OPENING:
            break
        if _YEAR.search(joined):
            return range(start, end)
        if _ADDRESS.search(joined):
            named = range(start, end)
    return named


def _header(line: str) -> _Header | None:
    match = _LABELLED.match(line) if len(line) <= _LONGEST_LINE else None
    if match is None or len(match["label"].split()) > _MOST_LABEL_WORDS:
        return None
    return _Header(match["label"].strip().casefold(), match["value"].strip())


def _is_header_block(lines: Sequence[str], index: int) -> bool:
    """Whether labels begin here that tell who wrote a letter, when, to whom and of what.

    Labels with days alone are those of a form or a journey. A form asks for an address too, so where the labels are not
    those of a mail program there must be a sender with a name, a time of day, and something above.
    """
    headers: list[_Header] = []
    for line in lines[index : index + _MOST_HEADERS]:
        header = _header(line)
        if header is None:
            break
        headers.append(header)
    if len(headers) < _FEWEST_HEADERS:
        return False
    of_programs = sum(header.label in _words("headers") for header in headers)
    timed = any(_is_moment(header.value) for header in headers)
    if of_programs > _FEWEST_KNOWN and headers[0].label in _words("headers"):
        is_titled = any(header.label in _words("subjects") for header in headers)
        return timed or is_titled or any(_ADDRESS.search(header.value) for header in headers)
    above = any(line.strip() for line in lines[:index])
    return above and timed and _SENDER.search(headers[0].value) is not None
