"""Letters of somebody else that the customer passes on: a shop's, a supplier's, an authority's.

What stands in one is neither the customer's word nor ours, and nobody's promise in the case. What it names - numbers,
amounts, days - are facts of the case. A letter that is answered has the same shape: where our side spoke before, only
one that says of itself that it is passed on counts, and never one of an address of ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from app.models import Actor, Interaction
from app.nlu.forwarded import PASSED_ON, domain_of, people_of
from app.nlu.identifiers import Mention, mentions

_NAMING = frozenset(("account", "amount", "code", "date", "error_code", "number"))
_MOST_NAMED = 12


class LetterPassedOn(NamedTuple):
    """A letter with the row that passes it on, and who wrote it when, as far as its header tells."""

    row: Interaction
    sender: str
    day: str
    subject: str
    text: str

    @property
    def named(self) -> Sequence[Mention]:
        """What it names, but for ways to reach whoever wrote it."""
        every = [*mentions(self.subject), *mentions(self.text)]
        return [mention for mention in every if mention.type in _NAMING][:_MOST_NAMED]

    @property
    def described(self) -> str:
        """Whose it is, of which day, and what it says that it is about."""
        return ", ".join(filter(None, (self.sender, self.day, self.subject)))


def letters_passed_on(rows: Sequence[Interaction]) -> Iterator[LetterPassedOn]:
    """The letters of third parties in the customer's, in their order."""
    ours = {
        domain for row in rows if row.actor is Actor.AGENT for each in people_of(row) if (domain := domain_of(each))
    }
    heard: set[str | None] = set()
    for row in rows:
        letter = row.data.get(PASSED_ON)
        if isinstance(letter, Mapping):
            fields = cast(Mapping[str, Any], letter)
            address = str(fields.get("address", ""))
            is_sure = fields.get("is_sure") is True or row.conversation_id not in heard
            if is_sure and domain_of(address) not in ours | _recipients(row):
                yield LetterPassedOn(
                    row,
                    sender=str(fields.get("from") or address),
                    day=_day(fields.get("at")),
                    subject=" ".join(str(fields.get("subject", "")).split()),
                    text=str(fields.get("text", "")),
                )
        if row.actor in (Actor.AGENT, Actor.BOT):
            heard.add(row.conversation_id)


def _recipients(row: Interaction) -> set[str]:
    """The domains that a letter is to: they are ours."""
    mail: object = row.data.get("email")
    nested: object = cast(Mapping[str, Any], mail).get("to") if isinstance(mail, Mapping) else None
    given: object = row.data.get("to") or nested
    listed = cast(Sequence[object], given) if isinstance(given, list | tuple) else (given,)
    return {domain for each in listed if (domain := domain_of(str(each)))}


def _day(written: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(written)):%Y-%m-%d}" if written else ""
    except ValueError:
        return ""
