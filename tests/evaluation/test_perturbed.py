from __future__ import annotations

import json

import numpy as np
import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.metrics import roc_auc
from toxmeter.evaluation.perturbed import robustness, toxic_truth
from toxmeter.evaluation.robustness import PERTURBATIONS, perturb
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
LEVELS = LabelSet(("kind", "rude", "hateful"), "multiclass", ("rude", "hateful"))


class Words(DummyScorer):
    """Knows one bad word; capitals make it half as sure, and ``§`` gives NaN."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        self.calls.append(len(texts))
        return np.array([[np.nan if "§" in text else 0.9 if "fool" in text else 0.45 if "FOOL" in text else 0.1]
                         for text in texts], np.float32)


TEXTS = [f"you fool number {n}" for n in range(30)] + [f"you friend number {n}" for n in range(30)]
LABELS = np.repeat([[1.0], [0.0]], 30, axis=0)


def test_figures_by_hand() -> None:
    scorer = Words(ONE)
    report = robustness(scorer, TEXTS, LABELS, strengths=(0.3, 1), resamples=50)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert scorer.calls == [60 * (1 + 2 * len(PERTURBATIONS))]
    assert (report["texts"], report["toxic"], report["flagged"]) == (60, 30, 30)
    assert report["auc"]["value"] == 1.0
    upper = report["perturbations"]["upper_case"]["1"]
    # half of the texts falls from .9 to .45, which is under the threshold and above the others' .1
    assert upper["drift"]["value"] == pytest.approx(0.225, abs=1e-4)
    assert upper["drift"]["low"] < 0.225 < upper["drift"]["high"]
    assert (upper["lost"]["value"], upper["raised"]["value"], upper["auc"]["value"]) == (1.0, 0.0, 1.0)
    leet = report["perturbations"]["leet"]["1"]
    assert (leet["lost"]["value"], leet["auc"]["value"]) == (1.0, 0.5)
    assert report["perturbations"]["neutral_text"]["1"]["drift"] == {"value": 0.0, "low": 0.0, "high": 0.0602}


def test_lost_detections_are_those_that_a_perturbation_hides() -> None:
    report = robustness(Words(ONE), TEXTS, LABELS, strengths=(0.3,), seed=4, resamples=50)
    hidden = ["fool" not in perturb("stretched", text, 0.3, seed=4) for text in TEXTS[:30]]
    lost = report["perturbations"]["stretched"]["0.3"]["lost"]
    assert lost["value"] == pytest.approx(np.mean(hidden), abs=1e-4)
    assert 0 < lost["low"] < lost["value"] < lost["high"] < 1


def test_raised_alarms_are_counted_apart() -> None:
    class Loud(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            return np.array([[0.9 if "fool" in text or text.isupper() else 0.1] for text in texts], np.float32)

    found = robustness(Loud(ONE), TEXTS, LABELS, strengths=(1,), resamples=20)["perturbations"]["upper_case"]["1"]
    assert (found["lost"]["value"], found["raised"]["value"], found["auc"]["value"]) == (0.0, 1.0, 0.5)


def test_at_most_so_many_texts_half_of_them_toxic() -> None:
    report = robustness(Words(ONE), TEXTS, LABELS, strengths=(1,), most=40, resamples=5)
    assert (report["texts"], report["toxic"]) == (40, 20)
    report = robustness(Words(ONE), TEXTS[20:], LABELS[20:], strengths=(1,), most=30, resamples=5)
    assert (report["texts"], report["toxic"]) == (30, 10)
    report = robustness(Words(ONE), TEXTS[:35], LABELS[:35], strengths=(1,), most=30, resamples=5)
    assert (report["texts"], report["toxic"]) == (30, 25)


def test_the_same_seed_gives_the_same_report() -> None:
    first, again, other = (robustness(Words(ONE), TEXTS, LABELS, strengths=(0.3,), most=30, seed=seed, resamples=20)
                           for seed in (1, 1, 2))
    assert first == again != other


def test_auc_is_that_of_the_perturbed_texts() -> None:
    texts = [f"toxic=0.{n:02} a" for n in range(40)]
    labels = (np.random.default_rng(0).random((40, 1)) < 0.5).astype(float)
    report = robustness(DummyScorer(ONE), texts, labels, strengths=(0.5,), resamples=20)
    rewritten = [perturb("drop", text, 0.5) for text in texts]
    score = DummyScorer(ONE).score(rewritten)[:, 0].astype(np.float64)
    assert report["perturbations"]["drop"]["0.5"]["auc"]["value"] == pytest.approx(
        roc_auc(labels[:, 0] == 1, score), abs=1e-4)


@pytest.mark.parametrize(("texts", "labels", "notes"), [
    (TEXTS[30:], LABELS[30:], ["0 texts are flagged before", "0 texts are known to be toxic"]),
    (TEXTS[:30], LABELS[:30], ["0 texts are not flagged", "0 texts are known to be harmless"]),
    (TEXTS[:3], LABELS[:3], ["3 texts are flagged before", "0 texts are not flagged", "3 texts are known to be toxic"]),
    (TEXTS, np.full((60, 1), np.nan), ["0 texts are known to be toxic", "0 texts are known to be harmless"]),
    ([], np.empty((0, 1)), ["0 texts are flagged before"]),
    (["§", *TEXTS[1:]], LABELS, ["texts have a score that is NaN"]),
])
def test_what_cannot_be_measured_is_none_and_said(texts: list[str], labels: np.ndarray[tuple[int, ...], np.dtype[
        np.float64]], notes: list[str]) -> None:
    report = robustness(Words(ONE), texts, labels, strengths=(1,), resamples=5)
    json.dumps(report, allow_nan=False)
    for note in notes:
        assert any(note in each for each in report["notes"])
    if "toxic, so" in " ".join(report["notes"]):
        assert report["auc"] is None
        assert report["perturbations"]["leet"]["1"]["auc"] is None


def test_without_toxic_labels_nothing_is_measured() -> None:
    film = LabelSet(("bad", "good"), "binary")
    report = robustness(DummyScorer(film), TEXTS, np.repeat(LABELS, 2, axis=1), strengths=(1,), resamples=5)
    assert report["texts"] == 0
    assert "declared toxic" in report["notes"][0]


def test_a_text_is_toxic_by_any_label_that_is() -> None:
    unknown = np.nan
    labels = np.array([[1, 0, 0], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [unknown] * 3])
    assert toxic_truth(LEVELS, labels)[:3].tolist() == [0, 1, 1]
    assert np.isnan(toxic_truth(LEVELS, labels)[3])
    two = LabelSet(("rude", "threat"), "multilabel", ("rude", "threat"))
    known = toxic_truth(two, np.array([[0, unknown], [unknown, 1], [0, 1], [unknown, unknown]]))
    assert known[:3].tolist() == [0, 1, 1]
    assert np.isnan(known[3])


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InputError, match="for 60 texts and 1 labels"):
        robustness(Words(ONE), TEXTS, LABELS[:5])
    with pytest.raises(InputError, match="strength is 2"):
        robustness(Words(ONE), TEXTS, LABELS, strengths=(2,))
