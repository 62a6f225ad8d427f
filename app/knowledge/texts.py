"""What a reader sees of an article, line by line, whatever format it was written in, with its headings."""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.models import ArticleDraft
from app.nlu.markup import SeenLine, seen_lines

_BREAKS = frozenset(("softbreak", "hardbreak"))
_TEXTS = frozenset(("text", "text_special", "code_inline", "image"))
_VERBATIM = frozenset(("fence", "code_block"))


def lines_of(article: ArticleDraft) -> Sequence[SeenLine]:
    """The lines of an article; an empty one parts two paragraphs of plain text."""
    if article.html is not None:
        return seen_lines(article.html)
    if article.markdown is not None:
        return list(_MarkdownLines().read(article.markdown))
    return [SeenLine(0, " ".join(line.split())) for line in (article.text or "").splitlines()]


class _MarkdownLines:
    """Reads Markdown once: where in headings, lists and tables the parser is, and the lines that come of it."""

    def __init__(self) -> None:
        self._level = 0
        self._markers: list[str] = []  # of the lists that are open: what their items begin with
        self._mark = ""
        self._row: list[str] | None = None

    def read(self, source: str) -> Iterator[SeenLine]:
        """The lines that a reader sees."""
        for token in MarkdownIt("commonmark").enable("table").parse(source):
            if token.type == "inline":
                yield from self._inline(token)
            elif token.type in _VERBATIM:
                yield from (SeenLine(0, line) for line in token.content.splitlines() if line.strip())
            elif token.type == "html_block":
                yield from seen_lines(token.content)
            elif token.type == "tr_close" and self._row is not None:
                yield SeenLine(0, " | ".join(self._row))
                self._row = None
            else:
                self._move(token)

    def _move(self, token: Token) -> None:
        if token.type == "heading_open":
            self._level = int(token.tag[1])
        elif token.type == "heading_close":
            self._level = 0
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self._markers.append("-")
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._markers.pop()
        elif token.type == "list_item_open":
            marker = f"{token.info}." if token.info else self._markers[-1]
            self._mark = f"{'  ' * (len(self._markers) - 1)}{marker} "
        elif token.type == "tr_open":
            self._row = []

    def _inline(self, token: Token) -> Iterator[SeenLine]:
        lines = [" ".join(line.split()) for line in _words(token).split("\n")]
        if self._row is not None:
            self._row.append(" ".join(lines))
            return
        for line in filter(None, lines):
            yield SeenLine(self._level, f"{self._mark}{line}")
            self._mark = " " * len(self._mark)
        self._mark = ""


def _words(token: Token) -> str:
    pieces: list[str] = []
    for child in token.children or ():
        if child.type in _BREAKS:
            pieces.append("\n")
        elif child.type in _TEXTS:
            pieces.append(child.content)
    return "".join(pieces)
