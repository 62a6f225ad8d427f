"""The note with a brief as it is written back, and how it is known again when the platform reports it as news."""

from app.connectors.base import BriefNote

_SIGNED = "Written by Warmline"


def note_text(note: BriefNote) -> str:
    """The note with its headline above and the card's address below, each once."""
    headline = [] if note.note.lstrip().startswith(note.headline) else [note.headline, ""]
    address = [note.card_url] if note.card_url and note.card_url not in note.note else []
    return "\n".join([*headline, note.note.strip(), "", *address, _SIGNED])


def is_own_note(text: str) -> bool:
    """Whether a text is such a note: what a brief says is no news to the next one."""
    return text.rstrip().endswith(_SIGNED)
