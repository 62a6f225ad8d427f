"""Finds passwords and credentials by what they are called; those that have a form of their own are found by it.

What stands behind the name of a password is one only where it looks so: it holds figures, signs or capitals amid small
letters, or stands in quotation marks, or alone behind a colon. `My password is wrong` tells none. A text without such
names and without long words is left after a few scans in C.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.languages import function_words
from app.privacy.spoken import plain
from app.privacy.tokens import is_random, token_spans
from app.privacy.vocabulary import (
    AFTERWARDS,
    ARTICLES,
    CREDENTIALS,
    JOINS,
    PASSWORDS,
    PREPOSITIONS,
    PRONOUNS,
    SAID_OF_PASSWORDS,
)

# So far behind a name its value is looked for, and so many small words may stand between.
_REACH = 240
_MOST_SMALL, _MOST_OF_PLACE = 3, 5
_SHORTEST, _LONGEST = 4, 128
_SHORTEST_MARKED, _SHORTEST_BESIDE = 3, 6
_SHORTEST_CREDENTIAL, _SHORTEST_CREDENTIAL_BESIDE = 12, 16
# A name of so many letters may end a compound: `Kundenkennwort`.
_SHORTEST_IN_COMPOUND = 8
_STRONG, _LONG = 3, 20
_MOST_CLOSING = 8
_SHORTEST_HUMPED = 8
# Of these names a colon or an equals sign makes one; alone they are other words.
_SHORT_NAMES = ("pass", "pw", "psw")
_PROTOCOL_NAMES = ("bearer", "authorization basic")
_OPENING, _CLOSING = "\"'“‘«„`*([{", "\"'”’»“`*)]},;:."
_QUOTES = "\"'“‘«„`*("
_SIGNS = frozenset("!@#$%^&*+=~?|\\§_")
_TOKEN = re.compile(r"\S+")
_MARK = re.compile(r"[\"'”’»`*\])]{0,4}\s{0,4}(?P<mark>[:=](?!//)|->|→)?[:=>]{0,2}\s{0,4}")
_QUOTATION = re.compile(r"[\"“«„`]\s?([^\"“”«»„`\n]{3,64})[\"”»“`]|(?<!\w)['‘]([^'‘’\n]{3,64})['’](?!\w)")
# Dates, times, amounts, shares, addresses, and words like `8-digit` are no passwords.
_NO_VALUE = re.compile(
    r"\d{1,4}[-/.:]\d{1,2}(?:[-/.:]\d{1,4})?|[$€£]?\d{1,9}(?:[.,]\d{1,2})?[$€£%]|[$€£]\d{1,9}(?:[.,]\d{1,2})?"
    r"|\d{1,3}|\d{1,2}-?[^\W\d_]{1,16}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|(?:https?://|www\.).*"
)
# What stands in the place of one: `[password_1]`, `<your password>`, `{{password}}`.
_PLACEHOLDER = re.compile(r"\[[a-z_]{1,20}_\d{1,4}\]|<[^<>]{1,40}>?|\$?\{{1,2}[^{}]{1,40}\}{1,2}|%\w{1,40}%")
_WORD = re.compile(r"[^\W\d_]+")
_PHRASE = re.compile(r"phrase|frase|zin", re.IGNORECASE)


class Stated(NamedTuple):
    """A password or a credential at text[start:end]."""

    start: int
    end: int


def stated(text: str) -> list[Stated]:
    """The passwords and credentials of a text, in order, none within another."""
    spans = [Stated(*span) for span in token_spans(text)]
    if may_name(text):
        spans += _named(text)
    result: list[Stated] = []
    for span in sorted(spans):
        if result and span.start < result[-1].end:
            result[-1] = Stated(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def _named(text: str) -> Iterator[Stated]:
    read_to = 0
    for match in _NAMES.finditer(text):
        span = _value_of(text, match) if match.start() >= read_to else None
        if span is not None:
            # Of a value that is longer than was looked at, all goes.
            is_cut = span.end - match.end() >= _REACH - _MOST_CLOSING
            whole = _TOKEN.match(text, span.start) if is_cut else None
            read_to = _bare(text, whole)[1] if whole else span.end
            yield Stated(span.start, read_to)


def may_name(text: str) -> bool:
    """Whether a text may name a password or a credential: a first look."""
    lowered = text.lower()
    return any(stem in lowered for stem in _STEMS)


def is_masked_password(text: str, mask: str) -> bool:
    """Whether all that is masked in a text stands where a password or a credential is named, so that none is a code."""
    last = text.rfind(mask)
    return may_name(text) and text.count(mask) <= sum(match.end() <= last for match in _NAMES.finditer(text))


@text_cache(maxsize=2048)
def field_kind(name: str) -> str:
    """Whether a field of this name, in words, holds a `password`, a `credential`, or none."""
    match = _NAME_AT_END.search(name.strip().rstrip("0123456789 ")) if may_name(name) else None
    if match is None:
        return ""
    return "credential" if match.lastgroup == "credential" else "password"


def is_field_value(value: str, kind: str, *, surely: bool = True) -> bool:
    """Whether what stands in a field of such a name is the secret, and no word about it.

    `surely`: the field holds nothing else; of any other a word of letters alone is no password.
    """
    bare = value.strip()
    if not any(map(str.isalnum, bare)) or _PLACEHOLDER.fullmatch(bare):
        return False
    if kind == "credential":
        return len(bare) >= _SHORTEST_CREDENTIAL and not any(map(str.isspace, bare)) and is_random(bare)
    is_sentence = len(bare.split()) > 1 and not _small().isdisjoint(map(plain, _WORD.findall(bare)))
    return not _is_said(bare) and not is_sentence and (surely or _strength(bare) > 1)


class _ValueReader:
    """Reads on behind the name of a password or a credential, word by word, until its value or anything else comes."""

    def __init__(self, text: str, name: re.Match[str]) -> None:
        self._text = text
        self._credential = name.lastgroup == "credential"
        self._is_phrase = _PHRASE.search(name.group()) is not None
        opening = _MARK.match(text, name.end())
        self._at = opening.end() if opening else name.end()
        self._marked = opening is not None and opening["mark"] is not None
        self._joined = self._marked
        # Behind `password for order: ` or `password is currently ` a value must look more like one.
        self._in_doubt = False
        self._small = self._of_place = 0

    def value(self) -> Stated | None:
        """Where the value stands."""
        for token in _TOKEN.finditer(self._text, self._at, self._at + _REACH):
            is_first = not (self._small or self._of_place)
            if "\n" in self._text[self._at : token.start()] and not (self._joined and is_first):
                return None
            if (span := self._taken(token)) is not None:
                return span
            if not self._goes_on(token.group()):
                return None
            self._at = token.end()
        return None

    def _goes_on(self, token: str) -> bool:
        """Whether the value may still come behind a word which is none."""
        words = [plain(word) for word in _WORD.findall(token)]
        if not self._joined and words and JOINS.issuperset(words):
            self._joined = True
        elif not self._joined:
            if not (self._of_place or (words and PREPOSITIONS.issuperset(words))):
                return False
            self._of_place += 1
        else:
            if words and _small().isdisjoint(words):
                if self._small and token[-1] != ":":
                    return False
                self._in_doubt = True
            self._small += 1
        if token[-1] in ":=":
            self._in_doubt = self._in_doubt or self._of_place > 0
            self._joined = self._marked = True
            return True
        return token[-1] not in ".!?;," and self._small <= _MOST_SMALL and self._of_place <= _MOST_OF_PLACE

    def _taken(self, token: re.Match[str]) -> Stated | None:
        """The span of a token that is the value."""
        if _PLACEHOLDER.match(token.group().lstrip(_QUOTES)):
            return None
        quotation = _QUOTATION.match(self._text, token.start()) if self._joined and not self._credential else None
        if quotation is not None and self._may_be_quoted(quotation[1] or quotation[2]):
            return Stated(*quotation.span(1 if quotation[1] else 2))
        start, end = _bare(self._text, token)
        value = self._text[start:end]
        if (
            not value
            or _PLACEHOLDER.match(token.group())
            or _NO_VALUE.fullmatch(value.rstrip("!?"))
            or not self._is_value(value)
        ):
            return None
        is_last = not self._marked or self._in_doubt or _strength(value) > 1 or self._ends_clause(token, end)
        return Stated(start, end) if is_last else None

    def _is_value(self, value: str) -> bool:
        if self._credential:
            least = _SHORTEST_CREDENTIAL if self._joined else _SHORTEST_CREDENTIAL_BESIDE
            return len(value) >= least and is_random(value) and (value.upper() != value or len(value) >= _LONG)
        strength = _strength(value.rstrip("!?"))
        if not self._joined or self._in_doubt:
            return len(value) >= _SHORTEST_BESIDE and strength >= _STRONG
        if value.isdecimal() or strength > 1:
            return len(value) >= _SHORTEST
        return self._marked and not self._small and len(value) >= _SHORTEST_MARKED and not _is_said(value)

    def _may_be_quoted(self, quoted: str) -> bool:
        """Whether what stands in quotation marks may be a password: a word, or several where a phrase is named."""
        several = " " in quoted.strip()
        if several and not self._is_phrase and _strength(quoted) < _STRONG:
            return False
        words = {plain(word) for word in _WORD.findall(quoted)}
        return not _is_said(quoted) and _small().isdisjoint(words) and not _NO_VALUE.fullmatch(quoted.strip())

    def _ends_clause(self, token: re.Match[str], end: int) -> bool:
        """Whether a word of letters alone is all that stands behind the colon, and no sentence begins with it."""
        if end < token.end():
            return True
        behind = self._text[end : end + _LONGEST]
        following = _TOKEN.search(behind)
        if following is None or "\n" in behind[: following.start()]:
            return True
        return following.group()[-1] in ":=" or plain(following.group()) in AFTERWARDS


def _value_of(text: str, name: re.Match[str]) -> Stated | None:
    """The value that stands behind a name, or before it as in `X is my password`."""
    behind = _ValueReader(text, name).value()
    if behind is not None or name.lastgroup == "credential":
        return behind
    before = list(_TOKEN.finditer(text, max(0, name.start() - _LONGEST), name.start()))[-3:]
    while before and ARTICLES.issuperset(plain(word) for word in _WORD.findall(before[-1].group())):
        before.pop()
    if len(before) < 2 or plain(before[-1].group()) not in JOINS:
        return None
    start, end = _bare(text, before[-2])
    value = text[start:end]
    strong = len(value) >= _SHORTEST_BESIDE and _strength(value) >= _STRONG and not _NO_VALUE.fullmatch(value)
    return Stated(start, end) if strong else None


def _bare(text: str, token: re.Match[str]) -> tuple[int, int]:
    """Where a token stands without the brackets, quotation marks and stops around it."""
    start, end = token.span()
    while start < end and text[start] in _OPENING:
        start += 1
    while start < end and text[end - 1] in _CLOSING:
        end -= 1
    return start, end


def _strength(value: str) -> int:
    """How many of small letters, capitals, figures and signs a value mixes; 1 for a word as people write words."""
    figures = any(map(str.isdigit, value))
    signs = not _SIGNS.isdisjoint(value[1:])
    runs = _WORD.findall(value)
    if not figures and not signs:
        humped = any(
            len(run) >= _SHORTEST_HUMPED and not (run.islower() or run.isupper() or run.istitle()) for run in runs
        )
        return 2 if humped else 1
    return sum((figures, signs, any(map(str.islower, value)), any(map(str.isupper, value))))


def _is_said(value: str) -> bool:
    """Whether a word is said of passwords, or is one of grammar."""
    words = [plain(word) for word in _WORD.findall(value)]
    alone = len(words) == 1 and not any(map(str.isdigit, value))
    return alone and (words[0] in SAID_OF_PASSWORDS or words[0] in _small())


@cache
def _small() -> frozenset[str]:
    """The words of grammar of all languages, without accents."""
    return frozenset(map(plain, function_words())) | PRONOUNS | ARTICLES | PREPOSITIONS | AFTERWARDS | JOINS


def _group(name: str, names: Iterable[str]) -> str:
    # The longest first, for `secret key` is not `secret`.
    ordered = sorted(
        (part.replace("-", " ").split() for part in names), key=lambda words: (-len(" ".join(words)), words)
    )
    alternatives = (
        ("" if len("".join(words)) >= _SHORTEST_IN_COMPOUND else r"(?<![^\W_])") + "[ _-]?".join(map(re.escape, words))
        for words in ordered
    )
    return f"(?P<{name}>{'|'.join(alternatives)})"


_OF_PASSWORDS = _group("password", PASSWORDS)
_OF_CREDENTIALS = _group("credential", {*CREDENTIALS, *_PROTOCOL_NAMES})
_OF_SHORT = _group("short", _SHORT_NAMES)
_NAMES = re.compile(rf"(?:{_OF_CREDENTIALS}|{_OF_PASSWORDS})s?(?![^\W_])|{_OF_SHORT}(?=[\"']?\s?[:=])", re.IGNORECASE)
_NAME_AT_END = re.compile(rf"(?:{_OF_CREDENTIALS}|{_OF_PASSWORDS}|{_OF_SHORT})s?$", re.IGNORECASE)


def _stems() -> Iterator[str]:
    """A few words, one of which stands in each of the names: what holds none of them names nothing."""
    left = [name.replace("-", " ") for name in (*PASSWORDS, *CREDENTIALS, *_PROTOCOL_NAMES, *_SHORT_NAMES)]
    words = sorted({word for name in left for word in name.split() if len(word) > 1})
    while left:
        best = max(words, key=lambda word: (sum(word in name for name in left), len(word)))
        left = [name for name in left if best not in name]
        yield best


_STEMS = tuple(_stems())
