"""By when a promise is due: the moment that its words mean, reckoned from the moment they were said.

Days and hours in words are read by dateparser; spans of business days it does not know are counted here. What is due on
a day is due at its end.
"""

import re
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, cast

import text_to_num

from app.caching import text_cache
from app.models import Commitment
from app.nlu.identifiers import mentions
from app.nlu.languages import language_of
from app.nlu.tables import ENGLISH, LANGUAGES, Language, Times, table
from app.nlu.weekday_hours import clock_in, hour_alone, moment_of

_SPAN = re.compile(
    r"(?:\d{1,3} ?(?:-|–|to|or|bis|oder|à|ou|a|o|al|tot|of) ?)?(?P<most>\d{1,3}) ?"
    r"(?P<unit>[^\W\d_]+(?: [^\W\d_]+)?)",
    re.IGNORECASE,
)
# What `with_day` adds.
_DAY = re.compile(r" \(\d{4}-\d{2}-\d{2}\)$")
_HOURS = 24
_END_OF_DAY = time(23, 59)
_FRIDAY = 4
_LONGEST_SENTENCE = 400
_FEWEST_LETTERS = 4
_THE_HOUR = re.compile(r"\b(?:the|an|half an) hour\b", re.IGNORECASE)
# What seems to lie further off was probably not understood.
_LONGEST = timedelta(days=200)


def is_overdue(promise: Commitment, now: datetime) -> bool:
    """Whether the moment that a promise names is past; a promise without a moment is never overdue."""
    moment = None if promise.due is None or promise.at is None else due_at(promise.due, promise.at)
    return moment is not None and moment < now


def with_day(promise: Commitment, now: datetime) -> Commitment:
    """A promise of an earlier day, with the day that words like `today` or `by Friday` meant then."""
    if promise.due is None or promise.at is None or promise.at.astimezone(now.tzinfo).date() == now.date():
        return promise
    names_date = any(mention.type == "date" for mention in mentions(promise.due))
    moment = None if names_date else due_at(promise.due, promise.at)
    return promise if moment is None else promise.model_copy(update={"due": f"{promise.due} ({moment:%Y-%m-%d})"})


@text_cache(maxsize=2048)
def day_named(sentence: str, said_at: datetime) -> str | None:
    """The words of a sentence that name a day or an hour to come; None where none do."""
    language = language_of(sentence) or ENGLISH
    if language not in _readable():
        return None
    matches = _searcher()(sentence[:_LONGEST_SENTENCE], languages=[language], settings=_settings(said_at))
    for words, moment in matches or ():
        named = moment if moment.tzinfo else moment.replace(tzinfo=said_at.tzinfo)
        if sum(map(str.isalnum, words)) >= _FEWEST_LETTERS and timedelta() < named - said_at < _LONGEST:
            return _without_joint(str(words))
    return None


@text_cache(maxsize=2048)
def due_at(words: str, said_at: datetime) -> datetime | None:
    """The latest moment that the words mean; None where they mean none that is known."""
    words = _in_digits(_DAY.sub("", words))
    # A date says more than its weekday.
    if not any(mention.type == "date" for mention in mentions(words)):
        if (moment := moment_of(words, said_at)) is not None:
            return moment
        if (clock := hour_alone(words)) is not None and not _tells_length(words):
            return _at_hour(clock.hour, said_at, clock.minute)
    span = _SPAN.search(words)
    unit = _unit_of(span["unit"]) if span else None
    if span and unit and unit < timedelta(days=1) and not _tells_length(words):
        return _at_hour(int(span["most"]), said_at) if unit == timedelta(hours=1) else None
    if span and unit and int(span["most"]) * unit < _LONGEST:
        count = int(span["most"])
        if unit == timedelta(days=1) and any(part in words.casefold() for part in _words("business")):
            return _end_of(_after_business_days(said_at, count))
        return said_at + count * unit if unit < timedelta(days=1) else _end_of(said_at + count * unit)
    return _read_by_parser(words, said_at)


def _read_by_parser(words: str, said_at: datetime) -> datetime | None:
    bare = words.strip(" .,")
    while (leading := _leading(bare, "before_due")) is not None:
        bare = bare[len(leading) :].lstrip()
    moment: datetime | None = _parse(_with_minutes(bare), said_at) if bare else None
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=said_at.tzinfo)
    if moment - said_at > _LONGEST:
        return None
    return _end_of(moment) if (moment.hour, moment.minute) in ((0, 0), (said_at.hour, said_at.minute)) else moment


def _with_minutes(words: str) -> str:
    """The words with the minutes of an hour, which the parser takes for a month without them: `the 14th at 10`."""
    clock = clock_in(words)
    if clock is None or not words[clock.start : clock.end][-2:].strip().isdigit() or ":" in words:
        return words
    return f"{words[: clock.start]}{clock.hour:02}:{clock.minute:02}{words[clock.end :]}"


def _at_hour(hour: int, said_at: datetime, minute: int = 0) -> datetime | None:
    """The next time that the clock shows an hour: `avant 18 heures`."""
    if not 0 <= hour < _HOURS:
        return None
    moment = said_at.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return moment if moment >= said_at else moment + timedelta(days=1)


def _unit_of(word: str) -> timedelta | None:
    """The length of the unit that a word of any language names: `Werktagen`, `working days`."""
    parts = word.casefold().split()
    lengths = (length for length, names in _units() if any(part.startswith(names) for part in parts))
    return next(lengths, None)


def _leading(text: str, kind: str) -> str | None:
    """The longest of some words of the languages with which a text begins; None where it begins with none."""
    start = text.casefold().replace("’", "'")
    fitting = (word for word in _words(kind) if start.startswith(word) and not start[len(word) :][:1].isalnum())
    return max(fitting, key=len, default=None)


def _tells_length(words: str) -> bool:
    """Whether a number of hours is how long something takes, and not an hour of the clock."""
    return words[:1].isdigit() or _leading(words, "before_length") is not None


def _without_joint(words: str) -> str:
    """The words without an `and` or `or` at their end."""
    start, _, last = words.rpartition(" ")
    return start.rstrip(" ,") if start and last.casefold() in _words("joints") else words


@cache
def _words(kind: str) -> frozenset[str]:
    """The words of one kind of all languages together."""
    return frozenset[str]().union(*(getattr(times, kind) for times in _times()))


@cache
def _units() -> tuple[tuple[timedelta, tuple[str, ...]], ...]:
    """The units of time, the shortest first, and how words for them begin in any of the languages."""
    lengths = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(1), "week": timedelta(7)}
    return tuple(
        (length, tuple(name for times in _times() for name in getattr(times.units, unit)))
        for unit, length in lengths.items()
    )


def _times() -> list[Times]:
    return [times for times in (table(language, Times) for language in LANGUAGES) if times is not None]


def _after_business_days(start: datetime, count: int) -> datetime:
    day = start
    while count:
        day += timedelta(days=1)
        count -= day.weekday() <= _FRIDAY
    return day


def _end_of(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), _END_OF_DAY, tzinfo=moment.tzinfo)


def _in_digits(words: str) -> str:
    """The words with numbers in digits: `within 2 working days`."""
    words = _THE_HOUR.sub("1 hour", words)
    for language in LANGUAGES:
        if language_of(words) in (language, None):
            digits = digits_of(words, language)
            if digits != words:
                return digits
    return words


def digits_of(words: str, language: Language) -> str:
    """The words with numbers in the words of a language in digits."""
    try:
        return str(cast(Any, text_to_num).alpha2digit(words, language, 0))
    except ValueError:  # a language whose number words the library does not know
        return words


def _settings(said_at: datetime) -> dict[str, Any]:
    return {"RELATIVE_BASE": said_at.replace(tzinfo=None), "PREFER_DATES_FROM": "future"}


def _parse(words: str, said_at: datetime) -> datetime | None:
    return _parser()(words, languages=_readable(), settings=_settings(said_at))


@cache
def _readable() -> list[Language]:
    """The languages whose dates dateparser reads."""
    from dateparser.data.languages_info import language_order

    return [language for language in LANGUAGES if language in language_order]


@cache
def _parser() -> Any:
    # Its tables of languages take some tenths of a second to load, which a brief without promises need not pay.
    import dateparser

    return dateparser.parse


@cache
def _searcher() -> Any:
    from dateparser.search import search_dates

    return search_dates
