"""Finds in a letter the one that its writer passes on: who wrote that, when, what it says, and what stands above it.

A letter that is answered has the same shape. It is passed on where the title or the subject says so, or where nothing
stands above it; else it is only likely, and whoever asks must see whether its writer was heard before. What the
forwarder or somebody of their own domain wrote is nobody else's. Where several letters stand below each other, the
first one counts: the others are its history.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any, NamedTuple, cast

from app.models import Actor, Interaction, InteractionDraft, Kind
from app.nlu.letter_dates import letter_date
from app.nlu.markup import without_markup
from app.nlu.own_words import own_text
from app.nlu.quoted_history import Beginning, beginning_of_history, unmarked
from app.nlu.tables import Letters, words_in_all

FORWARDS = "forwards_letter"
"""The field of a row's data that says that the letter which it passes on is a row of its own."""

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")
_MARKED_SUBJECT = re.compile(r"\s{0,4}(?P<mark>[^\W\d_]{1,6})\s?(?:\[\d{1,3}\])?\s?[:：]")
_LONGEST = 200_000
_LONGEST_NAME = 256
_MOST_PEOPLE = 50

PASSED_ON = "letter_passed_on"
"""The field of the data of a customer's row, as it is read, that holds the letter of somebody else in it."""
_LONGEST_PASSED_ON = 8_000

Row = InteractionDraft | Interaction


class ForwardedLetter(NamedTuple):
    """A letter that somebody passes on, as far as it can be read; `is_sure` where it cannot be one that is answered."""

    above: str
    text: str
    name: str | None
    address: str
    at: datetime | None
    subject: str | None
    is_sure: bool


def forwarded_letter(
    text: str, *, subject: str = "", people: Iterable[str] = (), needs_address: bool = True
) -> ForwardedLetter | None:
    """The letter of somebody else that a letter passes on; None where it passes on none.

    `people` are the names and addresses of the forwarder, as far as they are there. Without `needs_address` the name of
    whoever wrote it is enough.
    """
    if (needs_address and "@" not in text) or "\n" not in text.strip() or len(text) > _LONGEST:
        return None
    mark = _mark_of(subject)
    is_marked = mark in words_in_all(Letters, "forward_marks")
    if mark and not is_marked:
        return None
    lines = without_markup(text).splitlines()
    beginning = beginning_of_history(lines)
    if beginning is None or (beginning.is_quoted and not is_marked):
        return None
    name, address = _writer(beginning)
    is_told = bool(address) or (not needs_address and bool(name) and not beginning.is_quoted)
    if not is_told or _is_own(name, address, [*people][:_MOST_PEOPLE], beginning.recipients):
        return None
    above = "\n".join((*lines[: beginning.start], *lines[beginning.end :])).strip()
    body = "\n".join(unmarked(lines[beginning.body : beginning.end])).strip()
    if not body:
        return None
    return ForwardedLetter(
        above=above,
        text=body,
        name=name[:_LONGEST_NAME] or None,
        address=address,
        at=letter_date(beginning.at),
        subject=beginning.subject or None,
        is_sure=is_marked or beginning.is_passed_on or not above,
    )


def is_letter_of_ours(row: Row) -> bool:
    """Whether somebody of our side wrote this row, in a channel of letters."""
    return row.actor is Actor.AGENT and row.kind is Kind.MESSAGE and row.channel.traits.letters


def forwarded_in(row: Row, *, needs_address: bool = True) -> ForwardedLetter | None:
    """The letter of somebody else that a letter passes on, and not back to them."""
    letter = forwarded_letter(
        row.text, subject=_subject_of(row.data), people=people_of(row), needs_address=needs_address
    )
    return None if letter is None or _goes_back(letter, row) else letter


def letter_in_customers(row: Row) -> ForwardedLetter | None:
    """The letter of somebody else that a customer's letter passes on, or answers; None where there is none."""
    is_letter = row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.channel.traits.letters
    return forwarded_in(row, needs_address=False) if is_letter and "\n" in row.text else None


def as_data(letter: ForwardedLetter) -> dict[str, Any]:
    """A letter as it stands in the data of the row that passes it on, as that is read."""
    fields: dict[str, Any] = {
        "from": letter.name,
        "address": letter.address,
        "at": letter.at.isoformat() if letter.at else None,
        "subject": letter.subject,
        "text": letter.text[:_LONGEST_PASSED_ON],
        "is_sure": letter.is_sure,
    }
    return {name: value for name, value in fields.items() if value is not None}


def words_above(row: Row) -> str | None:
    """What somebody of our side writes above a letter that was filed as its writer's; None where none was."""
    letter = forwarded_in(row) if row.data.get(FORWARDS) is True else None
    if letter is None:
        return None
    return own_text(letter.above) if letter.above else ""


def people_of(row: Row) -> tuple[str, ...]:
    """The name and the address of whoever wrote a letter, as far as it brings them."""
    who = row.participant
    named = (who.name, who.id) if who is not None else ()
    given = (each.value for each in row.identifiers if each.type == "email") if row.actor is Actor.CUSTOMER else ()
    return tuple(each for each in (*named, *given) if each)


def domain_of(address: str) -> str:
    """What stands behind the @ of an address, in lower case; empty where it is none."""
    return address.strip(" <>").rpartition("@")[2].casefold() if "@" in address else ""


def _mark_of(subject: str) -> str:
    match = _MARKED_SUBJECT.match(subject)
    return match["mark"].casefold() if match else ""


def _writer(beginning: Beginning) -> tuple[str, str]:
    written = _ADDRESS.search(beginning.sender)
    if written is None:
        return beginning.sender.strip(" \t\"'<>[](),;*_"), ""
    name, address = parseaddr(beginning.sender)
    if address != written[0]:
        address = written[0]
        name = beginning.sender[: written.start()]
    name = name.strip(" \t\"'<>[](),;*_").removesuffix("mailto:").strip(" \t\"'<>[](),;*_")
    return ("" if "@" in name else name), address.rstrip(".")


def _is_own(name: str, address: str, people: Sequence[str], recipients: str) -> bool:
    """Whether the writer is the forwarder, or of their side: of a domain of theirs, or of whoever the letter is to.

    Whom a letter is to tells our side where the forwarder has no address.
    """
    own = {domain for each in people if (domain := domain_of(each))}
    if not own:
        own = {domain_of(each) for each in _ADDRESS.findall(recipients)[:1]}
    names = {" ".join(each.casefold().split()) for each in people}
    return (bool(address) and domain_of(address) in own) or " ".join(name.casefold().split()) in names


def _subject_of(data: Mapping[str, Any]) -> str:
    """The subject of a letter, as mails and platforms bring it; empty where none is there."""
    subject = data.get("subject") or _mail_of(data).get("subject")
    return subject if isinstance(subject, str) else ""


def _mail_of(data: Mapping[str, Any]) -> Mapping[str, Any]:
    nested: object = data.get("email")
    return cast(Mapping[str, Any], nested) if isinstance(nested, Mapping) else {}


def _goes_back(letter: ForwardedLetter, row: Row) -> bool:
    """Whether the letter is to whoever wrote it."""
    recipients: object = row.data.get("to") or _mail_of(row.data).get("to")
    listed = cast(Sequence[object], recipients) if isinstance(recipients, list | tuple) else (recipients,)
    return bool(letter.address) and any(letter.address.casefold() in str(each).casefold() for each in listed)
