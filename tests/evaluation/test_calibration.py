"""Platt scaling finds what it should, and never runs away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.evaluation.calibration import fit_platt

Floats = npt.NDArray[np.float64]


def sigmoid(logit: Floats) -> Floats:
    result: Floats = 0.5 * (1 + np.tanh(logit / 2))
    return result


def cross_entropy(logit: Floats, target: Floats) -> float:
    return float((np.logaddexp(0, logit) - target * logit).sum())


@pytest.mark.parametrize(("slope", "intercept", "spread"), [
    (1.0, 0.0, 2.0),
    (2.5, -1.5, 1.0),
    (0.4, -3.0, 4.0),
    (-1.0, 0.5, 5.0),
    # raw outputs on a wide scale: plain Newton steps from slope 1 leave the earth
    (0.1, 0.5, 30.0),
    (0.05, 1.0, 100.0),
])
def test_a_known_map_is_found_again(slope: float, intercept: float, spread: float) -> None:
    random = np.random.default_rng(5)
    logit = random.normal(size=40_000) * spread
    truth = random.random(40_000) < sigmoid(slope * logit + intercept)
    found = fit_platt(logit, truth)
    assert found[0] == pytest.approx(slope, rel=0.05)
    assert found[1] == pytest.approx(intercept, abs=0.1)


@pytest.mark.parametrize("truth", [np.zeros(5, np.bool_), np.ones(5, np.bool_), np.zeros(0, np.bool_)])
def test_one_class_gives_the_identity(truth: npt.NDArray[np.bool_]) -> None:
    assert fit_platt(np.linspace(-3, 3, len(truth)), truth) == (1.0, 0.0)


@pytest.mark.parametrize("spread", [0.01, 1.0, 16.0, 1_000.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_classes_that_do_not_overlap_stay_finite(spread: float, sign: int) -> None:
    logit = sign * spread * np.repeat([-1.0, 1.0], 20)
    slope, intercept = fit_platt(logit, np.repeat([False, True], 20))
    # Platt's targets: 21/22 for the positives
    assert slope * spread * sign == pytest.approx(np.log(21), rel=1e-6)
    assert intercept == pytest.approx(0.0, abs=1e-6)


def test_a_constant_output_becomes_the_rate() -> None:
    slope, intercept = fit_platt(np.zeros(100), np.arange(100) < 20)
    assert float(sigmoid(np.array(slope * 0.0 + intercept))) == pytest.approx(0.2, abs=0.02)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-40, 40), st.booleans()), min_size=4, max_size=40))
def test_no_neighbouring_map_fits_better(rows: list[tuple[float, bool]]) -> None:
    logit, truth = (np.array(column) for column in zip(*rows, strict=True))
    positives = int(truth.sum())
    negatives = len(truth) - positives
    slope, intercept = fit_platt(logit, truth)
    assert np.isfinite([slope, intercept]).all()
    if positives and negatives:
        target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        best = cross_entropy(slope * logit + intercept, target)
        for other in ((slope + 0.01, intercept), (slope - 0.01, intercept),
                      (slope, intercept + 0.01), (slope, intercept - 0.01)):
            assert cross_entropy(other[0] * logit + other[1], target) >= best - 1e-6


def test_the_order_of_the_scores_is_kept() -> None:
    random = np.random.default_rng(2)
    logit = np.sort(random.normal(size=500) * 3)
    slope, intercept = fit_platt(logit, random.random(500) < sigmoid(logit))
    assert slope > 0
    assert (np.diff(sigmoid(slope * logit + intercept)) >= 0).all()
