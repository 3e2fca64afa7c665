"""Calibration, scales and thresholds that validation rows choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from toxmeter.errors import InputError
from toxmeter.labels import LabelSet
from toxmeter.models.calibrated import probabilities, rescaled
from toxmeter.recipe.schema import Evaluation
from toxmeter.training.choose import BALANCED, choose

Floats = npt.NDArray[np.float64]

LABELS = LabelSet(("toxic", "threat"), "multilabel", ("toxic",))
HOW = Evaluation(calibration="platt")


def rows(count: int = 4_000) -> tuple[Floats, Floats]:
    """Truth, a tenth and a fiftieth of it positive, and logits that know something of it."""
    draw = np.random.default_rng(0)
    truth = (draw.random((count, 2)) < [0.1, 0.02]).astype(np.float64)
    return truth, 3 * truth + draw.normal(-1, 1, truth.shape)


def test_one_scale_unless_asked() -> None:
    truth, logits = rows()
    calibration, thresholds = choose(HOW, LABELS, truth, logits)
    assert calibration["kind"] == "platt"
    probability = probabilities(logits, "multilabel", calibration)
    np.testing.assert_allclose(probability.mean(axis=0), truth.mean(axis=0), rtol=0.1)
    for column, name in enumerate(LABELS.names):
        found = probability[:, column] >= thresholds[name]
        assert 0.3 < (truth[found, column] == 1).mean() < 1


def test_a_balanced_scale_ranks_and_decides_alike() -> None:
    truth, logits = rows()
    both, thresholds = choose(replace(HOW, balanced=True), LABELS, truth, logits)
    assert [*both] == ["natural", BALANCED]
    natural = probabilities(logits, "multilabel", both["natural"])
    moved = rescaled(natural, "multilabel", both[BALANCED])
    for column, name in enumerate(LABELS.names):
        np.testing.assert_array_equal(natural[:, column] >= thresholds[name],
                                      moved[:, column] >= both[BALANCED]["thresholds"][name])
        assert (np.diff(moved[np.argsort(natural[:, column]), column]) >= 0).all()


def test_a_balanced_scale_is_right_where_half_of_the_rows_are_positive() -> None:
    truth, logits = rows(40_000)
    both, _ = choose(replace(HOW, balanced=True), LABELS, truth, logits)
    moved = rescaled(probabilities(logits, "multilabel", both["natural"]), "multilabel", both[BALANCED])
    positive, negative = (moved[truth[:, 0] == label, 0] for label in (1, 0))
    half = np.concatenate([positive, negative[: len(positive)]])
    assert half.mean() == pytest.approx(0.5, abs=0.02)


def test_fixed_thresholds_stay_as_they_are() -> None:
    truth, logits = rows()
    _, thresholds = choose(Evaluation(thresholds="fixed", threshold=0.25), LABELS, truth, logits)
    assert thresholds == {"toxic": 0.25, "threat": 0.25}


def test_slack_raises_thresholds() -> None:
    truth, logits = rows()
    _, best = choose(HOW, LABELS, truth, logits)
    _, high = choose(replace(HOW, f1_slack=0.05), LABELS, truth, logits)
    assert all(high[name] > best[name] for name in LABELS.names)


def test_what_has_no_balanced_scale_is_refused() -> None:
    truth, logits = rows(100)
    truth[:, 1] = 0
    with pytest.raises(InputError, match=r"evaluate\.balanced: a label is on all validation rows or on none"):
        choose(replace(HOW, balanced=True, thresholds="fixed"), LABELS, truth, logits)
