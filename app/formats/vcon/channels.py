"""On which channel a dialog took place, told from its application, its media type and how its parties are reached."""

from collections.abc import Sequence

from app.formats.vcon.bodies import media_type
from app.formats.vcon.schema import Dialog, Party
from app.models import Channel


def channel_of(dialog: Dialog, parties: Sequence[Party]) -> Channel:
    """The channel its application names; else e-mail, voice or chat. `parties` are all of the document.

    A text is e-mail when it is a mail message, or when everyone in it is reached by e-mail alone.
    """
    named = Channel.of_application(dialog.application or "") or Channel.of_application(dialog.interaction_type or "")
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
