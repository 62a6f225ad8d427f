"""Messages as short texts: PostgreSQL carries at most 8,000 bytes at once, a datagram not much more.

A frame reads `sender message part parts text`. The text is a slice of the message's JSON in ASCII, so that a slice of
so many characters has as many bytes.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from cachetools import TTLCache

LONGEST_TEXT = 7_000
MOST_PARTS = 1_000
# Messages of which parts are missing, and for how long the rest is waited for.
MOST_INCOMPLETE = 256
INCOMPLETE_FOR_S = 30.0


class Whole(NamedTuple):
    """A message that has arrived with all its parts."""

    message_id: str
    subject: str
    message: dict[str, Any]


def frames(sender: str, message_id: str, subject: str, message: Any) -> Iterator[str]:
    """A message in as many frames as it needs. Raises ValueError for one that is too long or no JSON."""
    text = json.dumps({"subject": subject, "message": message}, ensure_ascii=True, separators=(",", ":"))
    parts = [text[start : start + LONGEST_TEXT] for start in range(0, len(text), LONGEST_TEXT)]
    if len(parts) > MOST_PARTS:
        raise ValueError(f"a message of {len(text)} characters is too long for the bus")
    for number, part in enumerate(parts):
        yield f"{sender} {message_id} {number} {len(parts)} {part}"


class Assembler:
    """Puts frames of other senders together again; forgets messages whose rest does not come."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._incomplete = TTLCache[str, dict[int, str]](MOST_INCOMPLETE, INCOMPLETE_FOR_S)

    def add(self, frame: str) -> Whole | None:
        """The message that this frame completes, if it does. Raises ValueError for what is no frame."""
        sender, message_id, number, count, text = frame.split(" ", 4)
        if sender == self._own:
            return None
        if int(count) > 1:
            texts = self._incomplete.setdefault(message_id, {})
            texts[int(number)] = text
            if len(texts) < min(int(count), MOST_PARTS):
                return None
            del self._incomplete[message_id]
            text = "".join(part for _, part in sorted(texts.items()))
        whole = json.loads(text)
        return Whole(message_id, str(whole["subject"]), dict(whole["message"]))
