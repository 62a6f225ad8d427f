"""The days of a text: dates in any common format, months, weekdays and days of the month, in seven languages."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from babel import Locale

from app.caching import text_cache
from app.nlu.tables import LANGUAGES, Language, Times, table

_NUMERIC = re.compile(r"(?<![\w./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-])")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")
_ORDINAL_MARK = r"(?:st|nd|rd|th|er|º|ª|°|\.)?"
_BARE_DAY = re.compile(r"\b(?:on|by|until|till|since|from|of|for|the) (?:the )?(\d{1,2})(?:st|nd|rd|th)\b")
_NOT_COUNTED = r"(?![\w%]|[:.,]\d| \d| ?(?:%|uhr|uur|h\b|por cien|per cento))"

_DAY_AFTER = re.compile(
    r",? (?:the |den |le |el |il |de )?(\d{1,2})(?:st|nd|rd|th|\.)?"
    r"(?![\w%]|[:.,]\d| ?(?:[ap]\.?m|uhr|uur|o['’]clock|h\b))",
    re.IGNORECASE,
)
_EARLY, _LATE = 8, 22
_COUNTED = re.compile(r" (?:time|attempt|floor|century|birthday|anniversary|avenue|street|\w+ment)\b")
_YEAR = re.compile(r"(?<![\w.,/-])(?:19|20)\d\d(?![\w/-]|[.,]\d)")
# Written small they are other words of the language.
_ALSO_WORDS = frozenset(("may", "march", "sun", "sat", "mar", "set", "mi", "do", "so", "di", "fr", "wed"))


class Day(NamedTuple):
    """What a text tells of a day; `months_or_days` are both readings of `3/4/2026`. Where it stands, and as written."""

    written: str
    start: int
    end: int
    dates: frozenset[tuple[int, int]] = frozenset()
    year: int | None = None
    month: int | None = None
    weekday: int | None = None
    day: int | None = None

    def may_be(self, other: date) -> bool:
        """Whether this may be a day of the calendar; a year alone, or a month, may be each of its days."""
        return (
            (not self.dates or (other.month, other.day) in self.dates)
            and self.year in (None, other.year)
            and self.month in (None, other.month)
            and self.weekday in (None, other.weekday())
            and self.day in (None, other.day)
        )


@text_cache(maxsize=4096)
def days(text: str, language: Language | None) -> tuple[Day, ...]:
    """The days that a text tells of; without a language the names of all of them are read."""
    result: list[Day] = []
    for day in _candidates(text, language):
        if not any(day.start < other.end and other.start < day.end for other in result):
            result.append(day)
    return tuple(sorted(result, key=lambda day: day.start))


def calendar_day(year: int, month: int, day: int) -> date | None:
    """The day, None where the calendar has none."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def around(moment: datetime) -> Iterator[date]:
    """The day of a moment, and near midnight the one before or after it too: somebody's time zone may be another."""
    yield moment.date()
    if moment.hour < _EARLY:
        yield moment.date() - timedelta(days=1)
    if moment.hour >= _LATE:
        yield moment.date() + timedelta(days=1)


def _candidates(text: str, language: Language | None) -> Iterator[Day]:
    for match in _ISO.finditer(text):
        pair = (int(match[2]), int(match[3]))
        yield Day(match.group(), *match.span(), frozenset((pair,)), int(match[1]))
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        pairs = frozenset(
            pair for pair in ((first, second), (second, first)) if 1 <= pair[0] <= 12 and 1 <= pair[1] <= 31
        )
        if pairs:
            yield Day(match.group(), *match.span(), pairs, int(match[4]) % 100 + 2000)
    names = _names(language)
    yield from _dated(text, names)
    yield from _named(text, names)
    for match in _bare_day(language).finditer(text):
        if 1 <= int(match[1]) <= 31 and not _COUNTED.match(text, match.end()):
            yield Day(match.group(), *match.span(), day=int(match[1]))
    for match in _YEAR.finditer(text):
        yield Day(match.group(), *match.span(), year=int(match.group()))


def _dated(text: str, names: "_Names") -> Iterator[Day]:
    """Days of a named month."""
    for match in names.dated.finditer(text):
        day, month = int(match["d1"] or match["d2"]), names.months[_key(match["m1"] or match["m2"])]
        if 1 <= day <= 31:
            year = match["y1"] or match["y2"]
            yield Day(match.group(), *match.span(), frozenset(((month, day),)), int(year) if year else None)


def _named(text: str, names: "_Names") -> Iterator[Day]:
    """Weekdays, also with the day of the month beside them, and months."""
    for match in names.alone.finditer(text):
        name, start = _key(match["name"]), match.start()
        if name in _ALSO_WORDS and not match.group()[0].isupper():
            continue
        weekday = names.weekdays.get(name)
        if weekday is not None:
            beside = _DAY_AFTER.match(text, match.end())
            if beside:
                yield Day(text[start : beside.end()], start, beside.end(), weekday=weekday, day=int(beside[1]))
            yield Day(match.group(), *match.span(), weekday=weekday)
        elif name not in _ALSO_WORDS or _is_month(text, match):
            yield Day(match.group(), *match.span(), month=names.months[name])


def _is_month(text: str, match: re.Match[str]) -> bool:
    """Whether a capitalised `May` or `March` is the month: after a preposition or before a year."""
    before = text[max(0, match.start() - 12) : match.start()]
    return re.search(r"\b(?:in|of|since|until|till|by|from|early|late|mid|last|next)[ -]$", before) is not None


@cache
def _bare_day(language: Language | None) -> re.Pattern[str]:
    """A number that is a day of the month without naming the month: `der 3.`, `le 3`."""
    times = None if language is None else table(language, Times)
    if times is None or not times.before_day:
        return _BARE_DAY
    before = "|".join(re.escape(word) for word in sorted(times.before_day))
    after = "|".join(re.escape(word) for word in sorted(times.after_day))
    suffix = f"(?:{after})" if after else ""
    return re.compile(rf"\b(?:{before}) (\d{{1,2}}){suffix}{_NOT_COUNTED}", re.IGNORECASE)


class _Names(NamedTuple):
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    dated: re.Pattern[str]
    alone: re.Pattern[str]


@cache
def _names(language: Language | None) -> _Names:
    wide: dict[str, int] = {}
    short: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    for code in (language,) if language else LANGUAGES:
        locale = Locale(code)
        wide.update({_key(name): number for number, name in locale.months["format"]["wide"].items()})
        short.update({_key(name): number for number, name in locale.months["format"]["abbreviated"].items()})
        named = {_key(name): number for number, name in locale.days["format"]["wide"].items()}
        weekdays |= named | {name.removesuffix("-feira"): number for name, number in named.items()}
    if language in (None, "en"):
        weekdays.update({name[:3]: number for name, number in weekdays.items() if name.endswith("day")})
        short.setdefault("sept", 9)
    months = {**short, **wide}
    any_month = "|".join(sorted(map(re.escape, months), key=len, reverse=True))
    dated = re.compile(
        rf"\b(?P<m1>{any_month})\.? (?:the )?(?P<d1>\d{{1,2}})(?!\d|[:.]\d){_ORDINAL_MARK}(?!\w)(?:,? (?P<y1>\d{{4}}))?"
        rf"|(?<![\d.,:])(?P<d2>\d{{1,2}}){_ORDINAL_MARK}(?: (?:of|de|di|del))? (?P<m2>{any_month})\b\.?"
        rf"(?:,?(?: del?)? (?P<y2>\d{{4}}))?",
        re.IGNORECASE,
    )
    alone = "|".join(sorted(map(re.escape, {**wide, **weekdays}), key=len, reverse=True))
    return _Names(months, weekdays, dated, re.compile(rf"\b(?P<name>{alone})(?:s|en)?\b", re.IGNORECASE))


def _key(name: str) -> str:
    return name.casefold().rstrip(".")
