"""Tells a form that was cut off from a whole one, as far as its end shows.

Facts: twilio.com/docs/glossary/what-is-a-sid (two letters and 32 hexadecimal digits), and the pages that the readers
name: a message's event has its MessageSid, a call's Caller and Called repeat its From and To.
"""

from collections.abc import Mapping

from app.connectors.reading import Payload, word

_LENGTH_OF_SID = 34
_HEX = frozenset("0123456789abcdef")
_REPEATS = {"Caller": "From", "Called": "To"}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "onMessage": ("ConversationSid", "MessageSid"),
    "onDelivery": ("ConversationSid", "MessageSid"),
    "onParticipant": ("ConversationSid", "ParticipantSid"),
    "onConversation": ("ConversationSid",),
}
# What is announced before it happens has no id of its own yet.
_YET_TO_COME = frozenset({"onMessageAdd", "onParticipantAdd", "onConversationAdd"})


def is_cut(body: bytes, fields: Payload) -> bool:
    """Whether a form ends within a name, an escape or a value, or before what its event cannot be without.

    A cut between two fields, or within a text, cannot be told from a whole form.
    """
    last = body.rpartition(b"&")[2]
    name, equals, value = last.decode("latin-1").partition("=")
    if not equals or "%" in value[-2:]:
        return True
    if name.endswith("Sid") and _is_short_sid(value):
        return True
    whole = word(fields, _REPEATS.get(name, ""))
    read = word(fields, name)
    if whole != read and whole.startswith(read):
        return True
    event = word(fields, "EventType")
    needed = next((names for prefix, names in _NEEDED.items() if event.startswith(prefix)), ())
    return event not in _YET_TO_COME and not all(word(fields, sid) for sid in needed)


def _is_short_sid(value: str) -> bool:
    letters, digits = value[:2], value[2:]
    return len(value) < _LENGTH_OF_SID and letters.isupper() and len(digits) > 0 and _HEX.issuperset(digits)
