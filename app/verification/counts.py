"""What whoever writes may have counted: how often something was said or done, how many of it there are."""

import re
from collections.abc import Iterator

from app.models import Channel, Kind
from app.nlu.words import stem
from app.verification.figures import Figure
from app.verification.transcript import TranscriptIndex, stems_of

_TIMES = re.compile(r"\s?(?:times|mal|fois|veces|volte|vezes|keer)\b", re.IGNORECASE)
_NOUN = re.compile(r"\s([^\W\d_]++)")
_KINDS = {stem(kind.value): kind for kind in Kind} | {stem("call"): Kind.TOOL_CALL}
_CHANNELS = {stem(channel.value): channel for channel in Channel}


def counted(figure: Figure, text: str, index: TranscriptIndex, cited: int) -> bool:
    """Whether a number of a text is how many there are of something in the lines; `cited` ones may be what is told."""
    return not figure.values.isdisjoint((cited, *index.counts, *index.sums, *_counts(figure, text, index)))


def _counts(figure: Figure, text: str, index: TranscriptIndex) -> Iterator[float]:
    """How many lines there are of the kind or channel that the number is of, or that speak of the same."""
    if _TIMES.match(text, figure.end):
        yield from map(float, _repetitions(text, index))
    noun = _NOUN.match(text, figure.end)
    name = stem(noun[1].casefold()) if noun else ""
    rows = [line.interaction for line in index.lines]
    if name in _KINDS:
        of_kind = [row for row in rows if row.kind is _KINDS[name]]
        yield float(len(of_kind))
        yield from (float(sum(row.actor is actor for row in of_kind)) for actor in {row.actor for row in of_kind})
    if name in _CHANNELS:
        of_channel = [row for row in rows if row.channel is _CHANNELS[name]]
        yield from (float(len(of_channel)), float(len({row.conversation_id for row in of_channel})))


def _repetitions(text: str, index: TranscriptIndex) -> Iterator[int]:
    """How many lines of one side speak of what a text tells of, by each of its words, and in how many conversations."""
    yield len({line.interaction.conversation_id for line in index.lines})
    for word in stems_of(text):
        lines = [index.lines[position] for position in index.postings.get(word, ())]
        by_customer = sum(line.by_customer for line in lines)
        yield from (by_customer, len(lines) - by_customer)
