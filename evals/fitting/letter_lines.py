"""Fits the classifiers of `app.nlu.letter_lines` anew: `python -m evals.fitting.letter_lines`.

Two logistic regressions (scikit-learn, ridge penalty): what is a notice, and what is of an automatic reply. Learnt from
`evals/labels/letter_lines.jsonl` and, as what is neither, from the sentences of customers and the telling ones of staff
that are labelled for the other classifiers. The figures that are printed are those of lines that were left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import linear_model

from app.nlu.features import SIZE, own_features
from app.nlu.letter_lines import KINDS, WEIGHTS
from evals.datasets.label_rows import FOLDER, development, held_out

STRENGTH = 60.0
"""The inverse of the ridge penalty."""
MOST_WORDINGS = 24
"""So many lines are made of one that stands for several."""
_WEIGHT = 8.0  # of a labelled line, beside the far more sentences that are neither
_EIGHT_BITS = 127
_SURE = 0.3


def lines(split: str, path: Path = FOLDER / "letter_lines.jsonl") -> Iterator[Mapping[str, Any]]:
    """The labelled lines of a split."""
    with path.open(encoding="utf-8") as rows:
        yield from (row for row in map(json.loads, rows) if row["split"] == split)


def wordings(text: str, most: int = MOST_WORDINGS) -> list[str]:
    """A line as it is; of one with `{either|or}`, so many of the lines that it stands for, the same ones every time."""
    random = Random(text)  # noqa: S311 - nothing secret
    pieces = [piece.split("|") for piece in text.replace("{", "\0").replace("}", "\0").split("\0")]
    if len(pieces) == 1:
        return [text]
    made = ("".join(map(random.choice, pieces)) for _ in range(most))
    return list(dict.fromkeys(" ".join(wording.split()) for wording in made))


def matrix_of(texts: Sequence[str]) -> Any:
    """The features of lines as a sparse matrix of rows of length 1. Shape: (lines, SIZE)."""
    columns = [own_features(text, by_customer=True).numbers for text in texts]
    ends = np.cumsum([0, *map(len, columns)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(len(row)), np.float64) for row in columns])
    return csr_matrix((values, np.concatenate(columns), ends), shape=(len(texts), SIZE))


def main() -> None:
    """Fit, tell the figures of the lines that were left out, and write the weights."""
    labelled = [(row["label"], wording) for row in lines("development") for wording in wordings(row["text"])]
    others = [row.text for row in development(None) if row.setting.by_customer or row.boilerplate is False]
    matrix = matrix_of([*(text for _, text in labelled), *others])
    sample_weights = [_WEIGHT] * len(labelled) + [1.0] * len(others)
    models: list[Any] = []
    for kind in KINDS:
        labels = [label == kind for label, _ in labelled] + [False] * len(others)
        model: Any = cast(Any, linear_model).LogisticRegression(C=STRENGTH, max_iter=500)
        models.append(model.fit(matrix, labels, sample_weight=sample_weights))
    columns: NDArray[np.float64] = np.hstack([model.coef_.T for model in models])
    scale: NDArray[np.float64] = np.abs(columns).max(axis=0) / _EIGHT_BITS
    rounded: NDArray[np.int8] = np.round(columns / scale).astype(np.int8)
    intercepts = np.array([float(model.intercept_[0]) for model in models])
    _judge(rounded * scale, intercepts)
    with WEIGHTS.open("wb") as file:
        np.savez_compressed(file, columns=rounded, scale=scale, intercepts=intercepts)


def _judge(columns: NDArray[np.float64], intercepts: NDArray[np.float64]) -> None:
    left_out = list(lines("held_out"))
    others = [row.text for row in held_out(None) if row.setting.by_customer]
    scores = matrix_of([*(row["text"] for row in left_out), *others]) @ columns + intercepts
    likely = 1 / (1 + np.exp(-scores))
    for column, kind in enumerate(KINDS):
        truth = [row["label"] == kind for row in left_out] + [False] * len(others)
        taken = [score >= _SURE for score in likely[:, column].tolist()]
        right = sum(is_so and is_taken for is_so, is_taken in zip(truth, taken, strict=True))
        print(f"{kind}: {right} of {sum(truth)} found, {sum(taken) - right} of {len(truth) - sum(truth)} wrongly taken")


if __name__ == "__main__":
    main()
