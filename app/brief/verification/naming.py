"""What a sentence names that its evidence does not: names, identifiers, amounts, dates, numbers."""

import re
from collections.abc import Iterator, Sequence

from app.brief.verification import moments
from app.brief.verification.figures import figures, plain, values
from app.brief.verification.reading import MOST_CHARACTERS, SIDE_WORDS, recorded, side_of
from app.language.identifiers import Mention, canonical, mentions
from app.language.sentences import sentences
from app.language.words import STOP_WORDS, stem, terms, tokens
from app.models import Interaction, Kind

_CAPITALISED = re.compile(r"(?<![\w.!?“\"])(?<=\s)[A-Z][a-z]+\b")
_OPENING = re.compile(r"^[“\"]?([A-Z][a-z]{2,})(?:['’]s\b)?\s*(,|[A-Za-z]+)?")
_OPENERS = frozenset(
    """everyone everybody someone somebody nobody anyone people men women most many several another others neither
    either since though although unless despite besides meanwhile however therefore otherwise instead eventually later
    soon perhaps maybe upon according due regarding concerning without within every nothing everything something one
    two three four five six seven eight nine ten first next last please ask tell check send call""".split()
)
_COMMON_ENDINGS = ("ing", "ly", "tion", "sion", "ment", "ness", "ity", "ance", "ence", "ship", "als", "ers")
_VERBAL = re.compile(
    r"\w+(?:s|ed)|is|was|has|had|will|can|could|would|should|may|might|must|did|went|got|told|and|,|who|[A-Z]\w+"
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
        self.tokens = frozenset(tokens(self.text))
        self.stems = frozenset(stem(one) for one in self.tokens)
        self.words = frozenset(word for text in self.texts for word in terms(text))
        self.names = frozenset(canonical(one.value) for text in self.texts for one in mentions(text))
        self.figures = frozenset(value for text in self.texts for value in values(text))
        self.beginnings = frozenset(word[:_BEGINNING] for word in self.words if len(word) >= _BEGINNING)
        written = (moments.date(one.value) for text in self.texts for one in mentions(text) if one.type == "date")
        told = {(one.occurred_at.month, one.occurred_at.day) for one in interactions}
        self.dates = frozenset((*(date for date in written if date), *told))
        self.days = moments.days_of(one.occurred_at for one in interactions)

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
            here = figure.value in self.figures or (counted and self._counts(figure.value))
            if not inside and not here:
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
            return moments.date(mention.value) in self.dates or self._occurs(mention.value)
        name = canonical(mention.value)
        if mention.type == "amount":
            return bool(re.fullmatch(r"[\d.]+", name)) and plain(name) in self.figures
        return name in self.names or name in self.tokens or self._occurs(name)

    def _occurs(self, value: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(value.casefold())}(?!\w)", self.lowered) is not None

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
    return " ".join((one.text[:MOST_CHARACTERS], *recorded(one)))[: 2 * MOST_CHARACTERS]


def proper_names(text: str) -> Iterator[str]:
    """The proper names of a text, lower-cased: capitalised words, the first of a sentence only where a verb follows."""
    for sentence in sentences(text):
        opening = _OPENING.match(sentence)
        if opening and _is_opening_name(opening[1], opening[2] or ""):
            yield opening[1].casefold()
        for word in _CAPITALISED.findall(sentence):
            name = word.casefold()
            if name not in STOP_WORDS and name not in SIDE_WORDS and not moments.times(word):
                yield name


def _is_opening_name(word: str, following: str) -> bool:
    name = word.casefold()
    common = name in STOP_WORDS or name in _OPENERS or name in SIDE_WORDS or name.endswith(_COMMON_ENDINGS)
    return not common and not moments.times(word) and _VERBAL.fullmatch(following) is not None
