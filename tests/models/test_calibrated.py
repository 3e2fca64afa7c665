"""Logits to probabilities, calibrated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toxmeter.evaluation.calibration import fit_calibration
from toxmeter.labels import Kind, LabelSet
from toxmeter.models import DummyScorer, Scorer
from toxmeter.models.calibrated import RescaledScorer, probabilities, rescaled, scales

KINDS: list[Kind] = ["binary", "multiclass", "multilabel"]
LOGITS = arrays(np.float32, (4, 2), elements=st.floats(-1e4, 1e4, width=32))
UNIT = st.floats(0, 1)


@st.composite
def curve(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    count = draw(st.integers(1, 6))
    return tuple(sorted(draw(st.lists(UNIT, min_size=count, max_size=count))) for _ in "xy")  # type: ignore[return-value]


@st.composite
def calibration(draw: st.DrawFn) -> dict[str, Any]:
    """Any well-formed calibration of two labels whose slopes are not negative."""
    kind = draw(st.sampled_from(["none", "temperature", "platt", "isotonic"]))
    pair = st.lists(st.floats(0, 10), min_size=2, max_size=2)
    curves = [draw(curve()), draw(curve())]
    return {"kind": kind, "temperature": draw(st.floats(0.05, 20)), "slope": draw(pair), "intercept": draw(pair),
            "x": [x for x, _ in curves], "y": [y for _, y in curves]}


@pytest.mark.parametrize("nothing", [{}, {"kind": "none"}])
def test_without_calibration(nothing: dict[str, Any]) -> None:
    logits = np.array([[0.0, math.log(3)], [1000.0, -1000.0]])
    np.testing.assert_allclose(probabilities(logits, "multilabel", nothing), [[0.5, 0.75], [1.0, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(logits, "binary", nothing), [[0.25, 0.75], [1.0, 0.0]], rtol=1e-6)


def test_temperature_divides_logits() -> None:
    logits = np.array([[0.0, 2 * math.log(3)]])
    cold = {"kind": "temperature", "temperature": 2}
    np.testing.assert_allclose(probabilities(logits, "multilabel", cold), [[0.5, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(logits, "multiclass", cold), [[0.25, 0.75]], rtol=1e-6)


def test_platt_has_a_line_for_each_label() -> None:
    lines = {"kind": "platt", "slope": [2, 0], "intercept": [0, math.log(3)]}
    logits = np.array([[math.log(3) / 2, 9.0]])
    np.testing.assert_allclose(probabilities(logits, "multilabel", lines), [[0.75, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(logits, "binary", lines), [[0.5, 0.5]], rtol=1e-6)


def test_isotonic_maps_probabilities_and_shares_them_out() -> None:
    curves = {"kind": "isotonic", "x": [[0.5], [0.25, 0.75]], "y": [[0.2], [0.0, 0.4]]}
    np.testing.assert_allclose(probabilities(np.zeros((1, 2)), "multilabel", curves), [[0.2, 0.2]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(np.zeros((1, 2)), "multiclass", curves), [[0.5, 0.5]], rtol=1e-6)


def test_a_row_of_nothing_but_zeros_stays_as_it_was() -> None:
    zero = {"kind": "isotonic", "x": [[0.5]] * 2, "y": [[0.0]] * 2}
    logits = np.array([[0.0, math.log(3)]])
    np.testing.assert_allclose(probabilities(logits, "binary", zero), [[0.25, 0.75]], rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@given(logits=LOGITS, table=calibration())
def test_shape_range_and_sum(kind: Kind, logits: np.ndarray[Any, Any], table: dict[str, Any]) -> None:
    found = probabilities(logits, kind, table)
    assert found.shape == logits.shape
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    if kind != "multilabel":
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@given(logits=LOGITS, table=calibration())
def test_a_higher_logit_never_has_a_lower_probability(logits: np.ndarray[Any, Any], table: dict[str, Any]) -> None:
    for column in probabilities(np.sort(logits, axis=0), "multilabel", table).T:
        assert (np.diff(column) >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows(kind: Kind) -> None:
    assert probabilities(np.empty((0, 3)), kind, {}).shape == (0, 3)


@pytest.mark.parametrize(("table", "message"), [
    ({"kind": "beta"}, "'beta': it is none, temperature, platt or isotonic"),
    ({"kind": "temperature"}, "temperature needs 1 finite number"),
    ({"kind": "temperature", "temperature": "warm"}, "temperature needs 1 finite number"),
    ({"kind": "temperature", "temperature": 0}, "over 0"),
    ({"kind": "temperature", "temperature": float("inf")}, "1 finite number"),
    ({"kind": "platt", "slope": [1, 1]}, "intercept needs 2 finite numbers"),
    ({"kind": "platt", "slope": [1], "intercept": [0, 0]}, "slope needs 2 finite numbers"),
    ({"kind": "platt", "slope": [1, None], "intercept": [0, 0]}, "slope needs 2 finite numbers"),
    ({"kind": "isotonic", "x": [[0]], "y": [[0]]}, "2 lists"),
    ({"kind": "isotonic", "x": [[0], [0]]}, "2 lists"),
    ({"kind": "isotonic", "x": [[], [0]], "y": [[], [0]]}, "label 0"),
    ({"kind": "isotonic", "x": [[0], [0, 1]], "y": [[0], [0]]}, "label 1"),
    ({"kind": "isotonic", "x": [[0], [1, 0]], "y": [[0], [0, 1]]}, "rising order"),
    ({"kind": "isotonic", "x": [[0], [0, 1]], "y": [[0], [1, 0]]}, "rising order"),
    ({"kind": "isotonic", "x": [[0], [0]], "y": [[0], [1.5]]}, r"leaves \[0, 1\]"),
    ({"kind": "isotonic", "x": [[0], 3], "y": [[0], [1]]}, "x needs finite numbers"),
])
def test_a_calibration_that_does_not_fit(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        probabilities(np.zeros((1, 2)), "multilabel", table)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["none", "temperature", "platt", "isotonic"])
def test_what_evaluation_fits_can_be_applied(how: str, kind: Kind) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(200, 2))
    truth = np.eye(2)[(logits[:, 1] - logits[:, 0] + random.normal(size=200) > 0).astype(int)]
    found = probabilities(logits, kind, fit_calibration(how, logits, truth, kind))
    assert np.log(np.where(truth == 1, found, 1 - found).clip(1e-6)).mean() > math.log(0.5)


def test_the_scales_of_a_manifest() -> None:
    named = {"natural": {"kind": "none"}, "other": {"kind": "isotonic"}}
    assert scales(named) == named
    assert scales({"kind": "none"}) == {"natural": {"kind": "none"}}
    assert scales({}) == {"natural": {}}


@pytest.mark.parametrize("kind", KINDS)
@given(raw=arrays(np.float32, (4, 2), elements=st.floats(0, 1, width=32)), curves=st.tuples(curve(), curve()))
def test_rescaled_probabilities_stay_such_and_keep_their_order(
    kind: Kind, raw: np.ndarray[Any, Any], curves: Any
) -> None:
    table = {"x": [x for x, _ in curves], "y": [y for _, y in curves]}
    if kind != "multilabel":
        raw[:, 1] = 1 - raw[:, 0]
    found = rescaled(raw, kind, table)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    if kind == "multilabel":
        assert (np.diff(rescaled(np.sort(raw, axis=0), kind, table), axis=0) >= 0).all()
    else:
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def halved(**changes: Any) -> dict[str, Any]:
    return {"kind": "isotonic", "after": "natural", "x": [[0, 1], [0, 1]], "y": [[0, 0.5], [0, 1]], **changes}


def test_a_rescaled_scorer() -> None:
    inner = DummyScorer(LabelSet(("toxic", "insult"), "multilabel", ("toxic",)), window=500)
    found = RescaledScorer(inner, "half", halved(thresholds={"toxic": 0.25}))
    assert isinstance(found, Scorer)
    assert found.score(["toxic=0.5 insult=0.5", "toxic=1"]).tolist() == [[0.25, 0.5], [0.5, 0.0]]
    assert found.score([]).shape == (0, 2)
    assert found.thresholds == {"toxic": 0.25, "insult": 0.5}
    assert found.version == "dummy@1+00000000:half"
    assert (found.labels, found.window) == (inner.labels, 500)


@pytest.mark.parametrize(("table", "message"), [
    ({}, "scale 'half': no isotonic calibration after 'natural'"),
    (halved(kind="platt"), "no isotonic calibration"),
    (halved(after="half"), "no isotonic calibration"),
    (halved(x=[[0, 1]]), "2 lists"),
])
def test_a_scale_that_does_not_fit(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RescaledScorer(DummyScorer(LabelSet(("toxic", "insult"), "multilabel")), "half", table)
