"""What is measured, checked with a scorer whose answers stand in the texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from toxmeter.data.read import read_rows
from toxmeter.data.split import essence
from toxmeter.evaluation.metrics import average_precision, expected_calibration_error
from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer
from toxmeter.training.report import everyday, headline, measure

TWO = LabelSet(("rude", "threat"), "multilabel", ("rude", "threat"))
SCORES = [(0.9, 0.0), (0.6, 0.2), (0.4, 0.7), (0.1, 0.1), (0.0, 0.8), (0.2, 0.0)]
TRUTH = np.array([[1, 0], [0, 0], [1, 1], [0, 0], [0, 1], [0.4, 0]])
TEXTS = [f"rude={rude} threat={threat} number {n}" for n, (rude, threat) in enumerate(SCORES)]


def test_figures_of_a_label_by_hand() -> None:
    figures = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)["labels"]
    rude = figures["rude"]
    # flagged: .9 and .6; true: .9 and .4; the pairs that are in order: 4 + 3 of 2 · 4
    assert (rude["positives"], rude["threshold"]) == (2, 0.5)
    assert (rude["precision"], rude["recall"], rude["f1"]) == (0.5, 0.5, 0.5)
    assert rude["auc"]["value"] == 0.875
    assert rude["auc"]["low"] <= 0.875 <= rude["auc"]["high"]
    truth, score = TRUTH[:, 0] >= 0.5, np.array([rude for rude, _ in SCORES])
    assert rude["average_precision"] == pytest.approx(average_precision(truth, score), abs=1e-4)
    assert rude["ece"] == pytest.approx(expected_calibration_error(truth, score), abs=1e-4)
    assert rude["ece_equal_mass"] == pytest.approx(
        expected_calibration_error(truth, score, equal_mass=True), abs=1e-4)
    assert figures["threat"]["auc"]["value"] == figures["threat"]["f1"] == 1.0


def test_the_report_is_plain_json_and_repeatable() -> None:
    report = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report == measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)
    assert report["rows"] == 6
    assert report["mean_auc"]["value"] == pytest.approx((0.875 + 1) / 2, abs=1e-4)


def test_the_headline_is_of_the_first_label() -> None:
    report = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)
    assert headline(report) == {"toxic AUC": 0.875, "mean AUC": report["mean_auc"]["value"], "toxic F1": 0.5,
                                "toxic ECE": report["labels"]["rude"]["ece"]}


def test_what_is_not_defined_is_none() -> None:
    report = measure(DummyScorer(TWO), ["rude=0.1", "rude=0.2"], np.zeros((2, 2)), seed=0)
    rude = report["labels"]["rude"]
    undefined = ("average_precision", "precision", "recall", "f1")
    assert [rude[name] for name in undefined] == [None] * 4
    assert rude["auc"] == report["mean_auc"] == {"value": None, "low": None, "high": None}
    assert report["disguises"] == {"texts": 0, "kept": dict.fromkeys(DISGUISES)}
    json.dumps(report, allow_nan=False)


def test_disguises_are_measured_on_detections_of_truly_toxic_texts() -> None:
    disguises = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)["disguises"]
    # truly rude: the first and the third, which is flagged as a threat
    assert disguises["texts"] == 2
    kept = disguises["kept"]
    assert list(kept) == list(DISGUISES)
    # this scorer reads no disguise but the ones that spare what it looks for
    assert (kept["upper_case"], kept["full_width"], kept["zero_width"]) == (0.0, 0.0, 0.0)
    half = measure(DummyScorer(TWO), ["rude=1", "threat=1"], np.array([[1, 0], [1, 0]]), seed=1)["disguises"]
    # "thr3@7" and "rud3" are lost to leet; of symbols only "thre@t" is
    assert (half["kept"]["leet"], half["kept"]["symbols"]) == (0.0, 0.5)


def test_everyday_sentences_that_are_flagged_are_counted() -> None:
    class Nervous(DummyScorer):
        def _score_short(self, texts: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            return np.array([[0.0, float("kill" in text.lower())] for text in texts], np.float32)

    found = measure(Nervous(TWO), ["kill", "hug"], np.eye(2), seed=0)["everyday"]
    killing = sum("kill" in sentence.lower() for sentence in everyday())
    assert killing > 5
    assert found == {"sentences": 500, "flagged": killing, "share": round(killing / 500, 4)}


def test_there_are_five_hundred_distinct_everyday_sentences() -> None:
    sentences = everyday()
    assert len(sentences) == len({essence(sentence) for sentence in sentences}) == 500
    assert all(sentence and sentence == sentence.strip() for sentence in sentences)


def test_no_everyday_sentence_is_trained_on() -> None:
    trained_on = {essence(text) for text in read_rows("contrast", Path(), JIGSAW).texts}
    assert [sentence for sentence in everyday() if essence(sentence) in trained_on] == []
