"""WebVTT and SubRip files as turns: what meeting services and recognisers write beside a recording.

WebVTT is read as the W3C describes it (WebVTT: The Web Video Text Tracks Format, Candidate Recommendation): a header,
blocks parted by blank lines, notes, styles and regions passed over, cues with an id perhaps, times and text. A voice
span (`<v Nadia>`) names who speaks, of which one cue may hold several; without one, `Name: text` at the beginning of a
line does, where the name speaks more than once or is a role. A cue that names nobody goes on with the cue before it.
Not a library's: the kept ones read one voice a cue.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise
from typing import NamedTuple

from app.errors import InvalidRequest
from app.formats.roles import read_label
from app.formats.turns import Turn, seconds_in

_SIGNATURE = "WEBVTT"
_ARROW = "-->"
_PASSED_OVER = ("NOTE", "STYLE", "REGION")
_TAG = re.compile(r"<(/?)([a-zA-Z]*)([^<>]{0,300})>")
_LABEL = re.compile(r"(?:[-–—]\s{0,2}|>>\s{0,2})?(?P<label>[^\W\d_][^:<>\n]{0,59}):\s{1,4}(?P<text>\S.*)")
_MOST_LABEL_WORDS = 5
_MARKUP = re.compile(r"\{\\[^{}]{0,40}\}")
_PAUSE_S = 20.0
_LONGEST_TURN = 2000


class _Cue(NamedTuple):
    line: int
    start: float
    text: str


class _VoicePiece(NamedTuple):
    start: float
    speaker: str | None
    text: str


def is_captions(text: str) -> bool:
    """Whether a text is WebVTT, by its first line, or SubRip, by the times of its first block."""
    lines = [line.strip() for line in text.lstrip("\ufeff").lstrip().split("\n", 3)[:3]]
    if lines and (lines[0] == _SIGNATURE or lines[0].startswith((f"{_SIGNATURE} ", f"{_SIGNATURE}\t"))):
        return True
    return any(_times(line) is not None for line in lines[:2])


def turns_of_captions(text: str) -> Sequence[Turn]:
    """The turns of a file of captions. Raises InvalidRequest with the line of what cannot be read."""
    cues = list(_cues(text))
    if not cues:
        raise InvalidRequest(
            "line 1: there is no cue in it: a line with two times, as in 00:00:03.120 --> 00:00:07.900."
        )
    pieces = [piece for cue in cues for piece in _voices(cue)]
    if all(piece.speaker is None for piece in pieces):
        pieces = list(_labelled(pieces))
    return _joined(pieces)


def _cues(text: str) -> Iterator[_Cue]:
    lines = text.lstrip("\ufeff").splitlines()
    index = 0
    while index < len(lines):
        block_start = index
        block: list[str] = []
        while index < len(lines) and lines[index].strip():
            block.append(lines[index])
            index += 1
        index += 1
        at = next((number for number, line in enumerate(block[:2]) if _ARROW in line), None)
        if at is None or block[0].split(" ")[0].split("\t")[0] in _PASSED_OVER:
            continue
        start = _times(block[at])
        if start is None:
            raise InvalidRequest(
                f"line {block_start + at + 1}: these are no times of a cue. Write 00:00:03.120 --> 00:00:07.900."
            )
        yield _Cue(block_start + at + 1, start, "\n".join(block[at + 1 :]))


def _times(line: str) -> float | None:
    """When a cue begins, in seconds, from its line of times; None where it is none."""
    before, arrow, after = line.partition(_ARROW)
    ends = after.split()
    if not arrow or not ends or ":" not in before:
        return None
    start, end = seconds_in(before), seconds_in(ends[0])
    return start if isinstance(start, float) and isinstance(end, float) else None


def _voices(cue: _Cue) -> Iterator[_VoicePiece]:
    """A cue's text by who speaks it, without marks."""
    source = _MARKUP.sub("", cue.text)
    speaker: str | None = None
    shown: list[str] = []
    position = 0
    for tag in _TAG.finditer(source):
        shown.append(source[position : tag.start()])
        position = tag.end()
        if tag[2] == "v":
            text = _plain("".join(shown))
            if text:
                yield _VoicePiece(cue.start, speaker, text)
            shown = []
            # After the dot stand classes: `<v.loud Nadia>`.
            speaker = None if tag[1] else unescape(tag[3].partition(" ")[2].strip()) or None
    text = _plain("".join([*shown, source[position:]]))
    if text:
        yield _VoicePiece(cue.start, speaker, text)


def _plain(text: str) -> str:
    lines = (" ".join(unescape(line).split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _labelled(pieces: Sequence[_VoicePiece]) -> Iterator[_VoicePiece]:
    """The same with speakers where lines begin with a name and a colon."""
    matches = [_LABEL.fullmatch(line) for piece in pieces for line in piece.text.split("\n")]
    counts = Counter(match["label"].strip() for match in matches if match and _may_be_name(match["label"]))
    names = {label for label, count in counts.items() if count > 1 or read_label(label).side is not None}
    if len(counts) == len(names) + 1 and names:
        # Of two who speak one may do so only once.
        names |= counts.keys()
    for piece in pieces:
        speaker: str | None = None
        lines: list[str] = []
        for line in piece.text.split("\n"):
            match = _LABEL.fullmatch(line)
            if match and match["label"].strip() in names:
                if lines:
                    yield _VoicePiece(piece.start, speaker, " ".join(lines))
                speaker, lines = match["label"].strip(), [match["text"]]
            else:
                lines.append(line)
        if lines:
            yield _VoicePiece(piece.start, speaker, " ".join(lines))


def _may_be_name(label: str) -> bool:
    return len(label.split()) <= _MOST_LABEL_WORDS


def _joined(pieces: Sequence[_VoicePiece]) -> Sequence[Turn]:
    """Pieces as turns: what one speaker says in cues that follow each other is one of them."""
    turns: list[Turn] = []
    labelled = any(piece.speaker is not None for piece in pieces)
    before = [None, *pieces]
    for earlier, piece in pairwise(before):
        text = piece.text.replace("\n", " ") if piece is not None else ""
        if piece is None:
            continue
        latest = turns[-1] if turns else None
        pauses = earlier is not None and piece.start - earlier.start > _PAUSE_S
        goes_on = latest is not None and piece.speaker in (latest.speaker, None)
        if latest is not None and goes_on and labelled and not pauses and len(latest.text) < _LONGEST_TURN:
            turns[-1] = latest._replace(text=f"{latest.text} {text}")
        else:
            speaker = piece.speaker if piece.speaker is not None or latest is None else latest.speaker
            turns.append(Turn(text, speaker, piece.start))
    return turns
