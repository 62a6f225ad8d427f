"""What the customer said and has since replaced: another day, amount, number or address for the same thing.

A newer statement holds. A value counts as replaced when a later message of the customer has another one of its kind,
does not say the old one again, and either says that something changed (`instead`, `sorry`, `a week later`) or asks in
another conversation for the same thing (by its number, or in the same words). Two values of one message stand beside
each other; so do a day that was past when it was told and one that is to come.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from itertools import islice, starmap
from typing import NamedTuple

from app.budget import spend
from app.caching import text_cache
from app.models import Actor, Interaction, Kind
from app.nlu.identifiers import canonical, mentions
from app.nlu.words import STOP_WORDS, stem, terms

_REVISES = re.compile(
    r"\b(?:instead|rather than|actually|correction|correct(?:ed)? (?:that|it)|i meant|i mean|sorry|my (?:mistake|bad)"
    r"|mistyped|typo|wrong|mistaken|misread|changed? (?:of plans?|(?:my|our) minds?)|(?:has|have|is|was|got"
    r"|been) (?:been )?"
    r"(?:changed|moved|slipped|postponed|rescheduled|brought forward|pushed back)|no longer|not any ?more"
    r"|on second thought"
    r"|make (?:that|it)|scratch that|forget (?:that|what))\b",
    re.IGNORECASE,
)
# Said in another conversation about the same thing, these tell of a change too.
_HAS_CHANGED = re.compile(
    r"\b(?:different|(?:day|week|month|hour|year)s? (?:later|earlier)|knocked|dropped|reduced|lowered|raised"
    r"|moved|slipped"
    r"|changed|postponed|(?:can|could|will|would) only|only (?:do|need|want|get|have)|after all"
    r"|new (?:address|date|day|time|number|amount|plan)|now)\b",
    re.IGNORECASE,
)
# A number or code names one thing of several; only who takes it back says that another was meant.
_TAKES_BACK = re.compile(
    r"\b(?:instead|rather than|correction|correct(?:ed)? (?:that|it|is|one|number|order|code)|i meant|i mean"
    r"|(?:my|a) (?:mistake|bad)|"
    r"mistyped|typo|wrong|mistaken|misread|not|scratch that|forget (?:that|what)|make (?:that|it))\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?<![\w.,-])\d{1,4}[a-z]?(?: (?!(?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December)\b)[A-Z][\w’'-]+){1,3}|(?<![\w-])(?:[A-ZÄÖÜ][\w-]{1,40}?(?:straße|strasse|weg|gasse|platz|laan"
    r"|straat) \d{1,4})"
)
_FIGURE = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w-])")
_NUMBERS: Sequence[str] = "one two three four five six seven eight nine ten eleven twelve".split()
_COUNTED = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)}) ([a-z]{{4,}}s)\b(?! (?:ago|later|earlier|before|after))", re.IGNORECASE
)
_SPANS = frozenset("minutes hours days weeks months years times".split())
_MONTHS: Sequence[str] = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NAMED = ("code", "number", "account", "error_code", "word")
_HALF_A_YEAR = 183
_ALWAYS_TAKEN_BACK = frozenset(_NAMED)
# Of one message so many values are compared.
_MOST_VALUES = 40
_BEFORE_VALUE = 60
_SHARED_TERMS = 2


class _Value(NamedTuple):
    kind: str
    value: str
    written: str


class Revision(NamedTuple):
    """A replaced value as it was written, and the sequence number of the newest message that replaced it."""

    written: str
    since: int


def revisions(interactions: Sequence[Interaction]) -> tuple[Revision, ...]:
    """The values that a customer's newer messages replaced, each with the newest message that did."""
    rows = (row for row in interactions if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text)
    messages = [message for row in rows if (message := _Message(row)).values]
    since: dict[str, int] = {}
    again: set[tuple[str, str]] = set()
    # From the newest back, so that what is said again later is gathered on the way.
    for index in range(len(messages) - 1, -1, -1):
        newer = messages[index]
        again.update(value[:2] for value in newer.values if not _is_denied(value, newer.row.text))
        if not newer.may_replace:
            continue
        for older in messages[:index]:
            spend()
            if older.standing and not older.kinds.isdisjoint(newer.kinds):
                # Who said it again later, or replaced it, settles it for all older messages.
                older.standing = [
                    value for value in older.standing if value[:2] not in again and value.written not in since
                ]
                since.update((value.written, newer.row.seq) for value in _replaced(older, newer))
    return tuple(sorted(starmap(Revision, since.items()), key=lambda revision: revision.since))


def is_replaced(text: str, seq: int, replaced: Sequence[Revision]) -> bool:
    """Whether a text of this sequence number holds a value that has been replaced since."""
    lowered = text.casefold()
    return any(
        seq < revision.since and revision.written.casefold() in lowered and holds(text, revision.written)
        for revision in replaced
    )


class _Message:
    """A message with the values it tells and those of them that still stand; its words are read once, when needed."""

    def __init__(self, row: Interaction) -> None:
        self.row = row
        self.values = _values(row.text)
        self.standing: Sequence[_Value] = self.values
        self.kinds = frozenset(value.kind for value in self.values)
        self.keys = frozenset(value[:2] for value in self.values)
        self.names = frozenset(value.value for value in self.values if value.kind in _NAMED)

    @cached_property
    def may_replace(self) -> bool:
        """Whether it can replace a value of any other message."""
        if self.kinds <= _ALWAYS_TAKEN_BACK:
            return self.takes_back
        return self.takes_back or self.revises or self.has_changed or not self.kinds.isdisjoint(("date", "address"))

    @cached_property
    def takes_back(self) -> bool:
        return _TAKES_BACK.search(self.row.text) is not None

    @cached_property
    def revises(self) -> bool:
        return _REVISES.search(self.row.text) is not None

    @cached_property
    def has_changed(self) -> bool:
        return _HAS_CHANGED.search(self.row.text) is not None

    @cached_property
    def matter(self) -> frozenset[str]:
        return _matter(self.row.text)


def _replaced(older: _Message, newer: _Message) -> Iterator[_Value]:
    """The values of an older message, of those that stand, that a newer one replaces."""
    for old in older.standing:
        fresh = [value for value in newer.values if value.kind == old.kind and value[:2] not in older.keys]
        if fresh and _replaces(old, fresh, older, newer):
            yield old


def _replaces(old: _Value, fresh: Sequence[_Value], older: _Message, newer: _Message) -> bool:
    near = older.row.conversation_id == newer.row.conversation_id
    if old.kind in _NAMED:
        return near and newer.takes_back and len(fresh) == 1
    if near:
        return newer.revises and _stood(old, older)
    if old.kind in ("date", "address"):
        at = newer.row.occurred_at
        foretold = newer.revises or old.kind == "address" or any(_to_come(value.value, at) for value in fresh)
        return foretold and _stood(old, older) and _same_thing(older, newer)
    if newer.has_changed and old.kind.startswith("count"):
        return True
    return (newer.revises or newer.has_changed) and _same_thing(older, newer)


def _stood(old: _Value, older: _Message) -> bool:
    """Whether a value could still change when it was told: a day that was past could not."""
    return old.kind != "date" or _to_come(old.value, older.row.occurred_at)


def _same_thing(older: _Message, newer: _Message) -> bool:
    """Whether two messages name the same number or code, or speak in the same words."""
    return not older.names.isdisjoint(newer.names) or len(older.matter & newer.matter) >= _SHARED_TERMS


@text_cache(maxsize=1024)
def _matter(text: str) -> frozenset[str]:
    written = frozenset(term for value in _values(text) for term in terms(value.written))
    return frozenset(terms(text)) - written


def _is_denied(value: _Value, text: str) -> bool:
    """Whether a value is told as the one that no longer holds: `not 3 May`, `instead of the 40 pounds`."""
    start = text.find(value.written)
    before = text[max(0, start - _BEFORE_VALUE) : start]
    return (
        re.search(
            r"\b(?:not|instead of|rather than|no longer)(?: (?:on|at|to|for|the|my|of|by))*\s*$", before, re.IGNORECASE
        )
        is not None
    )


def holds(text: str, written: str) -> bool:
    """Whether a value stands in a text as it was written."""
    if written.casefold() not in text.casefold():
        return False
    return re.search(rf"(?<![\w]){re.escape(written)}(?!\w)", text, re.IGNORECASE) is not None


@text_cache(maxsize=4096)
def _values(text: str) -> tuple[_Value, ...]:
    return tuple(dict.fromkeys(islice(_read(text), _MOST_VALUES)))


def _read(text: str) -> Iterator[_Value]:
    for mention in mentions(text):
        if mention.type == "date":
            yield _Value("date", _day(mention.value), mention.value)
        elif mention.type in ("amount", *_NAMED):
            # A code word such as a voucher's takes the place of no number.
            kind = "word" if mention.value.isalpha() else mention.type
            yield _Value(kind, canonical(mention.value), mention.value)
    for match in _FIGURE.finditer(text):
        yield _Value("amount", f"{float(match.group().replace(',', '')):g}", match.group())
    for match in _ADDRESS.finditer(text):
        yield _Value("address", match.group().casefold(), match.group())
    for match in _COUNTED.finditer(text):
        number, unit = match[1].casefold(), match[2].casefold()
        if unit not in _SPANS and unit not in STOP_WORDS:
            digits = number if number.isdigit() else str(_NUMBERS.index(number) + 1)
            yield _Value(f"count {stem(unit)}", digits, match.group())


def _day(written: str) -> str:
    """Month and day of a date as `mm-dd` where they can be told, else the date as it was written."""
    iso = re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", written)
    if iso:
        return f"{iso[1]}-{iso[2]}"
    word, number = re.search(r"[A-Za-z]{3,}", written), re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", written)
    if word and number and word.group()[:3].casefold() in _MONTHS:
        return f"{_MONTHS.index(word.group()[:3].casefold()) + 1:02d}-{int(number[1]):02d}"
    return written.casefold()


def _to_come(day: str, told_at: datetime) -> bool:
    """Whether a day without its year was yet to come when it was told: the nearest such day is meant."""
    match = re.fullmatch(r"(\d\d)-(\d\d)", day)
    if match is None:
        return False
    try:
        meant = date(told_at.year, int(match[1]), int(match[2]))
    except ValueError:
        return False
    distance = (meant - told_at.date()).days
    if distance < -_HALF_A_YEAR:
        distance += 365
    return 0 <= distance <= _HALF_A_YEAR
