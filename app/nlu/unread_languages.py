"""Languages that are recognised and not read: which one a text seems to be in, and whether it asks for a person.

One file in `unread` a language, by its code; one that is read has a folder in `locales`. It is recognised by its script
where no other of these is written so, else by frequent words and letters. A person is asked for where a word for
such a person stands beside one for speaking, connecting or wanting. Any other script is called by its own name, as
Unicode has it.
"""

import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from app.caching import text_cache
from app.nlu.languages import most_recognised
from app.nlu.tables import LANGUAGES

FOLDER = Path(__file__).with_name("unread")
_LONGEST = 4_000
_READ = 1_000
_FEWEST_LETTERS = 3
_MOSTLY = 0.5
_FEWEST_WORDS = 2
_LEAST_SHARE = 0.25
_OURS = "LATIN"


def _split(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]


class UnreadLanguage(BaseModel):
    """How a language is recognised, and by which beginnings of words a person is asked for in it.

    `scripts` are as Unicode names their letters. `together` tells that words are written without spaces
    between them, `leads` that it is meant where another one of its script is as likely.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    scripts: Words
    function_words: Words = ()
    letters: str = ""
    persons: Words
    asking: Words
    outros: tuple[str, ...] = ()
    together: bool = False
    leads: bool = False


@text_cache(maxsize=4096)
def unread_language(text: str) -> str | None:
    """The name of the language that a text seems to be in, where it is none that is read; None where it is, or none."""
    script = _script(text)
    language = None if script is None else _recognised(text, script)
    if language is not None or script in (None, _OURS):
        return None if language is None else language.name
    return f"{script.capitalize()} script"


@text_cache(maxsize=4096)
def asks_for_person_unread(text: str) -> bool:
    """Whether a text in one of these languages asks for a person."""
    bounded = text[:_LONGEST]
    script = _script(bounded)
    if script is None:
        return False
    if script == _OURS:
        language = _recognised(bounded, script)
        likely = () if language is None else (language,)
    else:
        likely = tuple(language for language in _languages() if script in language.scripts)
    return any(_asks_in(language, bounded) for language in likely)


def _asks_in(language: UnreadLanguage, text: str) -> bool:
    return _names_any(language.persons, text, language) and _names_any(language.asking, text, language)


def outros_of_others() -> Iterable[str]:
    """What recognisers make of silence in these languages, as it begins."""
    return (outro for language in _languages() for outro in language.outros)


def _script(text: str) -> str | None:
    """The script of most letters of a text; None where there are hardly any."""
    counts: dict[str, int] = {}
    for letter in text[:_READ]:
        if letter.isascii():
            if letter.isalpha():
                counts[_OURS] = counts.get(_OURS, 0) + 1
        elif letter.isalpha():
            script = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
            counts[script] = counts.get(script, 0) + 1
    total = sum(counts.values())
    others = {script: count for script, count in counts.items() if script != _OURS}
    foreign = sum(others.values())
    if total < _FEWEST_LETTERS:
        return None
    # Names and codes are written in our letters everywhere.
    return max(others, key=others.__getitem__) if foreign >= _MOSTLY * total else _OURS


def _recognised(text: str, script: str) -> UnreadLanguage | None:
    fitting = [language for language in _languages() if script in language.scripts]
    scored = [(_score(text, language), language) for language in fitting]
    best = max(scored, key=lambda pair: (pair[0], pair[1].leads), default=None)
    if best is None:
        return None
    if script == _OURS:
        least = max(_FEWEST_WORDS, _LEAST_SHARE * len(_words(text[:_READ])))
        likelier = best[0] >= least and best[0] > most_recognised(text[:_READ])
        return best[1] if likelier and [score for score, _ in scored].count(best[0]) == 1 else None
    return best[1]


def _score(text: str, language: UnreadLanguage) -> int:
    own = set(language.letters)
    hits = sum(
        (word.lower() in language.function_words and (len(word) > 1 or _OURS not in language.scripts))
        # A name keeps its own letters in every language.
        or ((word.islower() or not index) and not own.isdisjoint(word))
        for index, word in enumerate(_words(text[:_READ]))
    )
    if language.together:
        hits += sum(text.count(word) for word in language.function_words)
    return hits


def _words(text: str) -> list[str]:
    bare = "".join(letter if letter.isalpha() or unicodedata.category(letter)[0] == "M" else " " for letter in text)
    return bare.split()


def _names_any(beginnings: Iterable[str], text: str, language: UnreadLanguage) -> bool:
    if language.together:
        return any(word in text for word in beginnings)
    return any(word.lower().startswith(tuple(beginnings)) for word in _words(text))


@cache
def _languages() -> tuple[UnreadLanguage, ...]:
    return tuple(
        UnreadLanguage.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        for file in sorted(FOLDER.glob("*.toml"))
        if file.stem not in LANGUAGES
    )
