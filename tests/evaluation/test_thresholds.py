"""Thresholds have the best F1 that any threshold has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.metrics import f1
from toxmeter.evaluation.thresholds import best_f1_thresholds, decide, reaches

Floats = npt.NDArray[np.float64]

PROBABILITY = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)


def best(labels: list[float], probability: list[float], slack: float = 0.0) -> float:
    return best_f1_thresholds(np.array([labels]).T, np.array([probability]).T, ["toxic"], slack=slack)["toxic"]


@given(st.lists(st.tuples(st.booleans(), PROBABILITY), min_size=1, max_size=40))
def test_no_threshold_has_a_better_f1(rows: list[tuple[bool, float]]) -> None:
    truth, probability = (np.array(column) for column in zip(*rows, strict=True))
    found = best(truth.astype(np.float64).tolist(), probability.tolist())
    assert 0 <= found <= 1
    if truth.all() or not truth.any():
        assert found == 0.5
    else:
        reached = f1(truth, probability >= found)
        assert reached == max(f1(truth, probability >= each) for each in probability)


@given(st.lists(st.tuples(st.booleans(), PROBABILITY), min_size=2, max_size=40), st.floats(0.001, 0.5))
def test_with_slack_the_highest_threshold_that_is_about_as_good(rows: list[tuple[bool, float]], slack: float) -> None:
    truth, probability = (np.array(column) for column in zip(*rows, strict=True))
    if truth.all() or not truth.any():
        return
    found = best(truth.astype(np.float64).tolist(), probability.tolist(), slack)
    least = max(f1(truth, probability >= each) for each in probability) - slack - 1e-9
    assert f1(truth, probability >= found) >= least
    assert all(f1(truth, probability >= each) <= least + 2e-9 for each in probability[probability > found] if
               not np.array_equal(probability >= each, probability >= found))


@pytest.mark.parametrize(("labels", "probability", "threshold"), [
    ([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9], 0.4),
    # one miss is cheaper than three false alarms
    ([1, 0, 0, 0, 1], [0.1, 0.2, 0.2, 0.3, 0.9], 0.6),
    # flagging everything is best: midway between the lowest and nought
    ([1, 0, 1, 1], [0.2, 0.3, 0.4, 0.5], 0.1),
    # F1 is 2/3 at .85 and at .2, from which .2 is nearer to a half
    ([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1], 0.2),
    # F1 is 2/3 at .7 and at .05: .7 is nearer to a half
    ([1, 0, 0, 1], [0.8, 0.6, 0.3, 0.1], 0.7),
    ([0.4, 0.5], [0.2, 0.4], 0.3),  # soft
])
def test_thresholds_by_hand(labels: list[float], probability: list[float], threshold: float) -> None:
    assert best(labels, probability) == pytest.approx(threshold)


def test_there_is_a_threshold_between_neighbouring_numbers() -> None:
    low = 0.5
    high = float(np.nextafter(low, 1))
    assert best([0, 1], [low, high]) == high


def test_each_label_is_judged_by_the_rows_in_which_it_is_known() -> None:
    labels = np.array([[0, np.nan, 1], [1, 1, np.nan], [np.nan, 0, 1], [0, 0, 1]])
    probability = np.array([[0.1, 0.9, 0.3], [0.3, 0.8, 0.1], [0.2, 0.2, 0.2], [0.1, 0.4, 0.9]])
    found = best_f1_thresholds(labels, probability, ["a", "b", "c"])
    assert found == pytest.approx({"a": 0.2, "b": 0.6, "c": 0.5})
    assert best_f1_thresholds(np.zeros((0, 1)), np.zeros((0, 1)), ["a"]) == {"a": 0.5}


def test_float32_scores_are_flagged_as_planned() -> None:
    random = np.random.default_rng(0)
    probability = random.random((500, 1)).astype(np.float32)
    truth = random.random((500, 1)) < probability
    found = best_f1_thresholds(truth.astype(np.float64), probability.astype(np.float64), ["a"])["a"]
    assert (probability >= found).sum() == (probability.astype(np.float64) >= found).sum()


def test_classes_are_chosen_by_how_far_they_are_over_their_thresholds() -> None:
    probability = np.array([[0.3, 0.6, 0.1], [0.1, 0.85, 0.05], [0.2, 0.3, 0.5]])
    assert decide(probability, [0.25, 0.6, 0.5]).tolist() == [0, 1, 2]
    assert decide(probability, [0.0, 0.6, 0.5]).tolist() == [0, 0, 0]


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=9), st.floats(0.01, 1))
def test_equal_thresholds_choose_the_largest_probability(rows: list[list[float]], threshold: float) -> None:
    probability = np.array(rows)
    chosen = decide(probability, [threshold] * 3)
    assert (probability[np.arange(len(rows)), chosen] >= probability.max(axis=1) * (1 - 1e-12)).all()


def test_seven_tenths_reach_seven_tenths() -> None:
    scores = np.array([[0.7, 0.6999], [0.5, np.nan]], np.float32)
    assert reaches(scores, [0.7, 0.7]).tolist() == [[True, False], [False, False]]
    assert reaches(scores.astype(np.float64), np.inf).sum() == 0


@pytest.mark.parametrize("low", [0.25, 0.3, 0.5, 0.9])
def test_a_threshold_between_neighbours_in_float32_parts_them(low: float) -> None:
    below = np.float32(low)
    scores = np.repeat([below, np.nextafter(below, np.float32(1))], 10).astype(np.float64)[:, None]
    labels = np.repeat([0.0, 1.0], 10)[:, None]
    threshold = best_f1_thresholds(labels, scores, ["a"])["a"]
    np.testing.assert_array_equal(reaches(scores, threshold), labels == 1)
