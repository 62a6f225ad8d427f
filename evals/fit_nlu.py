"""Fits the classifiers of `app.nlu` anew: `python -m evals.fit_nlu [--data FOLDER]`.

Logistic regressions (scikit-learn, ridge penalty) over hashed features: one for acts, one for moods, one for each
trait; and one over what follows a wish, for its state. The intercept of a trait is shifted so that 0.5 is where F1 is
best in a cross-validation over whole conversations; that of `key` is not, because sentences are only ranked by it.
FOLDER holds the public conversations that are labelled here by their ids; without it the weights are fitted to what was
written for this project alone.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import linear_model, metrics, model_selection

from app.nlu.features import SIZE, features
from app.nlu.reading import ACTS, MOODS, TRAITS, WEIGHTS, forget_weights, read
from app.nlu.wish_states import MOST_LATER, STATES, Later, content_words, traits, turns_of
from app.nlu.wish_states import WEIGHTS as WISH_WEIGHTS
from evals.label_rows import LabelledSentence, development

WISH_STRENGTH = 1.0
STRENGTH = 20.0
"""The inverse of the ridge penalty; of 3, 10, 20 and 30 the best in cross-validation, by little."""
FOLDS = 4
_RANKED = "key"
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
    found = [features(row.text, row.setting) for row in rows]
    ends = np.cumsum([0, *map(len, found)])
    values = np.concatenate([np.full(len(one), 1 / np.sqrt(len(one)), np.float32) for one in found])
    return csr_matrix((values, np.concatenate(found), ends), shape=(len(rows), SIZE))


def fit(matrix: Any, rows: Sequence[LabelledSentence]) -> Columns:
    """The columns of all classifiers, fitted to labelled sentences."""
    parts = [
        _classes(matrix, [row.act for row in rows], [act.value for act in ACTS]),
        _classes(matrix, [row.mood for row in rows], MOODS),
        *(_classes(matrix, [getattr(row, trait) for row in rows], (True,)) for trait in TRAITS),
    ]
    return Columns(np.hstack([part.weights for part in parts]), np.concatenate([part.intercepts for part in parts]))


def _classes(matrix: Any, labels: Sequence[Any], classes: Sequence[Any]) -> Columns:
    known = [place for place, label in enumerate(labels) if label is not None]
    model: Any = (
        cast(Any, linear_model)
        .LogisticRegression(C=STRENGTH, max_iter=300)
        .fit(matrix[known], [labels[place] for place in known])
    )
    if len(classes) == 1:
        return Columns(model.coef_.T, model.intercept_)
    order = [list(model.classes_).index(name) for name in classes]
    return Columns(model.coef_[order].T, model.intercept_[order])


def _shifts(matrix: Any, rows: Sequence[LabelledSentence]) -> NDArray[np.float64]:
    """For each column what to add to its scores, so that a trait's best F1 in cross-validation is at 0."""
    first = len(ACTS) + len(MOODS)
    scores = np.zeros((len(rows), first + len(TRAITS)))
    splitter = cast(Any, model_selection).GroupKFold(FOLDS)
    folds: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]] = splitter.split(
        matrix, groups=[row.conversation for row in rows]
    )
    for learnt, judged in folds:
        scores[judged] = fit(matrix[learnt], [rows[int(place)] for place in learnt]).scores(matrix[judged])
    shifts = np.zeros(scores.shape[1])
    for column, trait in enumerate(TRAITS, start=first):
        known = [place for place, row in enumerate(rows) if getattr(row, trait) is not None]
        truth = [getattr(rows[place], trait) for place in known]
        precision, recall, thresholds = cast(Any, metrics).precision_recall_curve(truth, scores[known, column])
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        best = int(f1[:-1].argmax())
        print(f"{trait:12} precision {precision[best]:.3f} recall {recall[best]:.3f} F1 {f1[best]:.3f} of {sum(truth)}")
        if trait != _RANKED:
            shifts[column] = -thresholds[best]
    return shifts


def wish_rows(rows: Sequence[LabelledSentence]) -> tuple[NDArray[np.float64], list[str], list[str]]:
    """The traits of every labelled wish, its state, and its conversation; read with the weights in force."""
    found: list[NDArray[np.float64]] = []
    states: list[str] = []
    conversations: list[str] = []
    for conversation, together in groupby(rows, key=lambda row: row.conversation):
        said = list(together)
        turns = turns_of(row.setting.by_customer for row in said)
        words = [content_words(row.text) for row in said]
        readings = [read(row.text, row.setting) for row in said]
        for place, row in enumerate(said):
            if row.state is None:
                continue
            later = [
                Later(said[at].setting.by_customer, turns[at], not words[place].isdisjoint(words[at]), readings[at])
                for at in range(place + 1, min(len(said), place + 1 + MOST_LATER))
            ]
            found.append(traits(readings[place], later, carried_out=False, failed=False))
            states.append(row.state)
            conversations.append(conversation)
    return np.array(found), states, conversations


def fit_wish_states(rows: Sequence[LabelledSentence]) -> NDArray[np.float64]:
    """The weights of the states of wishes, a row for each of STATES; prints accuracy in cross-validation."""
    matrix, states, conversations = wish_rows(rows)
    model: Any = cast(Any, linear_model).LogisticRegression(C=WISH_STRENGTH, max_iter=3000)
    folds = cast(Any, model_selection).GroupKFold(FOLDS)
    guessed = cast(Any, model_selection).cross_val_predict(model, matrix, states, groups=conversations, cv=folds)
    right = sum(told == found for told, found in zip(states, guessed.tolist(), strict=True))
    print(f"{'wish states':12} accuracy {right / len(states):.3f} of {len(states)}")
    model.fit(matrix, states)
    order = [list(model.classes_).index(name) for name in STATES]
    weights: NDArray[np.float64] = model.coef_[order].copy()
    weights[:, 0] += model.intercept_[order]  # the first trait is always 1
    return weights


def save(columns: Columns, path: Path = WEIGHTS) -> None:
    """Write the weights, in eight bits each."""
    scale = np.float32(np.abs(columns.weights).max() / _EIGHT_BITS)
    rounded = np.round(columns.weights / scale).astype(np.int8)
    np.savez_compressed(path, columns=rounded, scale=scale, intercepts=columns.intercepts.astype(np.float32))


def main() -> None:
    """Fit, and write the weights into the package."""
    parser = argparse.ArgumentParser(description="Fits the classifiers of sentences anew.")
    parser.add_argument("--data", type=Path, help="the folder of the public conversations that are labelled by id")
    rows = development(parser.parse_args().data)
    print(f"{len(rows)} sentences")
    matrix = matrix_of(rows)
    shifts = _shifts(matrix, rows)
    weights, intercepts = fit(matrix, rows)
    save(Columns(weights, intercepts + shifts))
    forget_weights()
    fitted = {"states": STATES, "weights": fit_wish_states(rows).round(3).tolist()}
    WISH_WEIGHTS.write_text(json.dumps(fitted) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
