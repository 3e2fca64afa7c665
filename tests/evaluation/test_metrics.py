"""Metrics against scikit-learn and against sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from toxmeter.evaluation.metrics import (
    average_precision,
    bootstrap,
    bootstrap_auc,
    brier_score,
    expected_calibration_error,
    f1,
    label_auc,
    percentile_interval,
    precision_recall,
    roc_auc,
    spearman,
)

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(-1e6, 1e6)
SCORED = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=60)
DECIDED = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def columns(rows: list[tuple[bool, float]]) -> tuple[Bools, Floats]:
    truth, score = zip(*rows, strict=True)
    return np.array(truth, np.bool_), np.array(score, np.float64)


def flags(*values: int) -> Bools:
    return np.array(values, np.bool_)


@given(SCORED)
def test_roc_auc_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, score = columns(rows)
    if truth.all() or not truth.any():
        assert math.isnan(roc_auc(truth, score))
    else:
        assert roc_auc(truth, score) == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-12)


@given(SCORED)
def test_average_precision_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, score = columns(rows)
    if truth.any():
        expected = sk.average_precision_score(truth, score)
        assert average_precision(truth, score) == pytest.approx(expected, abs=1e-12)
    else:
        assert math.isnan(average_precision(truth, score))


@given(DECIDED)
def test_decisions_are_counted_as_scikit_learn_does(rows: list[tuple[bool, bool]]) -> None:
    truth, flagged = (np.array(column, np.bool_) for column in zip(*rows, strict=True))
    precision, recall = precision_recall(truth, flagged)
    expected = sk.precision_recall_fscore_support(truth, flagged, average="binary", zero_division=np.nan)
    assert precision == pytest.approx(expected[0], abs=1e-12, nan_ok=True)
    assert recall == pytest.approx(expected[1], abs=1e-12, nan_ok=True)
    assert f1(truth, flagged) == pytest.approx(sk.f1_score(truth, flagged, zero_division=np.nan),
                                               abs=1e-12, nan_ok=True)


def test_f1_of_misses_alone_is_nought_not_nan() -> None:
    assert f1(flags(1, 1), flags(0, 0)) == 0.0
    assert f1(flags(0, 0), flags(1, 0)) == 0.0
    assert math.isnan(f1(flags(0, 0), flags(0, 0)))
    assert math.isnan(f1(flags(), flags()))


@pytest.mark.parametrize("metric", [roc_auc, average_precision, expected_calibration_error])
def test_no_rows_are_nan(metric: object) -> None:
    assert callable(metric)
    assert math.isnan(metric(np.zeros(0, np.bool_), np.zeros(0)))


def test_infinite_scores_are_ties_of_one_another() -> None:
    truth = flags(1, 0, 1, 0)
    score = np.array([np.inf, np.inf, -np.inf, -np.inf])
    finite = np.array([1.0, 1.0, -1.0, -1.0])
    assert average_precision(truth, score) == average_precision(truth, finite) == 0.5
    assert roc_auc(truth, score) == roc_auc(truth, finite) == 0.5


@given(SCORED)
def test_order_of_the_rows_does_not_matter(rows: list[tuple[bool, float]]) -> None:
    truth, score = columns(rows)
    probability = 1 / (1 + np.exp(-np.clip(score, -50, 50)))
    for equal_mass in (False, True):
        there = expected_calibration_error(truth, probability, bins=4, equal_mass=equal_mass)
        back = expected_calibration_error(truth[::-1], probability[::-1], bins=4, equal_mass=equal_mass)
        assert there == pytest.approx(back, abs=1e-12)
    assert average_precision(truth, score) == pytest.approx(
        average_precision(truth[::-1], score[::-1]), abs=1e-12, nan_ok=True)


def test_calibration_error_by_hand_with_bins_of_equal_width() -> None:
    truth = flags(0, 1, 1, 1, 0)
    probability = np.array([0.1, 0.3, 0.6, 0.8, 1.0])
    # below a half: |.4 - 1|; from a half on, one included: |2.4 - 2|; over five rows
    assert expected_calibration_error(truth, probability, bins=2) == pytest.approx((0.6 + 0.4) / 5)
    assert expected_calibration_error(truth, probability, bins=1) == pytest.approx(0.2 / 5)
    # bins of a fifth: |.1| + |.3 - 1| + |.6 - 1| + |1.8 - 1|
    assert expected_calibration_error(truth, probability, bins=5) == pytest.approx(2.0 / 5)


def test_calibration_error_by_hand_with_bins_of_equal_mass() -> None:
    truth = flags(0, 1, 0, 1)
    probability = np.array([0.01, 0.02, 0.03, 0.9])
    # two rows each: |.03 - 1| and |.93 - 1|
    assert expected_calibration_error(truth, probability, bins=2, equal_mass=True) == pytest.approx(1.04 / 4)
    assert expected_calibration_error(truth, probability, bins=2) == pytest.approx((0.94 + 0.1) / 4)
    # three rows in two bins: the first has the one more
    three = expected_calibration_error(truth[1:], probability[1:], bins=2, equal_mass=True)
    assert three == pytest.approx((0.95 + 0.1) / 3)


def test_rows_of_one_probability_share_a_bin() -> None:
    # half of them are true: perfectly calibrated, in whatever order they come
    truth, probability = flags(*[0] * 10, *[1] * 10), np.full(20, 0.5)
    assert expected_calibration_error(truth, probability, equal_mass=True) == 0.0
    assert expected_calibration_error(truth, probability) == 0.0
    # the bin is that of their middle: |.3| + |1.5 - 2|
    truth, probability = flags(0, 0, 1, 1, 0), np.array([0.1, 0.2, 0.5, 0.5, 0.5])
    assert expected_calibration_error(truth, probability, bins=2, equal_mass=True) == pytest.approx(0.8 / 5)


def test_certain_answers_have_errors_of_nought_and_one() -> None:
    truth = flags(0, 1, 0, 1)
    assert expected_calibration_error(truth, truth.astype(np.float64)) == 0.0
    assert expected_calibration_error(truth, (~truth).astype(np.float64)) == 1.0


def test_the_interval_can_be_repeated_and_follows_the_seed() -> None:
    values = np.random.default_rng(1).normal(size=50)

    def mean(rows: npt.NDArray[np.int64]) -> float:
        return float(values[rows].mean())

    first = bootstrap(mean, 50, repeats=200, seed=3)
    assert first == bootstrap(mean, 50, repeats=200, seed=3)
    assert first != bootstrap(mean, 50, repeats=200, seed=4)
    assert first[0] < values.mean() < first[1]


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for trial in range(200):
        values = random.normal(size=60)
        low, high = bootstrap(lambda rows, v=values: float(v[rows].mean()), 60, repeats=200, seed=trial)  # type: ignore[misc]
        covered += low <= 0.0 <= high
    assert 175 <= covered <= 199


def test_resamples_without_a_value_are_left_out() -> None:
    truth = flags(1, *[0] * 5)
    score = np.linspace(1, 0, 6)
    low, high = bootstrap(lambda rows: roc_auc(truth[rows], score[rows]), 6, repeats=100)
    assert (low, high) == (1.0, 1.0)
    assert all(math.isnan(bound) for bound in bootstrap(lambda _: math.nan, 6, repeats=10))


PAIRED = st.lists(st.tuples(SCORES, SCORES), min_size=2, max_size=40)


@given(PAIRED)
def test_spearman_is_that_of_scipy(rows: list[tuple[float, float]]) -> None:
    one, other = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    if len(set(one)) < 2 or len(set(other)) < 2:
        assert math.isnan(spearman(one, other))
    else:
        assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


def test_spearman_of_too_little_is_nan() -> None:
    assert math.isnan(spearman(np.zeros(0), np.zeros(0)))
    assert math.isnan(spearman(np.ones(1), np.ones(1)))


@given(SCORED)
def test_brier_score_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, score = columns(rows)
    probability = 1 / (1 + np.exp(-np.clip(score, -50, 50)))
    expected = sk.brier_score_loss(truth, probability, labels=[False, True])
    assert brier_score(truth.astype(np.float64), probability) == pytest.approx(expected, abs=1e-12)


def test_brier_score_of_classes_adds_up_the_gaps_of_a_row() -> None:
    random = np.random.default_rng(0)
    probability = random.dirichlet(np.ones(4), size=50)
    truth = random.integers(0, 4, 50)
    expected = sk.brier_score_loss(truth, probability, labels=range(4), scale_by_half=False)
    assert brier_score(np.eye(4)[truth], probability) == pytest.approx(expected, abs=1e-12)
    assert brier_score(np.array([[0.5, 0.5]]), np.array([[0.0, 1.0]])) == 0.5
    assert math.isnan(brier_score(np.zeros((0, 4)), np.zeros((0, 4))))


def test_label_auc_leaves_out_what_is_not_known() -> None:
    truth = np.array([[1, 0, np.nan], [0, 0, 1], [np.nan, 0, 0], [1, 0, np.nan]])
    score = np.array([[0.9, 0.1, 0.5], [0.2, 0.2, 0.1], [0.0, 0.3, 0.3], [0.1, 0.4, 0.5]])
    found = label_auc(truth, score)
    assert found[[0, 2]].tolist() == [0.5, 0.0]
    assert math.isnan(found[1])


def test_the_fast_bootstrap_is_the_plain_one() -> None:
    random = np.random.default_rng(3)
    score = random.random((40, 3)).round(1)  # with many ties
    truth = (random.random((40, 3)) < 0.4).astype(np.float64)
    truth[random.random((40, 3)) < 0.2] = np.nan
    truth[:, 2] = 0
    truth[0, 2] = 1  # often not drawn
    values = bootstrap_auc(truth, score, repeats=60, seed=9)
    for column in range(3):
        def plain(rows: npt.NDArray[np.int64], column: int = column) -> float:
            return float(label_auc(truth[rows], score[rows])[column])

        again = np.random.default_rng(9)
        expected = [plain(again.integers(0, 40, 40)) for _ in range(60)]
        np.testing.assert_allclose(values[:, column], expected, atol=1e-12)
        assert percentile_interval(values[:, column]) == pytest.approx(bootstrap(plain, 40, repeats=60, seed=9))
    assert 5 < np.isnan(values[:, 2]).sum() < 55


def test_the_bootstrap_of_no_rows_is_nan() -> None:
    assert np.isnan(bootstrap_auc(np.zeros((0, 2)), np.zeros((0, 2)), repeats=3)).all()
    assert all(math.isnan(bound) for bound in percentile_interval(np.full(4, np.nan)))
