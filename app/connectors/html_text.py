"""The text of an HTML body, as people read it: lines for blocks, no markup, no scripts.

The one module of the connectors that knows an HTML parser.
"""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main"
    " nav ol p pre section table tr ul".split()
)
_UNSEEN = frozenset("head noscript script style template title".split())
# A body longer than a row may be says no more; and a parser's time must not be the sender's to choose.
_LONGEST = 400_000
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9:-]{0,40}")
_SIGN = re.compile(r"[<>\"']")
# Of the values of a tag's attributes.
_MOST_QUOTED = 60


def text_of_html(html: str) -> str:
    """The text of a body that may be HTML; a body without markup is given back as it is, without blanks around it."""
    if "<" not in html and "&" not in html:
        return html.strip()
    reader = _MarkupReader()
    reader.feed(_bare(_without_declarations(html[:_LONGEST])))
    reader.close()
    return reader.text()


def _without_declarations(html: str) -> str:
    """The markup without comments, declarations and instructions: nobody reads them, and over unclosed ones the parser
    of the standard library takes time that grows with the square, or gives up.
    """
    for opening, closing in (("<!--", "-->"), ("<!", ">"), ("<?", ">")):
        pieces: list[str] = []
        rest = html.split(opening)
        pieces.append(rest[0])
        for piece in rest[1:]:
            _, end, after = piece.partition(closing)
            pieces.append(after if end else piece)
        html = "".join(pieces)
    return html


def _bare(html: str) -> str:
    """The markup with the names of its tags alone, and every other "<" as text.

    Attributes say nothing to a reader, and over unclosed ones the parser's time grows with the square.
    """
    pieces: list[str] = []
    at = 0
    while (start := html.find("<", at)) >= 0:
        pieces.append(html[at:start])
        tag = _TAG.match(html, start)
        end = _end_of_tag(html, tag.end()) if tag else -1
        pieces.append(f"{tag.group()}>" if tag and end >= 0 else "&lt;")
        at = end if end >= 0 else start + 1
    pieces.append(html[at:])
    return "".join(pieces)


def _end_of_tag(html: str, at: int) -> int:
    """Where a tag ends whose name ends at a position, with its quoted values passed over; -1: it does not end."""
    for _ in range(_MOST_QUOTED):
        sign = _SIGN.search(html, at)
        if sign is None or sign.group() == "<":
            return -1
        if sign.group() == ">":
            return sign.end()
        at = html.find(sign.group(), sign.end()) + 1
        if at == 0:
            # A quotation mark that nothing closes is only a sign.
            at = sign.end()
    return -1


class _MarkupReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0

    def text(self) -> str:
        """What was read: blanks as one, at most one empty line in a row."""
        lines = [" ".join(line.split()) for line in "".join(self._pieces).split("\n")]
        shown = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
        return "\n".join(shown).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 its parent's names
        """A block begins a line, and an item of a list is marked."""
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "li":
            self._pieces.append("\n- ")
        elif tag in _BLOCKS:
            self._pieces.append("\n")
        elif tag in ("td", "th"):
            self._pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """A block ends its line."""
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        """Text between tags; its line breaks are blanks."""
        if not self._unseen:
            self._pieces.append(" ".join(data.split("\n")))
