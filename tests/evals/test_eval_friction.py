"""The figures of `eval friction`: hand-worked areas and intervals, the format, and what a score may know."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from app.errors import InvalidRequest
from app.settings import Settings
from app.signals.dissatisfaction import TRAITS
from evals.experiments.friction import evaluate, judge_file, read_dialogues
from evals.fitting.friction_weights import JUDGED, Rated, fit
from evals.statistics import Numbers, area_under_curve, calibration_error, gain_interval

CALM = "USER\tI would like the large one.\tINFORM\t3,3,3\nSYSTEM\tThe large one costs 5 EUR.\tOFFER\t\n"
PLEASED = "USER\tGreat, thank you!\tTHANK_YOU\t4,5,4\n"
UPSET = "USER\tNo, that is wrong again. I asked for the large one!\tNEGATE\t2,1,2\n"
OVERALL = "USER\tOVERALL\t\t1,1,1\n"


def _theirs(wanted: Numbers, scores: Numbers, weights: Numbers) -> float:
    library: Any = metrics  # it comes without types
    return float(library.roc_auc_score(wanted, scores, sample_weight=weights))


def _file(folder: Path, *dialogues: str) -> Path:
    path = folder / "rated.txt"
    path.write_text("\n".join(dialogues))
    return path


def test_the_area_under_the_curve_counts_ties_half() -> None:
    wanted = np.array([1.0, 1.0, 0.0, 0.0])
    assert area_under_curve(np.array([4.0, 2.0, 3.0, 1.0]), wanted) == 0.75
    assert area_under_curve(np.array([1.0, 1.0, 1.0, 1.0]), wanted) == 0.5


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40))
def test_the_weighted_area_is_the_one_of_the_well_known_library(rows: list[tuple[int, bool, int]]) -> None:
    scores, wanted, weights = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    ours = area_under_curve(scores, wanted, weights)
    both = len(set(wanted[weights > 0])) == 2
    assert np.isnan(ours) != both
    if both:
        assert ours == pytest.approx(_theirs(wanted, scores, weights))


def test_the_interval_of_a_gain_holds_nothing_for_the_same_scores_and_lies_above_it_for_better_ones() -> None:
    rng = np.random.default_rng(1)
    wanted = (rng.random(400) < 0.3).astype(np.float64)
    good, poor = wanted + rng.normal(0, 0.7, 400), wanted * 0.2 + rng.normal(0, 1, 400)
    groups = [index // 4 for index in range(400)]
    assert gain_interval(good, good, wanted, groups, draws=100) == (0.0, 0.0)
    low, high = gain_interval(good, poor, wanted, groups, draws=300)
    assert 0 < low < area_under_curve(good, wanted) - area_under_curve(poor, wanted) < high


def test_calibration_error_is_the_mean_distance_of_prediction_and_share() -> None:
    wanted = np.array([0.0, 0.0, 0.0, 1.0])
    assert calibration_error(np.array([0.1, 0.1, 0.6, 0.6]), wanted, bins=2) == pytest.approx(0.1)


def test_dialogues_are_read_without_actions_and_overall_ratings(tmp_path: Path) -> None:
    first, second = read_dialogues(_file(tmp_path, CALM + OVERALL, UPSET))
    assert [(turn.actor, turn.rating) for turn in first] == [("customer", 3), ("bot", None)]
    assert second[0].rating == pytest.approx(5 / 3)


def test_a_line_that_is_no_turn_is_told_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"rated\.txt:2"):
        list(read_dialogues(_file(tmp_path, "USER\tHello\tX\t3\nsomething else")))


async def test_figures_tell_the_dissatisfied_from_the_others(tmp_path: Path) -> None:
    data = _file(tmp_path, CALM + UPSET, CALM + PLEASED, CALM + UPSET, CALM + PLEASED)
    figures = await evaluate(data, Settings(data_dir=tmp_path))
    assert (figures.n, figures.dissatisfied, figures.dialogues) == (8, 2, 4)
    assert figures.auc == 1.0
    assert figures.gain == pytest.approx(figures.auc - figures.auc_lexicon)
    assert figures.gain_ci[0] <= figures.gain <= figures.gain_ci[1]


async def test_what_comes_after_a_message_changes_nothing_of_its_friction(tmp_path: Path) -> None:
    alone = await judge_file(_file(tmp_path, CALM + UPSET), Settings(data_dir=tmp_path))
    followed = await judge_file(
        _file(tmp_path, CALM + UPSET + "SYSTEM\tSorry, I cannot do that.\tX\t\n" + UPSET), Settings(data_dir=tmp_path)
    )
    assert [judged.friction for judged in followed[:2]] == [judged.friction for judged in alone]


async def test_without_both_kinds_of_messages_there_is_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="both kinds"):
        await evaluate(_file(tmp_path, CALM), Settings(data_dir=tmp_path))


def test_the_fit_knows_every_trait_of_the_service_and_keeps_what_data_does_not_speak_of() -> None:
    assert set(JUDGED) == set(TRAITS)
    rng = np.random.default_rng(0)
    traits = np.zeros((500, len(JUDGED)))
    traits[:, 0] = rng.random(500) < 0.3
    wanted = (rng.random(500) < np.where(traits[:, 0] > 0, 0.7, 0.05)).astype(np.float64)
    weights = fit(Rated(traits, wanted, np.arange(500)), pull=3.0)
    judged = list(JUDGED.values())
    assert weights[1] > judged[0] + 0.5
    assert weights[2:] == pytest.approx(judged[1:])
