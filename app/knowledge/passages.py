"""Parts an article into passages: what stands under one heading together, in pieces that one vector can hold.

An embedder reads 256 word pieces, of which title and headings take some, so a passage has at most 130 words: some 180
word pieces. Short sections that follow one another share a passage, each under its heading, for a vector of ten words
says little.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from app.knowledge.texts import lines_of
from app.models import ArticleDraft
from app.nlu.markup import SeenLine
from app.nlu.sentences import shorten

MOST_WORDS = 130
# A section is not torn to fill the passage before it: from so many words on, the next one begins anew.
ENOUGH_WORDS = 60
MOST_PASSAGES = 1_000
_HEADING_WORDS = 16


class ArticlePassage(NamedTuple):
    """A passage: the headings above its first line, from the outermost inward, and its lines.

    An empty line parts what stands under one heading from what stands under the next.
    """

    headings: str
    text: str

    def embeddable(self, title: str) -> str:
        """What its vector is made of."""
        return "\n".join(filter(None, (title, self.headings, self.text)))

    def passage_id(self, article_id: str, title: str, embedder: str) -> str:
        """Its id, another one for whatever gives another vector."""
        content = "\0".join((article_id, embedder, self.embeddable(title)))
        return f"psg_{sha256(content.encode('utf-8', 'replace')).hexdigest()[:40]}"


class _ArticleSection(NamedTuple):
    headings: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def words(self) -> int:
        return sum(len(line.split()) for line in self.lines)


def passages_of(article: ArticleDraft) -> Sequence[ArticlePassage]:
    """The passages of an article in its order; an article of headings alone is one passage."""
    lines = lines_of(article)
    passages = list(_joined(_pieces(_sections(lines))))[:MOST_PASSAGES]
    if passages:
        return passages
    headings = "\n".join(line.text for line in lines if line.text) or article.title
    return [ArticlePassage("", shorten(headings, MOST_WORDS))]


def _sections(lines: Sequence[SeenLine]) -> Iterator[_ArticleSection]:
    open_headings: list[SeenLine] = []
    for is_heading, group in groupby(lines, lambda line: line.level > 0):
        if is_heading:
            for heading in group:
                open_headings = [*(outer for outer in open_headings if outer.level < heading.level), heading]
            continue
        texts = tuple(line.text for line in group)
        if any(texts):
            yield _ArticleSection(tuple(shorten(heading.text, _HEADING_WORDS) for heading in open_headings), texts)


def _pieces(sections: Iterator[_ArticleSection]) -> Iterator[_ArticleSection]:
    """The sections, the long ones in several: parted between lines, or within a line that is too long by itself."""
    for section in sections:
        piece: list[str] = []
        words = 0
        for line in _short_lines(section.lines):
            count = len(line.split())
            # A paragraph of plain text ends at an empty line, which is the best place to part it.
            ends = words + count > MOST_WORDS or (not line and words >= ENOUGH_WORDS)
            if ends and any(piece):
                yield _ArticleSection(section.headings, _trimmed(piece))
                piece, words = [], 0
            piece.append(line)
            words += count
        if any(piece):
            yield _ArticleSection(section.headings, _trimmed(piece))


def _short_lines(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        words = line.split(" ")
        if len(words) <= MOST_WORDS:
            yield line
            continue
        piece: list[str] = []
        for word in words:
            piece.append(word)
            if len(piece) >= MOST_WORDS or (len(piece) >= ENOUGH_WORDS and word.endswith((".", "!", "?"))):
                yield " ".join(piece)
                piece = []
        if piece:
            yield " ".join(piece)


def _trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple("\n".join(lines).strip("\n").split("\n"))


def _joined(pieces: Iterator[_ArticleSection]) -> Iterator[ArticlePassage]:
    together: list[_ArticleSection] = []
    for piece in pieces:
        words = sum(section.words for section in together)
        if together and (words >= ENOUGH_WORDS or words + piece.words > MOST_WORDS):
            yield _passage(together)
            together = []
        together.append(piece)
    if together:
        yield _passage(together)


def _passage(sections: Sequence[_ArticleSection]) -> ArticlePassage:
    first, *others = sections
    lines = [*first.lines]
    above = first.headings
    for section in others:
        lines.append("")
        lines += [heading for heading in section.headings if heading not in above]
        lines += section.lines
        above = section.headings
    return ArticlePassage(" > ".join(first.headings), "\n".join(lines))
