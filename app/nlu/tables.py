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


class AppointmentPhrases(Table):
    """What a message did to an `{appointment}`; by the names of `AppointmentStep`."""

    invited: str = "Appointment proposed: {appointment}."
    moved: str = "Appointment changed, now: {appointment}."
    cancelled: str = "Appointment cancelled: {appointment}."
    accepted: str = "Appointment accepted: {appointment}."
    declined: str = "Appointment declined: {appointment}."
    tentative: str = "Appointment accepted with reservation: {appointment}."
    countered: str = "Another time proposed for the appointment: {appointment}."


_APPOINTMENTS = AppointmentPhrases()


class Phrases(Table):
    """Sentences and labels around quotations and facts, with `{places}` for these.

    `wordless_several` takes its `count`. `replied` is for words that quote another message.
    """

    wants_person: str
    earlier: str
    back: str
    also: str
    withdrawn: str
    refused: str
    promised: str
    overdue: str
    answered: str
    named: str
    chosen: str
    wordless_single: str
    wordless_several: str
    wordless_location: str
    wordless_contact: str
    automatic: str
    replied: str = "To {quote} ({actor}) the customer answered: {reply}"
    appointments: AppointmentPhrases = _APPOINTMENTS
    passed_on: str = "The customer passed on a letter from somebody else: {letter}."
    unread: str = "The customer's words are in {language}: quoted, not understood."
    asks_person: str
    step_failed: str
    turned_down: str
    settled: str
    partly: str
    open: str
    openings: Openings


class FrameWords(Table):
    """The words around what a brief tells.

    `speech`, `wrote` and `ended` are whole sentences, `steps` too, and `spoke`, which is `wrote` of what was said on
    the phone. `after` and `steps` take their `count`. `actors` are
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
    spoke: str | None = None


class Sentences(Table):
    """What we say in a brief; `channels` is what each channel is called there, by its name in interactions."""

    phrases: Phrases
    frames: FrameWords
    channels: Mapping[str, str] = {}


class Spoken(Table):
    """What is said in a transfer: to the agent before the customer is connected, and to the customer who waits.

    `joined` stands between two things that are named one after the other. What the
    customer is told holds nothing of the case and promises nothing; `care` is for those who had trouble.
    """

    named_verified: str
    named: str
    verified: str
    unverified: str
    wants: str
    matter: str
    failed: str
    refused: str
    promised: str
    overdue: str
    person: str
    settled: str
    partly: str
    open: str
    blank: str
    joined: str
    percent: str
    waiting: str
    waiting_blank: str
    waiting_care: str


class Secrets(Table):
    """The words by which secrets are told apart from other numbers, in lower case and without accents.

    `passwords` and `credentials` are names of secrets that are no numbers, with their accents; a space in one may be
    written as a hyphen or left out.
    """

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
    passwords: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    said_of_passwords: Words = frozenset()


class Persons(Table):
    """The words that stand for somebody or something named before: `she`, `his`. In lower case.

    A word that may mean the person spoken to as well is left out, unless a sentence seldom begins with that meaning.
    `first` are those by which somebody speaks of themselves alone: `I`, `my`.
    """

    third: Words
    first: Words


class Units(Table):
    """How words for units of time begin."""

    minute: Words
    hour: Words
    day: Words
    week: Words


class Times(Table):
    """Days and times as people write them.

    `before_day` and `after_day` stand around a number that is a day of the month; none: as in English. `before_due`
    stands before the time by which something is due, `before_length` before a length of time; `before_hour` and
    `after_hour` stand around an hour of the clock, and `noon` is twelve. `joints` join two times; `business` are parts
    of words that make a day a day of business.
    """

    before_day: Words = frozenset()
    after_day: Words = frozenset()
    before_due: Words
    before_length: Words
    before_hour: Words = frozenset()
    after_hour: Words = frozenset()
    noon: Words = frozenset()
    joints: Words
    business: Words
    units: Units


class Letters(Table):
    """What mail programs write above a letter that is answered or passed on, in lower case.

    `headers` are the labels of its sender, time and subject; `wrote` says that somebody wrote it; `passed_on` are all
    words that stand between dashes above it; `subjects` are those of `headers` that label its subject. `forwarded` are
    those of `passed_on` that say that nobody answers it, and `forward_marks` say so before the subject.
    """

    headers: Words
    wrote: Words
    passed_on: Words
    subjects: Words
    forwarded: Words
    forward_marks: Words


class Handovers(Table):
    """Words in the names of tools with which bots hand over: `verbs` to do so, `towards` whom, `people` are no bots."""

    verbs: Words
    towards: Words
    people: Words


class Speech(Table):
    """What the transcript of a call holds beside what was said, in lower case; lists are of words in a row.

    `fillers` fill a pause. `openers` stand before what a turn says. `doubles` may rightly stand twice in a row, and
    `numbers` too. A clause begins at one of `joints` where one of `subjects` follows, or one of `verbs` soon after; not
    beside `conditions`. `notes` stand in brackets and are nobody's words. With `outros` begins what recognisers make of
    silence; where one ends in `…`, anybody may be named behind it in any words.
    `placeholders` stand, in brackets, where an export of messages leaves out a picture or a file. With one of `repairs`
    somebody takes back what they just said. `spelling` stands between a letter that is spelt and the word for it.
    """

    fillers: Words
    openers: tuple[str, ...]
    doubles: Words
    numbers: Words
    joints: Words
    subjects: Words
    verbs: Words
    conditions: Words
    notes: Words
    outros: tuple[str, ...]
    placeholders: tuple[str, ...] = ()
    repairs: Words = frozenset()
    spelling: tuple[str, ...] = ()


class Conditions(Table):
    """How somebody tells that something is yet to come, on a condition; in lower case.

    `openers` open the clause of the condition. The other one tells by `coming` what is so or will be, by `past` what
    has been.
    """

    openers: tuple[str, ...]
    coming: Words
    past: Words


class Withdrawals(Table):
    """How customers take back what was arranged for them; in lower case.

    With `revoking` begin words for that; `unspecific` words beside them name no matter of their own.
    """

    revoking: tuple[str, ...]
    unspecific: Words


class Additions(Table):
    """How somebody adds a wish to what they came for, in lower case: `phrases` anywhere, `openers` at the beginning."""

    phrases: tuple[str, ...]
    openers: tuple[str, ...]


class Roles(Table):
    """What a label or a role calls somebody, in lower case; `automated` makes a bot of one who serves."""

    customers: Words
    serving: Words
    bots: Words
    automated: Words


class NameWords(Table):
    """How people say who they are, and what labels call them.

    `introductions` are in lower case, with `{name}` for the name and `^` for the beginning of a clause. `titles` may
    stand between these words and the name. `nouns` call what is spelt a name.
    """

    titles: Words
    nouns: Words = frozenset()
    introductions: tuple[str, ...]
    roles: Roles


AnyTable = TypeVar("AnyTable", bound=Table)
_FILES: Mapping[str, type[Table]] = {
    "recognition.toml": Recognition,
    "sentences.toml": Sentences,
    "spoken.toml": Spoken,
    "secrets.toml": Secrets,
    "times.toml": Times,
    "persons.toml": Persons,
    "letters.toml": Letters,
    "handovers.toml": Handovers,
    "speech.toml": Speech,
    "conditions.toml": Conditions,
    "additions.toml": Additions,
    "withdrawals.toml": Withdrawals,
    "names.toml": NameWords,
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


@cache
def words_in_all(schema: type[Table], name: str) -> frozenset[str]:
    """The words of a table's field in every language."""
    tables = (table(language, schema) for language in LANGUAGES)
    return frozenset[str]().union(*(getattr(words, name) for words in tables if words is not None))


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


def spoken_of(language: Language) -> Spoken:
    """What we say aloud in a language; in English where the language has no such table."""
    spoken = table(language, Spoken) or table(ENGLISH, Spoken)
    if spoken is None:
        raise ValueError(f"the language {ENGLISH} has no spoken.toml")
    return spoken


def missing_tables(language: Language) -> tuple[str, ...]:
    """The files of tables that a language lacks, and unknown files in its folder with a question mark."""
    files = {file.name for file in (LOCALES / language).iterdir()}
    return (*sorted(_FILES.keys() - files), *(f"{name}?" for name in sorted(files - _FILES.keys())))
