from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from toxmeter.evaluation.groups import LENGTHS, by_group, by_length
from toxmeter.evaluation.metrics import expected_calibration_error

NAMES = ("toxic", "threat")
THRESHOLDS = {"toxic": 0.5, "threat": 0.3}
RANDOM = np.random.default_rng(0)
SCORES = RANDOM.random((200, 2)).astype(np.float32)
FEW = (np.arange(200) < 3).astype(np.float64)
TRUTH = np.stack([RANDOM.random(200) < SCORES[:, 0], np.arange(200) % 50 == 0], axis=1).astype(np.float64)


def test_figures_of_a_group_are_those_of_its_rows() -> None:
    share = RANDOM.random(200)
    share[:30] = np.nan
    found = by_group(TRUTH, SCORES, {"women": share, "three": FEW}, THRESHOLDS, NAMES,
                     resamples=50)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    rows = share >= 0.5
    truth, score = TRUTH[rows, 0] == 1, SCORES[rows, 0].astype(np.float64)
    toxic = found["groups"]["women"]["labels"]["toxic"]
    assert found["groups"]["women"]["rows"] == toxic["rows"] == rows.sum() < 170
    assert toxic["positives"] == truth.sum()
    assert toxic["auc"]["value"] == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-4)
    assert toxic["brier"] == pytest.approx(sk.brier_score_loss(truth, score), abs=1e-4)
    assert toxic["mean_score"] == pytest.approx(score.mean(), abs=1e-4)
    assert toxic["ece_equal_mass"] == pytest.approx(
        expected_calibration_error(truth, score, equal_mass=True), abs=1e-4)
    flagged = score >= 0.5
    expected = sk.precision_recall_fscore_support(truth, flagged, average="binary")[:3]
    assert [toxic[rate]["value"] for rate in ("precision", "recall", "f1")] == pytest.approx(expected, abs=1e-4)
    assert toxic["false_positive_rate"]["value"] == pytest.approx(flagged[~truth].mean(), abs=1e-4)
    assert toxic["auc"]["low"] < toxic["auc"]["value"] < toxic["auc"]["high"]
    assert found["all"]["rows"] == 200


def test_what_is_too_small_is_none_with_a_note() -> None:
    found = by_group(TRUTH, SCORES, {"three": FEW}, THRESHOLDS, NAMES, resamples=20)
    assert found["groups"]["three"] == {"rows": 3, "labels": None}
    threat = found["all"]["labels"]["threat"]
    assert threat["auc"] is threat["precision"] is threat["recall"] is threat["f1"] is None
    assert threat["ece"] is not None
    assert threat["false_positive_rate"]["value"] is not None
    assert found["notes"] == [
        "all rows: fewer than 10 rows with the label threat (4): no ROC-AUC, precision, F1 and recall",
        "three: 3 rows, a figure needs 10"]


def test_no_rows_and_scores_that_are_no_number_are_no_trouble() -> None:
    nothing = by_group(np.zeros((0, 2)), np.zeros((0, 2)), {}, THRESHOLDS, NAMES)
    assert nothing["all"] == {"rows": 0, "labels": None}
    scores = SCORES.copy()
    scores[:195, 1] = np.nan
    found = by_group(TRUTH, scores, {}, THRESHOLDS, NAMES, resamples=20)
    assert found["all"]["labels"]["threat"]["rows"] == 5
    assert found["all"]["labels"]["threat"]["ece"] is None
    assert found["all"]["labels"]["toxic"]["rows"] == 200


def test_texts_are_grouped_by_length() -> None:
    lengths = [0, 50, 51, 200, 201, 1_000, 1_001, 5_000] * 25
    found = by_length(["x" * length for length in lengths], TRUTH, SCORES, THRESHOLDS, NAMES, resamples=20)
    assert {name: part["rows"] for name, part in found["groups"].items()} == {
        "0–50 characters": 50, "51–200 characters": 50, "201–1000 characters": 50, "over 1000 characters": 50}
    assert len(found["groups"]) == len(LENGTHS) + 1
