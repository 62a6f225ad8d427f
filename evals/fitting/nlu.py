"""Fits the classifiers of `app.nlu` anew: `python -m evals.fitting.nlu [--data FOLDER] [--only TRAIT ...]`.

Logistic regressions (scikit-learn, ridge penalty). Over hashed features of a sentence: one for acts, one for moods, one
for each trait. The intercept of a trait is shifted so that 0.5 is where F1 is best in a cross-validation over whole
conversations; that of `key` and of `telling` is not, because sentences are only ranked by them. Over all of a
customer's sentences: one for why they came, one for what they still want. Over what follows a wish: one for its state.
These three are fitted to what the first ones make of conversations that those were not fitted to, and to the beginnings
of conversations too, since briefs are made in the middle of one.
FOLDER holds the public conversations that are labelled here by their ids; without it the weights are fitted to what was
written for this project alone.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence, Set
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import linear_model, metrics, model_selection

from app.nlu import SentenceReading, reasons, wish_states
from app.nlu.classifier import ACTS, MOODS, TRAITS, WEIGHTS, reading_of
from app.nlu.features import SIZE, features
from app.nlu.wish_states import MOST_LATER, STATES, Later, content_words, turns_of
from evals.datasets.label_rows import LabelledSentence, development

STATE_STRENGTH = 1.0
RANKING_STRENGTH = 0.1
_UNSETTLED = ("open", "refused", "conditional")
_LEAST_SPREAD = 1e-6
STRENGTH = 20.0
"""The inverse of the ridge penalty; of 3, 10, 20 and 30 the best in cross-validation, by little."""
FOLDS = 4
_RANKED = ("key", "telling")
_EIGHT_BITS = 127


class Columns(NamedTuple):
    """Weights and intercepts, a column for each act, mood and trait. Shapes: (SIZE, columns) and (columns,)."""

    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def scores(self, matrix: Any) -> NDArray[np.float64]:
        """The scores of sentences. Shape: (sentences, columns)."""
        return matrix @ self.weights + self.intercepts


def matrix_of(rows: Sequence[LabelledSentence]) -> Any:
    """The features of sentences as a sparse matrix of rows of length 1. Shape: (sentences, SIZE)."""
    columns_by_row = [features(row.text, row.setting) for row in rows]
    ends = np.cumsum([0, *map(len, columns_by_row)])
    values = np.concatenate(
        [np.full(len(columns), 1 / np.sqrt(len(columns)), np.float32) for columns in columns_by_row]
    )
    return csr_matrix((values, np.concatenate(columns_by_row), ends), shape=(len(rows), SIZE))


def fit(matrix: Any, rows: Sequence[LabelledSentence]) -> Columns:
    """The columns of all classifiers, fitted to labelled sentences."""
    parts = [
        _classes(matrix, [row.act for row in rows], [act.value for act in ACTS]),
        _classes(matrix, [row.mood for row in rows], MOODS),
        *(_classes(matrix, [getattr(row, trait) for row in rows], (True,)) for trait in TRAITS),
    ]
    return Columns(np.hstack([part.weights for part in parts]), np.concatenate([part.intercepts for part in parts]))


def _classes(matrix: Any, labels: Sequence[Any], classes: Sequence[Any]) -> Columns:
    labelled = [index for index, label in enumerate(labels) if label is not None]
    model: Any = (
        cast(Any, linear_model)
        .LogisticRegression(C=STRENGTH, max_iter=300)
        .fit(matrix[labelled], [labels[index] for index in labelled])
    )
    if len(classes) == 1:
        return Columns(model.coef_.T, model.intercept_)
    order = [list(model.classes_).index(name) for name in classes]
    return Columns(model.coef_[order].T, model.intercept_[order])


def _out_of_fold(matrix: Any, rows: Sequence[LabelledSentence]) -> NDArray[np.float64]:
    """The scores of every sentence by classifiers that saw nothing of its conversation. Shape: (sentences, columns)."""
    scores = np.zeros((len(rows), len(ACTS) + len(MOODS) + len(TRAITS)))
    splitter = cast(Any, model_selection).GroupKFold(FOLDS)
    folds: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]] = splitter.split(
        matrix, groups=[row.conversation for row in rows]
    )
    for learnt, judged in folds:
        scores[judged] = fit(matrix[learnt], [rows[int(index)] for index in learnt]).scores(matrix[judged])
    return scores


def _shifts(scores: NDArray[np.float64], rows: Sequence[LabelledSentence]) -> NDArray[np.float64]:
    """For each column what to add to its scores, so that a trait's best F1 in cross-validation is at 0."""
    shifts = np.zeros(scores.shape[1])
    for column, trait in enumerate(TRAITS, start=len(ACTS) + len(MOODS)):
        labelled = [index for index, row in enumerate(rows) if getattr(row, trait) is not None]
        truth = [getattr(rows[index], trait) for index in labelled]
        precision, recall, thresholds = cast(Any, metrics).precision_recall_curve(truth, scores[labelled, column])
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        best = int(f1[:-1].argmax())
        print(f"{trait:12} precision {precision[best]:.3f} recall {recall[best]:.3f} F1 {f1[best]:.3f} of {sum(truth)}")
        if trait not in _RANKED:
            shifts[column] = -thresholds[best]
    return shifts


def wish_rows(
    rows: Sequence[LabelledSentence], readings: Sequence[SentenceReading]
) -> tuple[NDArray[np.float64], list[str], list[str], list[float]]:
    """The traits of every labelled wish, how it stands, the conversation, and the weight of that.

    A wish weighs as much at the end of its conversation as at the ends of all earlier turns together.
    """
    traits: list[NDArray[np.float64]] = []
    states: list[str] = []
    conversations: list[str] = []
    weights: list[float] = []
    for conversation, whole in _conversations(rows, readings):
        beginnings = list(_beginnings_of(whole))
        for together in beginnings:
            turns = turns_of(row.setting.by_customer for row, _ in together)
            words = [content_words(row.text) for row, _ in together]
            places = {row.at for row, _ in together}
            for index, (row, reading) in enumerate(together):
                if row.state is None:
                    continue
                end = min(len(together), index + 1 + MOST_LATER)
                later = [
                    Later(other.setting.by_customer, turns[at], not words[index].isdisjoint(words[at]), read_as)
                    for at, (other, read_as) in enumerate(together[index + 1 : end], start=index + 1)
                ]
                traits.append(wish_states.traits(reading, later, carried_out=False, failed=False))
                states.append(_state_so_far(row, places))
                conversations.append(conversation)
                weights.append(1.0 if len(together) == len(whole) else 1.0 / max(1, len(beginnings) - 1))
    return np.array(traits), states, conversations, weights


def _state_so_far(row: LabelledSentence, places: Set[str]) -> str:
    """How a wish stands where only these sentences were said: what is closed later is open yet."""
    state = row.state or "open"
    return "open" if row.closed_by is not None and row.closed_by not in places else state


def ranked_rows(
    rows: Sequence[LabelledSentence],
    readings: Sequence[SentenceReading],
    sought: Callable[[LabelledSentence, Set[str]], bool],
) -> tuple[NDArray[np.float64], list[bool], list[str]]:
    """The traits of the customer's sentences, whether each is sought, and the beginning of a conversation they are of.

    `sought` is given a sentence and where the sentences stand that were said by then.
    """
    traits: list[NDArray[np.float64]] = []
    labels: list[bool] = []
    beginnings: list[str] = []
    for conversation, together in _beginnings(rows, readings):
        own = [(row, reading) for row, reading in together if row.key is not None]
        places = {row.at for row, _ in together}
        wanted = [sought(row, places) for row, _ in own]
        if not any(wanted):
            continue
        traits.append(reasons.traits([(row.text, row.setting, reading) for row, reading in own]))
        labels += wanted
        beginnings += [f"{conversation}:{len(together)}"] * len(own)
    return np.concatenate(traits), labels, beginnings


def fit_ranking(name: str, ranked: tuple[NDArray[np.float64], list[bool], list[str]]) -> NDArray[np.float64]:
    """The weights of the traits; prints how often the likeliest, and one of the likeliest two, is what is sought."""
    matrix, labels, beginnings = ranked
    conversations = [beginning.rpartition(":")[0] for beginning in beginnings]
    spread = np.maximum(matrix.std(axis=0), _LEAST_SPREAD)
    model: Any = cast(Any, linear_model).LogisticRegression(C=RANKING_STRENGTH, max_iter=3000)
    folds = cast(Any, model_selection).GroupKFold(FOLDS)
    scores: NDArray[np.float64] = cast(Any, model_selection).cross_val_predict(
        model, matrix / spread, labels, groups=conversations, cv=folds, method="decision_function"
    )
    first, second, count = 0, 0, 0
    for _, together in groupby(zip(beginnings, scores.tolist(), labels, strict=True), key=lambda row: row[0]):
        order = [label for _, _, label in sorted(together, key=lambda row: -row[1])]
        first, second, count = first + order[0], second + any(order[:2]), count + 1
    print(f"{name:12} first {first / count:.3f} among two {second / count:.3f} of {count}")
    model.fit(matrix / spread, labels)
    weights: NDArray[np.float64] = model.coef_ / spread
    weights[:, 0] += model.intercept_
    return weights


def _is_wanted(row: LabelledSentence, places: Set[str]) -> bool:
    return row.state is not None and _state_so_far(row, places) in _UNSETTLED


def _beginnings(
    rows: Sequence[LabelledSentence], readings: Sequence[SentenceReading]
) -> Iterable[tuple[str, list[tuple[LabelledSentence, SentenceReading]]]]:
    """Every conversation, and it up to the end of each of its turns."""
    for conversation, whole in _conversations(rows, readings):
        for together in _beginnings_of(whole):
            yield conversation, together


def _beginnings_of(
    whole: list[tuple[LabelledSentence, SentenceReading]],
) -> Iterable[list[tuple[LabelledSentence, SentenceReading]]]:
    turns = turns_of(row.setting.by_customer for row, _ in whole)
    for end in range(1, len(whole) + 1):
        if end == len(whole) or turns[end] != turns[end - 1]:
            yield whole[:end]


def _conversations(
    rows: Sequence[LabelledSentence], readings: Sequence[SentenceReading]
) -> Iterable[tuple[str, list[tuple[LabelledSentence, SentenceReading]]]]:
    pairs = zip(rows, readings, strict=True)
    for conversation, together in groupby(pairs, key=lambda pair: pair[0].conversation):
        yield conversation, list(together)


def fit_wish_states(wishes: tuple[NDArray[np.float64], list[str], list[str], list[float]]) -> NDArray[np.float64]:
    """The weights of the states over traits of which the first is always 1, a row for each of STATES.

    Prints their figures in cross-validation.
    """
    matrix, labels, conversations, weights_of_rows = wishes
    model: Any = cast(Any, linear_model).LogisticRegression(C=STATE_STRENGTH, max_iter=3000)
    folds = cast(Any, model_selection).GroupKFold(FOLDS)
    guessed = cast(Any, model_selection).cross_val_predict(
        model, matrix, labels, groups=conversations, cv=folds, params={"sample_weight": weights_of_rows}
    )
    accuracy = float(cast(Any, metrics).accuracy_score(labels, guessed, sample_weight=weights_of_rows))
    macro = float(cast(Any, metrics).f1_score(labels, guessed, average="macro", sample_weight=weights_of_rows))
    print(f"{'wish states':12} accuracy {accuracy:.3f} macro F1 {macro:.3f} of {len(labels)}")
    model.fit(matrix, labels, sample_weight=weights_of_rows)
    order = [list(model.classes_).index(label) for label in STATES]
    weights: NDArray[np.float64] = model.coef_[order].copy()
    weights[:, 0] += model.intercept_[order]
    return weights


def shipped(path: Path = WEIGHTS) -> Columns:
    """The weights in the package."""
    with np.load(path) as file:
        return Columns(file["columns"] * float(file["scale"]), file["intercepts"].astype(np.float64))


def with_traits(traits: Iterable[str], fitted: Columns, rest: Columns) -> Columns:
    """The columns of these traits as they were fitted, and all others of the rest. A trait's fit is its own affair."""
    weights, intercepts = rest.weights.copy(), rest.intercepts.copy()
    for trait in traits:
        column = len(ACTS) + len(MOODS) + TRAITS.index(trait)
        weights[:, column], intercepts[column] = fitted.weights[:, column], fitted.intercepts[column]
    return Columns(weights, intercepts)


def save(columns: Columns, path: Path = WEIGHTS) -> None:
    """Write the weights, in eight bits each."""
    scale = np.float32(np.abs(columns.weights).max() / _EIGHT_BITS)
    rounded = np.round(columns.weights / scale).astype(np.int8)
    np.savez_compressed(path, columns=rounded, scale=scale, intercepts=columns.intercepts.astype(np.float32))


def main() -> None:
    """Fit, and write the weights into the package."""
    parser = argparse.ArgumentParser(description="Fits the classifiers of sentences anew.")
    parser.add_argument("--data", type=Path, help="the folder of the public conversations that are labelled by id")
    parser.add_argument(
        "--only", nargs="+", choices=TRAITS, default=None, help="fit these traits alone and leave the rest as it is"
    )
    options = parser.parse_args()
    rows = development(options.data)
    print(f"{len(rows)} sentences")
    matrix = matrix_of(rows)
    scores = _out_of_fold(matrix, rows)
    shifts = _shifts(scores, rows)
    weights, intercepts = fit(matrix, rows)
    fitted = Columns(weights, intercepts + shifts)
    if options.only is not None:
        save(with_traits(options.only, fitted, shipped()))
        return
    save(fitted)
    readings = [reading_of(row.astype(np.float32)) for row in scores + shifts]
    _write(wish_states.WEIGHTS, STATES, fit_wish_states(wish_rows(rows, readings)))
    reason = fit_ranking("reasons", ranked_rows(rows, readings, lambda row, _: bool(row.key)))
    wanted = fit_ranking("still wanted", ranked_rows(rows, readings, _is_wanted))
    _write(reasons.WEIGHTS, ["reason", "wanted"], np.vstack([reason, wanted]))


def _write(path: Path, classes: Sequence[str], weights: NDArray[np.float64]) -> None:
    fitted = {"classes": classes, "weights": weights.round(4).tolist()}
    path.write_text(json.dumps(fitted) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
