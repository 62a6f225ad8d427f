"""The times of day of a text: `4:10 pm`, `16:10`, `16 Uhr 10`, `ten past four`, `halb zwölf`, `las cuatro y media`."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from app.caching import text_cache
from app.nlu.languages import Language

HALF_DAY, _NOON = 720, 12
_MARKED = re.compile(
    r"(?<![\d.,:$€£])(\d{1,2})(?:[:.h](\d\d))?(?::\d\d)?\s?"
    r"(?:(?P<half>[ap])\.?\s?m\b\.?|(?:o[’']?clock|uhr(?: (?P<uhr>\d\d))?|uur|heures?|horas?|h)\b(?!\w))",
    re.IGNORECASE,
)
_COLON = re.compile(r"(?<![\d.,:])([01]?\d|2[0-4])[:h]([0-5]\d)(?::[0-5]\d)?(?![\d:])")
_PAST = re.compile(r"\b(?:(half|quarter|\d{1,2})(?: minutes?)? (past|after|to|before) )(\d{1,2})\b(?!:)", re.IGNORECASE)
_GERMANIC = re.compile(r"\b(?:(halb|half|viertel|kwart|\d{1,2}) ?(nach|vor|over|voor)? )(\d{1,2})\b", re.IGNORECASE)
_ROMANCE = re.compile(
    r"\b(\d{1,2})(?: heures?| ore| horas?)? (?:et|y|e) (demie?|media|mezza|meia|quart|cuarto|quarto|un quarto)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:(?P<day>noon|midday|mittag|midi|mediodía|mezzogiorno)"
    r"|midnight|mitternacht|minuit|medianoche|mezzanotte)\b",
    re.IGNORECASE,
)
_POINT = re.compile(r"\b(?:at|by|until|till|before|after|it is|it was|it['’]s) $", re.IGNORECASE)
_COUNTED = re.compile(r"\s?(?:[%$€£]|[^\W\d_]{2,30}+(?<=s)\b|per ?cent\b)", re.IGNORECASE)
_NEAR = 10
_PARTS = {"half": 30, "quarter": 15, "viertel": 15, "kwart": 15}


class ClockTime(NamedTuple):
    """A time of day as written, its minutes after noon or midnight, where it stands, and of which half, if told."""

    written: str
    minutes: int
    start: int
    end: int
    half: Literal["am", "pm"] | None = None


@text_cache(maxsize=4096)
def moments(text: str, language: Language | None) -> tuple[ClockTime, ...]:
    """The times of day in a text whose numbers stand in digits; where one may be read twice, the longer reading."""
    result: list[ClockTime] = []
    for moment in sorted(_candidates(text, language), key=lambda moment: moment.start - moment.end):
        if not any(moment.start < other.end and other.start < moment.end for other in result):
            result.append(moment)
    return tuple(sorted(result, key=lambda moment: moment.start))


def on_the_dial(hour: int, minute: int) -> int:
    """Minutes after noon or midnight: half past eleven is the same by day and by night."""
    return (hour * 60 + minute) % HALF_DAY


def _candidates(text: str, language: Language | None) -> Iterator[ClockTime]:
    for match in _MARKED.finditer(text):
        hour, minute = int(match[1]), int(match[2] or match["uhr"] or 0)
        if hour <= 24 and minute < 60:
            yield _moment(match, on_the_dial(hour, minute), _half(hour, match["half"]))
    for match in _COLON.finditer(text):
        yield _moment(match, on_the_dial(int(match[1]), int(match[2])), _half(int(match[1]), None))
    for match in _PAST.finditer(text):
        part = _PARTS.get(match[1].casefold()) or int(match[1])
        earlier = match[2].casefold() in ("to", "before")
        if earlier and match[1].isdigit() and not _is_before_hour(text, match):
            continue
        if int(match[3]) <= 24:
            yield _moment(match, on_the_dial(int(match[3]), -part if earlier else part))
    if language in (None, "de", "nl"):
        yield from _germanic(text)
    for match in _ROMANCE.finditer(text):
        yield _moment(match, on_the_dial(int(match[1]), 30 if match[2][:2] in ("de", "me") else 15))
    for match in _NAMED.finditer(text):
        yield _moment(match, 0, "pm" if match["day"] else "am")


def _is_before_hour(text: str, match: re.Match[str]) -> bool:
    """Whether `10 to 5` is a time of day and no range: `from 10 to 5`, `questions 2 to 5`, `at 10 to 20 dollars`.

    Told as a time it has its minutes, in fives, after a word for a point in time, and counts nothing that follows.
    """
    if "minute" in match.group().casefold():
        return True
    before = text[max(0, match.start() - _NEAR) : match.start()]
    return int(match[1]) % 5 == 0 and _POINT.search(before) is not None and not _COUNTED.match(text, match.end())


def _germanic(text: str) -> Iterator[ClockTime]:
    for match in _GERMANIC.finditer(text):
        part, side, hour = match[1].casefold(), match[2], int(match[3])
        if hour > 24 or (side is None and part not in ("halb", "half")):
            continue
        if side is None:  # `halb zwölf` is half an hour before twelve
            yield _moment(match, on_the_dial(hour, -30))
        elif part not in ("halb", "half"):
            minutes = _PARTS.get(part) or int(part)
            yield _moment(match, on_the_dial(hour, -minutes if side.casefold() in ("vor", "voor") else minutes))


def _half(hour: int, mark: str | None) -> Literal["am", "pm"] | None:
    if hour > _NOON or (mark or "").casefold() == "p":
        return "pm"
    return "am" if mark else None


def _moment(match: re.Match[str], minutes: int, half: Literal["am", "pm"] | None = None) -> ClockTime:
    return ClockTime(match.group().strip(), minutes, *match.span(), half)
