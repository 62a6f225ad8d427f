"""What a recogniser of speech writes where nobody speaks: notes, one phrase over and over, outros of videos.

Reported of Whisper and what is built on it, over silence and noise: https://github.com/openai/whisper/discussions/928,
https://github.com/ggml-org/whisper.cpp/issues/2660, https://github.com/amicalhq/amical/issues/71 and, with the loops,
https://github.com/meizhong986/WhisperJAV/issues/16. The outros stand in the tables of the languages; any recogniser's
language may turn up in any talk, so all are known everywhere. Where the platform passes on how sure the recogniser was
that nobody spoke, that counts.

In doubt the words are the caller's: who is not understood says `agent` over and over too, and thanks may go on.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from app.caching import text_cache
from app.models import Interaction, Kind
from app.nlu.act_labels import Act
from app.nlu.classifier import read
from app.nlu.features import Setting
from app.nlu.fluency import is_note, speech_in
from app.nlu.human_request import asks_for_person
from app.nlu.sentences import sentences
from app.nlu.tables import LANGUAGES
from app.nlu.unread_languages import outros_of_others

_LONGEST_OUTRO = 14
_FEWEST_TIMES = 4
_FEWEST_TIMES_OF_A_WORD = 8
_LONGEST_LOOPED = 8
_MOST_NAMES = 3
# Behind an outro of a language that is not read may stand so many words: a name, or whom it thanks.
_MOST_BEHIND_UNREAD = 3
_GOES_ON = "…"
_EMPTY = frozenset((Act.GREETING, Act.THANKS, Act.FAREWELL, Act.OTHER))
_BY_CUSTOMER = Setting(by_customer=True, turn=1)
_LONGEST_READ = 2_000
_SURELY_SILENT, _UNSURE = 0.8, 0.5
_PARTLY_SILENT = 0.6
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")
_BRACKETED = re.compile(r"[\[(*♪][^\[\]()*♪\n]{0,40}[\])*♪]|♪+")


@text_cache(maxsize=4096)
def is_artefact(sentence: str) -> bool:
    """Whether a sentence of a transcript is nobody's words."""
    if len(sentence) > _LONGEST_READ:
        return False
    left = _BRACKETED.sub(lambda match: " " if is_note(match.group()) else match.group(), sentence)
    written = _WORD.findall(left)
    words = [word.casefold().replace("’", "'") for word in written]
    if not words:
        return left != sentence
    return _is_outro(words, written) or _is_loop(words)


def is_silence(data: Mapping[str, Any]) -> bool:
    """Whether the recogniser itself says that probably nobody spoke."""
    silent, sure = data.get("no_speech_prob"), data.get("confidence")
    if not isinstance(silent, int | float):
        return False
    return silent >= _SURELY_SILENT or (silent >= _PARTLY_SILENT and isinstance(sure, int | float) and sure < _UNSURE)


def speaks(row: Interaction) -> bool:
    """Whether somebody says something in an interaction: false for a transcript that holds nobody's words."""
    if row.kind is not Kind.MESSAGE or not row.channel.traits.spoken:
        return True
    return not is_silence(row.data) and not all(map(is_artefact, sentences(row.text[:_LONGEST_READ]) or ("",)))


def _is_outro(words: Sequence[str], written: Sequence[str]) -> bool:
    """Whether the words are an outro, or several, and behind one are only names: `thanks for watching it` is none.

    `written` are the same words with their capitals.
    """
    if not words or len(words) > _LONGEST_OUTRO:
        return False
    line = f"{' '.join(words)} "
    for outro in _outros():
        if not line.startswith(outro.words) or not outro.verbs.isdisjoint(words):
            continue
        left = len(line[len(outro.words) :].split())
        behind, as_written = words[len(words) - left :], written[len(words) - left :]
        are_names = left <= _MOST_NAMES and all(word[:1].isupper() for word in as_written)
        if left <= outro.most_behind or are_names or _is_outro(behind, as_written):
            return True
    return False


def _is_loop(words: Sequence[str]) -> bool:
    """Whether the words are one phrase over and over; a number that is spelt out, or what asks or answers, is none.

    One word is said again by whoever is not understood, so it must be said very often.
    """
    for size in range(1, min(_LONGEST_LOOPED, len(words) // _FEWEST_TIMES) + 1):
        phrase = words[:size]
        whole = all(word == phrase[index % size] for index, word in enumerate(words))
        if whole and not _tells_number(phrase):
            return not _says_something(phrase) and (size > 1 or len(words) >= _FEWEST_TIMES_OF_A_WORD)
    return False


def _says_something(phrase: Sequence[str]) -> bool:
    """Whether a phrase asks, tells or answers something, as `yes`, `no` and `agent` do."""
    line = " ".join(phrase)
    return asks_for_person(line) or read(line, _BY_CUSTOMER).act not in _EMPTY


def _tells_number(phrase: Sequence[str]) -> bool:
    return any(word in _numbers() or word.isdigit() for word in phrase)


@cache
def _numbers() -> frozenset[str]:
    return frozenset[str]().union(*(speech.numbers for speech in map(speech_in, LANGUAGES) if speech is not None))


class _Outro(NamedTuple):
    words: str
    verbs: frozenset[str]
    most_behind: int


@cache
def _outros() -> tuple[_Outro, ...]:
    of_ours = (
        _Outro(_spaced(outro), speech.verbs - set(outro.split()), _LONGEST_OUTRO if outro.endswith(_GOES_ON) else 0)
        for speech in map(speech_in, LANGUAGES)
        if speech is not None
        for outro in speech.outros
    )
    # Where words are written together, one begins like another without a space behind it.
    others = (_Outro(_spaced(outro).rstrip(), frozenset(), _MOST_BEHIND_UNREAD) for outro in outros_of_others())
    return (*of_ours, *others)


def _spaced(outro: str) -> str:
    return "".join(f"{word} " for word in _WORD.findall(outro.casefold().replace("’", "'")))
