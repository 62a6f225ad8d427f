"""The numbers in a text, however they are written: `20,000`, `twenty thousand`, `22nd`, `half a dozen`."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.caching import text_cache

_UNITS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=1,
    )
}
_SCALES = {
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}
_COUNTS = {
    "twice": 2,
    "couple": 2,
    "pair": 2,
    "dozen": 12,
    "quarter": 15,
    "half": 30,
    "fortnight": 14,
    "midday": 12,
}
_TWO = frozenset("both couple pair another second twice either too again".split())
"""Two things may be meant where one of these is said."""
_VAGUE = frozenset("one zero first second".split())
_MEASURE = re.compile(
    r"[\s-]?(?:full |whole |business |working |more )?(?P<unit>minute|hour|day|week|month|year|mile"
    r"|kilomet(?:er|re)|kilo|percent)s?\b"
)
_WITHIN, _WORDS_BEFORE = 60, 6
_DIGITS = re.compile(r"(?<![\w.•])[$€£¥]?(\d{1,3}(?:[ ,] ?\d{3})+|\d+)(\.\d+)?(?!\d)")
_LOOSE_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_WITH_CENTS = re.compile(r"\b(\d+) (?:dollars?|euros?|pounds?)(?:,? and)? (\d{1,2})\b")
_WORDS = re.compile(r"[a-z]+")
_IN_WORDS = re.compile(rf"(?<![a-z])(?:{'|'.join((*_UNITS, *_TENS, *_ORDINALS, *_SCALES, 'and'))})(?![a-z])")


class Figure(NamedTuple):
    """A number as it is written, the value in plain digits, where it stands, and the measure it is a number of."""

    written: str
    value: str
    start: int
    unit: str | None = None


def figures(text: str) -> Iterator[Figure]:
    """The numbers of a sentence in digits and in words; `one` and the like tell no number."""
    for match in _DIGITS.finditer(text):
        whole = re.sub(r"[ ,]", "", match[1])
        unit = _unit_after(text, match.end())
        yield Figure(match.group().strip(), plain(whole + (match[2] or "")), match.start(), unit)
    for written, value, start in _spelled(text.casefold()):
        if written not in _VAGUE:
            yield Figure(written, plain(str(value)), start, _unit_after(text, start + len(written)))


@text_cache(maxsize=4096)
def measured(text: str, unit: str) -> frozenset[str]:
    """The numbers, in plain digits, that a text tells of a measure: of `two to three days` 2 and 3; of `an hour` 1."""
    lowered = text.casefold()
    found: set[str] = set()
    for match in re.finditer(rf"(?<![a-z]){unit}s?(?![a-z])", lowered):
        before = lowered[max(0, match.start() - _WITHIN) : match.start()]
        near = re.split(r"[.;!?](?=\s)", before)[-1].split()[-_WORDS_BEFORE:]
        found |= explicit_values(" ".join(near))
        if near and near[-1] in ("a", "an", "per", "half"):
            found.add("1")
    return frozenset(found)


@text_cache(maxsize=4096)
def explicit_values(text: str) -> frozenset[str]:
    """As `values`, without the two that `again`, `both` or `second` may only hint at."""
    lowered = text.casefold()
    words = {word for word in _WORDS.findall(lowered) if word not in _ORDINALS}
    told = {plain(re.sub(r"[ ,]", "", whole) + cents) for whole, cents in _DIGITS.findall(text)}
    told.update(plain(one) for one in _LOOSE_DIGITS.findall(text))
    told.update(plain(str(value)) for written, value, _ in _spelled(lowered) if written not in _ORDINALS)
    told.update(str(known[word]) for known in (_UNITS, _TENS, _COUNTS) for word in words if word in known)
    return frozenset(told)


def _unit_after(text: str, end: int) -> str | None:
    match = _MEASURE.match(text.casefold(), end)
    return match["unit"] if match else None


@text_cache(maxsize=4096)
def values(text: str) -> frozenset[str]:
    """All numbers that a text may mean, in plain digits: also parts of longer ones, halves, quarters and dozens."""
    lowered = text.casefold()
    found = {plain(re.sub(r"[ ,]", "", whole) + cents) for whole, cents in _DIGITS.findall(text)}
    found.update(plain(one) for one in _LOOSE_DIGITS.findall(text))
    found.update(plain(str(value)) for _, value, _ in _spelled(lowered))
    found.update(plain(f"{whole}.{int(cents):02d}") for whole, cents in _WITH_CENTS.findall(lowered))
    words = set(_WORDS.findall(lowered))
    for word in words:
        for known in (_UNITS, _TENS, _ORDINALS, _COUNTS):
            if word in known:
                found.add(str(known[word]))
    if words & _TWO:
        found.add("2")
    return frozenset(found)


def plain(figure: str) -> str:
    """A number in the one form in which it is compared: `1,250.00` is `1250`."""
    return f"{float(figure.replace(',', '')):.10g}"


def _spelled(text: str) -> Iterator[tuple[str, int, int]]:
    """Runs of number words with their value: `two hundred and fifty`, `twenty-two`."""
    run: list[str] = []
    start = end = 0
    for match in _IN_WORDS.finditer(text):
        word = match.group()
        between = text[end : match.start()]
        joined = not run or between.strip(" -") == ""
        if run and (not joined or not _continues(run, word)):
            yield " ".join(run), _value(run), start
            run = []
        if _is_number(word):
            start = match.start() if not run else start
            run.append(word)
        elif not (word == "and" and run and run[-1] in _SCALES):
            if run:
                yield " ".join(run), _value(run), start
            run = []
        end = match.end()
    if run:
        yield " ".join(run), _value(run), start


def _is_number(word: str) -> bool:
    return word in _UNITS or word in _TENS or word in _SCALES or word in _ORDINALS


def _continues(run: Sequence[str], word: str) -> bool:
    last = run[-1]
    if word in _SCALES:
        return True
    if last in _TENS:
        return 0 < {**_UNITS, **_ORDINALS}.get(word, 0) < 10 or word == "and"
    return last in _SCALES


def _value(run: Sequence[str]) -> int:
    total = current = 0
    for word in run:
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] >= 1000:
                total, current = total + current, 0
        else:
            current += _UNITS.get(word) or _TENS.get(word) or _ORDINALS.get(word) or 0
    return total + current
