"""A transcript as statements are compared with it: every text analysed once, whatever is asked of it looked up.

Of a long text the beginning and the end are read, of a long transcript the newest texts first and only the beginnings
of the older ones.
"""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple, cast

import orjson

from app.models import Actor, Interaction, Kind, Transcript
from app.nlu.extent import LEAST_OF_A_TEXT, MOST_OF_A_CASE, MOST_OF_A_TEXT, beginning_and_end
from app.nlu.identifiers import canonical, mentions
from app.nlu.languages import LANGUAGES, Language, folded, language_of, words_of
from app.nlu.read_rows import as_read_all
from app.nlu.sentences import sentences
from app.nlu.words import STOP_WORDS, stem
from app.verification.amounts import Amounts, recorded, spoken
from app.verification.calendar import Day, around, calendar_day, days
from app.verification.clock import ClockTime, moments
from app.verification.figures import every_value, figures, in_digits

MOST_LINES = 4
"""So many interactions are told as what bears most on a statement."""
_COMMON = 8
_LONGEST_TAIL = 8
_PIECES = re.compile(r"[^\W_]+")
_LEAST_OF_A_SLIP = 4
_PLACE_CODE = re.compile(r"\b[A-Z]{3}\b")
_DAYS_APART: Mapping[int, frozenset[str]] = {
    2: frozenset(
        (
            "day after tomorrow",
            "ubermorgen",
            "apres-demain",
            "pasado manana",
            "dopodomani",
            "depois de amanha",
            "overmorgen",
        )
    ),
    -2: frozenset(
        ("day before yesterday", "vorgestern", "avant-hier", "anteayer", "l'altro ieri", "anteontem", "eergisteren")
    ),
    1: frozenset("tomorrow morgen demain manana domani amanha".split()),
    -1: frozenset("yesterday gestern hier ayer ieri ontem gisteren".split()),
}
"""How far from the day of speaking the day is that such words mean; the longer ones first, they hold the others."""
_APART = {wording: apart for apart, wordings in _DAYS_APART.items() for wording in wordings}
_ANY_APART = re.compile(rf"\b(?:{'|'.join(map(re.escape, _APART))})\b")
_THAT_DAY = frozenset("today tonight heute aujourd hui hoy oggi hoje vandaag".split())
_GREETING = re.compile(r"\bgood (?:morning|afternoon|evening|night)\b")
_LATIN = re.compile(r"[A-Z]{2,}|[A-Z]?[a-z]+|\d+")


class Line(NamedTuple):
    """One interaction and as much of what it says as is read, what is recorded of it beside its text included."""

    interaction: Interaction
    text: str
    recorded: str
    is_cut: bool = False

    @property
    def by_customer(self) -> bool:
        """Whether the customer said it."""
        return self.interaction.actor is Actor.CUSTOMER


class TranscriptIndex:
    """What stands in a transcript."""

    def __init__(self, transcript: Transcript) -> None:
        self.lines = tuple(_lines(transcript.interactions))
        self.by_id = {line.interaction.interaction_id: line for line in self.lines}
        self._texts = [f"{line.text}\n{line.recorded}" for line in self.lines]

    @property
    def is_cut(self) -> bool:
        """Whether texts were too long to be read whole, so that what is not in the lines may still have been said."""
        return any(line.is_cut for line in self.lines)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word, folded, also those that names of fields and identifiers are made of."""
        pieces = (piece for text in self._texts for piece in _PIECES.findall(folded(text)))
        camel = (piece.casefold() for line in self.lines for piece in _LATIN.findall(line.recorded))
        return frozenset((*pieces, *camel, *(word for text in self._texts for word in words_of(text))))

    @cached_property
    def beginnings(self) -> Mapping[str, Sequence[str]]:
        """The words by their first four letters."""
        result: dict[str, list[str]] = defaultdict(list)
        for word in self.words:
            result[word[:4]].append(word)
        return result

    @cached_property
    def values(self) -> frozenset[float]:
        """Every number, in digits or in words."""
        return frozenset[float]().union(*(every_value(text, self.languages) for text in self._texts))

    @cached_property
    def by_initial(self) -> Mapping[str, Sequence[str]]:
        """The longer words by their first letter."""
        result: dict[str, list[str]] = defaultdict(list)
        for word in self.words:
            if len(word) >= _LEAST_OF_A_SLIP and word.isalpha():
                result[word[0]].append(word)
        return result

    @cached_property
    def has_place_codes(self) -> bool:
        """Whether places are told of by codes of three letters, as airports are."""
        return any(len(set(_PLACE_CODE.findall(text))) > 1 for text in self._texts)

    @cached_property
    def amounts(self) -> Amounts:
        """What may be amounts: numbers with a currency, and those of recorded data and results."""
        return Amounts(
            spoken={
                line.interaction.interaction_id: spoken(in_digits(line.text, self.language or "en"))
                for line in self.lines
            },
            recorded={line.interaction.interaction_id: recorded(_json(line.interaction)) for line in self.lines},
        )

    @cached_property
    def sums(self) -> frozenset[float]:
        """What two or three numbers make that somebody says beside each other: two adults and three children."""
        result: set[float] = set()
        for line in self.lines:
            if line.interaction.kind is not Kind.MESSAGE:
                continue
            numbers = [
                max(figure.values)
                for figure in figures(in_digits(line.text, self.language or "en"))
                if not (figure.ordinal or figure.money or figure.percent)
            ]
            result.update(map(sum, itertools.pairwise(numbers)))
            result.update(map(sum, zip(numbers, numbers[1:], numbers[2:], strict=False)))
        return frozenset(result)

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Identifiers in canonical form, the words and figures in them, and the ends of what holds digits."""
        result: set[str] = {canonical(mention.value) for text in self._texts for mention in mentions(text)}
        for text in self._texts:
            for token in folded(text).split():
                bare = "".join(_PIECES.findall(token))
                result.update((bare, *_PIECES.findall(token)))
                if any(letter.isdigit() for letter in bare):
                    result.update(bare[-size:] for size in range(2, _LONGEST_TAIL))
            for mention in mentions(text):
                digits = re.sub(r"\D", "", mention.value)
                result.update((digits, digits[-7:], digits[-4:]))
        return frozenset(result)

    @cached_property
    def days(self) -> Sequence[Day]:
        """The days that are told of, in any language."""
        return [day for text in self._texts for day in days(text, None)]

    @cached_property
    def calendar(self) -> frozenset[date]:
        """The days on which something happened, those beside them where somebody speaks of such, those told of."""
        own = {day for line in self.lines for day in around(line.interaction.occurred_at)}
        return frozenset(own) | self.days_beside | self.named_dates

    @cached_property
    def days_beside(self) -> frozenset[date]:
        """The days that are told of from the day of speaking: `tomorrow`."""
        own = {line.interaction.occurred_at.date() for line in self.lines}
        spoken = {apart for text in self._texts for apart in _days_apart(folded(text))}
        return frozenset(day + timedelta(days=apart) for day in own for apart in spoken)

    @cached_property
    def named_dates(self) -> frozenset[date]:
        """The days that are told of with a month and a day, in any year that is meant."""
        own = {line.interaction.occurred_at.date() for line in self.lines}
        years = {date_of.year for date_of in own} | {day.year for day in self.days if day.year}
        candidates = (
            calendar_day(year, *pair)
            for day in self.days
            for pair in day.dates
            for year in ([day.year] if day.year else years)
        )
        return frozenset(date_of for date_of in candidates if date_of)

    @cached_property
    def weekdays(self) -> frozenset[int]:
        """The weekdays that are told of or follow from dates, or from when it was where somebody speaks of that day."""
        result = {told_day.weekday for told_day in self.days if told_day.weekday is not None} | {
            day.weekday() for day in self.named_dates
        }
        own = {line.interaction.occurred_at.date() for line in self.lines}
        if len(own) > 1 or not _THAT_DAY.isdisjoint(self.words):
            result.update(day.weekday() for line in self.lines for day in around(line.interaction.occurred_at))
        return frozenset(result) | self.weekdays_beside

    @cached_property
    def weekdays_beside(self) -> frozenset[int]:
        """The weekdays of the days that are told of from the day of speaking."""
        return frozenset(day.weekday() for day in self.days_beside)

    @cached_property
    def tells_dates(self) -> bool:
        """Whether a day is told of by its date, its month or its day of the month."""
        return any(day.dates or day.month or day.day for day in self.days)

    def may_tell(self, offsets: Iterable[int]) -> bool:
        """Whether a day that is told of may be so many days after one on which something was said."""
        own = {line.interaction.occurred_at.date() for line in self.lines}
        wanted = {day + timedelta(days=offset) for day in own for offset in offsets if offset}
        told_days = {day._replace(written="", start=0, end=0) for day in self.days}
        return any(day.may_be(date_of) for day in told_days for date_of in wanted)

    @cached_property
    def lowered(self) -> str:
        """All that is told, in lower case and without greetings, whose time of day is that of the talk alone."""
        return _GREETING.sub(" ", "\n".join(self._texts).casefold())

    def holds(self, phrase: str) -> bool:
        """Whether a phrase in lower case begins at some word."""
        return re.search(rf"(?<!\w){re.escape(phrase)}", self.lowered) is not None

    @cached_property
    def moments(self) -> Sequence[ClockTime]:
        """The times of day that are told of."""
        result: list[ClockTime] = []
        for text in self._texts:
            result.extend(moments(text, None))
            for language in self.languages:
                spelled = in_digits(text, language)
                result.extend(moments(spelled, language) if spelled != text else ())
        return result

    @cached_property
    def minutes(self) -> frozenset[int]:
        """The times of day that are told of, as minutes after noon or midnight."""
        return frozenset(moment.minutes for moment in self.moments)

    @cached_property
    def hours(self) -> frozenset[int]:
        """The hours of the day, 0 to 23, that the times of day may be in; both where it is not told of which half."""
        return frozenset(
            moment.minutes // 60 + noon
            for moment in self.moments
            for noon in ((0, 12) if moment.half is None else (12 if moment.half == "pm" else 0,))
        )

    @cached_property
    def minutes_past(self) -> frozenset[int]:
        """The minutes of the hours at which something happened; the hour depends on somebody's time zone."""
        return frozenset(line.interaction.occurred_at.minute for line in self.lines)

    @cached_property
    def counts(self) -> frozenset[float]:
        """How many there may be of what is listed: calls of a tool or some of them, items of lists in data."""
        calls = Counter(line.interaction.name for line in self.lines if line.interaction.kind is not Kind.TOOL_RESULT)
        most = max((number for name, number in calls.items() if name), default=0)
        result = {float(number) for number in range(1, most + 1)}  # some of them failed, or came before others
        result.update(float(size) for line in self.lines for size in _sizes(_json(line.interaction)))
        return frozenset(result)

    @cached_property
    def language(self) -> Language | None:
        """The language that most of what people said is in."""
        languages = [language_of(line.text) for line in self.lines if line.interaction.kind is Kind.MESSAGE]
        best = max(LANGUAGES, key=languages.count)
        return best if best in languages else None

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """The languages that are spoken in it; all of them where none is sure."""
        spoken = {language_of(line.text) for line in self.lines}
        return tuple(language for language in LANGUAGES if language in spoken) or LANGUAGES

    @cached_property
    def names(self) -> Mapping[str, bool]:
        """The words of participants' names, folded, and whether theirs is the customer."""
        return {
            word: line.by_customer
            for line in self.lines
            if line.interaction.participant and line.interaction.participant.name
            for word in words_of(line.interaction.participant.name)
        }

    @cached_property
    def full_names(self) -> Mapping[str, bool]:
        """The names of participants as shown, their first and last words too, and whether each is the customer's."""
        shown = [
            (line.interaction.participant.name, line.by_customer)
            for line in self.lines
            if line.interaction.participant and line.interaction.participant.name
        ]
        return {
            name: customer
            for full, customer in shown
            for name in (full, full.split()[0], full.split()[-1])
            if full.strip()
        }

    @cached_property
    def wordings(self) -> Sequence[tuple[Line, str]]:
        """The words of each line in a row, between spaces: what a quotation is looked for in."""
        return [(line, f" {' '.join(words_of(line.text))} ") for line in self.lines]

    @cached_property
    def sentences(self) -> Sequence[tuple[Line, str, frozenset[str]]]:
        """Every sentence that somebody said, with its line and stems."""
        return [(line, sentence, stems_of(sentence)) for line in self.lines for sentence in sentences(line.text)]

    @cached_property
    def postings(self) -> Mapping[str, Sequence[int]]:
        """For each stem the places of the lines, and of the sentences, that hold it."""
        result: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(self._texts):
            for word in stems_of(text):
                result[word].append(number)
        return result

    @cached_property
    def sentence_postings(self) -> Mapping[str, Sequence[int]]:
        """For each stem the places of the sentences that hold it."""
        result: dict[str, list[int]] = defaultdict(list)
        for number, (_, _, stems) in enumerate(self.sentences):
            for word in stems:
                result[word].append(number)
        return result

    def bearing(self, text: str) -> Sequence[Line]:
        """The lines that share most words with a sentence, best first; a rare word counts more than a common one."""
        hits: dict[int, float] = defaultdict(float)
        for stem_of_word in stems_of(text):
            places = self.postings.get(stem_of_word, ())
            for line_number in places:
                hits[line_number] += 1 / (_COMMON + len(places))
        best = sorted(hits, key=lambda line_number: -hits[line_number])[:MOST_LINES]
        return [self.lines[line_number] for line_number in best]


def _days_apart(text: str) -> Iterator[int]:
    return (_APART[match.group()] for match in _ANY_APART.finditer(text))


def tells_day_beside(text: str) -> bool:
    """Whether a text tells a day from the day of speaking: `tomorrow`."""
    return _ANY_APART.search(folded(text)) is not None


def stems_of(text: str) -> frozenset[str]:
    """What a text is about: the stems of its words without the stop words."""
    return frozenset(stem(word) for word in words_of(text) if word not in STOP_WORDS)


def _lines(interactions: Sequence[Interaction]) -> Iterator[Line]:
    left = MOST_OF_A_CASE
    read: list[Line] = []
    for interaction in reversed(as_read_all(interactions)):
        text = beginning_and_end(interaction.text, max(LEAST_OF_A_TEXT, min(MOST_OF_A_TEXT, left)))
        whole = " ".join(_recorded(interaction))
        recorded = beginning_and_end(whole, max(LEAST_OF_A_TEXT, min(MOST_OF_A_TEXT, left - len(text))))
        left -= len(text) + len(recorded)
        read.append(Line(interaction, text, recorded, is_cut=text is not interaction.text or recorded is not whole))
    return reversed(read)


def _recorded(interaction: Interaction) -> Iterator[str]:
    """What is recorded of an interaction beside its text."""
    if interaction.name:
        yield interaction.name
    if interaction.outcome:
        yield interaction.outcome.value
    yield f"{interaction.actor.value} {interaction.channel.value}"
    if interaction.participant:
        yield from (value for value in (interaction.participant.name, interaction.participant.id) if value)
    yield from (identifier.value for identifier in interaction.identifiers)
    yield from _leaves(dict(interaction.data))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in cast(Iterable[Any], value):
            yield from _leaves(inner)
    elif value is not None:
        yield f"{value:g}" if isinstance(value, float) else str(value)


def _json(interaction: Interaction) -> Any:
    """The data of an interaction, or what its text is where that is JSON."""
    if (
        interaction.kind is not Kind.TOOL_RESULT
        or not interaction.text.lstrip().startswith(("{", "["))
        or len(interaction.text) > MOST_OF_A_TEXT
    ):
        return dict(interaction.data)
    try:
        return orjson.loads(interaction.text)
    except orjson.JSONDecodeError:
        return dict(interaction.data)


def _sizes(value: Any) -> Iterator[int]:
    """How many there are of the things that are listed, also by name; how many fields a thing has is none of those."""
    if isinstance(value, Mapping):
        fields = cast(Mapping[str, Any], value)
        if fields and all(isinstance(inner, Mapping) for inner in fields.values()):
            yield len(fields)
        for inner in fields.values():
            yield from _sizes(inner)
    elif isinstance(value, list | tuple):
        yield len(cast(Sequence[Any], value))
        for inner in cast(Sequence[Any], value):
            yield from _sizes(inner)
