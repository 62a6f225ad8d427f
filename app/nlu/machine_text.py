"""Finds in a message the lines that a machine wrote and somebody pasted: logs, stack traces, JSON, other markup.

Told by their shape, in time that grows with the text alone. A list or a table that somebody typed is none of these.
"""

import re
from collections.abc import Sequence

_LONGEST_LINE = 400
_TIME = (
    r"[\[(]?(?:\d{4}-\d\d-\d\d[T ]|\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? |[A-Z][a-z]{2} {1,2}\d{1,2} "
    r"|\d{1,2}/[A-Z][a-z]{2}/\d{4}[: ])?"
    r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d)?[\])]?"
)
_STAMPED = re.compile(rf"\s{{0,8}}{_TIME}[\s:|-]{{1,4}}\S")
_LEVEL = re.compile(
    r"(?:^|[\s\[(|<])(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRIT(?:ICAL)?|SEVERE|PANIC|ALERT)(?=$|[\s\]):|>/])"
)
_CODED = re.compile(
    r"\b0x[0-9a-fA-F]{2,}|\w[./\\]\w{1,40}:\d|\b\w{1,40}=\S|\[\w[\w.:#-]{0,60}\]|\w{1,40}[._:]{1,2}\w{1,40}\(|\w{2,40}\.\w{2,40}\.\w{2,40}"
)
_FRAME = re.compile(
    r"\s{0,20}(?:at\s{1,4}[^\n]{1,200}?(?:\.\w{1,80}\(|:\d{1,6}\)|:\d{1,6}:\d{1,6}\s{0,4}$)"
    r"|File \"[^\"\n]{1,200}\", line \d|\.{3} \d{1,5} more"
    r"|Caused by: |Traceback \(|goroutine \d"
    r"|#\d{1,4}\s{1,4}(?:0x[0-9a-fA-F]|[^\n]{1,200}?(?:\(\d{1,6}\):|:\d{1,6}\)|\) at \S))"
    r"|\w[\w.]{0,120}(?:Error|Exception)(?::|$))"
)
_DATA = re.compile(r"\s{0,80}(?:[\"'][^\"'\n]{1,80}[\"']\s?:\s?\S|[{}\[\]]{1,8},?\s{0,4}$)")
# A tag that is closed or stands alone, or has attributes; `<order> 12` only marks a place.
_TAGGED = re.compile(
    r"\s{0,80}(?:</[\w:-]{1,60}>|<[?!]?[\w:-]{1,60}(?:[\s/][^<>\n]{0,300})?>(?:\s{0,4}$|[^<>\n]{0,300}</)"
    r"|<[?!]?[\w:-]{1,60}\s[\w:-]{1,60}=[\"'])"
)
_SETTING = re.compile(r"\b[\w.-]{1,40}=[^\s=]{1,200}")
_BINARY = re.compile(r"\s{0,8}(?:(?:[0-9a-fA-F]{2}[\s:]){8}|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{60,}={0,2}\s{0,4}$)")
_FENCE = re.compile(r"\s{0,4}(?:```|~~~)")
_KEYS = re.compile(r"[\"'][\w -]{1,40}[\"']\s?:")
_FEWEST_LINES, _FEWEST_KEYS, _FEWEST_SETTINGS = 3, 4, 3
_LONGEST_OBJECT = 100
# `/ask_status{"order": "A1"}`, `postback:ORDER_STATUS`: what a button sent, which nobody typed.
_PAYLOAD = re.compile(
    r"\s{0,4}/[a-z][\w/.-]{1,80}\s?(?:\{.{0,2000}\})?\s{0,4}$|\s{0,4}\{.{2,4000}\}\s{0,4}$", re.DOTALL
)


def machine_lines(lines: Sequence[str]) -> frozenset[int]:
    """The places of the lines that a machine wrote; of few that only look so, none."""
    chosen: set[int] = set()
    block: list[int] = []
    for index, line in enumerate(lines):
        if is_of_machine(line):
            block.append(index)
        elif line.strip() and not (block and _goes_on(lines, index)):
            _close(block, chosen)
    _close(block, chosen)
    return frozenset(chosen | _fenced(lines))


def object_in(line: str) -> tuple[int, int] | None:
    """Where a long object of JSON, or the like, stands in a line; None where none does."""
    starts = [position for position in (line.find("{"), line.find("[")) if position >= 0]
    end = max(line.rfind("}"), line.rfind("]")) + 1
    if not starts or end - min(starts) < _LONGEST_OBJECT:
        return None
    start = min(starts)
    return (start, end) if len(_KEYS.findall(line[start : start + 2_000])) >= _FEWEST_KEYS else None


def is_of_machine(line: str) -> bool:
    """Whether a line has the shape of a log's, a stack trace's or that of data."""
    begin = line[:_LONGEST_LINE]
    if not begin or begin.isalpha():
        return False
    if _STAMPED.match(begin) and (_LEVEL.search(begin) or _CODED.search(begin)):
        return True
    if _FRAME.match(begin) or _DATA.match(begin) or _TAGGED.match(begin) or _BINARY.match(begin):
        return True
    if _LEVEL.match(begin) and _CODED.search(begin):
        return True
    return "=" in begin and len(_SETTING.findall(begin)) >= _FEWEST_SETTINGS


def is_surely_of_machine(line: str) -> bool:
    """Whether a line has what nobody types: a time to the second with a code behind it, or data with quoted names."""
    begin = line[:_LONGEST_LINE]
    return bool(_STAMPED.match(begin) or _DATA.match(begin) or _TAGGED.match(begin))


def is_payload(text: str) -> bool:
    """Whether a whole message is what a button or a menu sent to a bot."""
    return text.lstrip()[:1] in ("/", "{") and "\n" not in text.strip() and _PAYLOAD.match(text) is not None


def _goes_on(lines: Sequence[str], index: int) -> bool:
    """Whether a line stands within a trace: an indented one, or one between two lines of a machine's."""
    following = lines[index + 1] if index + 1 < len(lines) else ""
    return lines[index].startswith(("\t", "    ")) or (
        is_of_machine(lines[index - 1]) and is_of_machine(following) and not lines[index].rstrip().endswith("?")
    )


def _close(block: list[int], chosen: set[int]) -> None:
    if len(block) >= _FEWEST_LINES:
        chosen.update(range(block[0], block[-1] + 1))
    block.clear()


def _fenced(lines: Sequence[str]) -> set[int]:
    """The lines between two fences of Markdown."""
    fences = [index for index, line in enumerate(lines) if _FENCE.match(line)]
    return {index for start, end in zip(fences[::2], fences[1::2], strict=False) for index in range(start, end + 1)}
