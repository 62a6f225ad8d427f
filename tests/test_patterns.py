"""Every regular expression of the package meets hostile text in time that grows no faster than the text."""

import importlib
import pkgutil
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, cast

import pytest

import app

LENGTH = 50_000
SECONDS = 3.0
"""Of the process's own time for one expression over one text: linear ones take some 0.05, runaways minutes."""
SHAPES: Mapping[str, str] = {
    "letters": "a",
    "capitals": "A",
    "mixed case": "aB",
    "digits": "1",
    "grouped digits": "1,",
    "newlines": "\n",
    "spaces": " ",
    "brackets": "[",
    "quotes": '"',
    "opening quotes": "“",
    "punctuation": ".",
    "hyphens": "1-",
    "words": "ab ",
    "sentences": "Ab. ",
    "labels": "a:\n",
    "addresses": "a@",
}


class _Runaway(Exception):
    pass


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise _Runaway


def _expressions() -> dict[tuple[str | bytes, int], tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    found: dict[tuple[str | bytes, int], tuple[str, re.Pattern[Any]]] = {}
    for name, module in sorted(sys.modules.items()):
        if name == "app" or name.startswith("app."):
            for attribute, value in sorted(vars(module).items()):
                for pattern in _inside(value, 0):
                    found.setdefault((pattern.pattern, pattern.flags), (f"{name}.{attribute}", pattern))
    return found


def _inside(value: object, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield cast(re.Pattern[Any], value)
    elif depth < 4 and isinstance(value, dict | list | tuple | set | frozenset):
        values = cast(Any, value.values() if isinstance(value, dict) else value)  # pyright: ignore[reportUnknownMemberType]
        for inner in list(values):
            yield from _inside(inner, depth + 1)


def _near_matches(pattern: re.Pattern[str]) -> list[str]:
    """Words that the expression itself holds, each alone, with a space, and all of them after one another."""
    words = list(dict.fromkeys(re.findall(r"[^\W\d_]{3,}", re.sub(r"\\[a-zA-Z]", " ", pattern.pattern))))[:40]
    return [*words, *(f"{word} " for word in words), " ".join(words) or "x"]


def _texts(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for name, unit in SHAPES.items():
        yield name, (unit * LENGTH)[:LENGTH]
    yield "one between newlines", "x" + "\n" * LENGTH + "x"
    yield "spaces before a mark", "a" + " " * LENGTH + "!"
    yield "quotes, then letters", '"' * (LENGTH // 2) + "a" * (LENGTH // 2)
    for unit in _near_matches(pattern):
        yield repr(unit), (unit * (LENGTH // len(unit) + 1))[:LENGTH]


def _runs_away(pattern: re.Pattern[str], text: str) -> bool:
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        for _ in pattern.finditer(text):
            pass
        pattern.match(text)
        pattern.fullmatch(text)
    except _Runaway:
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return False


@pytest.mark.parametrize("room", ["app.brief", "app.language"])
def test_no_expression_of_a_room_runs_away_on_hostile_text(room: str) -> None:
    previous = signal.signal(signal.SIGVTALRM, _interrupt)
    try:
        offenders: list[str] = []
        for name, pattern in _expressions().values():
            if name.startswith(f"{room}.") and isinstance(pattern.pattern, str):
                shape = next((shape for shape, text in _texts(pattern) if _runs_away(pattern, text)), None)
                offenders += [f"{name}: {shape}"] if shape else []
    finally:
        signal.signal(signal.SIGVTALRM, previous)
    assert offenders == []
