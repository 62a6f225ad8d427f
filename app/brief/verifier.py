"""Checks sentences against the interactions they cite: is each borne out, and if not, what is wrong with it.

Every name, number, amount and date of a sentence must stand in its evidence; it must not say `not` where the evidence
does not, nor leave it out; who it says acted must be who did; and enough of its words must be in the evidence, compared
by their stems. It is pure and knows no model. "The agent" in a sentence is whoever served the customer, bot or person.

What it cannot see: a sentence in another language than its evidence, which it rejects for want of common words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple, cast

from app.language.identifiers import Mention, canonical, mentions
from app.language.sentences import sentences
from app.language.steps import result_outcome
from app.language.words import STOP_WORDS, stem, terms, tokens
from app.models import Actor, Interaction, Kind, Outcome, Verdict

ENOUGH_WORDS = 0.5
FEWEST_WORDS = 2
"""So many must be in the evidence, or all where there are fewer."""
MOST_CHARACTERS = 8000
MOST_SOURCES = 4
OWN_SIDE = 0.6
"""Whoever a sentence is about must have said this much of it, compared with what the other side said."""
NEAR = 0.75
"""What overlaps a sentence this well, compared with the best there is, speaks of the same."""
_REPORTING = frozenset(
    stem(word)
    for word in """customer caller client agent bot assistant representative system say said tell told ask asked want
    wanted wants would like request requested report reported mention mentioned state stated explain explained inform
    informed contact contacted conversation according currently able""".split()
)
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"twice": "2", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_NEGATIVE = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|neither|nor|cannot|without|unable|unsuccessful\w*|fail\w*|refus\w+|declin\w+"
    r"|reject\w+|den(?:y|ied|ies)|nicht|kein\w*|nie|jamais|pas|nunca)\b|n['’]t\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\W*(?:no|nope|not|never|nein|non|i (?:don|haven|didn|can|couldn|won|am not|'m not))\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"[,;:–—]\s+|\s+(?:and|but|because|so|although|while|then|since|which)\s+", re.IGNORECASE)
_CUSTOMER = re.compile(r"(?:the )?(?:customer|caller|client|user|member|shopper|guest|they)\b", re.IGNORECASE)
_STAFF = re.compile(
    r"(?:the )?(?:(?:virtual|support|service) )?"
    r"(?:agent|bot|assistant|representative|advisor|clerk|staff|support|system)\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:was|were|is|are|been|being|got|gets)\s+(?:\w+ly\s+|not\s+)?\w+(?:ed|en|ld|nt|de|ot)\b", re.IGNORECASE
)


class Statement(NamedTuple):
    """A sentence with the interactions it cites; with none it is checked against all there are."""

    text: str
    evidence: tuple[str, ...] = ()


class _Clause(NamedTuple):
    words: frozenset[str]
    negative: bool
    by_customer: bool


class _Source:
    """One interaction, read once for all sentences that cite it; `denied` when it asks and the next one says no."""

    def __init__(self, interaction: Interaction, following: Interaction | None) -> None:
        self.interaction = interaction
        self.said = interaction.text[:MOST_CHARACTERS]
        self.text = " ".join((self.said, *_recorded(interaction)))[: 2 * MOST_CHARACTERS]
        asks = self.said.rstrip().endswith("?")
        self.denied = asks and following is not None and _DENIAL.match(following.text) is not None

    @cached_property
    def tokens(self) -> frozenset[str]:
        when = self.interaction.occurred_at
        return frozenset((*tokens(self.text), when.strftime("%A").casefold(), when.strftime("%B").casefold()))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(terms(self.text))

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(canonical(one.value) for one in mentions(self.text))

    @cached_property
    def figures(self) -> frozenset[str]:
        written = {_plain(found) for found in (*_FIGURE.findall(self.text), *_DIGITS.findall(self.text))}
        return frozenset(written | {_NUMBER_WORDS[word] for word in self.tokens & _NUMBER_WORDS.keys()})

    @cached_property
    def dates(self) -> frozenset[tuple[int, int]]:
        when = self.interaction.occurred_at
        found = (_date(one.value) for one in mentions(self.text) if one.type == "date")
        return frozenset((*(date for date in found if date), (when.month, when.day)))

    @cached_property
    def clauses(self) -> tuple[_Clause, ...]:
        by_customer = self.interaction.actor is Actor.CUSTOMER
        if self.interaction.kind is not Kind.MESSAGE or not self.said:
            return (_Clause(self.words, _went_wrong(self.interaction), by_customer),)
        split = [part for sentence in sentences(self.said) for part in (*_CLAUSE.split(sentence),)]
        return tuple(_Clause(frozenset(terms(part)), _is_negative(part), by_customer) for part in split if terms(part))


def verify(statements: Sequence[Statement], interactions: Sequence[Interaction]) -> list[Verdict]:
    """One verdict a statement, in order; its score is the share of its words that the evidence has, less when wrong."""
    return _judged(statements, interactions, asserted=True)


def ground(statements: Sequence[Statement], interactions: Sequence[Interaction]) -> list[Verdict]:
    """As `verify`, for questions and courtesies: they assert nothing, but what they name and speak of must be there."""
    return _judged(statements, interactions, asserted=False)


def _judged(statements: Sequence[Statement], interactions: Sequence[Interaction], *, asserted: bool) -> list[Verdict]:
    pairs = zip_longest(interactions, interactions[1:])
    sources = {one.interaction_id: _Source(one, after) for one, after in pairs}
    return [_verdict(statement, sources, asserted=asserted) for statement in statements]


def _verdict(statement: Statement, sources: Mapping[str, _Source], *, asserted: bool) -> Verdict:
    cited = _cited(statement, sources)
    evidence = tuple(source.interaction.interaction_id for source in cited)
    if not cited:
        return Verdict(text=statement.text, supported=False, score=0.0, evidence=(), why="no interaction bears on it")
    wanted, held = _content(statement.text), _held(statement.text, cited)
    share = len(held) / len(wanted) if wanted else 0.0
    known = cited if statement.evidence else list(sources.values())
    objection = _foreign(statement.text, known) or (_distorted(statement.text, cited) if asserted else None)
    if not wanted:
        supported, score, why = False, 0.0, "it says nothing that could be looked for"
    elif objection:
        supported, score, why = False, 0.3 * share, objection
    elif share < ENOUGH_WORDS or len(held) < min(FEWEST_WORDS, len(wanted)):
        supported, score, why = False, share, f"only {share:.0%} of its words are in the evidence"
    else:
        supported, score, why = True, share, f"its names and numbers and {share:.0%} of its words are in the evidence"
    return Verdict(text=statement.text, supported=supported, score=round(score, 3), evidence=evidence, why=why)


def _cited(statement: Statement, sources: Mapping[str, _Source]) -> list[_Source]:
    if statement.evidence:
        return [sources[one] for one in dict.fromkeys(statement.evidence) if one in sources]
    wanted = _content(statement.text)
    chosen: list[_Source] = []
    while wanted and len(chosen) < MOST_SOURCES:
        best = max(sources.values(), key=lambda source: len(wanted & source.words), default=None)
        if best is None or not wanted & best.words:
            break
        chosen.append(best)
        wanted -= best.words
    return chosen


def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in terms(text) if word not in _REPORTING)


def _held(text: str, cited: Sequence[_Source]) -> frozenset[str]:
    """The words of a sentence that its evidence has; names and dates count as held, being looked for by themselves."""
    named = (terms(one.value) for one in mentions(text))
    return _content(text) & frozenset[str]().union(*named, *(source.words for source in cited))


def _foreign(text: str, cited: Sequence[_Source]) -> str | None:
    """The first name, date or number that is not in the evidence, told in words."""
    named = mentions(text)
    for mention in named:
        if not _is_known(mention, cited):
            return f"{mention.value} is not in the evidence"
    for figure in _figures(text, named):
        if not any(figure in source.figures for source in cited) and not _counts(figure, cited):
            return f"the number {figure} is not in the evidence"
    for name in _proper_names(text):
        if not any(name in source.tokens or stem(name) in source.words for source in cited):
            return f"the name {name.capitalize()} is not in the evidence"
    return None


def _is_known(mention: Mention, cited: Sequence[_Source]) -> bool:
    if mention.type == "date":
        date = _date(mention.value)
        return any(date in source.dates for source in cited) or _occurs(mention.value, cited)
    if mention.type == "amount":
        return any(canonical(mention.value) in source.figures for source in cited)
    name = canonical(mention.value)
    return any(name in source.names or name in source.tokens for source in cited) or _occurs(name, cited)


def _occurs(value: str, cited: Sequence[_Source]) -> bool:
    pattern = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
    return any(pattern.search(source.text) for source in cited)


def _figures(text: str, named: Sequence[Mention]) -> Iterator[str]:
    for match in _FIGURE.finditer(text):
        if not any(one.start <= match.start() < one.end for one in named):
            yield _plain(match.group())
    for word in tokens(text):
        if word in _NUMBER_WORDS and word not in ("one", "zero"):
            yield _NUMBER_WORDS[word]


def _counts(figure: str, cited: Sequence[_Source]) -> bool:
    """Whether the number counts the cited interactions: `tried twice`, with both attempts cited."""
    return figure in (str(len(cited)), str(sum(source.interaction.kind is not Kind.TOOL_RESULT for source in cited)))


def _proper_names(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        for word in re.findall(r"(?<![\w.!?“\"])(?<=\s)[A-Z][a-z]+\b", sentence):
            name = word.casefold()
            if name not in STOP_WORDS and stem(name) not in _REPORTING:
                yield name


def _distorted(text: str, cited: Sequence[_Source]) -> str | None:
    """Whether a sentence turns its evidence round: says it with `not` or without, or of somebody else."""
    wanted = _content(text)
    clauses = [clause for source in cited for clause in source.clauses]
    nearness = [len(wanted & clause.words) / len(wanted) if wanted else 0.0 for clause in clauses]
    best = max(nearness, default=0.0)
    near = [clause for clause, near in zip(clauses, nearness, strict=True) if near >= NEAR * best]
    if _is_negative(text):
        if not _denies(wanted, cited):
            return "it says “not” where the evidence does not"
    elif best and all(clause.negative for clause in near):
        return "the evidence says “not” where it does not"
    by_customer = _told_of_customer(text)
    if by_customer is None:
        return None
    own, other = (_said_by(clauses, side) & wanted for side in (by_customer, not by_customer))
    if len(own) < OWN_SIDE * len(other):
        return f"the evidence has it from {'the agent' if by_customer else 'the customer'}"
    return None


def _said_by(clauses: Sequence[_Clause], by_customer: bool) -> frozenset[str]:
    return frozenset[str]().union(*(one.words for one in clauses if one.by_customer is by_customer))


def _denies(wanted: frozenset[str], cited: Sequence[_Source]) -> bool:
    """Whether something is denied in the interactions nearest to a sentence: in their own words or in the reply."""
    most = max((len(wanted & source.words) for source in cited), default=0)
    near = [source for source in cited if len(wanted & source.words) >= NEAR * most]
    return any(source.denied or any(clause.negative for clause in source.clauses) for source in near)


def _told_of_customer(text: str) -> bool | None:
    """Whether a sentence is about what the customer did (or the staff, when false); None where it does not say."""
    if _PASSIVE.search(text):
        return None
    if _CUSTOMER.match(text):
        return True
    return False if _STAFF.match(text) else None


def _is_negative(text: str) -> bool:
    return _NEGATIVE.search(text) is not None


def _went_wrong(one: Interaction) -> bool:
    if one.kind is Kind.TOOL_RESULT:
        return result_outcome(one) is Outcome.FAILED
    return one.outcome in (Outcome.FAILED, Outcome.ABANDONED) or _is_negative(one.text)


def _recorded(one: Interaction) -> Iterator[str]:
    """Everything but the text that an interaction says of itself, in words."""
    if one.name:
        yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]+", " ", one.name)
    if one.outcome:
        yield one.outcome.value
    if one.kind is not Kind.MESSAGE:
        yield f"{one.actor.value} {one.channel.value}"
    yield from _leaves(dict(one.data))


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            yield str(key).replace("_", " ")
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in cast(Sequence[Any], value):
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)


def _plain(figure: str) -> str:
    return f"{float(figure.replace(',', '')):g}"


def _date(value: str) -> tuple[int, int] | None:
    """Month and day of a date as written; None where it cannot be told which is which."""
    iso = re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", value)
    if iso:
        return int(iso[1]), int(iso[2])
    word = re.search(r"[A-Za-z]{3,}", value)
    day = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", value)
    if word and day and word.group()[:3].casefold() in _MONTHS:
        return _MONTHS.index(word.group()[:3].casefold()) + 1, int(day[1])
    return None
