"""Grounding: sentences that the interactions do not bear out, and entities that nobody named."""

import re
from collections.abc import Iterator

from app.models import VerdictKind
from evals.scorers.base import Score, Scorer, count, unscored
from evals.scorers.identifiers import identifiers, numbers
from evals.scorers.texts import moments_of, prose, said_by, told_in
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation

KNOWN_LANGUAGE = "en"
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"(?:(?<=[\w,;’'] )|(?<=\bMr\. )|(?<=\bMrs\. )|(?<=\bMs\. )|(?<=\bDr\. ))[A-Z][a-zà-ÿ]{2,}(?!\w)")
# A word that begins a sentence is taken for a name only by what follows it.
_FIRST_NAME = re.compile(
    r"(?:^|(?<=[.!?] ))[A-Z][a-z]+[a-rt-z](?='s|’s| and [A-Z]| [A-Z][a-z]| (?:also|only|had|went)\b| [a-z]+s\b)",
    re.MULTILINE,
)
_CODE = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=(?:[\w-]*\d){2})[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+(?![\w-])")
_HIDDEN = re.compile(r"\[\w+_\d+\]|(?<![•*])[•*]+\d+")
_FIGURE = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?=(?:st|nd|rd|th)?(?!\w))")
_SPACED = re.compile(r"\b(\d{1,3}), (\d{3})\b")
_SCALED = re.compile(r"\b(\d[\d,.]{0,40}|[a-z]+) (hundred|thousand|million)\b")
_CLOCK = re.compile(r"(?<![\w:])(\d{1,2}):(\d{2})(?![\w:])")
_CENTS = re.compile(r"\b(\d+) (?:dollars?|euros?|pounds?)(?: and)? (\d{1,2}) (?:cents|pence)\b")
_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBER_WORDS = (
    {word: number for number, word in enumerate(_UNITS)}
    | {word: 10 * number for number, word in enumerate(_TENS, start=2)}
    | {"both": 2, "couple": 2, "pair": 2, "twice": 2, "dozen": 12}
)
_COUNT = re.compile(rf"\b(?:\d+|{'|'.join(_NUMBER_WORDS)}) (?:times|attempts)\b")
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_DERIVED = frozenset({"one", "both", "couple", "pair", "twice"})
"""Words that a text may use for what its source does not count."""
_BEGINNINGS = frozenset(
    "the this that these those there their they his her its our your his she both all some each every another any no "
    "what when where which while who after before since because although however then also now here".split()
    + "nothing nobody somebody everything everybody".split()
    + list(_NUMBER_WORDS)
)
_SAME_BEGINNING = 4


def unsupported_sentences(case: GoldCase, seen: Observation) -> Score:
    """How many sentences of the brief its customer's interactions do not bear out, by `POST /v1/briefs/verify`."""
    if case.language != KNOWN_LANGUAGE:
        return unscored(f"The check of sentences does not know the language {case.language}.")
    refuted = [f"{verdict.text} ({verdict.why})" for verdict in seen.verdicts if verdict.verdict is VerdictKind.REFUTED]
    return count(refuted, "every sentence is borne out")


def fabricated_entities(case: GoldCase, seen: Observation) -> Score:
    """How many identifiers, numbers and names the brief tells that stand in no interaction of the case."""
    source, moments = told_in(case.interactions), moments_of(case.interactions)
    brief = seen.handoff.brief
    fabrications = dict.fromkeys(fabricated(said_by(brief), source, moments, names=False))
    if case.language == KNOWN_LANGUAGE:  # other languages write common nouns with capitals, or names without
        fabrications |= dict.fromkeys(fabricated_names(prose(brief), f"{source}\n{moments}"))
    shown = (_HIDDEN.sub("", entity.value) for entity in brief.entities)
    fabrications |= {value: None for value in shown if not _stands_in(value, f"{source}\n{moments}")}
    return count(list(fabrications), "every entity was named")


def fabricated(text: str, source: str, moments: str = "", *, names: bool = True) -> list[str]:
    """The identifiers, numbers and, unless told otherwise, names of an English text that its source does not hold.

    The figures of `moments` count only as what they are there: an hour of 04:10 says nothing of four pieces.
    """
    text = _HIDDEN.sub(" ", text)  # placeholders and masks are not told as entities
    text = _CLOCK.sub(lambda match: " " if _is_moment(match, moments) else match.group(), text)
    figures = _figures(source)
    dates = set(_FIGURE.findall(_CLOCK.sub(" ", moments)))
    source_figures = figures | numbers(source) | {_as_amount(figure) for figure in figures} | dates
    codes = identifiers(text) - identifiers(source) - source_figures
    bare = _bare(source)
    codes |= {code for code in _CODE.findall(text) if not re.search(rf"{_bare(code)}(?!\d)", bare)}
    counted = {figure for match in _COUNT.findall(text.casefold()) for figure in _told_figures(match)}
    uncounted = (figure for figure in _told_figures(text) if figure not in counted)
    missing = [
        figure
        for figure in uncounted
        if source_figures.isdisjoint({figure, figure.replace(",", ""), _as_amount(figure)})
    ]
    return [*sorted(codes), *missing, *(fabricated_names(text, f"{source}\n{moments}") if names else ())]


def fabricated_names(text: str, source: str) -> list[str]:
    """The names in an English text none of whose words stands in its source."""
    source_words = {word.casefold() for word in _WORD.findall(source)}
    beginnings = {word[:_SAME_BEGINNING] for word in source_words if len(word) >= _SAME_BEGINNING}
    names = [*_NAME.findall(text), *(name for name in _FIRST_NAME.findall(text) if name.casefold() not in _BEGINNINGS)]
    return [
        name
        for name in dict.fromkeys(names)
        if name.casefold() not in source_words and name.casefold()[:_SAME_BEGINNING] not in beginnings
    ]


def _is_moment(clock: re.Match[str], moments: str) -> bool:
    """Whether something happened at that hour and minute, told in either way of counting hours."""
    hours = (int(clock[1]), (int(clock[1]) + 12) % 24)
    return any(f"{hour:02}:{clock[2]}" in moments for hour in hours)


def _as_amount(figure: str) -> str:
    return f"${float(figure.replace(',', '')):g}"


def _stands_in(value: str, source: str) -> bool:
    if _bare(value) in _bare(source):
        return True
    figures = set(_FIGURE.findall(value))
    return bool(figures) and figures <= _figures(source)


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _figures(text: str) -> set[str]:
    text = _SPACED.sub(r"\1,\2", text)
    words = _WORD.findall(text.casefold())
    written = {str(_NUMBER_WORDS[word]) for word in words if word in _NUMBER_WORDS}
    return {spelling for figure in _told_figures(text) for spelling in (figure, figure.replace(",", ""))} | written


def _told_figures(text: str) -> Iterator[str]:
    """Numbers as digits, also those written as words; an hour after noon in both ways of counting."""
    for match in _FIGURE.finditer(text):
        figure = match.group().rstrip(",")
        yield figure
        if 12 < (int(figure) if figure.isdigit() else 0) < 24 and text[match.end() : match.end() + 1] == ":":
            yield str(int(figure) - 12)
    for whole, cents in _CENTS.findall(text):
        yield f"{whole}.{cents:0>2}"
    lowered = text.casefold()
    for number, scale in _SCALED.findall(lowered):
        digits = number.replace(",", "").rstrip(".")
        counted = float(digits) if digits.replace(".", "", 1).isdigit() else float(_NUMBER_WORDS.get(number, 1))
        yield str(round(counted * _SCALES[scale]))
    for word in _WORD.findall(lowered):
        if word in _NUMBER_WORDS and word not in _DERIVED:
            yield str(_NUMBER_WORDS[word])


SCORERS = (
    Scorer(
        "unsupported_sentences",
        1,
        "the agent believes what nobody said",
        unsupported_sentences,
        "count",
        "lower",
    ),
    Scorer(
        "fabricated_entities",
        2,
        "the agent names a number, an amount or a person that does not exist",
        fabricated_entities,
        "count",
        "lower",
        grave=True,
    ),
)
"""The scorers of this module."""
