"""What a sentence names that its evidence does not: names, identifiers, amounts, dates, numbers."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from app.brief.verification import moments
from app.brief.verification.figures import Figure, explicit_values, figures, measured, plain, values
from app.brief.verification.reading import (
    MOST_CHARACTERS,
    MOST_RECORDED,
    SIDE_WORDS,
    recorded,
    side_of,
)
from app.caching import text_cache
from app.language.identifiers import Mention, canonical, mentions
from app.language.sentences import sentences
from app.language.words import STOP_WORDS, stem, tokens
from app.models import Interaction, Kind

_CAPITALISED = re.compile(r"(?<![\w.!?“\"])(?<=\s)[A-Z][a-z]+\b")
_OPENING = re.compile(r"^[“\"]?([A-Z][a-z]{2,}+)(['’]s\b)?(?:['’](?=ll\b|d\b))?\s*(,|[A-Za-z]+)?")
_OPENERS = frozenset(
    """everyone everybody someone somebody nobody anyone people men women most many several another others neither
    either since though although unless despite besides meanwhile however therefore otherwise instead eventually
    later soon perhaps maybe upon according due regarding concerning without within every nothing everything
    something one two three four five six seven eight nine ten first next last please ask tell check send call
    earlier afterwards afterward previously recently initially originally then thereafter additionally moreover
    furthermore also again still now currently overall apparently unfortunately fortunately luckily sadly
    hopefully once twice yesterday today tomorrow tonight finally lastly secondly thirdly often sometimes usually
    normally already only even just yet thus hence here there beforehand""".split()
)
_GERMAN = re.compile(
    r"\b(?:der|das|dem|ein|eine|einen|einem|einer|und|oder|nicht|ist|sind|wird|wurde|haben|kann|soll|sagt|meldet|möchte"
    r"|bittet|kommt|mit|von|vom|zum|zur|für|auf|bei|nach|dass|sich|sie|ihm|ihr|ihre|seine?|keine?|über|noch|auch|zu"
    r"|frau|herrn?|kunde|kundin)\b",
    re.IGNORECASE,
)
_FEWEST_GERMAN = 2
_GERMAN_TIMES = re.compile(
    r"\b(?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonnabend|Sonntag|Januar|Februar|März|April|Mai|Juni|Juli"
    r"|August|September|Oktober|November|Dezember)\b"
)
_TITLED = re.compile(r"\b(?:Herrn?|Frau|Dr\.) ([A-ZÄÖÜ][a-zäöüß]+)\b")
_COMMON_ENDINGS = (
    "ing",
    "ly",
    "tion",
    "sion",
    "ment",
    "ness",
    "ity",
    "ance",
    "ence",
    "ship",
    "als",
    "ers",
)
_VERBAL = re.compile(
    r"(?<!\w)\w++(?:(?<=\ws)|(?<=\wed))|also|only|never|still|just|already|often|now|then|soon|doesn|didn|isn|wasn|fell|gave|took|made|came|saw"
    r"|said|met|thought|felt|found|left|kept|bought|paid|sent|spoke|wrote|began|knew|ll|is|was|has|had|will|can|could|would|should|may|might|must|did|went|got|told|and|,|who|[A-Z]\w+"
)
_ALIKE = 4
_BEGINNING = 5
_LONG_NAME = 5


class Evidence:
    """The text of interactions, as names, numbers and times are looked for in it."""

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self.interactions = interactions
        self.texts = [text_of(one) for one in interactions]
        self.text = "\n".join(self.texts)
        self.lowered = self.text.casefold()
        self.words = frozenset[str]().union(*map(words_in, self.texts))
        self.beginnings = frozenset(word[:_BEGINNING] for word in self.words if len(word) >= _BEGINNING)
        self.days = moments.days_of(one.occurred_at for one in interactions)

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Its words, lower-cased."""
        return frozenset[str]().union(*map(_tokens_in, self.texts))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its words, stop words included."""
        return frozenset(map(stem, self.tokens))

    @cached_property
    def names(self) -> frozenset[str]:
        """The identifiers, amounts and the like that stand in it, in canonical form."""
        return frozenset(canonical(one.value) for text in self.texts for one in mentions(text))

    def foreign(self, text: str, *, counted: bool = False) -> str | None:
        """What is wrong with the first name, date or number of a sentence that is not here, in words.

        With `counted` a number may also be that of the interactions: `tried twice`, with both attempts cited.
        """
        named = mentions(text)
        for mention in named:
            if not self._knows(mention):
                return f"{mention.value} is not in the evidence"
        for figure in figures(text):
            inside = any(one.start <= figure.start < one.end for one in named)
            if not inside and not self._bears(figure) and not (counted and self._counts(figure.value)):
                return f"the number {figure.written} is not in the evidence"
        time = moments.unfounded(text, self.lowered, self.days)
        if time is not None:
            return f"the time {time.capitalize() if time in moments.NAMED else time} is not in the evidence"
        for name in proper_names(text):
            if not self._heard(name):
                return f"the name {name.capitalize()} is not in the evidence"
        return None

    def holds(self, quotation: str) -> bool:
        """Whether words stand here as they are quoted, but for the space between them."""
        return _flat(quotation) in _flat(self.text)

    def sides_saying(self, quotation: str) -> Iterator[int]:
        """The sides that say these words, as in `reading.side_of`."""
        wanted = _flat(quotation)
        pairs = zip(self.interactions, self.texts, strict=True)
        return (side_of(one) for one, text in pairs if wanted in _flat(text))

    def _knows(self, mention: Mention) -> bool:
        if mention.type == "date":
            return self._occurs(mention.value) or self._is_dated(moments.date(mention.value))
        name = canonical(mention.value)
        if mention.type == "amount":
            return bool(re.fullmatch(r"[\d.]+", name)) and self._has(plain(name))
        return name in self.tokens or self._occurs(name) or name in self.names

    def _occurs(self, value: str) -> bool:
        wanted = value.casefold()
        return wanted in self.lowered and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", self.lowered) is not None

    def _is_dated(self, day: tuple[int, int] | None) -> bool:
        """Whether a month and day stand here or it was said then."""
        if day is None:
            return False
        if any((one.occurred_at.month, one.occurred_at.day) == day for one in self.interactions):
            return True
        return any(day in _days_in(text) for text in self.texts if moments.may_hold(text.casefold(), day))

    def _has(self, figure: str) -> bool:
        """Whether a number in plain digits may be meant somewhere."""
        return any(figure in values(text) for text in self.texts)

    def _bears(self, figure: Figure) -> bool:
        """Whether a number may be meant somewhere; one with a unit of measure only where it is told of such units."""
        if not self._has(figure.value):
            return False
        if figure.unit is None:
            return True
        told = frozenset[str]().union(*(measured(text, figure.unit) for text in self.texts))
        return figure.value in told if told else any(figure.value in explicit_values(text) for text in self.texts)

    def _counts(self, figure: str) -> bool:
        """Whether the number is that of the interactions."""
        steps = sum(one.kind is not Kind.TOOL_RESULT for one in self.interactions)
        return figure in (str(len(self.interactions)), str(steps))

    def _heard(self, name: str) -> bool:
        """Whether a name is here, or a form of it: `Canadian` where `Canada` is."""
        if name in self.tokens or stem(name) in self.stems or name.rstrip("s") in self.tokens:
            return True
        if len(name) >= _LONG_NAME and any(_is_slip(name, one) for one in self.tokens):
            return True
        return (
            len(name) > _ALIKE
            and name.endswith(_OF_PLACES)
            and any(one.startswith(name[:_ALIKE]) for one in self.tokens)
        )


@text_cache(maxsize=4096)
def words_in(text: str) -> frozenset[str]:
    """What a text is about: the stems of its words without the stop words."""
    return frozenset(stem(token) for token in _tokens_in(text) if token not in STOP_WORDS)


@text_cache(maxsize=4096)
def _tokens_in(text: str) -> frozenset[str]:
    return frozenset(tokens(text))


@text_cache(maxsize=4096)
def _days_in(text: str) -> frozenset[tuple[int, int] | None]:
    return frozenset(moments.date(one.value) for one in mentions(text) if one.type == "date")


_OF_PLACES = ("an", "ian", "ean", "ish", "ese")


def _flat(text: str) -> str:
    return " ".join(text.casefold().strip(" .…").split())


def _is_slip(name: str, other: str) -> bool:
    """Whether one letter is missing in one of two spellings: `Herbet` for `Herbert`."""
    short, long = sorted((name, other), key=len)
    if len(long) - len(short) != 1 or short[0] != long[0]:
        return False
    return any(long[:place] + long[place + 1 :] == short for place in range(1, len(long) - 1))


def text_of(one: Interaction) -> str:
    """All that an interaction says, its recorded name and data included."""
    return " ".join((one.text[:MOST_CHARACTERS], *recorded(one)))[:MOST_RECORDED]


def proper_names(text: str) -> Iterator[str]:
    """The proper names of a text, lower-cased: capitalised words, the first of a sentence only where a verb follows.

    In a German sentence every noun is capitalised, so only what follows `Herr` or `Frau` and the names of days count.
    """
    for sentence in sentences(text):
        if _capitalises_nouns(sentence):
            yield from (
                word.casefold()
                for word in (
                    *_TITLED.findall(sentence),
                    *_GERMAN_TIMES.findall(sentence),
                )
            )
            continue
        opening = _OPENING.match(sentence)
        if opening and _is_opening_name(opening[1], opening[3] or "", owns=bool(opening[2])):
            yield opening[1].casefold()
        for word in _CAPITALISED.findall(sentence):
            name = word.casefold()
            if name not in STOP_WORDS and name not in SIDE_WORDS and not moments.times(word):
                yield name


def _capitalises_nouns(sentence: str) -> bool:
    """Whether a sentence is German, where every noun is written like a name."""
    return len(_GERMAN.findall(sentence)) >= _FEWEST_GERMAN


def _is_opening_name(word: str, following: str, *, owns: bool) -> bool:
    name = word.casefold()
    common = name in STOP_WORDS or name in _OPENERS or name in SIDE_WORDS or name.endswith(_COMMON_ENDINGS)
    return not common and not moments.times(word) and (owns or _VERBAL.fullmatch(following) is not None)
