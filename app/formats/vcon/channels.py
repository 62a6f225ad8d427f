"""On which channel a dialog took place, told from its application, its media type and how its parties are reached."""

import re
from collections.abc import Sequence

from app.formats.vcon.bodies import media_type
from app.formats.vcon.schema import Dialog, Party
from app.models import Channel

_NAMES = (
    (Channel.WHATSAPP, re.compile(r"whats ?app")),
    (Channel.SMS, re.compile(r"\b(?:sms|mms|rcs|text messag\w*)\b")),
    (Channel.EMAIL, re.compile(r"e-?mail|\bmail\b|gmail|outlook")),
    (Channel.SOCIAL, re.compile(r"social|facebook|messenger|instagram|twitter|telegram|tiktok|linkedin")),
    (Channel.IVR, re.compile(r"\bivr\b")),
    (Channel.CHAT, re.compile(r"chat")),
    (Channel.VOICE, re.compile(r"voice|phone|telephon|\bcall\b|pstn|\bsip\b")),
    (Channel.IN_PERSON, re.compile(r"in[ _-]person|walk[ -]?in")),
)


def channel_of(dialog: Dialog, parties: Sequence[Party]) -> Channel:
    """The channel its application names; else e-mail, voice or chat. `parties` are all of the document.

    A text is e-mail when it is a mail message, or when everyone in it is reached by e-mail alone.
    """
    named = _named(dialog.application) or _named(dialog.interaction_type)
    if named:
        return named
    media = media_type(dialog)
    if dialog.type != "text" or media.startswith(("audio/", "video/")):
        return Channel.VOICE
    if media == "message/rfc822" or media.startswith("multipart/"):
        return Channel.EMAIL
    people = [parties[index] for index in dialog.parties] if len(dialog.parties) > 1 else parties
    if people and all(person.mailto and not person.tel and not person.sip for person in people):
        return Channel.EMAIL
    return Channel.CHAT


def _named(name: str | None) -> Channel | None:
    wanted = (name or "").strip().lower()
    if wanted in [channel.value for channel in Channel]:
        return Channel(wanted)
    return next((channel for channel, pattern in _NAMES if pattern.search(wanted)), None)
