"""Fits anew who serves and who is served: `python -m evals.fitting.sides [--data FOLDER]`.

A logistic regression (scikit-learn, ridge penalty) over the hashed features of single sentences, of bots and agents on
one side and of customers on the other, from the development part of `evals/labels`. How sure the pooled score of two
speakers makes one (`sharpness`) is fitted to conversations whose sentences the regression did not see, cut off after
one, two, four turns of each speaker too, since little may have been said.

It prints how often the side is right, how often it is sure (0.9), and how often it is sure and wrong: in
cross-validation on the development part, and on what nothing was fitted to. Of the public data in FOLDER those are
tau-bench airline (MIT), Schema-Guided Dialogue (CC BY-SA 4.0), its rated part (for measuring only), and 60 dialogues of
DialogSum (CC BY-NC-SA 4.0) between somebody who serves and somebody who is served, labelled by hand in
`evals/labels/serving.json`; in 34 of them the one who serves speaks first.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn import linear_model, model_selection

from app.nlu.sentences import sentences
from app.nlu.sides import SIZE, WEIGHTS, pooled, side_features
from evals.datasets.label_rows import FOLDER, SINGLE

STRENGTH = 1.0
"""The inverse of the ridge penalty; of 0.3, 1 and 5 the best for single turns in cross-validation, by little."""
FOLDS = 4
TURNS = (1, 2, 4, None)
SURE = 0.9
_EIGHT_BITS = 127


class SpokenTurn(NamedTuple):
    """The sentences of one turn, and whether its speaker serves."""

    serves: bool
    sentences: Sequence[str]


class LabelledTalk(NamedTuple):
    """A conversation between the two sides."""

    name: str
    turns: Sequence[SpokenTurn]


def written(file: str) -> Iterator[LabelledTalk]:
    """The conversations of a file of labels."""
    for fields in _lines(FOLDER / f"{file}.jsonl"):
        turns = [
            SpokenTurn(actor != "customer", [text for text, *_ in spoken]) for actor, _, _, spoken in fields["turns"]
        ]
        yield LabelledTalk(fields["id"], turns)


def single() -> Iterator[tuple[str, bool]]:
    """Single sentences, and whether somebody who serves says them."""
    for name in SINGLE:
        for fields in _lines(FOLDER / f"{name}.jsonl"):
            yield fields["text"], fields.get("actor", "customer") != "customer"


def conversation_files(path: Path) -> Iterator[LabelledTalk]:
    """The conversations of a file of public data in the form of conversation files."""
    for fields in _lines(path):
        turns = [
            SpokenTurn(turn["role"] != "customer", sentences(turn["text"]))
            for turn in fields["turns"]
            if turn["role"] in ("customer", "bot", "agent") and turn.get("text")
        ]
        yield LabelledTalk(fields["id"], turns)


def rated(path: Path) -> Iterator[LabelledTalk]:
    """The rated dialogues of Schema-Guided Dialogue: speaker and text, a blank line between dialogues."""
    for number, block in enumerate(path.read_text(encoding="utf-8").split("\n\n")):
        rows = [line.split("\t") for line in block.splitlines() if "\t" in line]
        if rows:
            yield LabelledTalk(f"rated-{number}", [SpokenTurn(row[0] != "USER", sentences(row[1])) for row in rows])


def dialogsum(path: Path) -> Iterator[LabelledTalk]:
    """The dialogues whose serving speaker was labelled by hand."""
    serving = json.loads((FOLDER / "serving.json").read_text(encoding="utf-8"))["serves"]
    for fields in _lines(path):
        if fields["fname"] in serving:
            rows = [line.partition(": ") for line in fields["dialogue"].splitlines()]
            turns = [
                SpokenTurn(speaker == f"#Person{serving[fields['fname']]}#", sentences(text))
                for speaker, _, text in rows
            ]
            yield LabelledTalk(fields["fname"], turns)


def matrix_of(texts: Sequence[str]) -> Any:
    """The features of sentences as a sparse matrix of rows of length 1. Shape: (sentences, SIZE)."""
    columns_by_row = [side_features(text) for text in texts]
    ends = np.cumsum([0, *map(len, columns_by_row)])
    values = np.concatenate(
        [np.full(len(columns), 1 / np.sqrt(len(columns)), np.float32) for columns in columns_by_row]
    )
    return csr_matrix((values, np.concatenate(columns_by_row), ends), shape=(len(texts), SIZE))


def fit(talks: Sequence[LabelledTalk], loose: Sequence[tuple[str, bool]]) -> Any:
    """The regression, fitted to every sentence of these conversations and to loose ones."""
    rows = [(text, turn.serves) for talk in talks for turn in talk.turns for text in turn.sentences]
    rows += loose
    model: Any = cast(Any, linear_model).LogisticRegression(C=STRENGTH, max_iter=300)
    return model.fit(matrix_of([text for text, _ in rows]), [serves for _, serves in rows])


def margins(model: Any, talks: Sequence[LabelledTalk], most: int | None) -> NDArray[np.float64]:
    """By how much the pooled score of the side that serves is above the other's, where both speak."""
    differences: list[float] = []
    for talk in talks:
        scores: dict[bool, list[float]] = {}
        for serves in (True, False):
            turns = [turn for turn in talk.turns if turn.serves is serves][:most]
            texts = [text for turn in turns for text in turn.sentences]
            scores[serves] = model.decision_function(matrix_of(texts)).tolist() if texts else []
        if scores[True] and scores[False]:
            differences.append(pooled(scores[True]) - pooled(scores[False]))
    return np.array(differences)


def sharpness_of(margins_: NDArray[np.float64]) -> float:
    """By what margins have to be multiplied to be logarithms of odds: the likeliest value."""
    values = np.geomspace(0.1, 10, 400)
    losses = [float(np.log1p(np.exp(-value * margins_)).mean()) for value in values]
    return float(values[int(np.argmin(losses))])


def report(name: str, margins_: NDArray[np.float64], sharpness: float) -> None:
    """Print how often the side is right, sure, and sure and wrong."""
    sure = np.abs(margins_) * sharpness > np.log(SURE / (1 - SURE))
    wrong = int((sure & (margins_ < 0)).sum())
    print(
        f"{name:28} n {len(margins_):4} right {(margins_ > 0).mean():.3f} sure {sure.mean():.3f} sure and wrong {wrong}"
    )


def main() -> None:
    """Fit, measure, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of public data to measure on")
    folder: Path | None = parser.parse_args().data
    talks, loose = list(written("written")), list(single())
    splitter = cast(Any, model_selection).GroupKFold(FOLDS)
    names = [talk.name for talk in talks]
    by_turns: dict[int | None, list[NDArray[np.float64]]] = {most: [] for most in TURNS}
    for learnt, judged in splitter.split(talks, groups=names):
        model = fit([talks[int(index)] for index in learnt], loose)
        for most in TURNS:
            by_turns[most].append(margins(model, [talks[int(index)] for index in judged], most))
    out_of_fold = {most: np.concatenate(parts) for most, parts in by_turns.items()}
    sharpness = sharpness_of(np.concatenate(list(out_of_fold.values())))
    for most, values in out_of_fold.items():
        report(f"cross-validated, turns {most}", values, sharpness)
    model = fit(talks, loose)
    left_out = {"held out": list(written("held_out"))}
    if folder is not None:
        left_out["airline"] = list(conversation_files(folder / "tau_airline.jsonl"))
        left_out["schema-guided"] = list(conversation_files(folder / "sgd_dev.jsonl"))
        left_out["schema-guided, rated"] = list(rated(folder / "uss_sgd.txt"))
        left_out["dialogsum"] = list(dialogsum(folder / "dialogsum_dev.jsonl"))
    for name, public in left_out.items():
        for most in TURNS:
            report(f"{name}, turns {most}", margins(model, public, most), sharpness)
    _write(model, sharpness)


def _write(model: Any, sharpness: float) -> None:
    weights: NDArray[np.float64] = model.coef_[0]
    scale = float(np.abs(weights).max()) / _EIGHT_BITS
    np.savez_compressed(
        WEIGHTS,
        column=np.round(weights / scale).astype(np.int8),
        scale=np.float64(scale),
        intercept=np.float64(model.intercept_[0]),
        sharpness=np.float64(sharpness),
    )


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    main()
