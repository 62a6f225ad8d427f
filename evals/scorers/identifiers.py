"""Identifiers as the scorers see them: found by shapes of their own, so that the app's reader is not its own judge."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

_SHAPES = (
    re.compile(r"(?<![\w$])#?(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,}(?!\w)"),
    re.compile(r"(?<!\w)[A-Z]{6}(?!\w)"),
    re.compile(r"(?<![\w@.])[a-z]+_[a-z]+_\d{3,5}(?!\w)"),
    re.compile(r"(?<![\w$.,-])#?\d{6,}(?![\w-])"),
)
_AMOUNT = re.compile(r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_AMOUNT_KEY = re.compile(r"amount|price")


def identifiers(text: str) -> set[str]:
    """Order, account and flight-like numbers, and amounts (as `$12.5`), each in one spelling."""
    codes = {match.group().lstrip("#") for shape in _SHAPES for match in shape.finditer(text)}
    return codes | {_as_amount(match.group(1)) for match in _AMOUNT.finditer(text)}


def named_in(value: object) -> set[str]:
    """The identifiers that JSON names, numbers under keys such as `amount` counting as amounts."""
    amounts = {_as_amount(str(figure)) for figure in _figures(value)}
    return identifiers(json.dumps(value, ensure_ascii=False)) | amounts


def numbers(text: str) -> set[str]:
    """Every number of a text as an amount: what an amount that somebody names must be among."""
    return {_as_amount(match) for match in _NUMBER.findall(text)}


def _figures(value: object, key: str = "") -> Iterator[float]:
    if isinstance(value, Mapping):
        for inner_key, inner in cast(Mapping[str, Any], value).items():
            yield from _figures(inner, inner_key)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _figures(inner, key)
    elif isinstance(value, int | float) and not isinstance(value, bool) and _AMOUNT_KEY.search(key):
        yield value


def _as_amount(figure: str) -> str:
    return f"${float(figure.replace(',', '')):g}"
