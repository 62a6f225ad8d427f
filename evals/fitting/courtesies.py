"""Fits the classifier of mere courtesy anew: `python -m evals.fitting.courtesies`.

To `evals/labels/courtesies.jsonl`, and to what customers say in the conversations and sentences that are labelled by
their acts. Prints precision and recall in a cross-validation over whole conversations.
"""

import json
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import linear_model, metrics, model_selection

from app.nlu.courtesies import SURE, WEIGHTS, nameless
from app.nlu.features import SIZE, own_features
from evals.datasets.label_rows import FOLDER, development

STRENGTH = 20.0
FOLDS = 5
OWN_WEIGHT = 5.0
"""A sentence that was labelled for this counts so many times."""
_EIGHT_BITS = 127
_COURTEOUS = ("greeting", "farewell", "thanks")


def labelled() -> tuple[list[str], list[bool], list[str], list[float]]:
    """Sentences of customers, whether each is mere courtesy, the conversation of each and how much it counts."""
    rows = [row for row in development(None) if row.setting.by_customer and row.act is not None]
    texts = [row.text for row in rows]
    labels = [row.act in _COURTEOUS and not row.wish and not row.key for row in rows]
    groups = [row.conversation for row in rows]
    weights = [1.0] * len(rows)
    with (FOLDER / "courtesies.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            fields = json.loads(line)
            texts.append(fields["text"])
            labels.append(fields["courtesy"])
            groups.append(f"courtesies-{number}")
            weights.append(OWN_WEIGHT)
    return texts, labels, groups, weights


def matrix_of(texts: Sequence[str]) -> Any:
    """The features of sentences as a sparse matrix of rows of length 1. Shape: (sentences, SIZE)."""
    numbers = [own_features(nameless(text), by_customer=True).numbers for text in texts]
    ends = np.cumsum([0, *map(len, numbers)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(len(row)), np.float32) for row in numbers])
    return csr_matrix((values, np.concatenate(numbers), ends), shape=(len(texts), SIZE))


def main() -> None:
    """Fit, and write the weights into the package."""
    texts, labels, groups, weights = labelled()
    matrix = matrix_of(texts)
    model: Any = cast(Any, linear_model).LogisticRegression(C=STRENGTH, max_iter=300)
    guessed: NDArray[np.float64] = cast(Any, model_selection).cross_val_predict(
        model,
        matrix,
        labels,
        groups=groups,
        cv=cast(Any, model_selection).GroupKFold(FOLDS),
        method="predict_proba",
        params={"sample_weight": weights},
    )[:, 1]
    own = np.array([group.startswith("courtesies-") for group in groups])
    truth = np.array(labels)
    for name, chosen in (("all", np.ones(len(texts), bool)), ("labelled for this", own)):
        sure = guessed[chosen] >= SURE
        precision = cast(Any, metrics).precision_score(truth[chosen], sure)
        recall = cast(Any, metrics).recall_score(truth[chosen], sure)
        print(f"{name:18} precision {precision:.3f} recall {recall:.3f} of {int(truth[chosen].sum())}")
    model.fit(matrix, labels, sample_weight=weights)
    column: NDArray[np.float64] = model.coef_[0]
    scale = np.float32(np.abs(column).max() / _EIGHT_BITS)
    np.savez_compressed(
        WEIGHTS, column=np.round(column / scale).astype(np.int8), scale=scale, intercept=np.float32(model.intercept_[0])
    )


if __name__ == "__main__":
    main()
