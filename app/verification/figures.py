"""The numbers of a text, however they are written: `20,000`, `20.000`, `twenty thousand`, `veinte mil`."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import text_to_num

from app.caching import text_cache
from app.nlu.languages import Language

Values = frozenset[float]

_SCALES = (
    (re.compile(r"\s?(?:k\b|thousand|tausend|mille?\b|mila\b|duizend)", re.IGNORECASE), 1_000),
    (re.compile(r"\s?hundred\b", re.IGNORECASE), 100),
    (
        re.compile(
            r"\s?(?:mio\b|mln\b|m\b|mill?i[oó]e?n(?:s|es|en|er|i)?\b|milh(?:ão|ões)\b|milion[ei]\b)", re.IGNORECASE
        ),
        1_000_000,
    ),
)
_DIGITS = re.compile(r"\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)(?:[.,]\d{1,2})?|\d{1,15}(?:[.,]\d{1,15}){0,5}")
_JOINT = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_WHOLE_PART = re.compile(r"\d+")
_SIGN = r"[$€£¥₹]"
_CURRENCY = (
    rf"(?:{_SIGN}|\b(?:usd|eur|gbp|chf|sek|nok|dkk|pln|inr|dollars?|d[oó]lar(?:es)?|euros?|pounds?|pfund|libras?|kr)\b)"
)
_WITH_CENTS = re.compile(
    r"\b(\d{1,9}) (?:dollars?|euros?|pounds?|d[oó]lares|libras)(?:,? (?:and|und|et|y|e|en))? (\d{1,2})\b(?!\d|[.,]\d)",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"{_CURRENCY}\s?$", re.IGNORECASE)
_AFTER = re.compile(rf"\s?{_CURRENCY}", re.IGNORECASE)
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|[èe]me|º|ª|°)(?!\w)")
_PERCENT = re.compile(r"\s?(?:%|per ?cent\b|prozent\b|pour ?cent\b|por ?cient[oo]\b|procent\b)", re.IGNORECASE)
_APPROXIMATE = re.compile(
    rf"\b(?:about|around|nearly|almost|over|under|above|below|roughly|approximately|some|up to|(?:more|less|fewer) than"
    rf"|at (?:least|most)|close to|etwa|rund|fast|knapp|über|unter|mehr als|weniger als|gut|circa|ca\.?|environ|près de"
    rf"|(?:plus|moins) de|presque|un[oa]s|casi|alrededor de|(?:más|menos|mais) de|cerca de|quase|quasi|(?:più|meno) di"
    rf"|ongeveer|bijna|(?:meer|minder) dan|ruim)\W+(?:{_CURRENCY}\s?)?$",
    re.IGNORECASE,
)


class Figure(NamedTuple):
    """A number as it is written, what it may be, where it stands, and how it is meant."""

    written: str
    values: Values
    start: int
    end: int
    money: bool = False
    ordinal: bool = False
    percent: bool = False
    approximate: bool = False


@text_cache(maxsize=4096)
def in_digits(text: str, language: Language) -> str:
    """The text with the numbers that it tells in words of a language in digits; everything else as it stands."""
    library: Any = text_to_num
    try:
        return str(library.alpha2digit(_JOINT.sub(" ", text), language, 0))
    except ValueError:  # a language whose number words the library does not know
        return text


@text_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """The numbers that stand in a text in digits."""
    return tuple(_figures(text))


@text_cache(maxsize=4096)
def every_value(text: str, languages: tuple[Language, ...]) -> Values:
    """Whatever number a text may tell, in digits or in words of these languages."""
    spelled = {text, *(in_digits(text, language) for language in languages)}
    return frozenset(value for variant in spelled for figure in _figures(variant) for value in _loosely(figure))


def _figures(text: str) -> Iterator[Figure]:
    for match in _WITH_CENTS.finditer(text):
        value = float(f"{match[1]}.{int(match[2]):02d}")
        yield Figure(match.group(), frozenset((value,)), *match.span(), money=True)
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        written, values = match.group(), _readings(match.group())
        for pattern, factor in _SCALES:
            scale = pattern.match(text, end)
            if scale and not (factor == 1_000_000 and scale.group().strip() == "m"):
                values, end = frozenset(value * factor for value in values), scale.end()
        sign, currency = _BEFORE.search(text, max(0, start - 12), start), _AFTER.match(text, end)
        yield Figure(
            written=text[(sign.start() if sign else start) : (currency.end() if currency else end)].strip() or written,
            values=values,
            start=start,
            end=end,
            money=bool(sign or currency),
            ordinal=_ORDINAL.match(text, end) is not None,
            percent=_PERCENT.match(text, end) is not None,
            approximate=_APPROXIMATE.search(text, max(0, start - 30), start) is not None,
        )


def _loosely(figure: Figure) -> Iterator[float]:
    """The readings of a number, and of each of its parts where it has several: `9.30` is also 9 and 30."""
    yield from figure.values
    yield from (float(part) for part in _WHOLE_PART.findall(figure.written))


def _readings(written: str) -> Values:
    """What digits may mean: `1.250` is 1250 or 1.25, `1.250,00` is 1250."""
    bare = re.sub(r"[ \u00a0\u202f'’]", "", written)
    marks = re.findall(r"[.,]", bare)
    if not marks:
        return frozenset((float(bare),))
    parts = re.split(r"[.,]", bare)
    if len(set(marks)) > 1:  # the last mark is that of the decimals
        return frozenset((float("".join(parts[:-1]) + "." + parts[-1]),))
    readings: set[float] = set()
    if all(len(part) == 3 for part in parts[1:]):
        readings.add(float("".join(parts)))
    if len(parts) == 2:
        readings.add(float(".".join(parts)))
    return frozenset(readings or {float(part) for part in parts})
