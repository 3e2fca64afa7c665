"""Calibrations find what they should, never run away, and make wrong probabilities right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from toxmeter.errors import InputError
from toxmeter.evaluation.calibration import fit_calibration, fit_platt
from toxmeter.evaluation.metrics import expected_calibration_error
from toxmeter.models.calibrated import probabilities

if TYPE_CHECKING:
    from toxmeter.labels import Kind

Floats = npt.NDArray[np.float64]
KINDS: list[Kind] = ["binary", "multiclass", "multilabel"]
FITTED = ["temperature", "platt", "isotonic"]


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


def test_soft_labels_are_shares_of_rows() -> None:
    logit = np.array([-1.0, 0.0, 0.5, 2.0])
    soft = np.array([0.25, 0.5, 0.5, 0.75])
    # four copies of each row, of which so many are positive
    hard = np.concatenate([np.arange(4) < 4 * share for share in soft])
    assert fit_platt(np.tile(logit, 2), np.tile(soft, 2))[0] > 0
    slope, intercept = fit_platt(np.repeat(logit, 400), np.tile(hard.reshape(4, 4), 100).ravel())
    assert fit_platt(np.tile(logit, 400), np.tile(soft, 400)) == pytest.approx((slope, intercept), rel=1e-6)


def world(kind: Kind, *, factor: float, rows: int = 6_000, labels: int = 3) -> tuple[Floats, Floats]:
    """Logits that are ``factor`` times as large as the truth behind them deserves, and labels."""
    random = np.random.default_rng(11)
    labels = 2 if kind == "binary" else labels
    logits = random.normal(size=(rows, labels)) * 2 - (1.5 if kind == "multilabel" else 0.0)
    honest = probabilities(logits, kind, {}).astype(np.float64)
    if kind == "multilabel":
        return factor * logits, (random.random(honest.shape) < honest).astype(np.float64)
    chosen = (random.random((rows, 1)) > honest.cumsum(axis=1)).sum(axis=1).clip(0, labels - 1)
    return factor * logits, np.eye(labels)[chosen]


def likelihood(logits: Floats, labels: Floats, kind: Kind, calibration: dict[str, Any]) -> float:
    """Mean cross-entropy over the known labels."""
    found = np.clip(probabilities(logits, kind, calibration).astype(np.float64), 1e-12, 1 - 1e-12)
    terms = labels * np.log(found) + ((1 - labels) * np.log(1 - found) if kind == "multilabel" else 0)
    return float(-np.nanmean(terms))


def calibration_error(logits: Floats, labels: Floats, kind: Kind, calibration: dict[str, Any]) -> float:
    found = probabilities(logits, kind, calibration).astype(np.float64)
    return float(np.mean([expected_calibration_error(labels[:, column] == 1, found[:, column])
                          for column in range(labels.shape[1])]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", FITTED)
@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_wrong_probabilities_become_right(kind: Kind, how: str, factor: float) -> None:
    logits, labels = world(kind, factor=factor)
    fitting, testing = slice(0, 4_000), slice(4_000, None)
    found = fit_calibration(how, logits[fitting], labels[fitting], kind)
    before, after = (likelihood(logits[testing], labels[testing], kind, each) for each in ({}, found))
    assert after < before - 0.01
    error_before, error_after = (calibration_error(logits[testing], labels[testing], kind, each)
                                 for each in ({}, found))
    assert error_after < 0.035 < error_before
    assert found["kind"] == how
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0, 1e6])
def test_the_temperature_is_found_again(kind: Kind, factor: float) -> None:
    found = fit_calibration("temperature", *world(kind, factor=factor), kind)
    assert found["temperature"] == pytest.approx(factor, rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_temperature_is_that_of_the_least_cross_entropy(kind: Kind) -> None:
    logits, labels = world(kind, factor=2.0, rows=300)
    found = fit_calibration("temperature", logits, labels, kind)["temperature"]
    best = optimize.minimize_scalar(
        lambda t: likelihood(logits, labels, kind, {"kind": "temperature", "temperature": t}), bounds=(0.5, 8)).x
    assert found == pytest.approx(best, rel=1e-3)


def test_platt_of_classes_is_that_of_the_least_cross_entropy() -> None:
    logits, labels = world("multiclass", factor=2.0, rows=400)
    found = fit_calibration("platt", logits, labels, "multiclass")
    best = likelihood(logits, labels, "multiclass", found)
    for key in ("slope", "intercept"):
        for column in range(3):
            for by in (-0.03, 0.03):
                moved = [value + by * (place == column) for place, value in enumerate(found[key])]
                assert likelihood(logits, labels, "multiclass", found | {key: moved}) > best


def test_platt_of_labels_is_that_of_each_label() -> None:
    logits, labels = world("multilabel", factor=2.0, rows=500)
    labels[::3, 1] = np.nan
    found = fit_calibration("platt", logits, labels, "multilabel")
    known = ~np.isnan(labels[:, 1])
    assert (found["slope"][1], found["intercept"][1]) == fit_platt(logits[known, 1], labels[known, 1] == 1)
    assert (found["slope"][0], found["intercept"][0]) == fit_platt(logits[:, 0], labels[:, 0] == 1)


def test_isotonic_curves_rise_and_promise_nothing_certain() -> None:
    logits, labels = world("multilabel", factor=3.0, rows=500)
    found = fit_calibration("isotonic", logits, labels, "multilabel")
    for x, y in zip(found["x"], found["y"], strict=True):
        assert (np.diff(x) > 0).all()
        assert (np.diff(y) >= 0).all()
        assert min(y) >= 1 / 502
        assert max(y) <= 501 / 502
        assert len(x) < 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", FITTED)
def test_soft_labels_calibrate_as_the_rows_they_stand_for(kind: Kind, how: str) -> None:
    logits, labels = world(kind, factor=2.0, rows=500)
    # each row with its label and with the labels of a second draw, and one row with their mean
    other = world(kind, factor=2.0, rows=500)[1][::-1]
    soft = fit_calibration(how, logits, (labels + other) / 2, kind)
    hard = fit_calibration(how, np.concatenate([logits, logits]), np.concatenate([labels, other]), kind)
    np.testing.assert_allclose(probabilities(logits, kind, soft), probabilities(logits, kind, hard), atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", FITTED)
def test_rows_that_are_not_known_do_not_matter(kind: Kind, how: str) -> None:
    logits, labels = world(kind, factor=2.0, rows=200)
    unknown = np.full_like(labels, np.nan)
    unknown[:, 1] = labels[:, 1] if kind != "multilabel" else np.nan  # known in part is not known
    more = fit_calibration(how, np.concatenate([logits, -logits]), np.concatenate([labels, unknown]), kind)
    assert json.dumps(more) == json.dumps(fit_calibration(how, logits, labels, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", FITTED)
@pytest.mark.parametrize("case", ["no rows", "nothing known", "one class"])
def test_what_the_rows_cannot_tell_stays_as_it_is(kind: Kind, how: str, case: str) -> None:
    logits = np.random.default_rng(0).normal(size=(30, 2)) * 5
    labels = np.tile([1.0, 0.0], (30, 1))
    if case == "no rows":
        logits, labels = logits[:0], labels[:0]
    elif case == "nothing known":
        labels[:] = np.nan
    found = fit_calibration(how, logits, labels, kind)
    some = np.array([[0.0, 3.0], [-7.0, 2.0]])
    np.testing.assert_allclose(probabilities(some, kind, found), probabilities(some, kind, {}), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", FITTED)
@pytest.mark.parametrize("logits", [
    np.zeros((40, 2)),
    np.full((40, 2), 3.0),
    np.tile([[1e30, -1e30], [-1e30, 1e30]], (20, 1)),
    np.tile([[-1e30, 1e30], [1e30, -1e30]], (20, 1)),
    np.tile([[5.0, -5.0], [-5.0, 5.0]], (20, 1)),
    np.tile([[1e-30, 0.0], [0.0, 1e-30]], (20, 1)),
], ids=["nought", "constant", "huge", "huge and wrong", "separable", "tiny"])
def test_odd_logits_have_a_defined_answer(kind: Kind, how: str, logits: Floats) -> None:
    labels = np.tile([[1.0, 0.0], [0.0, 1.0]], (20, 1))
    found = fit_calibration(how, logits, labels, kind)
    json.dumps(found, allow_nan=False)
    given = probabilities(logits, kind, found)
    assert np.isfinite(given).all()
    # no better than 40 rows can show: about one mistake among 20 of a class
    assert likelihood(logits, labels, kind, found) <= max(likelihood(logits, labels, kind, {}) + 1e-6, 0.05)


def test_a_model_that_is_always_wrong_becomes_a_coin_toss_that_keeps_its_order() -> None:
    logits = np.linspace(-4, 4, 50)[:, None]
    found = fit_calibration("temperature", logits, (logits < 0).astype(np.float64), "multilabel")
    given = probabilities(logits, "multilabel", found)[:, 0]
    assert (np.diff(given) > 0).all()
    assert np.abs(given - 0.5).max() < 0.003


def test_none_is_nothing() -> None:
    assert fit_calibration("none", np.zeros((2, 2)), np.eye(2), "binary") == {"kind": "none"}


def test_what_cannot_be_calibrated_is_named() -> None:
    with pytest.raises(InputError, match="calibration 'beta': it is none, temperature, platt or isotonic"):
        fit_calibration("beta", np.zeros((2, 2)), np.eye(2), "binary")
    with pytest.raises(InputError, match="row 1 is not finite: the model diverged"):
        fit_calibration("temperature", np.array([[0.0, 1.0], [np.nan, 0.0]]), np.eye(2), "binary")
