"""What was said before a message in its conversation tells what its numbers are.

A code stays asked for until it is given, something else is asked, or three turns of either side have passed. The
figures of a card's number are gathered over short words of the other side. After a card's number or a code a number
that stands alone is a secret too: the rest of it, or the same told again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from app.models import Actor, Interaction, InteractionDraft, Kind
from app.privacy.codes import ASKED, LATELY, REPEATED, UNASKED
from app.privacy.passwords import is_masked_password
from app.privacy.questions import asks_again, asks_for_code, asks_for_digits, asks_for_else
from app.privacy.secrets import CARD_MASK, CODE_MASK, PART_MASK, open_figures, without_parts
from app.privacy.spoken import count_figures, words_of
from app.privacy.vocabulary import NAMES

Row = Interaction | InteractionDraft

# How many of the last rows of a conversation tell what a number is: a card's digits may come one by one.
CONTEXT_ROWS = 40
_TURNS = 3
_SHORT_REPLY = 10
_NODDING = 3
_KEYPAD_NAMES = frozenset("dtmf keypad keypress digits digit keys key ivr tone tones gather keyed pressed".split())
_KEYPAD_FIELDS = ("digits", "dtmf", "digit", "keys", "key", "pressed", "tone", "tones", "input", "value")
_LONGEST_PROMPT = 400


class Context(NamedTuple):
    """What was said before a message in its conversation.

    `asked` says whether a code was asked for, as in `codes`; `figures` are what this speaker told of a number so far,
    in groups, and `parts` the place of each group's row; `card`: a whole card number was told lately.
    """

    asked: int = UNASKED
    figures: str = ""
    parts: tuple[int, ...] = ()
    card: bool = False


NO_CONTEXT = Context()


class _ConversationReader:
    """Reads the rows of a conversation in their order, for a message that `actor` adds."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._groups: list[tuple[int, str]] = []
        self._asked = {True: 0, False: 0}
        self._lately = 0
        self._card = 0
        self._given = False
        self._elsewhere = False
        self._told_by: Actor | None = None
        self._partly = False

    def read(self, index: int, row: Row) -> None:
        """Hear one row."""
        keyed = keypad_digits(row)
        text = keyed if keyed is not None else row.text if row.kind is Kind.MESSAGE else _prompt(row)
        if not text.strip():
            return
        own = (Actor.CUSTOMER if keyed is not None else row.actor) is self._actor
        self._lately, self._card = max(0, self._lately - 1), max(0, self._card - 1)
        self._note_masked(text, row, keyed=keyed is not None)
        if own:
            self._hear_own(index, text, keyed=keyed is not None)
        else:
            self._hear_other(text)

    def context(self) -> Context:
        """What the rows say of the next message."""
        asked = LATELY if self._lately else UNASKED
        if self._told_by not in (None, self._actor) and self._lately:
            asked = REPEATED
        if min(self._asked.values()) > 0:
            asked = ASKED
        parts = tuple(index for index, groups in self._groups for _ in groups.split())
        return Context(asked, " ".join(groups for _, groups in self._groups), parts, self._card > 0)

    def _note_masked(self, text: str, row: Row, *, keyed: bool) -> None:
        if CARD_MASK in text:
            self._lately = self._card = 2 * _TURNS
            self._groups.clear()
        bare = text.replace(CARD_MASK, "")
        if CODE_MASK in bare and not is_masked_password(bare, CODE_MASK):
            self._lately = 2 * _TURNS
            self._told_by = row.actor
            # Keys are pressed one after the other, so a code that is keyed in is given when somebody else speaks.
            self._given = True
            if not keyed:
                self._settle()

    def _settle(self) -> None:
        self._asked = {True: 0, False: 0}
        self._given = False

    def _hear_own(self, index: int, text: str, *, keyed: bool) -> None:
        part = open_figures(text, keypad=keyed)
        if part and not self._elsewhere:
            self._groups.append((index, part))
        elif count_figures(text) or len(words_of(text)) > _SHORT_REPLY:
            self._groups.clear()
        # A code that comes in parts is not given with its first.
        self._partly = PART_MASK in text and CODE_MASK not in text
        if not part and not keyed and not self._partly:
            self._asked[True] = max(0, self._asked[True] - 1)

    def _hear_other(self, text: str) -> None:
        again = self._lately and asks_again(text)
        if again or asks_for_code(text, clearly=True) or (self._card and asks_for_digits(text)):
            self._asked = {True: _TURNS, False: _TURNS}
            self._given = False
        elif self._given or asks_for_else(text):
            self._lately = 0 if asks_for_else(text) else self._lately
            self._settle()
        elif not (self._partly and len(words_of(text)) <= _NODDING):
            self._asked[False] = max(0, self._asked[False] - 1)
        words = words_of(text)
        otherwise = not NAMES.isdisjoint(words) and "card" not in words
        if otherwise or (len(words) > 2 * _SHORT_REPLY and not count_figures(text)):
            self._groups.clear()
        self._elsewhere = otherwise or (self._elsewhere and len(words) <= _SHORT_REPLY)


def context_of(rows: Sequence[Row], actor: Actor) -> Context:
    """The context of a message that this actor adds to a conversation; `rows` are its last messages in order."""
    reading = _ConversationReader(actor)
    for index, row in enumerate(rows):
        reading.read(index, row)
    return reading.context()


def speaker(row: Row) -> Actor:
    """Who tells what a row tells; the keys of a telephone are pressed by the customer."""
    return Actor.CUSTOMER if keypad_digits(row) is not None else row.actor


def keypad_field(row: Row) -> str | None:
    """The field of an event's data in which the keys stand that somebody pressed; None for any other row."""
    if row.kind is not Kind.EVENT or not row.data:
        return None
    names = " ".join(str(name) for name in (row.name or "", row.data.get("event", ""), row.data.get("type", "")))
    named = not _KEYPAD_NAMES.isdisjoint(words_of(names.replace("_", " ")))
    for field in _KEYPAD_FIELDS if named else _KEYPAD_FIELDS[:3]:
        value = row.data.get(field)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return field
    return None


def keypad_digits(row: Row) -> str | None:
    """The keys that an event tells of."""
    field = keypad_field(row)
    return None if field is None else str(row.data[field])


def without_number(rows: Sequence[Row], number: str, parts: Iterable[int]) -> Mapping[int, Row]:
    """Of the rows that told parts of a card's number, each by its place, as it may stay: no part can be read in it."""
    places = set(parts)
    changed: dict[int, Row] = {}
    for index, row in enumerate(rows):
        field = keypad_field(row)
        text = row.text if field is None else str(row.data[field])
        shown = without_parts(text, number, all_of=index in places) if text else text
        if shown == text:
            continue
        data: dict[str, JsonValue] = dict(row.data) if field is None else {**row.data, field: shown}
        update = {"text": shown} if field is None else {"data": data}
        changed[index] = row.model_copy(update=update)
    return changed


def _prompt(row: Row) -> str:
    """What a menu said to somebody, where its prompts are told as events."""
    if row.kind is not Kind.EVENT or row.actor is Actor.CUSTOMER:
        return ""
    prompts = [value for value in row.data.values() if isinstance(value, str)]
    return " ".join([(row.name or "").replace("_", " "), *prompts])[:_LONGEST_PROMPT]
