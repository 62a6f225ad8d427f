"""`warmline eval labels`: how well sentences are understood, on labelled conversations that nothing was fitted to.

Figures are printed for each source, since it is real text that counts: conversations written for this project, and,
where `--data` names their folder, public ones.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from sklearn import metrics

from app.models import Record
from app.nlu import Act, SentenceReading, read
from app.nlu.classifier import MOODS
from app.nlu.mood import felt, mood_after
from app.nlu.promises import binds_us
from app.nlu.reasons import weighed
from app.nlu.wish_states import MOST_LATER, Later, content_words, state, turns_of
from evals.datasets.label_rows import LabelledSentence, held_out, held_out_sentences

SURE = 0.5
TRAITS = ("human", "boilerplate", "promise", "attempt", "done")
_ACTS_OF_WORDINGS = (Act.WITHDRAWAL, Act.REQUEST, Act.CONDITION, Act.REFUSAL)
_TRAITS_OF_WORDINGS = ("wish", "warning", "relief")
_Read = tuple[LabelledSentence, SentenceReading]


class DetectionFigures(Record):
    """Of `labelled` sentences with a trait and `found` ones, the shares that are right and that were found."""

    labelled: int
    found: int
    precision: float | None
    recall: float | None


class SourceFigures(Record):
    """The figures of one source. F1 is the mean over the acts, and over the moods, that occur in it.

    `promises` are those of our side as a brief tells them; `wish_states` and `conversation_moods` are accuracies, of
    wishes that were labelled and of moods at the end of conversations.
    """

    conversations: int
    sentences: int
    acts_macro_f1: float
    acts_accuracy: float
    mood_macro_f1: float
    traits: Mapping[str, DetectionFigures]
    boilerplate_accuracy: float
    key_conversations: int
    key_first: float
    key_among_two: float
    promises: DetectionFigures
    wishes: int
    wish_states: float | None
    conversation_moods: float | None


class LabelFigures(Record):
    """The figures of each source, of all together, and of single sentences in wordings that nothing was fitted to.

    The last are of wishes taken back, threats, words of relief, requests, and such that only look like one of them.
    """

    by_source: Mapping[str, SourceFigures]
    together: SourceFigures
    wordings: Mapping[str, DetectionFigures]


def evaluate(data: Path | None) -> LabelFigures:
    """The figures on what is held out. Raises InvalidRequest where the folder lacks a source."""
    rows = held_out(data)
    by_source: dict[str, list[LabelledSentence]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    figures = {source: _figures(sentences) for source, sentences in sorted(by_source.items())}
    return LabelFigures(by_source=figures, together=_figures(rows), wordings=_wordings())


def _wordings() -> Mapping[str, DetectionFigures]:
    rows = held_out_sentences()
    readings = [read(row.text, row.setting) for row in rows]
    by_act = {
        act.value: _shares([(row.act == act, reading.act is act) for row, reading in zip(rows, readings, strict=True)])
        for act in _ACTS_OF_WORDINGS
    }
    return by_act | {trait: _detection(trait, rows, readings) for trait in _TRAITS_OF_WORDINGS}


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
    talks = [list(talk) for _, talk in groupby(zip(rows, readings, strict=True), key=lambda pair: pair[0].conversation)]
    ranks = [rank for talk in talks if (rank := _rank_of_key_sentence(talk)) is not None]
    states = [right for talk in talks for right in _states_right(talk)]
    felt = [right for talk in talks if (right := _mood_is_right(talk)) is not None]
    bound = [binds_us(row.text, reading.promise) for row, reading in zip(rows, readings, strict=True)]
    return SourceFigures(
        conversations=len({row.conversation for row in rows}),
        sentences=len(rows),
        acts_macro_f1=_macro_f1(acts),
        acts_accuracy=sum(label == predicted for label, predicted in acts) / len(acts),
        mood_macro_f1=_macro_f1(moods),
        traits={trait: _detection(trait, rows, readings) for trait in TRAITS},
        boilerplate_accuracy=sum(boilerplate) / len(boilerplate),
        key_conversations=len(ranks),
        key_first=sum(rank == 0 for rank in ranks) / max(1, len(ranks)),
        key_among_two=sum(rank < 2 for rank in ranks) / max(1, len(ranks)),
        promises=_shares([(row.promise, binds) for row, binds in zip(rows, bound, strict=True)]),
        wishes=len(states),
        wish_states=sum(states) / len(states) if states else None,
        conversation_moods=sum(felt) / len(felt) if felt else None,
    )


def _macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    truth, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return float(
        cast(Any, metrics).f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0)
    )


def _detection(trait: str, rows: Sequence[LabelledSentence], readings: Sequence[SentenceReading]) -> DetectionFigures:
    pairs = zip(rows, readings, strict=True)
    return _shares([(getattr(row, trait), getattr(reading, trait) >= SURE) for row, reading in pairs])


def _shares(pairs: Sequence[tuple[bool | None, bool]]) -> DetectionFigures:
    judged = [(label, predicted) for label, predicted in pairs if label is not None]
    right = sum(label and predicted for label, predicted in judged)
    labelled, positives = sum(label for label, _ in judged), sum(predicted for _, predicted in judged)
    return DetectionFigures(
        labelled=labelled,
        found=positives,
        precision=right / positives if positives else None,
        recall=right / labelled if labelled else None,
    )


def _rank_of_key_sentence(talk: Sequence[_Read]) -> int | None:
    """The rank of the best of a conversation's key sentences among the customer's; None where none is labelled."""
    own = [(row, reading) for row, reading in talk if row.key is not None]
    likely = weighed([(row.text, row.setting, reading) for row, reading in own])
    order = sorted(range(len(own)), key=lambda index: (-likely[index].reason, not own[index][0].key))
    return next((rank for rank, index in enumerate(order) if own[index][0].key), None)


def _states_right(talk: Sequence[_Read]) -> Iterator[bool]:
    """For each labelled wish, whether its state is found from what follows it."""
    turns = turns_of(row.setting.by_customer for row, _ in talk)
    words = [content_words(row.text) for row, _ in talk]
    for index, (row, reading) in enumerate(talk):
        if row.state is None:
            continue
        later = [
            Later(other.setting.by_customer, turns[at], not words[index].isdisjoint(words[at]), read_as)
            for at, (other, read_as) in enumerate(talk[index + 1 : index + 1 + MOST_LATER], start=index + 1)
        ]
        yield state(reading, later, carried_out=False, failed=False)[0] == row.state


def _mood_is_right(talk: Sequence[_Read]) -> bool | None:
    """Whether the mood at the end of a conversation is found; None where the label is unsure."""
    own = [(row, reading) for row, reading in talk if row.setting.by_customer]
    if not own or own[-1][0].feeling not in MOODS:
        return None
    messages = groupby(own, key=lambda pair: pair[0].setting.turn)
    course = [felt([reading for _, reading in message]) for _, message in messages]
    return mood_after(course) == own[-1][0].feeling
