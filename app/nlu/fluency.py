"""Leaves out of what was spoken what says nothing: fillers, words said twice in a row, words broken off, notes.

What is left are pieces of the text as it stands, in order, so that a quotation can mark each gap. Of what is said twice
the second saying stays, since speakers mend by saying it again. A number is never left out, nor a denial that is not
said again right after.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.languages import function_words, language_of
from app.nlu.tables import LANGUAGES, Language, Speech, table

GAP = "…"
_LONGEST = 4_000
_MOST_REPEATED = 5
_FEWEST_LEFT = 3
_FEWEST_JUDGED = 5
_ENDS = '.!?:…。！？)]"”»'
_PARTING = frozenset(",;:.!?–—")
_MOST_OPENERS = 6
_TOKEN = re.compile(r"[\[(*♪][^\[\]()*♪\n]{0,40}[\])*♪]|♪|\S+")
_NOTE = re.compile(r"[\[(*♪]([^\[\]()*♪\n]{0,40})[\])*♪]|♪+")
_MARKS = ",.;:!?…\"'“”„»«–—"
_LETTERED = re.compile(r"\w")


class _SpokenWord(NamedTuple):
    """A word as it is compared, and where it stands."""

    word: str
    start: int
    end: int


class _Lists(NamedTuple):
    fillers: frozenset[str]
    openers: frozenset[tuple[str, ...]]
    doubles: frozenset[str]
    numbers: frozenset[str]


@text_cache(maxsize=4096)
def pieces(sentence: str) -> tuple[str, ...]:
    """What a spoken sentence says, as it stands there, in order; the whole of it where nothing is left out."""
    if len(sentence) > _LONGEST:
        return (sentence,)
    tokens = [_SpokenWord(_plain(match.group()), *match.span()) for match in _TOKEN.finditer(sentence)]
    lists = _lists(language_of(sentence))
    left = [
        token for token in tokens if not (token.word in lists.fillers or is_note(sentence[token.start : token.end]))
    ]
    left = _without_openers(sentence, _without_repetitions(sentence, left, lists), lists)
    if not left:
        return ()
    return tuple(_runs(sentence, tokens, left))


@text_cache(maxsize=4096)
def fluent(sentence: str) -> str:
    """A spoken sentence as it can be read at a glance, with a mark for each gap; as it stands where nothing is left."""
    parts = pieces(sentence)
    if not parts:
        return sentence
    bare = sentence.strip()
    lead = "" if bare.startswith(parts[0]) else f"{GAP} "
    tail = "" if bare.endswith(parts[-1]) else f" {GAP}"
    return f"{lead}{f' {GAP} '.join(parts)}{tail}"


@text_cache(maxsize=4096)
def goes_on(sentence: str) -> bool:
    """Whether a spoken sentence begins with a word that joins it to what was said before: `and now the bill …`."""
    language = language_of(sentence)
    spoken = [speech for speech in map(speech_in, (language,) if language else LANGUAGES) if speech is not None]
    words = (_plain(word) for word in sentence[:_LONGEST].split())
    first = next((word for word in words if not any(word in speech.fillers for speech in spoken)), "")
    return any(first in speech.joints for speech in spoken)


@text_cache(maxsize=2048)
def takes_back(between: str, language: Language | None = None) -> bool:
    """Whether what is said between two sayings takes the first one back: `no sorry`, and not `and no,`.

    `language` is that of the talk, where what is between does not tell its own.
    """
    language = language_of(between) or language
    spoken = [speech for speech in map(speech_in, (language,) if language else LANGUAGES) if speech is not None]
    for word in map(_plain, between[:_LONGEST].split()):
        if any(word in speech.repairs for speech in spoken):
            return True
        if any(word in speech.joints for speech in spoken):
            return False
    return False


def as_judged(sentence: str, *, by_customer: bool) -> str:
    """What a sentence without a full stop says, in a row; any other one as it stands.

    What our side says ends in a full stop wherever the classifiers learnt from it.
    """
    if sentence[-1:] in _ENDS or sentence.count(" ") < _FEWEST_JUDGED:
        return sentence
    bare = " ".join(pieces(sentence)) or sentence
    return bare if by_customer else f"{bare}."


def is_note(token: str) -> bool:
    """Whether a token is a note of whoever wrote the transcript: `[inaudible]`, `(music)`, `♪`."""
    note = _NOTE.fullmatch(token.strip(",.;:!?"))
    if note is None:
        return False
    words = (note.group(1) or "").casefold().replace("-", " ").split()
    return all(word in _notes() or not _LETTERED.search(word) for word in words)


@cache
def _notes() -> frozenset[str]:
    return frozenset[str]().union(*(speech.notes for speech in map(speech_in, LANGUAGES) if speech is not None))


@cache
def speech_in(language: Language) -> Speech | None:
    """The table of speech of a language; None where it has none."""
    return table(language, Speech)


@cache
def _lists(language: Language | None) -> _Lists:
    """The words of a language; of all together where it is not known, without what is a word in another one."""
    spoken = [speech for speech in map(speech_in, (language,) if language else LANGUAGES) if speech is not None]
    fillers = frozenset[str]().union(*(speech.fillers for speech in spoken))
    openers = (tuple(opener.split()) for speech in spoken for opener in speech.openers)
    return _Lists(
        fillers if language else fillers - function_words(),
        frozenset(openers),
        frozenset[str]().union(*(speech.doubles for speech in spoken)),
        frozenset[str]().union(*(speech.numbers for speech in spoken)),
    )


def _plain(token: str) -> str:
    return token.strip(_MARKS).casefold().replace("’", "'")


def _without_repetitions(sentence: str, tokens: Sequence[_SpokenWord], lists: _Lists) -> list[_SpokenWord]:
    """The words without the first of two sayings of the same in a row, and without words broken off.

    Several words on both sides of a comma stay: `I did, I did not` says two things.
    """
    left: list[_SpokenWord] = []
    for token in tokens:
        left.append(token)
        for size in range(min(_MOST_REPEATED, len(left) // 2), 0, -1):
            again, before = left[-size:], left[-2 * size : -size]
            same = [each.word for each in again] == [each.word for each in before]
            parted = size > 1 and _is_parted(sentence, before[-1], again[0])
            if same and not parted and _may_go(before, lists):
                del left[-2 * size : -size]
                break
        if len(left) > 1 and _breaks_off(left[-2], token):
            del left[-2]
    return left


def _may_go(tokens: Sequence[_SpokenWord], lists: _Lists) -> bool:
    if any(token.word in lists.numbers or any(map(str.isdigit, token.word)) or not token.word for token in tokens):
        return False
    if len(tokens) > 1:
        return True
    word = tokens[0].word
    # Who says a single letter twice spells it, unless the letter is a word: `I`.
    return word not in lists.doubles and (len(word) > 1 or word in function_words())


def _breaks_off(before: _SpokenWord, token: _SpokenWord) -> bool:
    """Whether a word is the beginning of the next one: `appo- appointment`."""
    cut = before.word.rstrip("-")
    return before.word.endswith("-") and bool(cut) and token.word.startswith(cut)


def _is_parted(sentence: str, before: _SpokenWord, after: _SpokenWord) -> bool:
    """Whether a mark stands between two words, or at the end of the first of them."""
    return any(sign in _PARTING for sign in sentence[max(before.start, before.end - 1) : after.start])


def _without_openers(sentence: str, tokens: list[_SpokenWord], lists: _Lists) -> list[_SpokenWord]:
    """The words behind those with which a turn begins; all of them where hardly any are behind.

    One that belongs to what follows stays: behind an opener stands a mark, another opener, or a word of the language's
    grammar, as in `right, my card` and `well I called`, but not in `right turn signal`.
    """
    start = 0
    for _ in range(_MOST_OPENERS):
        words = [token.word for token in tokens[start : start + 3]]
        length = next((size for size in (3, 2, 1) if tuple(words[:size]) in lists.openers), 0)
        if not length or not _is_apart(sentence, tokens, start + length, lists):
            break
        start += length
    return tokens[start:] if len(tokens) - start >= _FEWEST_LEFT else tokens


def _is_apart(sentence: str, tokens: Sequence[_SpokenWord], after: int, lists: _Lists) -> bool:
    if after >= len(tokens):
        return True
    following = tokens[after].word
    goes_on_alike = following in function_words() or any(opener[0] == following for opener in lists.openers)
    return goes_on_alike or _is_parted(sentence, tokens[after - 1], tokens[after])


def _runs(sentence: str, tokens: Sequence[_SpokenWord], left: Sequence[_SpokenWord]) -> Iterator[str]:
    """The text of each run of words that stand side by side."""
    places = {token.start for token in left}
    start: int | None = None
    end = 0
    for token in tokens:
        if token.start in places:
            start, end = token.start if start is None else start, token.end
        elif start is not None:
            yield sentence[start:end]
            start = None
    if start is not None:
        yield sentence[start:end]
