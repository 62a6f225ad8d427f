"""Turns HTML that somebody wrote or pasted into the text that a reader of it would see, in linear time.

The HTML is parsed by selectolax (Lexbor). What is hidden is left out; a quotation becomes lines with `>`, as mail
programs write it in plain text. What only looks like a tag, an address in angle brackets or `3 < 4`, is text.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.caching import text_cache

_BLOCKS = frozenset(
    "address article aside blockquote body br center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header"
    " hr html li main nav ol p pre section table tbody tfoot thead tr ul".split()
)
_UNSEEN = frozenset("head style script template title noscript svg math object iframe select".split())
_INLINE = frozenset(
    "a abbr b big bdi bdo caption cite code col colgroup data del dfn em font i img input ins kbd label link mark meta"
    " o:p q s samp small span strike strong sub sup td th time tt u var wbr button picture source video audio".split()
)
_CELLS = frozenset(("td", "th"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_VOID = frozenset("br col hr img input link meta source wbr".split())
_NAMES = "|".join(sorted((*_BLOCKS, *_UNSEEN, *_INLINE), key=len, reverse=True))
_TAG = re.compile(rf"</?(?:{_NAMES})(?=[\s/>])", re.IGNORECASE)
_WHOLE_TAG = re.compile(rf"<(?P<end>/?)(?P<name>{_NAMES})(?=[\s/>])[^<>]{{0,5000}}>?", re.IGNORECASE)
# A tag of one letter right behind a word, without an attribute, is less than something: `if a<b and c>d`.
_LESS = r"(?<=[\w)])<[a-z]\s[^<>=/]{0,5000}>"
_NO_TAG = re.compile(rf"(?={_LESS})<|<(?!/?(?:{_NAMES})(?=[\s/>])|!--|!doctype|\?)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:amp|nbsp|lt|gt|quot|apos|#\d{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s?:\s?none|visibility\s?:\s?hidden|mso-hide\s?:\s?all", re.IGNORECASE)
_LONGEST = 200_000
_MOST_NODES = 20_000
# A parser of HTML takes longer for each element that is open; what people write is not that deep.
_DEEPEST = 400
_TEXT, _COMMENT = "-text", "-comment"


class SeenLine(NamedTuple):
    """A line that a reader sees; `level` is 1 to 6 for a heading, 0 for anything else."""

    level: int
    text: str


def seen_lines(page: str) -> list[SeenLine]:
    """The lines that a reader of HTML sees, with which of them are headings; of text without a tag its own lines."""
    if _TAG.search(page) is not None and not _is_too_deep(page[:_LONGEST]):
        root = LexborHTMLParser(_NO_TAG.sub("&lt;", page[:_LONGEST])).root
        if root is not None and (lines := list(_seen(root))):
            return lines
    return [SeenLine(0, line) for line in without_markup(page).splitlines() if line.strip()]


@text_cache(maxsize=2048)
def without_markup(text: str) -> str:
    """The text as it is, or of HTML what is seen of it: entities as characters, blocks on lines of their own."""
    if "<" not in text or _TAG.search(text) is None:
        return html.unescape(text) if "&" in text and _ENTITY.search(text) else text
    marked = _NO_TAG.sub("&lt;", text[:_LONGEST])
    root = None if _is_too_deep(marked) else LexborHTMLParser(marked).root
    seen = "" if root is None else "\n".join(line.text for line in _seen(root))
    return seen or _without_tags(marked) or text


def _without_tags(marked: str) -> str:
    lines = (" ".join(line.split()) for line in html.unescape(_WHOLE_TAG.sub("\n", marked)).splitlines())
    return "\n".join(line for line in lines if line)


def _is_too_deep(marked: str) -> bool:
    """Whether more elements may be open at once than a parser is to be given."""
    depth = 0
    for tag in _WHOLE_TAG.finditer(marked):
        if tag["name"].casefold() not in _VOID:
            depth = max(0, depth - 1) if tag["end"] else depth + 1
            if depth > _DEEPEST:
                return True
    return False


def _seen(root: LexborNode) -> Iterator[SeenLine]:
    """The lines that a reader of the tree sees, none of them empty."""
    line: list[str] = []
    depth = level = 0
    for node, is_end in _walk(root):
        name = node.tag or ""
        if name == _TEXT and not is_end:
            content = node.text(deep=False)
            pieces = content.split("\n") if _is_preformatted(node) else [content]
            for piece in pieces[:-1]:
                line.append(piece)
                yield from _line(line, depth, level)
            line.append(pieces[-1])
        elif name in _BLOCKS:
            yield from _line(line, depth, level)
        elif name in _CELLS:
            line.append(" ")
        if name == "blockquote":
            depth += -1 if is_end else 1
        if name in _HEADINGS:
            level = 0 if is_end else _HEADINGS[name]
    yield from _line(line, depth, level)


def _line(pieces: list[str], depth: int, level: int) -> Iterator[SeenLine]:
    """The line that these pieces make, if any; they are taken from the list."""
    words = " ".join("".join(pieces).split())
    pieces.clear()
    if words:
        yield SeenLine(level, f"{'> ' if depth else ''}{words}")


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node that is seen, as it begins and, where it holds others, as it ends; without recursion."""
    node, depth = root, 0
    for _ in range(_MOST_NODES):
        yield node, False
        child = None if _is_unseen(node) else node.child
        if child is not None:
            node, depth = child, depth + 1
            continue
        yield node, True
        while node.next is None:
            if depth == 0 or node.parent is None:
                return
            node, depth = node.parent, depth - 1
            yield node, True
            if depth == 0:
                return
        node = node.next


def _is_unseen(node: LexborNode) -> bool:
    name = node.tag or ""
    if name in _UNSEEN:
        return True
    if name in (_TEXT, _COMMENT):
        return False
    attributes = node.attributes
    return "hidden" in attributes or _HIDDEN.search((attributes.get("style") or "")[:2_000]) is not None


def _is_preformatted(node: LexborNode) -> bool:
    return node.parent is not None and node.parent.tag == "pre"
