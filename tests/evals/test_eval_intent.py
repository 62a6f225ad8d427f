"""`eval intent`: its figures on cases worked by hand, and on small files."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from app.errors import InvalidRequest
from app.settings import Settings
from evals.experiments.intent import (
    IntentPredictions,
    Labelled,
    auroc,
    calibration_error,
    drawn,
    evaluate,
    macro_f1,
    plain_predictions,
    read_csv,
    scored,
    trade_off,
)

TRAIN = """text,category
I want to renew my book,renew_loan
Can I keep it for two more weeks?,renew_loan
Please extend my loan,renew_loan
May I have this novel for longer?,renew_loan
Why do I have to pay a fine?,late_fee
There is a fee on my card,late_fee
I paid the late fee already,late_fee
"What is this charge, please?",late_fee
When do you open?,opening_hours
Are you open on Sunday?,opening_hours
Is the library open today?,opening_hours
At what time do you close?,opening_hours
"""
TEST = """text,category
Could my loan be prolonged?,renew_loan
How much is the fine I must pay?,late_fee
What are your hours on Saturday?,opening_hours
"""


def written(folder: Path, train: str = TRAIN, test: str = TEST) -> tuple[Path, Path]:
    files = folder / "train.csv", folder / "test.csv"
    for file, text in zip(files, (train, test), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def test_as_many_examples_of_each_intent_are_drawn_as_asked_for_and_the_same_for_a_seed() -> None:
    rows = [Labelled(f"{name} {count}", name) for name in "ab" for count in range(5)] + [Labelled("c 0", "c")]

    chosen, rest = drawn(rows, 2, 7)

    assert Counter(labelled.category for labelled in chosen) == {"a": 2, "b": 2, "c": 1}
    assert sorted([*chosen, *rest]) == sorted(rows)
    assert drawn(rows, 2, 7) == (chosen, rest)
    assert any(drawn(rows, 2, seed)[0] != chosen for seed in range(5))
    assert drawn(rows, None, 7) == (rows, [])


def test_macro_f1_counts_each_intent_alike() -> None:
    # a: two of three told are right, both found (0.8); b: the one told is right, one of two found (2/3).
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "b", "b"]) == pytest.approx((0.8 + 2 / 3) / 2)


def test_the_calibration_error_weighs_each_bin_by_its_texts() -> None:
    confidences = np.array([0.95, 0.95, 0.55, 0.55], np.float32)

    assert calibration_error(confidences, np.array([True, True, True, False])) == pytest.approx(0.05, abs=1e-6)
    assert calibration_error(confidences, np.array([False, False, True, False])) == pytest.approx(0.5, abs=1e-6)


def test_what_is_scored_alike_counts_half_for_the_area() -> None:
    inside, outside = np.array([0.9, 0.5], np.float32), np.array([0.5, 0.1], np.float32)

    assert auroc(inside, outside) == pytest.approx(3.5 / 4)
    assert auroc(outside, inside) == pytest.approx(0.5 / 4)


def test_a_threshold_trades_names_given_for_names_that_are_right() -> None:
    confidences = np.array([0.9, 0.6, 0.4, 0.7, 0.2], np.float32)
    right = np.array([True, False, True, False, False])
    inside = np.array([True, True, True, False, False])

    low, high, most = (trade_off(confidences, right, inside, threshold) for threshold in (0.3, 0.8, 1.0))

    assert (low.coverage, low.accuracy, low.rejected) == (1.0, 0.5, 0.5)
    assert (high.coverage, high.accuracy, high.rejected) == (pytest.approx(1 / 3), 1.0, 1.0)
    assert (most.coverage, most.accuracy, most.rejected) == (0.0, None, 1.0)


def test_accuracy_is_of_forced_choice_and_abstention_of_what_is_not_named() -> None:
    answers = IntentPredictions(["a", "b", "b"], np.array([0.9, 0.8, 0.2], np.float32), np.array([True, True, False]))

    scores = scored(answers, ["a", "a", "b"])

    assert scores.n == 3
    assert (scores.accuracy, scores.abstention) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert scores.accuracy_named == 0.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("text,label\nhello,a\n", "columns text and category"),
        ("text,category\nhello,a\nhello,\n", "line 3"),
        ("text,category\nhello\n", "line 2"),
        ("text,category\n", "holds no row"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")

    with pytest.raises(InvalidRequest, match=complaint) as caught:
        read_csv(tmp_path / "rows.csv")

    assert "rows.csv" in str(caught.value)


async def test_small_files_are_measured_with_the_classifier_of_the_service(tmp_path: Path, settings: Settings) -> None:
    train, test = written(tmp_path)
    heard: list[tuple[int, int]] = []

    figures = await evaluate(
        train, test, settings, shots=3, seed=0, progress=lambda done, total: heard.append((done, total))
    )
    again = await evaluate(train, test, settings, shots=3, seed=0)

    assert (figures.n, figures.intents, figures.examples, figures.unlabelled) == (
        3,
        3,
        9,
        3,
    )
    assert (figures.accuracy, figures.macro_f1) == (1.0, 1.0)
    assert figures.out_of_scope is not None
    assert (figures.out_of_scope.n_in_scope, figures.out_of_scope.n_out_of_scope) == (2, 1)
    assert figures.oos_auroc == figures.out_of_scope.auroc
    assert figures.reading_ms <= figures.p50_ms
    assert 0 <= figures.classifier_mib <= figures.fit_mib
    assert heard[-1] == (15, 15)
    timeless = {"p50_ms", "reading_ms", "fit_ms", "fit_mib", "classifier_mib"}
    assert figures.model_dump(exclude=timeless) == again.model_dump(exclude=timeless)


def test_the_plain_regression_names_the_likelier_of_the_intents_it_has_examples_of() -> None:
    examples = {"a": np.array([[1, 0]], np.float32), "b": np.array([[0, 1]], np.float32)}

    predictions = plain_predictions(examples, np.array([[0.8, 0.6], [0.1, 0.99]], np.float32))

    assert list(predictions.intents) == ["a", "b"]
    assert predictions.confidences[0] < predictions.confidences[1]
    assert predictions.named.all()


async def test_all_rows_are_examples_unless_a_number_is_given(tmp_path: Path, settings: Settings) -> None:
    figures = await evaluate(*written(tmp_path), settings)

    assert (figures.examples, figures.unlabelled, figures.accuracy) == (12, 0, 1.0)


async def test_an_intent_that_cannot_be_learnt_is_named(tmp_path: Path, settings: Settings) -> None:
    files = written(tmp_path, test="text,category\nHello there,greeting\n")

    with pytest.raises(InvalidRequest, match="greeting"):
        await evaluate(*files, settings)
