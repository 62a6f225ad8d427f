"""Examples: the same sentence under two intents, and examples that the others of a catalogue give to another intent."""

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from app.actions.catalogue import Catalogue
from app.actions.intents import IntentClassifier, IntentLearner
from app.actions.intents.similarity import Lexicon
from app.actions.lint.remarks import PathInFile, Remark
from app.nlu.languages import folded
from app.ports import Vectors

# Cosines from which on two sentences say nearly the same.
ALIKE_BY_MEANING = 0.88
ALIKE_BY_WORDS = 0.8
# How sure the classifier must be of the other intent. Where the nearest example of that one is nearer than any of the
# own by so much, it stands in the wrong list; else it is one that says something new, which is only worth a thought.
SURE_OF_OTHER = 0.8
FAR_NEARER = 0.25
# Every so many-th example of each intent is left out at once, and read by what was learnt from the rest.
MOST_ROUNDS = 6
_LONGEST_SHOWN = 80

Tell = Callable[[int, int], None]


class _ExampleRows:
    """All examples of a catalogue in one row, each with its intent and its path."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.names = [intent.name for intent in catalogue.intents]
        self.labels = [intent.label for intent in catalogue.intents]
        rows = [
            (owner, rank, text)
            for owner, intent in enumerate(catalogue.intents)
            for rank, text in enumerate(intent.examples)
        ]
        self.owners: NDArray[np.int64] = np.array([owner for owner, _, _ in rows], np.int64)
        self.ranks: NDArray[np.int64] = np.array([rank for _, rank, _ in rows], np.int64)
        self.texts = [text for _, _, text in rows]

    def path(self, row: int) -> PathInFile:
        """Where an example stands."""
        return ("intents", int(self.owners[row]), "examples", int(self.ranks[row]))


async def remarks_by_meaning(catalogue: Catalogue, learner: IntentLearner, tell: Tell) -> list[Remark]:
    """Overlaps and misplaced examples, told by the embedder. Raises RetrievalUnavailable."""
    rows = _ExampleRows(catalogue)
    if len(rows.names) < 2:
        return []
    vectors = await learner.embed(rows.texts)
    labels = await learner.embed(rows.labels)
    return await asyncio.to_thread(_all_by_meaning, rows, vectors, labels, tell)


def remarks_by_words(catalogue: Catalogue) -> list[Remark]:
    """Overlaps alone, told by shared words."""
    rows = _ExampleRows(catalogue)
    vectors = Lexicon(rows.texts).vectors(rows.texts)
    return [*_repeated(rows), *_overlaps(rows, vectors, ALIKE_BY_WORDS, "in words")]


def _all_by_meaning(rows: _ExampleRows, vectors: Vectors, labels: Vectors, tell: Tell) -> list[Remark]:
    remarks = [*_repeated(rows), *_overlaps(rows, vectors, ALIKE_BY_MEANING, "in meaning")]
    overlapping = {remark.path for remark in remarks}
    misplaced = _misplaced(rows, vectors, labels, tell)
    return [*remarks, *(remark for remark in misplaced if remark.path not in overlapping)]


def _repeated(rows: _ExampleRows) -> Iterator[Remark]:
    """Sentences that stand twice, but for case, accents and signs."""
    first: dict[str, int] = {}
    for row, text in enumerate(rows.texts):
        same = spoken_form(text)
        before = first.setdefault(same, row)
        if before == row or not same:
            continue
        if rows.owners[before] == rows.owners[row]:
            what = f"“{_short(text)}” stands twice under this intent"
            yield Remark("hint", "repeated_example", rows.path(row), what, "Take one of the two out.")
        else:
            other = rows.names[int(rows.owners[before])]
            what = f"“{_short(text)}” also stands under {other!r}, so nobody can tell the two intents apart by it"
            yield Remark("error", "overlapping_examples", rows.path(row), what, "Leave it to the intent it really is.")


def _overlaps(rows: _ExampleRows, vectors: Vectors, least: float, how: str) -> Iterator[Remark]:
    cosines = vectors @ vectors.T
    apart = rows.owners[:, None] != rows.owners[None, :]
    pairs = np.argwhere(np.triu(apart & (cosines >= least), 1))
    for first, second in pairs.tolist():
        if spoken_form(rows.texts[first]) == spoken_form(rows.texts[second]):
            continue
        other = rows.names[int(rows.owners[first])]
        pair = f"“{_short(rows.texts[second])}” and “{_short(rows.texts[first])}” of {other!r}"
        what = f"{pair} are {cosines[first, second]:.0%} alike {how}"
        mend = "Put into each what decides between the two intents, or leave one of them out."
        yield Remark("warning", "overlapping_examples", rows.path(second), what, mend)


def _misplaced(rows: _ExampleRows, vectors: Vectors, labels: Vectors, tell: Tell) -> Iterator[Remark]:
    folds = rows.ranks % MOST_ROUNDS
    rounds = sorted(set(folds.tolist()))
    for done, fold in enumerate(rounds):
        tell(done, len(rounds))
        left_out = folds == fold
        # Of an intent whose only example is left out, the classifier knows nothing; nothing is said of that one.
        counts = np.bincount(rows.owners[~left_out], minlength=len(rows.names))
        judged = [row for row in np.flatnonzero(left_out).tolist() if counts[rows.owners[row]]]
        if not judged or not counts.any():
            continue
        classifier = IntentClassifier(rows.names, vectors[~left_out], rows.owners[~left_out], labels)
        confidences = classifier.likelihoods(vectors[judged]).confidences
        for row, shares in zip(judged, confidences, strict=True):
            yield from _given_to_another(rows, row, shares, vectors @ vectors[row])
    tell(len(rounds), len(rounds))


def _given_to_another(
    rows: _ExampleRows, row: int, shares: NDArray[np.float32], cosines: NDArray[np.float32]
) -> Iterator[Remark]:
    best, own = int(shares.argmax()), int(rows.owners[row])
    if best == own or shares[best] < SURE_OF_OTHER:
        return
    others = cosines.copy()
    others[row] = -1.0
    is_far_nearer = others[rows.owners == best].max() >= others[rows.owners == own].max() + FAR_NEARER
    what = (
        f"“{_short(rows.texts[row])}” is read as {rows.names[best]!r} ({shares[best]:.0%}) by all other examples, "
        f"as {rows.names[own]!r} by {shares[own]:.0%}"
    )
    mend = f"Move it there, word it so that it decides, or give {rows.names[own]!r} more examples like it."
    yield Remark("warning" if is_far_nearer else "hint", "misplaced_example", rows.path(row), what, mend)


def spoken_form(text: str) -> str:
    """A sentence without case, accents, spaces and signs: alike where two sentences are the same when spoken."""
    return "".join(letter for letter in folded(text) if letter.isalnum())


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} …"
