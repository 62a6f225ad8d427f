"""Finds the names of things in a text: account and order numbers, codes, amounts, dates, addresses of a person.

A name is found by its shape alone, never by a list of one trade's words, so the same code serves every tenant.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast

MentionType = Literal["email", "account", "code", "number", "phone", "amount", "date"]

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_CURRENCY = r"(?:USD|EUR|GBP|CHF|dollars?|euros?|pounds?|cents?)"
_PATTERNS: tuple[tuple[MentionType, str], ...] = (
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("date", r"\d{4}-\d{2}-\d{2}"),
    ("date", rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b"),
    ("date", rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?: \d{{4}})?\b"),
    ("date", r"\b\d{1,2}/\d{1,2}/\d{2,4}\b"),
    ("amount", r"[$€£]\s?\d[\d,]*(?:\.\d+)?"),
    ("amount", rf"\b\d[\d,]*(?:\.\d+)? ?{_CURRENCY}\b"),
    ("amount", r"\b(?:USD|EUR|GBP|CHF) ?\d[\d,]*(?:\.\d+)?"),
    ("account", r"\b[A-Za-z]\w*_\w*\d\w*\b"),
    ("phone", r"\+\d[\d ()-]{7,}\d"),
    ("code", r"#?\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*\b"),
    ("code", r"\b[A-Z]{6,}\b"),
    ("number", r"#?\b\d{4,}\b"),
)
_FINDER = re.compile("|".join(f"(?P<p{index}>{pattern})" for index, (_, pattern) in enumerate(_PATTERNS)))
_SHORTEST_CODE = 4
_YEAR = re.compile(r"(?:19|20)\d\d")
_ORDINAL_TIME = re.compile(r"\d{1,2}(?:AM|PM)|\d{1,2}(?:ST|ND|RD|TH)")
_IDENTIFYING_KEY = re.compile(r"(?:^|_)(?:id|ids|number|numbers|code|codes|reference|ref|no)$")


class Mention(NamedTuple):
    """One name found in a text, as it stands there, with its place in characters."""

    type: MentionType
    value: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def mentions(text: str) -> tuple[Mention, ...]:
    """The names of things in a text, in the order they stand in it."""
    shouted = _is_shouted(text)
    return tuple(one for one in _found(text) if _is_name(one, shouted))


def canonical(value: str) -> str:
    """A form in which two spellings of the same name are equal: `$1,250.00` and `1250 USD`, `#w12` and `W12`."""
    amount = re.fullmatch(rf"\D*?(\d[\d,]*(?:\.\d+)?)\s?{_CURRENCY}?", value)
    if amount and not value.startswith("#") and re.search(rf"[$€£]|{_CURRENCY}", value):
        return f"{float(amount.group(1).replace(',', '')):g}"
    return value.lstrip("#").rstrip(".").casefold()


def structured_names(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Walks JSON and yields (key, text) of everything that names a thing: values under keys such as `order_id`."""
    if isinstance(value, Mapping):
        for inner_key, inner in cast(Mapping[str, Any], value).items():
            yield from structured_names(inner, str(inner_key))
    elif isinstance(value, list | tuple):
        for inner in cast(Sequence[Any], value):
            yield from structured_names(inner, key)
    elif isinstance(value, str) and _IDENTIFYING_KEY.search(key) and re.fullmatch(r"#?[\w-]{3,64}", value):
        yield key, value


def _found(text: str) -> Iterator[Mention]:
    for match in _FINDER.finditer(text):
        index = int((match.lastgroup or "p0")[1:])
        yield Mention(_PATTERNS[index][0], match.group(), match.start(), match.end())


def _is_name(mention: Mention, shouted: bool) -> bool:
    if mention.type == "number":
        return not _YEAR.fullmatch(mention.value)
    if mention.type != "code":
        return True
    bare = mention.value.lstrip("#")
    if bare.isalpha():
        return not shouted
    return len(bare) >= _SHORTEST_CODE and not _ORDINAL_TIME.fullmatch(bare)


def _is_shouted(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return len(letters) > 12 and sum(letter.isupper() for letter in letters) > len(letters) / 2
