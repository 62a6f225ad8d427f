"""Which earlier message a message answers, where the platform tells it by an id: a reply, a thread, a quotation.

Platforms name the field differently and mean the same, so its name is compared without its spelling: `reply_to`
(Twilio's as we file it), `context.id` (WhatsApp Cloud API, Contextual replies), `reply_to_message.message_id`
(Telegram Bot API), `thread_ts` (Slack), `in_reply_to` (Chatwoot), `quotedMessage.message.id` (Sunshine Conversations),
`message_reference.message_id` (Discord), `stanzaId` (WhatsApp Web). A letter answers a whole letter, which its headers
tell: that is no field of this kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from app.models import Interaction, Kind

_FIELDS = frozenset(
    """
    replyto replytoid replytomessage replytomessageid replytomid inreplyto inreplytoid inreplytomessage
    inreplytomessageid inreplytoexternalid repliedto repliedtoid repliedmessageid originalrepliedmessagesid context
    contextinfo quoted quotedid quotedmessage quotedmessageid quotedmsg quotedmsgid messagereference stanzaid threadts
    """.split()
)
# Where such a field holds an object, the message's own id is one of these, or lies one object deeper.
_IDS = ("id", "messageid", "messageuuid", "mid", "stanzaid", "sid", "ts", "externalid")
_DEEPER = ("key", "message")
_THREAD = "threadts"
# Fields in which platforms put what comes with a message.
_AROUND = frozenset("contentattributes message extendedtextmessage metadata payload".split())
_OWN = frozenset("id messageid mid ts sid wamid externalid sourceid".split())
_DEEPEST = 3
_LONGEST = 512


def answered_by(row: Interaction, earlier: Sequence[Interaction]) -> Interaction | None:
    """The message that a message says it answers, of those before it in its conversation; None where it says none."""
    if not row.data:
        return None
    for name, value in _named(row.data):
        if name == _THREAD:
            return _first_of_thread(row, value, earlier)
        for candidate in reversed(earlier):
            if candidate.kind is Kind.MESSAGE and candidate is not row and _is_called(candidate, value):
                return candidate
    return None


def _first_of_thread(row: Interaction, thread: str, earlier: Sequence[Interaction]) -> Interaction | None:
    """What a thread began with, where nothing was said in it since: what comes later may answer anything of it."""
    if _is_called(row, thread):
        return None
    within = [each for each in earlier if _is_called(each, thread) or (_THREAD, thread) in _named(each.data)]
    return within[0] if len(within) == 1 and within[0].kind is Kind.MESSAGE else None


def _named(fields: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str]]:
    """The ids of messages that the fields of a row say it answers, each with its field's name without spelling."""
    for name, value in fields.items():
        plain = _plain(name)
        if plain in _FIELDS:
            for answered in _ids_in(value):
                yield plain, answered
        if isinstance(value, Mapping) and plain in _AROUND | _FIELDS and depth < _DEEPEST:
            yield from _named(cast(Mapping[str, Any], value), depth + 1)


def _ids_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        inner = {_plain(name): entry for name, entry in cast(Mapping[str, Any], value).items()}
        for name in _IDS:
            yield from _ids_in(inner[name]) if name in inner and not isinstance(inner[name], Mapping) else ()
        for name in _DEEPER:
            yield from _ids_in(inner[name]) if isinstance(inner.get(name), Mapping) else ()
    elif isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value).strip()
        if 0 < len(text) <= _LONGEST:
            yield text


def _is_called(row: Interaction, name: str) -> bool:
    """Whether a message has this id: the caller's, the end of one that a connector made of it, or its platform's."""
    own = row.id or ""
    if own == name or (own.endswith(name) and own[: -len(name)].endswith((":", "#"))):
        return True
    return any(
        isinstance(value, str | int) and not isinstance(value, bool) and str(value) == name
        for field, value in row.data.items()
        if _plain(field) in _OWN
    )


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()
