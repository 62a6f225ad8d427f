"""Which of several people on the customer's side spoke: in a group, a household or a shared mailbox.

Platforms tell it beside the message (`participant`, or a field such as `sender` in its data), or bridges write the name
in front of the words (`Ines: …`). Such a label is no part of what was said. A word with a colon is a label only where
it is the sender's name, or where most messages of the conversation begin with one and two of them come back: `Note: …`
does not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.models import Actor, Interaction, Kind, Participant
from app.nlu.form_fields import tells
from app.nlu.languages import function_words, words_of

_FIELDS = (
    *("sender", "sender_name", "senderName", "author", "author_name", "authorName", "from_name", "fromName"),
    *("profile_name", "profileName", "ProfileName", "pushName", "push_name", "notifyName", "display_name"),
)
# These may name a place or an account too: they count where an id or an address stands with the name.
_AMBIGUOUS_FIELDS = ("from", "user")
# Fields by which platforms tell that a conversation is a group's.
_GROUPS = frozenset("group group_id groupid group_name groupname is_group isgroup chat_name room participants".split())
_NAMES = ("name", "display_name", "displayName", "full_name", "fullName", "username", "pushName")
_IDS = ("id", "wa_id", "user_id", "phone", "email")
_LONGEST_LABEL = 32
_MOST_WORDS = 3
_MOST_NAME_WORDS = 5
# Of the messages of a conversation so many begin with a name, where names are written in front.
_LABELLED_SHARE = 0.8
_FEWEST_RETURNING = 2


class _Sender(NamedTuple):
    name: str | None
    person: str | None


def with_speakers(interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """The interactions, those of the customer's side each with its speaker, by one name, and without the label."""
    by_conversation: dict[str | None, list[Interaction]] = {}
    for row in interactions:
        if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE:
            by_conversation.setdefault(row.conversation_id, []).append(row)
    changed = {row.interaction_id: row for rows in by_conversation.values() for row in _spoken(rows)}
    return tuple(changed.get(row.interaction_id, row) for row in interactions)


def speaker_of(row: Interaction) -> str | None:
    """The name of whoever said something on the customer's side; None where it is not known."""
    return row.participant.name if row.actor is Actor.CUSTOMER and row.participant else None


def _spoken(rows: Sequence[Interaction]) -> Iterator[Interaction]:
    senders = [_sender(row) for row in rows]
    labels = [_label(row.text) for row in rows]
    returning = _returning(labels) if _may_be_several(rows, labels) else frozenset[str]()
    labels = [
        label if label and (label in returning or _are_one(label, sender.name)) else None
        for label, sender in zip(labels, senders, strict=True)
    ]
    senders = [sender._replace(name=sender.name or label) for sender, label in zip(senders, labels, strict=True)]
    names = _names(senders)
    for row, sender, label in zip(rows, senders, labels, strict=True):
        update: dict[str, Any] = {}
        if label:
            update["text"] = row.text.lstrip().partition(":")[2].strip()
        given = row.participant or Participant()
        if sender.name and given.name != names[sender]:
            update["participant"] = given.model_copy(update={"name": names[sender]})
        yield row.model_copy(update=update) if update else row


def _names(senders: Iterable[_Sender]) -> Mapping[_Sender, str]:
    """What each sender is called: one name for all that one person is called, the longest.

    A short name that fits several longer ones stays: it may be of any of them, or of somebody else.
    """
    names: dict[_Sender, str] = {}
    for sender in sorted({sender for sender in senders if sender.name}, key=_by_length):
        fitting = {name for other, name in names.items() if _is_same(sender, other)}
        names[sender] = fitting.pop() if len(fitting) == 1 else sender.name or ""
    return names


def _by_length(sender: _Sender) -> tuple[int, str, str]:
    return -len(sender.name or ""), sender.name or "", sender.person or ""


def _is_same(sender: _Sender, other: _Sender) -> bool:
    if sender.person and other.person:
        return sender.person == other.person
    return _are_one(sender.name or "", other.name)


def _are_one(name: str, other: str | None) -> bool:
    """Whether two names may be one person's: `Ines`, and `Ines Prado`."""
    words, others = set(name.casefold().split()), set((other or "").casefold().split())
    return bool(words and others) and (words <= others or others <= words)


def _returning(labels: Sequence[str | None]) -> frozenset[str]:
    """The labels of a conversation, where most messages begin with one and at least two come back."""
    counts = Counter(label for label in labels if label)
    is_usual = sum(counts.values()) >= _LABELLED_SHARE * len(labels)
    come_back = sum(count > 1 for count in counts.values())
    return frozenset(counts) if is_usual and come_back >= _FEWEST_RETURNING else frozenset()


def _may_be_several(rows: Sequence[Interaction], labels: Sequence[str | None]) -> bool:
    """Whether the labels may be people's: the platform tells of a group, or nothing looks like a form.

    Who fills in a form labels each line, `Colour: dark green`, with words that come up in sentences too, and puts
    values of few words behind them.
    """
    if any(name.casefold() in _GROUPS and value for row in rows for name, value in row.data.items()):
        return True
    words = {word for label in labels if label for word in label.split()}
    if any(word.casefold() in function_words() for word in words):
        return False
    in_lower_case = {word for row in rows for word in words_of(row.text) if word in row.text}
    if not in_lower_case.isdisjoint(word.casefold() for word in words):
        return False
    behind = [row.text.partition(":")[2] for row, label in zip(rows, labels, strict=True) if label]
    return sum(map(tells, map(str.strip, behind))) > len(behind) / 2


def _label(text: str) -> str | None:
    """What stands before the first colon of a text, where that may be a name and words follow."""
    label, colon, rest = text.lstrip().partition(":")
    is_short = 0 < len(label) <= _LONGEST_LABEL and len(label.split()) <= _MOST_WORDS
    if not colon or not is_short or rest[:1] not in (" ", "\t", "\n") or not rest.strip():
        return None
    return label.strip() if _is_name(label.strip()) else None


def _sender(row: Interaction) -> _Sender:
    if row.participant is not None and (row.participant.name or row.participant.id):
        name = row.participant.name
        return _Sender(name if name and _is_name(name) else None, row.participant.id)
    for field in (*_FIELDS, *_AMBIGUOUS_FIELDS) if row.data else ():
        value = row.data.get(field)
        if isinstance(value, Mapping):
            fields = cast(Mapping[str, Any], value)
            name = next((written for key in _NAMES if (written := _written(fields.get(key)))), None)
            person = next((str(fields[key]) for key in _IDS if fields.get(key)), None)
        else:
            is_clear = field not in _AMBIGUOUS_FIELDS or (isinstance(value, str) and "@" in value)
            name, person = _written(value) if is_clear else None, None
        if name:
            return _Sender(name, person)
    return _Sender(None, None)


def _written(value: object) -> str | None:
    """A value that is somebody's name, without the address behind it."""
    if not isinstance(value, str):
        return None
    name = value.partition("<")[0].strip(" \"'")
    return name if _is_name(name) else None


def _is_name(value: str) -> bool:
    """Whether a value looks like a name: few words of letters, the first with a capital where the script has them."""
    words = value.split()
    if not 0 < len(words) <= _MOST_NAME_WORDS or value[:1].islower():
        return False
    return all(sign.isalpha() or sign in " .'’-" for sign in value) and value[:1].isalpha()
