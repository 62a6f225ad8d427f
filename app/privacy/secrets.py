"""Finds whole card numbers, secret codes, passwords and credentials in a text, and masks them for good.

A text without figures, number words, names of secrets and long words is looked at by a few scans in C and left as it
is: this runs on every message before it is acknowledged.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from app.privacy.cards import begins_like_a_card, cards, completes, is_named_otherwise, is_part, parted_cards
from app.privacy.codes import (
    ASKED,
    BRIEF,
    UNASKED,
    codes,
    has_card_place,
    is_clear,
    may_answer,
    stands_alone,
    tells_only,
)
from app.privacy.passwords import stated
from app.privacy.spoken import Atom, Token, count_figures, count_spoken, most_spoken_digits, runs, tokens, words_of
from app.privacy.vocabulary import CARDS

CODE_MASK = "•••"
CARD_MASK = "••••"
PART_MASK = "•"
_SHORTEST_CARD = 12
_SHORTEST_CODE = 3
# Who answers with a number says little beside it.
_LONGEST_ANSWER = 400
# Behind a card's number stand its expiry and, alone or after one of these words, its code.
_BEHIND_CARD = 14
_BEFORE_CODE = frozenset(
    "security code and sicherheit seguridad securite sicurezza seguranca veiligheid und et y e en".split()
)
# Dates, times, amounts and telephone numbers are none of these, whatever was said before.
_NO_NAMES = re.compile(
    r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b|\b\d{1,2}:\d\d\b|\b\d{1,6}[.,]\d\d\b|\+\d{1,3}[\d ()/-]{6,18}"
)
# What stands between figures in a page's text and is not seen on it.
_UNSEEN = re.compile(r"<[^<>\d]{1,80}>|&(?:#\d{2,5}|#x[0-9a-fA-F]{2,4}|[a-zA-Z]{2,8});|%20|%C2%A0")
_TWELVE_FIGURES = re.compile(r"\d(?:[^\d]{0,12}+\d){11}")


_CODE_SIZES = (3, 4)
_FEWEST_TO_HIDE = 3
_LONGEST_PART = 40


class Secret(NamedTuple):
    """A card's number, a code or a password at text[start:end]; `digits` of a password is all that stands there."""

    start: int
    end: int
    kind: Literal["card", "code", "password"]
    digits: str


def secrets(text: str, *, asked: int = UNASKED, before: str = "", card_before: bool = False) -> list[Secret]:
    """The secrets of a text, in order.

    `asked`: whether it may answer a request for a code, one of UNASKED, LATELY and ASKED. `before`: the figures that
    the same speaker told last, in groups, where these may be the first part of a card's number. `card_before`: a whole
    number was told already, of which parts may be told again.
    """
    numbers = _numbers(text, asked=asked, before=before, card_before=card_before)
    words = [Secret(start, end, "password", text[start:end]) for start, end in stated(text)]
    if not words:
        return numbers
    apart = (
        number for number in numbers if not any(word.start < number.end and number.start < word.end for word in words)
    )
    return sorted((*apart, *words))


def _numbers(text: str, *, asked: int, before: str, card_before: bool) -> list[Secret]:
    """The cards' numbers and codes of a text, in order."""
    if asked == ASKED and (part := _part_of_code(text)):
        return [part]
    asks = asked > UNASKED or bool(before) or card_before
    if not text or not (hint := "named" if before else _hint(text, asked=asks)):
        return []
    if "<" in text or "&" in text or "%" in text:
        text = _UNSEEN.sub(lambda match: " " * len(match.group()), text)
    sequence = tokens(text)
    all_runs = runs(text, sequence)
    result: list[Secret] = []
    telling = _Telling(text, sequence, asked=asked, named=asks or hint == "named", card_before=card_before)
    fewest = _SHORTEST_CODE if telling.named else _SHORTEST_CARD
    card_at, short_code = -_BEHIND_CARD, _SHORTEST_CODE
    for number, run in enumerate(all_runs):
        if before and number == 0:
            result += telling.of_run(run, before)
        elif sum(len(atom.digits) for atom in run) >= fewest:
            result += telling.of_run(run, "")
        if result and result[-1].kind == "card" and result[-1].end >= run[0].start:
            card_at, short_code = run[-1].last, 4 if len(result[-1].digits) == 15 else _SHORTEST_CODE
        elif 0 <= run[0].first - card_at <= _BEHIND_CARD and not (result and result[-1].end > run[0].start):
            result += telling.behind_card(run, short_code)
    for atoms in parted_cards(text, sequence, all_runs):
        whole = _secret("card", atoms)
        result = [*(secret for secret in result if not whole.start <= secret.start < whole.end), whole]
    return sorted(result)


def _part_of_code(text: str) -> Secret | None:
    """The one or two figures of a message that is nothing else: a code that was asked for comes in parts."""
    if len(text) > _LONGEST_PART:
        return None
    sequence = tokens(text)
    all_runs = runs(text, sequence)
    if len(all_runs) != 1 or sum(len(atom.digits) for atom in all_runs[0]) >= _SHORTEST_CODE:
        return None
    return _secret("code", all_runs[0]) if tells_only(sequence, all_runs[0]) else None


def completion(text: str, before: str) -> tuple[int, str]:
    """Which group of `before` begins the card's number that a text completes, and the whole number; else (-1, "")."""
    sequence = tokens(text)
    all_runs = runs(text, sequence)
    done = completes(before, all_runs[0]) if before and all_runs else None
    return (done.start, done.digits) if done else (-1, "")


def mask(text: str, *, asked: int = UNASKED, before: str = "", card_before: bool = False) -> str:
    """The text with a card's number by its last four digits and a code by three dots, for good."""
    text_secrets = secrets(text, asked=asked, before=before, card_before=card_before)
    if not text_secrets:
        return text
    parts: list[str] = []
    end = 0
    for secret in text_secrets:
        parts += [text[end : secret.start], masked(secret)]
        end = secret.end
    return "".join([*parts, text[end:]])


def masked(secret: Secret) -> str:
    """What stands for a secret; of a code that is told figure by figure each part keeps its length."""
    if secret.kind == "card":
        return CARD_MASK + secret.digits[-4:]
    whole = secret.kind == "password" or len(secret.digits) >= _SHORTEST_CODE
    return CODE_MASK if whole else PART_MASK * len(secret.digits)


def _hint(text: str, *, asked: bool) -> Literal["", "figures", "named"]:
    """Whether a text may hold a secret at all: a card's figures or words, or some number and a code's name."""
    words = words_of(text)
    spoken = most_spoken_digits(words)
    most = count_figures(text) + spoken
    if most < _SHORTEST_CODE:
        return ""
    if asked or is_clear(words):
        return "named"
    if most < _SHORTEST_CARD:
        return ""
    # Where nothing is told in words and no card is spoken of, twelve figures must stand near each other.
    return "figures" if spoken or not CARDS.isdisjoint(words) or _TWELVE_FIGURES.search(text) else ""


class _Telling(NamedTuple):
    """A text with its tokens; `named`: it may name a secret code, so that codes are looked for too."""

    text: str
    sequence: Sequence[Token]
    asked: int
    named: bool
    card_before: bool

    def of_run(self, run: Sequence[Atom], before: str) -> Iterator[Secret]:
        """The secrets of one run."""
        if _is_iban(self.sequence, run):
            return
        done = completes(before, run) if before else None
        last = done.after if done else 0
        if done:
            yield _secret("card", run[:last])._replace(digits=done.digits)
        for first, after in cards(self.text, self.sequence, run) if not last else ():
            yield from self._codes(run[last:first])
            yield _secret("card", run[first:after])
            last = after
        rest = run[last:]
        if last and rest and self._is_on_card(rest):
            yield _secret("code", rest)
        elif last and rest:
            yield from _behind_card(rest)
        elif self.card_before and (begins_like_a_card(self.text, self.sequence, run) or self._is_on_card(run)):
            yield _secret("code", run)
        else:
            yield from self._codes(rest)

    def behind_card(self, run: Sequence[Atom], size: int) -> Iterator[Secret]:
        """The code in a run that stands apart from the card's number before it: `…, valid until 12/27, 123`."""
        last = run[-1]
        if self._is_on_card(run):
            yield _secret("code", run)
            return
        # Month and year may stand right before it.
        dated = [len(atom.digits) for atom in run[:-1]] in ([2], [4], [2, 2], [2, 4])
        alone = stands_alone(self.text, self.sequence, [last]) or (dated and last.last + 1 == len(self.sequence))
        word = self.sequence[last.first - 1].word
        if len(last.digits) == size and len(run) <= 3 and (alone or word in _BEFORE_CODE):
            follows = self.sequence[last.last + 1].word if last.last + 1 < len(self.sequence) else ""
            if not is_named_otherwise(self.text, self.sequence, [last]) and (alone or not follows):
                yield _secret("code", [last])

    def _is_on_card(self, run: Sequence[Atom]) -> bool:
        """Whether figures are said to stand where a card's code does, after its number: `and 123 on the back`."""
        if sum(len(atom.digits) for atom in run) not in _CODE_SIZES:
            return False
        named = is_named_otherwise(self.text, self.sequence, run)
        return not named and has_card_place(self.text, self.sequence, run)

    def _codes(self, run: Sequence[Atom]) -> Iterator[Secret]:
        if run and self.named:
            for first, after in codes(self.text, self.sequence, run, asked=self.asked):
                yield _secret("code", run[first:after])


def _behind_card(rest: Sequence[Atom]) -> Iterator[Secret]:
    """What follows a card's number is when it ends and, last, its security code."""
    sizes = [len(atom.digits) for atom in rest]
    if sizes[-1] == _SHORTEST_CODE and len(rest) <= 4:
        yield _secret("code", rest[-1:])
    elif len(sizes) in (3, 4) and set(sizes) == {1}:
        yield _secret("code", rest)
    elif len(sizes) > 3 and sizes[-3:] == [1, 1, 1]:
        yield _secret("code", rest[-3:])


def _secret(kind: Literal["card", "code"], atoms: Sequence[Atom]) -> Secret:
    return Secret(atoms[0].start, atoms[-1].end, kind, "".join(atom.digits for atom in atoms))


def _is_iban(sequence: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether the figures are a bank account's, whose two letters stand right before them (ISO 13616)."""
    letters = sequence[run[0].first - 1] if run[0].first else None
    if letters is None or letters.end != run[0].start or len(letters.word) != 2 or not letters.word.isascii():
        return False
    digits = ""
    for atom in run:
        digits += atom.digits
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
    """Whether what was said before tells what the numbers of a message are.

    So it is where the message is little more than a number, where a number among its words may be an answer, and where
    it tells a whole card number, parts of which may have been told before.
    """
    words = words_of(text)
    most = count_figures(text) + most_spoken_digits(words)
    if most < _SHORTEST_CODE and len(words) - count_spoken(words) > 2:
        return False
    if len(text) > _LONGEST_ANSWER:
        return most >= _SHORTEST_CARD and any(secret.kind == "card" for secret in secrets(text))
    if not most:
        return False
    text = _NO_NAMES.sub(" date ", text)
    sequence = tokens(text)
    all_runs = runs(text, sequence)
    in_runs = sum(atom.last - atom.first + 1 for run in all_runs for atom in run)
    beside = len(sequence) - in_runs
    sizes = [sum(len(atom.digits) for atom in run) for run in all_runs]
    if sizes and beside <= 2:
        return True
    if not any(size >= _SHORTEST_CODE for size in sizes):
        return False
    named = all(
        size < _SHORTEST_CODE or is_named_otherwise(text, sequence, run)
        for size, run in zip(sizes, all_runs, strict=True)
    )
    return not named and (
        beside <= BRIEF
        or max(sizes) >= _SHORTEST_CARD
        or any(
            size >= _SHORTEST_CODE and may_answer(text, sequence, run)
            for size, run in zip(sizes, all_runs, strict=True)
        )
    )


def open_figures(text: str, *, keypad: bool = False) -> str:
    """The figures that a message ends with, in groups, where they may be part of a card's number; else nothing."""
    if not text or len(text) > _LONGEST_ANSWER:
        return ""
    sequence = tokens(text)
    all_runs = runs(text, sequence)
    if not all_runs or len(sequence) - 1 - all_runs[-1][-1].last > 2:
        return ""
    run = all_runs[-1]
    beside = len(sequence) - sum(atom.last - atom.first + 1 for atom in run)
    if not is_part(run, least=1 if keypad or beside <= 2 else 4) or is_named_otherwise(text, sequence, run):
        return ""
    return " ".join(atom.digits for atom in run)


def without_parts(text: str, number: str, *, all_of: bool) -> str:
    """A text without the parts of a card's number that is known now; `all_of`: its last figures are one in any case."""
    sequence = tokens(text)
    all_runs = runs(text, sequence)
    parts: list[str] = []
    end = 0
    for run in all_runs:
        digits = "".join(atom.digits for atom in run)
        belongs = len(digits) >= 4 and digits in number and digits != number[-4:]
        if belongs or (all_of and run is all_runs[-1]):
            parts += [text[end : run[0].start], CARD_MASK]
            end = run[-1].end
    return "".join([*parts, text[end:]]) if parts else text


def without_figures(text: str) -> str:
    """A text with every number masked that may be a code or a part of a card's number."""
    parts: list[str] = []
    end = 0
    for run in runs(text, tokens(text)):
        if sum(len(atom.digits) for atom in run) < _FEWEST_TO_HIDE:
            continue  # `one` and `two` are two messages, and no code
        parts += [text[end : run[0].start], CODE_MASK]
        end = run[-1].end
    return "".join([*parts, text[end:]])
