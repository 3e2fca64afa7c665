"""Curves against scikit-learn, and bins against the calibration error."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from toxmeter.evaluation.curves import curves, precision_recall_points, reliability, roc_points, thinned
from toxmeter.evaluation.metrics import expected_calibration_error

Scored = list[tuple[bool, float]]
SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.3, 0.5]) | st.floats(0, 1)), min_size=2,
                  max_size=50).filter(lambda rows: len({true for true, _ in rows}) == 2)


def columns(rows: Scored) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    truth, score = zip(*rows, strict=True)
    return np.array(truth), np.array(score)


@given(SCORED)
def test_the_roc_curve_is_that_of_scikit_learn(rows: Scored) -> None:
    truth, score = columns(rows)
    false, true, _ = sk.roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(roc_points(truth, score), np.stack([false, true], axis=1), atol=1e-12)


@given(SCORED)
def test_precision_over_recall_is_that_of_scikit_learn(rows: Scored) -> None:
    truth, score = columns(rows)
    precision, recall, _ = sk.precision_recall_curve(truth, score)
    expected = np.stack([recall, precision], axis=1)[:-1][::-1]  # without its made-up last point
    np.testing.assert_allclose(precision_recall_points(truth, score), expected, atol=1e-12)


@given(SCORED, st.booleans(), st.integers(1, 20))
def test_bins_add_up_to_the_calibration_error(rows: Scored, equal_mass: bool, bins: int) -> None:
    truth, score = columns(rows)
    found = reliability(truth, score, bins=bins, equal_mass=equal_mass)
    error = sum(each["rows"] * abs(each["probability"] - each["rate"]) for each in found) / len(truth)
    expected = expected_calibration_error(truth, score, bins=bins, equal_mass=equal_mass)
    assert error == pytest.approx(expected, abs=1e-12)
    assert sum(each["rows"] for each in found) == len(truth)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_bins_are_those_of_scikit_learn(strategy: str) -> None:
    from sklearn.calibration import calibration_curve

    random = np.random.default_rng(0)
    score = random.random(1_500)
    truth = random.random(1_500) < score
    rate, probability = calibration_curve(truth, score, n_bins=15, strategy=strategy)
    found = reliability(truth, score, equal_mass=strategy == "quantile")
    # quantiles of scikit-learn lie between rows, so that a row at a border may change sides
    exact = 1e-12 if strategy == "uniform" else 0.02
    np.testing.assert_allclose([each["rate"] for each in found], rate, atol=exact)
    np.testing.assert_allclose([each["probability"] for each in found], probability, atol=exact)


def test_a_thinned_curve_has_the_same_area_and_ends() -> None:
    random = np.random.default_rng(0)
    truth = random.random(5_000) < 0.2
    points = roc_points(truth, random.normal(size=5_000) + truth)
    few = thinned(points)
    assert len(few) <= 200 < len(points)
    assert few[[0, -1]].tolist() == [[0, 0], [1, 1]]
    assert np.trapezoid(few[:, 1], few[:, 0]) == pytest.approx(np.trapezoid(points[:, 1], points[:, 0]), abs=2e-3)
    assert {tuple(point) for point in few} <= {tuple(point) for point in points}
    assert thinned(points[:50]) is not None
    assert len(thinned(points[:50])) == 50


def test_the_section_names_what_is_missing() -> None:
    truth = np.array([[1.0, 1.0, np.nan]] * 12 + [[0.0, 1.0, np.nan]] * 12)
    score = np.tile(np.linspace(0, 1, 24)[:, None], (1, 3))
    found = curves(truth, score, ["both", "one", "none"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["labels"]["both"]["roc"][0] == [0, 0]
    assert found["labels"]["one"]["roc"] is None
    assert found["labels"]["one"]["reliability"]["equal_mass"]
    assert found["labels"]["none"]["reliability"] == {"equal_width": None, "equal_mass": None}
    assert found["notes"] == ["one: 24 rows with the label and 0 without: a curve needs 10 of either",
                              "none: 0 rows with the label and 0 without: a curve needs 10 of either"]
    score[3] = np.nan
    assert curves(truth, score, ["both", "one", "none"])["labels"]["both"]["reliability"]["equal_width"]
