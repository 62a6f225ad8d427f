"""Turns HTML that somebody wrote or pasted into the text that a reader of it would see."""

from html.parser import HTMLParser

from app.caching import text_cache

_UNSEEN = frozenset(("style", "script", "head", "title", "template"))
_BREAKS = frozenset("br p div li ul ol tr table h1 h2 h3 h4 h5 h6 blockquote hr section article".split())
_LONGEST = 200_000


@text_cache(maxsize=2048)
def without_markup(text: str) -> str:
    """The text as it is, or of HTML what is seen of it: entities as characters, blocks on lines of their own."""
    if len(text) > _LONGEST or not ("</" in text or "/>" in text or "<br" in text or "<p>" in text):
        return text
    reader = _Reader()
    reader.feed(text)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.seen).splitlines())
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    """Gathers what is seen."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in _UNSEEN
        if tag in _BREAKS:
            self.seen.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _UNSEEN))
        if tag in _BREAKS:
            self.seen.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.seen.append(data)
