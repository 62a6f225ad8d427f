"""Finds whole card numbers and secret codes in a text, and masks them for good.

A text without figures, number words and names of codes is looked at by three scans in C and left as it is: this runs
on every message before it is acknowledged.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from app.privacy.cards import cards, completes, is_part
from app.privacy.codes import codes, may_name_code
from app.privacy.spoken import Atom, Token, count_figures, count_spoken, most_spoken_digits, runs, tokens, words_of

CODE_MASK = "•••"
CARD_MASK = "••••"
_SHORTEST_CARD = 12
_SHORTEST_CODE = 3
# Who answers with a number says few words beside it.
_LONGEST_ANSWER = 200
_MOST_BESIDE = 6
_TWELVE_FIGURES = re.compile(r"\d(?:[^\d]{0,12}+\d){11}")


class Secret(NamedTuple):
    """A card's number or a code at text[start:end], with its digits."""

    start: int
    end: int
    kind: Literal["card", "code"]
    digits: str


def secrets(text: str, *, asked: bool = False, before: str = "") -> list[Secret]:
    """The secrets of a text, in order.

    `asked`: it answers a request for a code. `before`: the figures with which the same speaker's last message ended,
    in groups, where these may be the first part of a card's number.
    """
    asks = asked or bool(before)
    if not text or not (hint := _hint(text, asked=asks)):
        return []
    found = tokens(text)
    all_runs = runs(text, found)
    result: list[Secret] = []
    telling = _Telling(text, found, asked=asked, named=asks or hint == "named")
    fewest = _SHORTEST_CODE if telling.named else _SHORTEST_CARD
    for number, run in enumerate(all_runs):
        if sum(len(one.digits) for one in run) >= fewest or (before and number == 0):
            result += telling.of_run(run, before if number == 0 else "")
    return result


def mask(text: str, *, asked: bool = False, before: str = "") -> str:
    """The text with a card's number by its last four digits and a code by three dots, for good."""
    found = secrets(text, asked=asked, before=before)
    if not found:
        return text
    parts: list[str] = []
    end = 0
    for one in found:
        parts += [text[end : one.start], masked(one)]
        end = one.end
    return "".join([*parts, text[end:]])


def masked(secret: Secret) -> str:
    """What stands for a secret."""
    return CARD_MASK + secret.digits[-4:] if secret.kind == "card" else CODE_MASK


def _hint(text: str, *, asked: bool) -> Literal["", "figures", "named"]:
    """Whether a text may hold a secret at all: a card's figures or words, or some number and a code's name."""
    words = words_of(text)
    spoken = most_spoken_digits(words)
    most = count_figures(text) + spoken
    if most < _SHORTEST_CODE:
        return ""
    if asked or may_name_code(words):
        return "named"
    if most < _SHORTEST_CARD:
        return ""
    # Where nothing is told in words, twelve figures must stand near each other.
    return "figures" if spoken or _TWELVE_FIGURES.search(text) else ""


class _Telling(NamedTuple):
    """A text with its tokens; `named`: it may name a secret code, so that codes are looked for too."""

    text: str
    found: Sequence[Token]
    asked: bool
    named: bool

    def of_run(self, run: Sequence[Atom], before: str) -> Iterator[Secret]:
        """The secrets of one run."""
        if _is_iban(self.found, run):
            return
        place = completes(before, run) if before else 0
        if place:
            yield _secret("card", run[:place])
        last = place
        for first, after in cards(self.text, self.found, run) if not place else ():
            yield from self._codes(run[last:first])
            yield _secret("card", run[first:after])
            last = after
        rest = run[last:]
        if last and rest:
            yield from _behind_card(rest)
        else:
            yield from self._codes(rest)

    def _codes(self, run: Sequence[Atom]) -> Iterator[Secret]:
        if run and self.named:
            for first, after in codes(self.text, self.found, run, asked=self.asked):
                yield _secret("code", run[first:after])


def _behind_card(rest: Sequence[Atom]) -> Iterator[Secret]:
    """What follows a card's number is when it ends and, last, its security code."""
    sizes = [len(one.digits) for one in rest]
    if sizes[-1] == _SHORTEST_CODE and len(rest) <= 4:
        yield _secret("code", rest[-1:])
    elif len(sizes) in (3, 4) and set(sizes) == {1}:
        yield _secret("code", rest)
    elif len(sizes) > 3 and sizes[-3:] == [1, 1, 1]:
        yield _secret("code", rest[-3:])


def _secret(kind: Literal["card", "code"], atoms: Sequence[Atom]) -> Secret:
    return Secret(atoms[0].start, atoms[-1].end, kind, "".join(one.digits for one in atoms))


def _is_iban(found: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether the figures are a bank account's, whose two letters stand right before them (ISO 13616)."""
    letters = found[run[0].first - 1] if run[0].first else None
    if letters is None or letters.end != run[0].start or len(letters.word) != 2 or not letters.word.isascii():
        return False
    digits = ""
    for one in run:
        digits += one.digits
        if len(digits) > 32:
            return False
        head = "".join(str(int(sign, 36)) for sign in letters.word) + digits[:2]
        if len(digits) >= 13 and int(digits[2:] + head) % 97 == 1:
            return True
    return False


def may_hold_digits(text: str) -> bool:
    """Whether a text tells as many digits as the shortest secret has."""
    return count_figures(text) + most_spoken_digits(words_of(text)) >= _SHORTEST_CODE


def needs_context(text: str) -> bool:
    """Whether a message is little more than a number, so that what was said before tells what the number is."""
    if len(text) > _LONGEST_ANSWER:
        return False
    words = words_of(text)
    if len(words) - count_spoken(words) > _MOST_BESIDE:
        return False
    if count_figures(text) + most_spoken_digits(words) < _SHORTEST_CODE:
        return False
    found = tokens(text)
    all_runs = runs(text, found)
    if not any(sum(len(one.digits) for one in run) >= _SHORTEST_CODE for run in all_runs):
        return False
    told = sum(one.last - one.first + 1 for run in all_runs for one in run)
    return len(found) - told <= _MOST_BESIDE


def open_figures(text: str) -> str:
    """The figures that a message ends with, in groups, where they may be part of a card's number; else nothing."""
    if not text or len(text) > 400:
        return ""
    found = tokens(text)
    all_runs = runs(text, found)
    if not all_runs or not is_part(all_runs[-1]) or len(found) - 1 - all_runs[-1][-1].last > 2:
        return ""
    return " ".join(one.digits for one in all_runs[-1])
