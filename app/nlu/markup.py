"""Turns HTML that somebody wrote or pasted into the text that a reader of it would see, in linear time."""

import html
import re

from app.caching import text_cache

_UNSEEN = ("style", "script")
_BLOCK = re.compile(
    r"</?(?:br|p|div|li|ul|ol|tr|table|h[1-6]|blockquote|hr|section|article|body)\b[^<>]{0,500}>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|<!--|-->|<![a-zA-Z][^<>]{0,200}>")
_LONGEST = 200_000


@text_cache(maxsize=2048)
def without_markup(text: str) -> str:
    """The text as it is, or of HTML what is seen of it: entities as characters, blocks on lines of their own."""
    if len(text) > _LONGEST or not ("</" in text or "/>" in text or "<br" in text or "<p>" in text):
        return text
    seen = text
    for name in _UNSEEN:
        seen = _without_element(seen, name)
    seen = html.unescape(_TAG.sub("", _BLOCK.sub("\n", seen)))
    lines = (" ".join(line.split()) for line in seen.splitlines())
    return "\n".join(line for line in lines if line) or text


def _without_element(text: str, name: str) -> str:
    """The text without closed elements of a name and what is in them."""
    lowered, pieces, index = text.lower(), list[str](), 0
    if len(lowered) != len(text):  # a letter that has no lower case of its own length
        return text
    while True:
        start = lowered.find(f"<{name}", index)
        end = lowered.find(f"</{name}", start) if start >= 0 else -1
        close = lowered.find(">", end) if end >= 0 else -1
        if close < 0:
            return "".join((*pieces, text[index:]))
        pieces.append(text[index:start])
        index = close + 1
