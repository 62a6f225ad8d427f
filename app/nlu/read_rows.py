"""Interactions as they are read: of a message only what its writer says here, as `own_words` divides it.

The ledger keeps the text as it came in, and so does whoever shows a row. Everything that reads rows - briefs, signals,
intents, checks, retrieval - reads them so.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from app.models import Actor, Interaction, Kind
from app.nlu.act_labels import Act
from app.nlu.calendars import APPOINTMENTS, appointments_in, without_calendars
from app.nlu.classifier import read
from app.nlu.features import Setting
from app.nlu.forwarded import FORWARDS, PASSED_ON, ForwardedLetter, as_data, letter_in_customers, words_above
from app.nlu.letter_lines import read_line
from app.nlu.markup import without_markup
from app.nlu.own_words import SHORTEST_DIVIDED, own_text
from app.nlu.platform_messages import chosen, is_automatic, is_reaction, is_wordless
from app.nlu.sentences import sentences


class Nature(StrEnum):
    """What a message is, beside what it says."""

    WORDS = "words"
    CHOICE = "choice"
    WORDLESS = "wordless"
    REACTION = "reaction"
    AUTOMATIC = "automatic"
    PASSED_ON = "passed on"
    APPOINTMENT = "appointment"


_NATURE = "nature"
_MOST_SENTENCES = 12
_SURE, _HARDLY, _TELLING = 0.8, 0.3, 0.5
_MATTERS = frozenset((Act.REQUEST, Act.COMPLAINT, Act.QUESTION, Act.WITHDRAWAL))


def as_read(row: Interaction) -> Interaction:
    """The interaction with the text that is read of it; itself where that is all."""
    # What passes on a letter is for our side alone, and a note by then.
    if row.kind is not Kind.MESSAGE and not (row.data and FORWARDS in row.data):
        return row
    if not row.data and not row.channel.traits.letters and _is_plain(row.text):
        return row
    memo = _memo(row)
    if "read" not in memo:
        memo["read"] = _read(row, memo)
    return memo["read"]


def as_read_all(rows: Iterable[Interaction]) -> list[Interaction]:
    """Interactions as they are read, in their order."""
    return list(map(as_read, rows))


def as_shown(row: Interaction) -> Interaction:
    """The interaction as people are shown it: all that came in, HTML as the text that a reader of it sees."""
    text = without_markup(row.text) if row.kind is Kind.MESSAGE else row.text
    return row if text == row.text else row.model_copy(update={"text": text})


def nature_of(row: Interaction) -> Nature:
    """What a message is, beside what it says."""
    as_read(row)
    memo = getattr(row, "memo", None)
    return memo.get(_NATURE, Nature.WORDS) if memo else Nature.WORDS


def _read(row: Interaction, memo: dict[Any, Any]) -> Interaction:
    appointments = appointments_in(row.text, row.data)
    worded = row.model_copy(update={"text": without_calendars(row.text)}) if appointments else row
    letter = letter_in_customers(worded)
    text, nature = _text_of(worded, letter)
    if appointments and not text.strip() and nature in (Nature.WORDS, Nature.WORDLESS):
        nature = Nature.APPOINTMENT
    memo[_NATURE] = nature
    if text == row.text and not (appointments and APPOINTMENTS not in row.data):
        return row
    data = dict(row.data)
    if letter is not None and text != worded.text:
        data[PASSED_ON] = as_data(letter)
    if appointments:
        data[APPOINTMENTS] = appointments
    bare = row.model_copy(update={"text": text, "data": data})
    # What was analysed is what is read, so the analysis goes with it.
    object.__setattr__(bare, "analysis", getattr(row, "analysis", None))
    object.__setattr__(bare, "memo", {_NATURE: nature, "read": bare})
    return bare


def _text_of(row: Interaction, letter: ForwardedLetter | None) -> tuple[str, Nature]:
    if row.actor is Actor.CUSTOMER:
        title = chosen(row.text, row.data) if row.data else None
        if title:
            return title, Nature.CHOICE
        if silent := _silent(row, letter):
            return "", silent
    above = words_above(row)
    text = own_text(row.text, is_letter=row.channel.traits.letters) if above is None else above
    if row.actor is Actor.CUSTOMER and row.channel.traits.letters and _answers_itself(text):
        return "", Nature.AUTOMATIC
    return text, Nature.WORDS


def _silent(row: Interaction, letter: ForwardedLetter | None) -> Nature | None:
    """What a customer's message is in which they say nothing themselves; None where they do."""
    if row.data and is_reaction(row.data):
        return Nature.REACTION
    if is_wordless(row.text, row.data):
        return Nature.WORDLESS
    if row.data and is_automatic(row.data):
        return Nature.AUTOMATIC
    # Nobody's words here but those of whoever wrote the letter.
    return Nature.PASSED_ON if letter is not None and not letter.above else None


def _answers_itself(text: str) -> bool:
    """Whether a mail reads like an automatic reply throughout: nothing in it asks for anything, or tells a matter."""
    spoken = sentences(text)
    if not 0 < len(spoken) <= _MOST_SENTENCES:
        return False
    likely = [read_line(sentence).automatic for sentence in spoken]
    if max(likely) < _SURE or spoken[-1].endswith("?"):
        return False
    for sentence, automatic in zip(spoken, likely, strict=True):
        reading = read(sentence, Setting(by_customer=True))
        matters = reading.act in _MATTERS and max(reading.wish, reading.key) >= _TELLING
        if automatic < _HARDLY and matters:
            return False
    return True


def _is_plain(text: str) -> bool:
    """Whether a text is so short and simple that it can only be words: no markup, no placeholder, no name of a file."""
    return len(text) < SHORTEST_DIVIDED and "." not in text[-6:-1] and not any(mark in text for mark in "\n\r<[&(")


def _memo(row: Interaction) -> dict[Any, Any]:
    memo: dict[Any, Any] | None = getattr(row, "memo", None)
    if memo is None:
        memo = {}
        object.__setattr__(row, "memo", memo)
    return memo
