"""What each language brings: one folder in `locales` a language, with a file for each table.

A new language is a folder. `recognition.toml` is required; a table that it lacks is English where we speak, and empty
where we read. `missing_tables` names what a language lacks. Tables are checked and kept when they are first asked for.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from app.models import Actor, Outcome

Language = str
"""The code of a language: `en`, `de`."""
LOCALES = Path(__file__).with_name("locales")
ENGLISH: Language = "en"
LANGUAGES: tuple[Language, ...] = (
    ENGLISH,
    *sorted(
        folder.name
        for folder in LOCALES.iterdir()
        if folder.is_dir() and folder.name.isalpha() and folder.name != ENGLISH
    ),
)


def _split(value: object) -> object:
    return value.split() if isinstance(value, str) else value


Words = Annotated[frozenset[str], BeforeValidator(_split)]
"""Words in one text, with spaces between them."""
Pair = tuple[str, str]
"""How it reads for one, and for several."""


class Table(BaseModel):
    """One table of a language."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Recognition(Table):
    """How a text in the language is recognised: by function words, and by letters that no other language here has."""

    name: str
    function_words: Words
    letters: str = ""


class Openings(Table):
    """What the agent may say first, by how the case stands. Nothing of the customer's words, and no promise."""

    blank: str
    first: str
    about: str
    failed: str
    overdue: str
    care: str
    settled: str


class Phrases(Table):
    """Sentences and labels around quotations and facts, with `{places}` for these."""

    wants_person: str
    earlier: str
    also: str
    withdrawn: str
    refused: str
    promised: str
    overdue: str
    answered: str
    named: str
    asks_person: str
    step_failed: str
    turned_down: str
    settled: str
    partly: str
    open: str
    openings: Openings


class FrameWords(Table):
    """The words around what a brief tells.

    `speech`, `wrote` and `ended` are whole sentences, `steps` too. `after` and `steps` take their `count`. `actors` are
    as they stand within a sentence; `customer_feminine` is the customer where a text calls her a woman.
    """

    actors: Mapping[Actor, str]
    speech: str
    wrote: str
    after: Pair
    steps: Pair
    ended: Mapping[Outcome, str]
    outcomes: Mapping[Outcome, str]
    attempts: str
    failed_before: Pair
    mixed: str
    due: str
    on: str
    customer_feminine: str | None = None


class Sentences(Table):
    """What we say in a brief; `channels` is what each channel is called there, by its name in interactions."""

    phrases: Phrases
    frames: FrameWords
    channels: Mapping[str, str] = {}


class Secrets(Table):
    """The words by which secrets are told apart from other numbers, in lower case and without accents."""

    digits: Words
    counts: Words
    places: Words
    cards: Words
    came: Words
    proving: Words
    questions: Words
    things: Words
    names: Words
    articles: Words
    joins: Words
    afterwards: Words
    pronouns: Words
    prepositions: Words
    instruments: Words


class Units(Table):
    """How words for units of time begin."""

    minute: Words
    hour: Words
    day: Words
    week: Words


class Times(Table):
    """Days and times as people write them.

    `before_day` and `after_day` stand around a number that is a day of the month; none: as in English. `before_due`
    stands before the time by which something is due, `before_length` before a length of time. `joints` join two times;
    `business` are parts of words that make a day a day of business.
    """

    before_day: Words = frozenset()
    after_day: Words = frozenset()
    before_due: Words
    before_length: Words
    joints: Words
    business: Words
    units: Units


AnyTable = TypeVar("AnyTable", bound=Table)
_FILES: Mapping[str, type[Table]] = {
    "recognition.toml": Recognition,
    "sentences.toml": Sentences,
    "secrets.toml": Secrets,
    "times.toml": Times,
}
_FILE_OF: Mapping[type[Table], str] = {schema: file for file, schema in _FILES.items()}


@cache
def table(language: Language, schema: type[AnyTable]) -> AnyTable | None:
    """A table of a language; None where its folder has no such file. Raises ValueError where the file is wrong."""
    file = LOCALES / language / _FILE_OF[schema]
    if not file.exists():
        return None
    try:
        return schema.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as failure:
        raise ValueError(f"{file.parent.name}/{file.name} is not a table of a language: {failure}") from None


def recognition(language: Language) -> Recognition:
    """How a language is recognised."""
    required = table(language, Recognition)
    if required is None:
        raise ValueError(f"the language {language} has no recognition.toml")
    return required


def sentences_of(language: Language) -> Sentences:
    """What we say in a language; in English where the language has no sentences."""
    spoken = table(language, Sentences) or table(ENGLISH, Sentences)
    if spoken is None:
        raise ValueError(f"the language {ENGLISH} has no sentences.toml")
    return spoken


def missing_tables(language: Language) -> tuple[str, ...]:
    """The files of tables that a language lacks, and unknown files in its folder with a question mark."""
    files = {file.name for file in (LOCALES / language).iterdir()}
    return (*sorted(_FILES.keys() - files), *(f"{name}?" for name in sorted(files - _FILES.keys())))
