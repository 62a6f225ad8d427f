"""Finds the words that a model quotes in the line that it cites, letter for letter, and gives them as they stand there.

White space, typographic quotation marks and dashes, capitals, Markdown's bold and the escapes of JSON make no
difference: a model sees lines escaped, and begins a quotation with a capital. Nothing else is forgiven. An ellipsis
parts a quotation into pieces that must stand in that order.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from app.briefs.llm.prompt_inputs import details_of
from app.models import Interaction

MOST_CHARACTERS = 600
_PARTED = re.compile(r"\[?(?:…|\.\.\.)\]?")
_ESCAPE = re.compile(r"\\(?:([\"\\/])|[nrt])")
_MARKS = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"') | dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
# Scripts from here on write words without spaces between them.
_WITHOUT_SPACES = "\u2e80"


class _Plain(NamedTuple):
    """A text as it is compared, and where each of its characters stands in the text."""

    text: str
    places: tuple[int, ...]


def standing(quote: str, interaction: Interaction) -> str | None:
    """The quoted words as they stand in an interaction; None where they do not."""
    bare = _ESCAPE.sub(lambda match: match[1] or " ", quote).strip()
    pieces = [piece.strip() for piece in _PARTED.split(bare[:MOST_CHARACTERS]) if any(map(str.isalnum, piece))]
    if not pieces:
        return None
    return next(
        (words for text in (interaction.text, details_of(interaction)) if (words := _words_in(text, pieces))), None
    )


def _words_in(text: str, pieces: list[str]) -> str | None:
    plain = _plain(text)
    start, passages = 0, list[str]()
    for piece in pieces:
        span = _span(plain, piece, start)
        if span is None:
            return None
        start = span[1]
        passages.append(text[plain.places[span[0]] : plain.places[span[1] - 1] + 1])
    return " … ".join(passages)


def _span(plain: _Plain, piece: str, start: int) -> tuple[int, int] | None:
    """Where a piece stands from here on, as a whole word or words; its outermost marks may be the model's own."""
    bare = _plain(piece).text.strip()
    for wanted in dict.fromkeys((bare, bare.strip("\"' "), bare.strip("\"' .,;:!?"))):
        at = plain.text.find(wanted, start) if wanted else -1
        while at >= 0:
            end = at + len(wanted)
            if not (_goes_on(plain.text, at) or _goes_on(plain.text, end)):
                return at, end
            at = plain.text.find(wanted, at + 1)
    return None


def _goes_on(text: str, index: int) -> bool:
    """Whether a word runs through this place."""
    around = text[max(0, index - 1) : index + 1]
    return len(around) == 2 and index > 0 and around.isalnum() and max(around) < _WITHOUT_SPACES


def _plain(text: str) -> _Plain:
    characters = list(_characters(text))
    return _Plain("".join(letter for letter, _ in characters), tuple(index for _, index in characters))


def _characters(text: str) -> Iterator[tuple[str, int]]:
    spaced = True
    for index, letter in enumerate(text.translate(_MARKS)):
        if letter.isspace():
            if not spaced:
                yield " ", index
            spaced = True
        elif letter == "*" and "*" in text[max(0, index - 1) : index] + text[index + 1 : index + 2]:
            continue
        else:
            folded = letter.lower()
            yield folded if len(folded) == 1 else letter, index
            spaced = False
