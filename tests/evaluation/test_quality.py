"""What is measured, checked with a scorer whose answers stand in the texts."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics as sk

from toxmeter.errors import InputError
from toxmeter.evaluation.everyday import everyday
from toxmeter.evaluation.metrics import average_precision, bootstrap, expected_calibration_error, roc_auc
from toxmeter.evaluation.quality import headline, judge, measure
from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer

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


def test_intervals_are_bootstraps_over_rows() -> None:
    truth, score = TRUTH[:, 0] >= 0.5, np.array([rude for rude, _ in SCORES])
    low, high = bootstrap(lambda rows: roc_auc(truth[rows], score[rows]), 6, repeats=50, seed=4)
    auc = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=4, resamples=50)["labels"]["rude"]["auc"]
    assert (auc["low"], auc["high"]) == (round(low, 4), round(high, 4))


def test_the_report_is_plain_json_and_repeatable() -> None:
    report = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report == measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)
    assert report["rows"] == 6
    assert report["mean_auc"]["value"] == pytest.approx((0.875 + 1) / 2, abs=1e-4)


def test_the_headline_is_of_the_first_label() -> None:
    report = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1)
    assert headline(report) == {"rude AUC": 0.875, "mean AUC": report["mean_auc"]["value"], "rude F1": 0.5,
                                "rude ECE": report["labels"]["rude"]["ece"]}


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


def test_few_of_the_toxic_texts_can_be_disguised() -> None:
    texts = [f"{name}=1 {n}" for n in range(20) for name in ("rude", "calm")]
    labels = np.tile([[1.0, 0.0], [0.0, 0.0]], (20, 1))
    scorer = DummyScorer(TWO)
    assert measure(scorer, texts, labels, seed=1)["disguises"]["texts"] == 20
    scorer.calls.clear()
    assert measure(scorer, texts, labels, seed=1, disguised=5)["disguises"]["texts"] == 5
    assert scorer.calls == [40, *[5] * len(DISGUISES), 500]


def test_everyday_sentences_that_are_flagged_are_counted() -> None:
    class Nervous(DummyScorer):
        def _score_short(self, texts: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            return np.array([[0.0, float("kill" in text.lower())] for text in texts], np.float32)

    found = measure(Nervous(TWO), ["kill", "hug"], np.eye(2), seed=0)["everyday"]
    killing = sum("kill" in sentence.lower() for sentence in everyday())
    assert killing > 5
    assert found == {"sentences": 500, "flagged": killing, "share": round(killing / 500, 4)}


# classes

LEVELS = LabelSet(("kind", "rude", "hateful"), "multiclass", ("rude", "hateful"))
SAFE = LabelSet(("toxic", "safe"), "binary", ("toxic",))
FILM = LabelSet(("bad", "good"), "binary")


def said(labels: LabelSet, probability: npt.NDArray[np.float64]) -> list[str]:
    """Texts that ``DummyScorer`` scores so."""
    return [" ".join(f"{name}={value:.3f}" for name, value in zip(labels.names, row, strict=True))
            for row in probability]


def drawn(labels: LabelSet, rows: int = 80) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Texts, their classes, and the scores that they get."""
    random = np.random.default_rng(0)
    true = random.integers(0, len(labels), rows)
    probability = 0.75 * random.dirichlet(np.ones(len(labels)), rows) + 0.25 * np.eye(len(labels))[true]
    return said(labels, probability), true, probability.round(3)


@pytest.mark.parametrize("labels", [LEVELS, SAFE, FILM], ids=lambda labels: labels.names[0])
def test_figures_of_classes_are_those_of_scikit_learn(labels: LabelSet) -> None:
    texts, true, probability = drawn(labels)
    decided = probability.argmax(axis=1)
    report = measure(DummyScorer(labels), texts, np.eye(len(labels))[true], seed=0)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["confusion"] == sk.confusion_matrix(true, decided).tolist()
    expected = {"accuracy": sk.accuracy_score(true, decided)}
    expected |= {f"{average}_f1": sk.f1_score(true, decided, average=average) for average in ("macro", "weighted")}
    expected["mean_auc"] = np.mean([sk.roc_auc_score(true == column, probability[:, column])
                                    for column in range(len(labels))])
    for name, value in expected.items():
        assert report[name]["value"] == pytest.approx(value, abs=1e-4)
        assert report[name]["low"] < report[name]["value"] < report[name]["high"]
    parts = sk.precision_recall_fscore_support(true, decided)
    for column, (name, figures) in enumerate(report["labels"].items()):
        assert name == labels.names[column]
        assert [figures[key] for key in ("precision", "recall", "f1", "positives")] == pytest.approx(
            [part[column] for part in parts], abs=1e-4)
        over = probability[:, column] >= 0.5
        assert figures["at_threshold"]["recall"] == pytest.approx(sk.recall_score(true == column, over), abs=1e-4)
    assert report["ece"] == pytest.approx(
        expected_calibration_error(true == decided, probability.max(axis=1)), abs=1e-4)


def test_by_thresholds_a_rare_class_is_chosen_more_often() -> None:
    texts, true, probability = drawn(LEVELS)
    scorer = DummyScorer(LEVELS)
    scorer.thresholds = {"kind": 0.6, "rude": 0.6, "hateful": 0.2}
    report = measure(scorer, texts, np.eye(3)[true], seed=0)
    decided = (probability / [0.6, 0.6, 0.2]).argmax(axis=1)
    found = report["by_thresholds"]
    assert found["confusion"] == sk.confusion_matrix(true, decided).tolist()
    assert found["macro_f1"]["value"] == pytest.approx(sk.f1_score(true, decided, average="macro"), abs=1e-4)
    assert np.sum(found["confusion"], axis=0)[2] > np.sum(report["confusion"], axis=0)[2]


def test_intervals_of_classes_are_as_wide_as_plain_ones() -> None:
    texts, true, probability = drawn(LEVELS)
    report = measure(DummyScorer(LEVELS), texts, np.eye(3)[true], seed=0, resamples=2_000)
    decided = probability.argmax(axis=1)
    plain = bootstrap(lambda rows: float(sk.f1_score(true[rows], decided[rows], average="macro")), 80, repeats=200)
    assert (report["macro_f1"]["low"], report["macro_f1"]["high"]) == pytest.approx(plain, abs=0.03)


@pytest.mark.parametrize(("labels", "positive"), [(SAFE, 0), (FILM, 1)])
def test_a_binary_set_has_f1_and_brier_score_of_its_positive_label(labels: LabelSet, positive: int) -> None:
    texts, true, probability = drawn(labels)
    report = measure(DummyScorer(labels), texts, np.eye(2)[true], seed=0)
    f1 = sk.f1_score(true, probability.argmax(axis=1), pos_label=positive)
    assert report["f1"]["value"] == report["labels"][labels.names[positive]]["f1"] == pytest.approx(f1, abs=1e-4)
    brier = sk.brier_score_loss(true == positive, probability[:, positive])
    assert report["brier"] == pytest.approx(brier, abs=1e-4)
    assert headline(report) == {"accuracy": report["accuracy"]["value"], "F1": report["f1"]["value"],
                                "AUC": report["mean_auc"]["value"]}


def test_the_headline_of_classes_begins_with_macro_f1() -> None:
    texts, true, _ = drawn(LEVELS)
    report = measure(DummyScorer(LEVELS), texts, np.eye(3)[true], seed=0)
    assert "f1" not in report
    assert headline(report) == {"macro F1": report["macro_f1"]["value"],
                                "weighted F1": report["weighted_f1"]["value"],
                                "accuracy": report["accuracy"]["value"]}


def test_without_toxic_labels_nothing_is_disguised() -> None:
    texts, true, _ = drawn(FILM)
    scorer = DummyScorer(FILM)
    report = measure(scorer, texts, np.eye(2)[true], seed=0)
    assert not {"disguises", "everyday", "spearman", "probes"} & report.keys()
    assert scorer.calls == [80]


def test_toxic_classes_are_flagged_together() -> None:
    # neither reaches its threshold, but the two together reach the smaller one
    texts = ["kind=0.4 rude=0.3 hateful=0.3", "kind=0.6 rude=0.2 hateful=0.2", "kind=0.4 rude=0.3 hateful=0.3"]
    report = measure(DummyScorer(LEVELS), texts, np.eye(3)[[1, 2, 0]], seed=0)
    assert report["disguises"]["texts"] == 1


@pytest.mark.parametrize("labels", [TWO, LEVELS], ids=["multilabel", "multiclass"])
def test_labels_that_are_not_known_are_left_out(labels: LabelSet) -> None:
    texts, true, _ = drawn(labels)
    truth = np.eye(len(labels))[true]
    unknown = np.full((10, len(labels)), np.nan)
    more = measure(DummyScorer(labels), texts + texts[:10], np.concatenate([truth, unknown]), seed=0)
    without = measure(DummyScorer(labels), texts, truth, seed=0)
    assert more["rows"] == without["rows"] + 10 == 90
    for name, figures in without["labels"].items():
        assert "rows" not in figures
        assert more["labels"][name]["rows"] == 80
        for key in ("positives", "average_precision", "ece", "ece_equal_mass", "precision", "recall", "f1"):
            assert more["labels"][name][key] == figures[key]
        assert more["labels"][name]["auc"]["value"] == figures["auc"]["value"]
    for key in {"confusion", "ece", "brier", "disguises"} & without.keys():
        assert more[key] == without[key]


def test_rows_of_unknown_classes_alone_are_none() -> None:
    report = measure(DummyScorer(LEVELS), ["kind=1"], np.full((1, 3), np.nan), seed=0)
    assert report["accuracy"] == report["macro_f1"] == report["mean_auc"] == dict.fromkeys(("value", "low", "high"))
    assert report["confusion"] == [[0] * 3] * 3
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize("labels", [LabelSet(("toxic",), "multilabel", ("toxic",)), SAFE], ids=["one", "binary"])
def test_soft_labels_are_compared_by_rank(labels: LabelSet) -> None:
    soft = np.array([0.05, 0.2, 0.9, 0.6, 0.7, np.nan])
    score = np.array([0.1, 0.3, 0.8, 0.9, 0.2, 0.5])
    columns = soft[:, None] if len(labels) == 1 else np.stack([soft, 1 - soft], axis=1)
    texts = [f"toxic={value} safe={1 - value:.1f}" for value in score]
    report = measure(DummyScorer(labels), texts, columns, seed=0)
    expected = stats.spearmanr(soft[:5], score[:5]).statistic
    assert report["spearman"]["value"] == pytest.approx(expected, abs=1e-4)
    assert report["spearman"]["low"] < expected < report["spearman"]["high"]
    assert "spearman" not in measure(DummyScorer(labels), texts, columns.round(), seed=0)


def test_probes_are_shown_with_their_scores() -> None:
    probes = ["rude=0.00006", "threat=1"]
    report = measure(DummyScorer(TWO), TEXTS, TRUTH, seed=1, probes=probes)
    assert report["probes"] == [{"text": "rude=0.00006", "scores": {"rude": 0.00006, "threat": 0.0}},
                                {"text": "threat=1", "scores": {"rude": 0.0, "threat": 1.0}}]
    # of the test rows there is no text
    assert not any(text in json.dumps(report) for text in TEXTS)


@pytest.mark.parametrize("shape", [(6, 3), (5, 2), (6,)])
def test_labels_of_the_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="for 6 texts and 2 labels"):
        measure(DummyScorer(TWO), TEXTS, np.zeros(shape), seed=0)


# what is added for an evaluation


def test_averages_of_labels_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    scores = random.random((120, 2)).round(3)
    truth = (random.random((120, 2)) < scores).astype(np.float64)
    texts = [f"rude={rude:.3f} threat={threat:.3f}" for rude, threat in scores]
    report = measure(DummyScorer(TWO), texts, truth, seed=0)
    decided = scores >= 0.5
    for average in ("macro", "weighted", "micro"):
        figure = report[f"{average}_f1"]
        assert figure["value"] == pytest.approx(sk.f1_score(truth, decided, average=average), abs=1e-4)
        assert figure["low"] < figure["value"] < figure["high"]
    assert report["accuracy"]["value"] == pytest.approx(sk.accuracy_score(truth, decided), abs=1e-4)
    for column, (name, figures) in enumerate(report["labels"].items()):
        assert figures["brier"] == pytest.approx(sk.brier_score_loss(truth[:, column], scores[:, column]), abs=1e-4)
        assert figures["confusion"] == sk.confusion_matrix(truth[:, column], decided[:, column]).tolist(), name
        for rate, interval in figures["intervals"].items():
            assert interval["value"] == figures[rate]
            assert interval["low"] < figures[rate] < interval["high"]
    assert report["notes"] == []


def test_intervals_of_labels_are_as_wide_as_plain_ones() -> None:
    random = np.random.default_rng(0)
    scores = random.random((150, 2))
    truth = (random.random((150, 2)) < scores).astype(np.float64)
    report = judge(TWO, truth, scores, np.full(2, 0.5), seed=0, resamples=2_000)
    decided = scores >= 0.5
    low, high = bootstrap(lambda rows: float(sk.f1_score(truth[rows], decided[rows], average="macro")), 150,
                          repeats=200)
    assert (report["macro_f1"]["low"], report["macro_f1"]["high"]) == pytest.approx((low, high), abs=0.03)


def test_of_classes_micro_f1_is_the_accuracy() -> None:
    texts, true, _ = drawn(LEVELS)
    report = measure(DummyScorer(LEVELS), texts, np.eye(3)[true], seed=0)
    assert report["micro_f1"] == report["accuracy"]
    rude = report["labels"]["rude"]["at_threshold"]
    assert sum(map(sum, rude["confusion"])) == 80
    assert rude["intervals"]["recall"]["value"] == rude["recall"]


def test_rows_may_have_thresholds_of_their_own() -> None:
    scores, truth = np.array([[0.4, 0.1], [0.6, 0.1]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    report = judge(TWO, truth, scores, np.array([[0.3, 0.5], [0.7, 0.5]]), seed=0, resamples=5)
    assert (report["labels"]["rude"]["f1"], report["labels"]["rude"]["threshold"]) == (1.0, 0.5)


def test_what_is_not_defined_is_said() -> None:
    truth = np.array([[0.0, 1.0], [0.0, np.nan], [0.0, 1.0]])
    report = judge(TWO, truth, np.full((3, 2), 0.1), np.full(2, 0.5), seed=0, resamples=5)
    assert report["notes"] == [
        "rude: none of the 3 rows has it, so ROC-AUC, average precision and recall are not defined",
        "rude: no row is given it, so precision is not defined",
        "threat: all of the 2 rows have it, so ROC-AUC is not defined",
        "threat: no row is given it, so precision is not defined"]
    nothing = judge(TWO, np.zeros((0, 2)), np.zeros((0, 2)), np.full(2, 0.5), seed=0, resamples=5)
    assert nothing["notes"][0] == "rude: no row whose label and score are known, so nothing is measured"
    assert nothing["accuracy"]["value"] is None


@pytest.mark.parametrize("labels", [TWO, LEVELS], ids=["multilabel", "multiclass"])
def test_scores_that_are_no_number_are_left_out_and_said(labels: LabelSet) -> None:
    _, true, scores = drawn(labels)
    truth, half = np.eye(len(labels))[true], np.full(len(labels), 0.5)
    broken = scores.copy()
    broken[:10] = np.nan
    report = judge(labels, truth, broken, half, seed=0, resamples=20)
    without = judge(labels, truth[10:], scores[10:], half, seed=0, resamples=20)
    assert report["accuracy"]["value"] == without["accuracy"]["value"]
    assert report["labels"][labels.names[0]]["auc"]["value"] == without["labels"][labels.names[0]]["auc"]["value"]
    assert report["notes"] == ["10 of 80 rows have a score that is NaN or infinite: they are left out"]
