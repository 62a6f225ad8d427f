"""Which sentences of a transcript tell of the day of what a statement speaks of: those that share most of its words."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from app.verification.transcript import TranscriptIndex, stems_of

_FEWEST_SHARED = 2
_LEAST_SHARE = 0.5
# Whoever is told of, a sentence about either side would share them.
_PARTIES = stems_of("customer caller client agent bot assistant")


def closest_sentences(
    text: str,
    index: TranscriptIndex,
    *,
    telling: Callable[[str], bool],
    without: Collection[str] = (),
    in_passing: bool = False,
) -> Sequence[str]:
    """Of the sentences that are `telling` those that share most words with a text; `without` are none of its words.

    Nothing where none shares two words and half of them: then none may be said to speak of the same. With `in_passing`
    a sentence shares what the one before it and the one after it hold, too: what is asked, and what is answered.
    """
    wanted = stems_of(text) - _PARTIES - frozenset(stem for phrase in without for stem in stems_of(phrase))
    shared = Counter(position for stem in wanted for position in _positions(stem, index, beside=1 if in_passing else 0))
    counts = {position: count for position, count in shared.items() if telling(index.sentences[position][1])}
    most = max(counts.values(), default=0)
    if most < _FEWEST_SHARED or most < _LEAST_SHARE * len(wanted):
        return ()
    return [index.sentences[position][1] for position, count in counts.items() if count == most]


def _positions(stem: str, index: TranscriptIndex, *, beside: int) -> set[int]:
    """The places of the sentences that hold a stem, and of so many on each side of them."""
    last = len(index.sentences)
    return {
        position
        for own in index.sentence_postings.get(stem, ())
        for position in range(max(0, own - beside), min(last, own + beside + 1))
    }
