"""`warmline eval intent`: how well intents are told apart after a few examples of each, and what is left alone.

The classifier is the service's own. It learns from `shots` examples of each intent, drawn by the seed, from the names
of the intents and from the other texts of the training file without their intents. The texts to be judged are given to
it one by one. For what is out of scope, 17 of 77 intents, drawn by the seed, are then left out of all that is learnt
from: their texts should be left without a name. Beside it stands a plain logistic regression on the same vectors of
the examples, for which what is out of scope is what no intent is likely for.
"""

import csv
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean, median
from time import perf_counter
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from app.bootstrap import intent_learner
from app.errors import ConfigurationError, InvalidRequest
from app.models import Record
from app.ports import Vectors
from app.settings import Settings

try:
    from sklearn import linear_model, metrics
except ImportError:
    raise ConfigurationError("The eval needs scikit-learn. Install Warmline with its extra `evals`.") from None

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEFT_OUT = 17 / 77
# Of the inverse strengths 1, 10, 30 and 100 about the best for unit vectors and ten examples an intent.
PLAIN_STRENGTH = 10.0
_COLUMNS = frozenset({"text", "category"})
_CHUNK = 64
_BINS = 10
_MEBIBYTE = 1 << 20

Tell = Callable[[int, int], None]


class TradeOff(Record):
    """What naming no intent under a confidence costs and brings; shares in 0..1.

    `coverage` is the share of texts in scope that get a name, `accuracy` the share of right names among all names
    given, texts out of scope included, and `rejected` the share of texts out of scope that get none.
    """

    coverage: float
    accuracy: float | None
    rejected: float


class OutOfScope(Record):
    """How texts about intents that were not learnt are told from the others, by confidence.

    `auroc_with_traffic` is where their other texts were among the unlabelled, as in a tenant's traffic, and `lr_auroc`
    by the greatest probability of the plain regression. At the service's own threshold, `accuracy_in_scope` is the
    share of texts in scope that get their right name, and `accuracy_out_of_scope` of the others that get none.
    """

    intents_left_out: int
    n_in_scope: int
    n_out_of_scope: int
    auroc: float
    auroc_with_traffic: float
    lr_auroc: float
    accuracy_in_scope: float
    accuracy_out_of_scope: float
    at: Mapping[str, TradeOff]


class IntentFigures(Record):
    """What `eval intent` prints; times in milliseconds, shares in 0..1.

    `accuracy` and `macro_f1` are of the likeliest intent, `abstention` is the share of texts left without a name,
    `accuracy_named` that of the others, `lr_accuracy` what a plain logistic regression on the same vectors reaches, and
    `accuracy_nearest` the nearest example alone. A prediction's time (`p50_ms`) includes its embedding, `reading_ms` is
    the median without it, and the fit's time leaves it out. `fit_mib` is the most memory that the fit takes at a time,
    `classifier_mib` what stays. `calibration_error` is expected over ten bins of confidence.
    """

    n: int
    accuracy: float
    lr_accuracy: float
    macro_f1: float
    abstention: float
    oos_auroc: float | None
    p50_ms: float
    reading_ms: float
    accuracy_named: float | None
    accuracy_nearest: float
    calibration_error: float
    fit_ms: float
    fit_mib: float
    classifier_mib: float
    intents: int
    examples: int
    unlabelled: int
    out_of_scope: OutOfScope | None


class Labelled(NamedTuple):
    """A text with the intent it is about."""

    text: str
    category: str


class IntentScores(NamedTuple):
    """The figures of `IntentFigures` that need no clock."""

    n: int
    accuracy: float
    macro_f1: float
    abstention: float
    accuracy_named: float | None
    calibration_error: float


class IntentPredictions(NamedTuple):
    """What was told of each text: the likeliest intent, how sure, and whether surely enough to name it."""

    intents: Sequence[str]
    confidences: NDArray[np.float32]
    named: NDArray[np.bool_]


class _Data(NamedTuple):
    examples: Mapping[str, Vectors]
    traffic: Vectors
    truth: Sequence[str]
    tested: Vectors
    traffic_truth: NDArray[np.str_]


class _Costs(NamedTuple):
    """Milliseconds and mebibytes of a fit, and the milliseconds of each text with its embedding and without."""

    fit_ms: float
    fit_mib: float
    classifier_mib: float
    texts_ms: list[float]
    readings_ms: list[float]


async def evaluate(
    train: Path,
    test: Path,
    settings: Settings,
    *,
    shots: int | None = None,
    seed: int = 0,
    progress: Tell | None = None,
) -> IntentFigures:
    """The figures over two CSV files; without `shots` every training row is an example. Raises InvalidRequest."""
    training, judged = read_csv(train), read_csv(test)
    unknown = {row.category for row in judged} - {row.category for row in training}
    if unknown:
        raise InvalidRequest(f"{test}: no row of {train} is about {min(unknown)!r}, so it cannot be learnt.")
    labelled, rest = drawn(training, shots, seed)
    trial = _LearnerTrial(settings, len(training) + len(judged), progress)
    traffic = await trial.embedded([row.text for row in rest])
    examples = await trial.by_category(labelled)
    predictions, tested, costs = await trial.one_by_one(examples, traffic, [row.text for row in judged])
    rest_truth = np.array([row.category for row in rest], str)
    data = _Data(examples, traffic, [row.category for row in judged], tested, rest_truth)
    out_of_scope = await _out_of_scope(trial, data, seed)
    return IntentFigures(
        **scored(predictions, data.truth)._asdict(),
        lr_accuracy=float(told_right(plain_predictions(examples, tested), data.truth).mean()),
        oos_auroc=out_of_scope and out_of_scope.auroc,
        p50_ms=round(median(costs.texts_ms), 3),
        reading_ms=round(median(costs.readings_ms), 3),
        accuracy_nearest=_nearest_accuracy(data),
        fit_ms=round(costs.fit_ms, 1),
        fit_mib=round(costs.fit_mib, 1),
        classifier_mib=round(costs.classifier_mib, 1),
        intents=len(examples),
        examples=len(labelled),
        unlabelled=len(rest),
        out_of_scope=out_of_scope,
    )


def read_csv(path: Path) -> list[Labelled]:
    """The rows of a CSV file with the columns text and category. Raises InvalidRequest, which names the line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not set(reader.fieldnames or ()) >= _COLUMNS:
            raise InvalidRequest(f"{path}: the first line must name the columns text and category.")
        rows: list[Labelled] = []
        for row in reader:
            text, category = (row["text"] or "").strip(), (row["category"] or "").strip()
            if not (text and category):
                raise InvalidRequest(f"{path}, line {reader.line_num}: a row needs both a text and a category.")
            rows.append(Labelled(text, category))
    if not rows:
        raise InvalidRequest(f"{path} holds no row.")
    return rows


def drawn(rows: Sequence[Labelled], shots: int | None, seed: int) -> tuple[list[Labelled], list[Labelled]]:
    """The rows drawn as examples, at most `shots` of each category, and the others; all without `shots`."""
    if shots is None:
        return list(rows), []
    places: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        places[row.category].append(index)
    random = Random(seed)  # noqa: S311 - a draw that can be repeated, not a secret
    chosen = {
        position for name in sorted(places) for position in random.sample(places[name], min(shots, len(places[name])))
    }
    return (
        [row for index, row in enumerate(rows) if index in chosen],
        [row for index, row in enumerate(rows) if index not in chosen],
    )


def scored(predictions: IntentPredictions, truth: Sequence[str]) -> IntentScores:
    """The figures that need no clock, for texts in scope."""
    right, named = told_right(predictions, truth), predictions.named
    return IntentScores(
        n=len(truth),
        accuracy=float(right.mean()),
        macro_f1=macro_f1(predictions.intents, truth),
        abstention=float(1 - named.mean()),
        accuracy_named=float(right[named].mean()) if named.any() else None,
        calibration_error=calibration_error(predictions.confidences, right),
    )


def told_right(predictions: IntentPredictions, truth: Sequence[str]) -> NDArray[np.bool_]:
    """Whether the likeliest intent of each text is the true one."""
    return np.array([intent == other for intent, other in zip(predictions.intents, truth, strict=True)])


def plain_predictions(examples: Mapping[str, Vectors], tested: Vectors) -> IntentPredictions:
    """What a plain logistic regression on the vectors of the examples alone makes of others; it names every text."""
    rows = np.vstack(list(examples.values()))
    owners = [name for name, vectors in examples.items() for _ in vectors]
    if len(examples) == 1:
        return _predictions(list(examples), np.ones((len(tested), 1), np.float32), np.ones(len(tested), np.bool_))
    fitted = cast(Any, linear_model).LogisticRegression(C=PLAIN_STRENGTH, max_iter=1000).fit(rows, owners)
    shares = cast(NDArray[np.float32], fitted.predict_proba(tested))
    names = cast(list[str], fitted.classes_.tolist())
    return _predictions(names, shares, np.ones(len(tested), np.bool_))


def macro_f1(predicted: Sequence[str], truth: Sequence[str]) -> float:
    """The mean of F1 over the intents that are told or true."""
    # Its type says that `zero_division` is a string.
    return float(cast(Any, metrics).f1_score(truth, predicted, average="macro", zero_division=0.0))


def calibration_error(confidences: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """How far confidence and accuracy lie apart, expected over ten bins of equal width (Naeini et al., AAAI 2015)."""
    bins = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    gaps = (abs(float((confidences[bins == number] - right[bins == number]).sum())) for number in range(_BINS))
    return sum(gaps) / len(right)


def auroc(inside: NDArray[np.float32], outside: NDArray[np.float32]) -> float:
    """How often a text in scope scores above one out of scope, ties counting half."""
    wanted = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    return float(cast(Any, metrics).roc_auc_score(wanted, np.concatenate([inside, outside])))


def trade_off(
    confidences: NDArray[np.float32], right: NDArray[np.bool_], inside: NDArray[np.bool_], threshold: float
) -> TradeOff:
    """What naming only what is at least so sure comes to; no text out of scope is named right."""
    named = confidences >= threshold
    return TradeOff(
        coverage=float(named[inside].mean()),
        accuracy=float((right & inside)[named].mean()) if named.any() else None,
        rejected=float(1 - named[~inside].mean()),
    )


class _LearnerTrial:
    """The service's learner at work on files, telling how many of their texts are embedded."""

    def __init__(self, settings: Settings, total: int, progress: Tell | None) -> None:
        self._learner = intent_learner(settings)
        self._done, self._total, self._progress = 0, total, progress

    async def embedded(self, texts: Sequence[str]) -> Vectors:
        parts: list[Vectors] = []
        for start in range(0, len(texts), _CHUNK):
            parts.append(await self._learner.embed(texts[start : start + _CHUNK]))
            self._count(len(parts[-1]))
        return np.vstack(parts) if parts else np.zeros((0, 0), np.float32)

    async def by_category(self, rows: Sequence[Labelled]) -> dict[str, Vectors]:
        vectors = await self.embedded([row.text for row in rows])
        categories = np.array([row.category for row in rows])
        return {str(name): vectors[categories == name] for name in np.unique(categories)}

    async def one_by_one(
        self, examples: Mapping[str, Vectors], traffic: Vectors, texts: Sequence[str]
    ) -> tuple[IntentPredictions, Vectors, _Costs]:
        """What is told of each text by itself, its vector, and what fitting and each text cost."""
        started = perf_counter()
        classifier = await self._learner.learn_embedded(examples, traffic=traffic)
        fit_ms = (perf_counter() - started) * 1000
        costs = _Costs(fit_ms, *await self._memory(examples, traffic), [], [])
        vectors: list[Vectors] = []
        predictions: list[IntentPredictions] = []
        for text in texts:
            started = perf_counter()
            vectors.append(await self._learner.embed([text]))
            embedded = perf_counter()
            likelihoods = classifier.likelihoods(vectors[-1])
            ended = perf_counter()
            costs.texts_ms.append((ended - started) * 1000)
            costs.readings_ms.append((ended - embedded) * 1000)
            predictions.append(_predictions(classifier.names, likelihoods.confidences, likelihoods.named))
            self._count(1)
        together = IntentPredictions(
            [prediction.intents[0] for prediction in predictions],
            np.concatenate([prediction.confidences for prediction in predictions]),
            np.concatenate([prediction.named for prediction in predictions]),
        )
        return together, np.vstack(vectors), costs

    async def _memory(self, examples: Mapping[str, Vectors], traffic: Vectors) -> tuple[float, float]:
        """Mebibytes that a fit takes at most and that its classifier keeps; following them takes time of its own."""
        tracemalloc.start()
        classifier = await self._learner.learn_embedded(examples, traffic=traffic)
        stays, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del classifier
        return most / _MEBIBYTE, stays / _MEBIBYTE

    async def at_once(self, examples: Mapping[str, Vectors], traffic: Vectors, tested: Vectors) -> IntentPredictions:
        classifier = await self._learner.learn_embedded(examples, traffic=traffic)
        likelihoods = classifier.likelihoods(tested)
        return _predictions(classifier.names, likelihoods.confidences, likelihoods.named)

    def _count(self, texts: int) -> None:
        self._done += texts
        if self._progress:
            self._progress(self._done, self._total)


def _predictions(names: Sequence[str], confidences: NDArray[np.float32], named: NDArray[np.bool_]) -> IntentPredictions:
    return IntentPredictions(
        [names[int(index)] for index in confidences.argmax(axis=1)], confidences.max(axis=1), named
    )


def _nearest_accuracy(data: _Data) -> float:
    owners = [name for name, vectors in data.examples.items() for _ in vectors]
    nearest = (data.tested @ np.vstack(list(data.examples.values())).T).argmax(axis=1)
    return mean(owners[int(index)] == true for index, true in zip(nearest, data.truth, strict=True))


async def _out_of_scope(trial: _LearnerTrial, data: _Data, seed: int) -> OutOfScope | None:
    names = sorted(data.examples)
    left_out = set(Random(seed).sample(names, max(1, round(LEFT_OUT * len(names)))))  # noqa: S311 - as above
    inside = np.array([name not in left_out for name in data.truth])
    if len(left_out) == len(names) or inside.all() or not inside.any():
        return None
    examples = {name: vectors for name, vectors in data.examples.items() if name not in left_out}
    strange = np.isin(data.traffic_truth, sorted(left_out))
    predictions = await trial.at_once(examples, data.traffic[~strange], data.tested)
    with_traffic = (await trial.at_once(examples, data.traffic, data.tested)).confidences
    plain = plain_predictions(examples, data.tested).confidences
    right, confidences = told_right(predictions, data.truth), predictions.confidences
    return OutOfScope(
        intents_left_out=len(left_out),
        n_in_scope=int(inside.sum()),
        n_out_of_scope=int((~inside).sum()),
        auroc=auroc(confidences[inside], confidences[~inside]),
        auroc_with_traffic=auroc(with_traffic[inside], with_traffic[~inside]),
        lr_auroc=auroc(plain[inside], plain[~inside]),
        accuracy_in_scope=float((right & predictions.named)[inside].mean()),
        accuracy_out_of_scope=float(1 - predictions.named[~inside].mean()),
        at={str(threshold): trade_off(confidences, right, inside, threshold) for threshold in THRESHOLDS},
    )
