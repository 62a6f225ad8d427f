"""`warmline eval labels`: how well sentences are understood, on labelled conversations that nothing was fitted to.

Figures are printed for each source, since it is real text that counts: conversations written for this project, and,
where `--data` names their folder, public ones.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sklearn import metrics

from app.models import Record
from app.nlu import Reading, read
from app.nlu.reading import MOODS
from evals.label_rows import LabelledSentence, held_out

SURE = 0.5
TRAITS = ("human", "boilerplate", "promise", "attempt", "done")


class Found(Record):
    """Of `labelled` sentences with a trait and `found` ones, the shares that are right and that were found."""

    labelled: int
    found: int
    precision: float | None
    recall: float | None


class SourceFigures(Record):
    """The figures of one source. F1 is the mean over the acts, and over the moods, that occur in it."""

    conversations: int
    sentences: int
    acts_macro_f1: float
    acts_accuracy: float
    mood_macro_f1: float
    traits: Mapping[str, Found]
    boilerplate_accuracy: float
    key_conversations: int
    key_first: float
    key_among_two: float


class LabelFigures(Record):
    """The figures of each source, and of all together."""

    by_source: Mapping[str, SourceFigures]
    together: SourceFigures


def evaluate(data: Path | None) -> LabelFigures:
    """The figures on what is held out. Raises InvalidRequest where the folder lacks a source."""
    rows = held_out(data)
    by_source: dict[str, list[LabelledSentence]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    figures = {source: _figures(sentences) for source, sentences in sorted(by_source.items())}
    return LabelFigures(by_source=figures, together=_figures(rows))


def _figures(rows: Sequence[LabelledSentence]) -> SourceFigures:
    readings = [read(row.text, row.setting) for row in rows]
    acts = [(str(row.act), reading.act.value) for row, reading in zip(rows, readings, strict=True)]
    moods = [
        (row.mood, max(MOODS, key=reading.moods.__getitem__))
        for row, reading in zip(rows, readings, strict=True)
        if row.mood is not None
    ]
    boilerplate = [
        row.boilerplate is (reading.boilerplate >= SURE) for row, reading in zip(rows, readings, strict=True)
    ]
    ranks = _ranks_of_key_sentences(rows, readings)
    return SourceFigures(
        conversations=len({row.conversation for row in rows}),
        sentences=len(rows),
        acts_macro_f1=_macro_f1(acts),
        acts_accuracy=sum(told == found for told, found in acts) / len(acts),
        mood_macro_f1=_macro_f1(moods),
        traits={trait: _found(trait, rows, readings) for trait in TRAITS},
        boilerplate_accuracy=sum(boilerplate) / len(boilerplate),
        key_conversations=len(ranks),
        key_first=sum(rank == 0 for rank in ranks) / max(1, len(ranks)),
        key_among_two=sum(rank < 2 for rank in ranks) / max(1, len(ranks)),
    )


def _macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    told, found = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return float(cast(Any, metrics).f1_score(told, found, labels=sorted(set(told)), average="macro", zero_division=0))


def _found(trait: str, rows: Sequence[LabelledSentence], readings: Sequence[Reading]) -> Found:
    judged = [
        (bool(getattr(row, trait)), getattr(reading, trait) >= SURE)
        for row, reading in zip(rows, readings, strict=True)
        if getattr(row, trait) is not None
    ]
    right = sum(told and found for told, found in judged)
    labelled, found = sum(told for told, _ in judged), sum(found for _, found in judged)
    return Found(
        labelled=labelled,
        found=found,
        precision=right / found if found else None,
        recall=right / labelled if labelled else None,
    )


def _ranks_of_key_sentences(rows: Sequence[LabelledSentence], readings: Sequence[Reading]) -> list[int]:
    """For each conversation with key sentences, the rank of the best of them among the customer's sentences."""
    ranked: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for row, reading in zip(rows, readings, strict=True):
        if row.key is not None:
            ranked[row.conversation].append((-reading.key, not row.key))
    found: list[int] = []
    for scored in ranked.values():
        order = [not other for _, other in sorted(scored)]
        if any(order):
            found.append(order.index(True))
    return found
