from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from toxmeter.errors import InputError
from toxmeter.evaluation.compare import compare
from toxmeter.evaluation.recorded import RecordedScorer
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

TWO = LabelSet(("toxic", "insult"), "multilabel", ("toxic", "insult"), {"TOXICITY": "toxic"})
TEXTS = [f"{row} toxic={row / 100:.2f} insult={(row * 7 % 100) / 100:.2f}" for row in range(100)]
TRUTH = np.array([[row >= 40, row % 5 == 0] for row in range(100)], np.float64)


class Bent(DummyScorer):
    """Another model: squares of the scores that the text says, and what breaks where it says so."""

    version = "bent@1+00000001"

    def _score_short(self, texts: list[str]) -> FloatArray:
        scores = super()._score_short(texts) ** 2
        scores[["broken" in text for text in texts]] = np.nan
        return scores


def run(*given: Any, **options: Any) -> dict[str, Any]:
    found = compare(*given, **{"resamples": 100, **options})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def theirs(texts: list[str], scores: list[float], **options: Any) -> RecordedScorer:
    return RecordedScorer(texts, np.array(scores, np.float32)[:, None], labels=LabelSet(("toxic",), "multilabel"),
                          version="theirs@1", thresholds={}, source="theirs.csv", **options)


def test_shift_flips_and_figures_by_hand() -> None:
    found = run(DummyScorer(TWO), Bent(TWO), TEXTS, TRUTH)
    old = np.array([row / 100 for row in range(100)])
    toxic = found["labels"]["toxic"]
    assert toxic["thresholds"] == {"old": 0.5, "new": 0.5}
    assert toxic["shift"]["mean"] == pytest.approx((old**2 - old).mean(), abs=1e-4)
    assert toxic["shift"]["mean_absolute"]["value"] == pytest.approx((old - old**2).mean(), abs=1e-4)
    assert toxic["shift"]["quantiles"]["0.5"] == pytest.approx(np.median(old**2 - old), abs=1e-4)
    assert toxic["shift"]["spearman"] == 1.0
    assert toxic["flips"]["share"]["value"] == 0.21  # .50 to .70
    assert toxic["flips"]["no_longer_flagged"]["count"] == 21
    assert toxic["flips"]["now_flagged"] == {"count": 0, "examples": []}
    assert toxic["figures"]["auc"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert toxic["figures"]["f1"]["old"] == pytest.approx(f1_score(TRUTH[:, 0], old >= 0.5), abs=1e-4)
    assert toxic["figures"]["f1"]["new"] == pytest.approx(f1_score(TRUTH[:, 0], old**2 >= 0.5), abs=1e-4)
    insult = np.array([(row * 7 % 100) / 100 for row in range(100)])
    assert found["labels"]["insult"]["figures"]["auc"]["old"] == pytest.approx(
        roc_auc_score(TRUTH[:, 1], insult), abs=1e-4)
    assert found["mean"]["auc"]["old"] == pytest.approx(
        (1 + roc_auc_score(TRUTH[:, 1], insult)) / 2, abs=1e-4)
    assert found["notes"] == []
    assert not found["verdict"]["replace"]


def test_a_model_may_replace_itself() -> None:
    found = run(DummyScorer(TWO), DummyScorer(TWO), TEXTS, TRUTH, rule="auc>=0, f1>=0, ece<=0, flips<=0, shift<=0")
    assert found["verdict"]["replace"]
    assert all(term["figure"] == {"value": 0.0, "low": 0.0, "high": 0.0} for term in found["verdict"]["terms"])


def test_examples_are_those_that_moved_most_and_each_once() -> None:
    texts = [*(["twice toxic=0.5"] * 30), "toxic=0.6 long " + "word " * 200, "toxic=0.7 \ud800\x1b[31m\nline"]
    found = run(DummyScorer(TWO), Bent(TWO), texts, examples=3)["labels"]["toxic"]["flips"]["no_longer_flagged"]
    assert found["count"] == 32
    assert [example["old"] for example in found["examples"]] == [0.5, 0.6, 0.7]
    twice, long, odd = (example["text"] for example in found["examples"])
    assert twice == "twice toxic=0.5"
    assert len(long) == 160
    assert long.endswith("…")
    assert odd == "toxic=0.7 ?\x1b[31m line"
    assert len(run(DummyScorer(TWO), Bent(TWO), texts, examples=1)["labels"]["toxic"]["flips"]["no_longer_flagged"][
        "examples"]) == 1


def test_thresholds_of_the_user_are_for_both_and_those_of_the_old_one_for_it() -> None:
    found = run(DummyScorer(TWO), Bent(TWO), TEXTS, thresholds={"TOXICITY": 0.7, "insult": 0.25},
                old_thresholds={"insult": 0.5})
    assert found["labels"]["toxic"]["thresholds"] == {"old": 0.7, "new": 0.7}
    assert found["labels"]["insult"]["thresholds"] == {"old": 0.5, "new": 0.25}
    assert found["labels"]["insult"]["flips"]["share"]["value"] == 0.0


def test_a_score_at_the_threshold_reaches_it() -> None:
    texts = [str(row) for row in range(10)]
    found = run(theirs(texts, [0.7] * 10), theirs(texts, [0.69] * 10), texts, thresholds={"toxic": 0.7})
    assert found["labels"]["toxic"]["flips"]["no_longer_flagged"]["count"] == 10


@pytest.mark.parametrize(("thresholds", "said"), [
    ({"toxik": 0.5}, "threshold of 'toxik': no label that both have (did you mean 'toxic'?); they share toxic"),
    ({"insult": 0.5}, "threshold of 'insult': no label that both have"),
    ({"toxic": 1.5}, "threshold of 'toxic' is 1.5: it is a probability"),
    ({"toxic": float("nan")}, "threshold of 'toxic' is nan"),
])
def test_thresholds_that_cannot_be(thresholds: dict[str, float], said: str) -> None:
    for name in ("thresholds", "old_thresholds"):
        with pytest.raises(InputError) as caught:
            run(DummyScorer(TWO), DummyScorer(LabelSet(("toxic",), "multilabel")), TEXTS, **{name: thresholds})
        assert said in str(caught.value)


def test_labels_are_shared_by_name_or_alias() -> None:
    other = LabelSet(("harmless", "TOXICITY"), "binary", ("TOXICITY",))
    found = run(DummyScorer(TWO), DummyScorer(other), TEXTS, rule="toxic.flips<=1")
    assert list(found["labels"]) == ["TOXICITY"]
    assert found["only_old"] == ["insult"]
    assert found["only_new"] == ["harmless"]
    assert found["verdict"]["terms"][0]["term"] == "TOXICITY.flips<=1"
    with pytest.raises(InputError, match="the two share no label: toxic, insult; and sad, glad"):
        run(DummyScorer(TWO), DummyScorer(LabelSet(("sad", "glad"), "binary")), TEXTS)


def test_two_labels_of_the_new_one_may_be_one_of_the_old() -> None:
    both = LabelSet(("PROFANITY", "OBSCENE"), "multilabel")
    found = run(DummyScorer(JIGSAW), DummyScorer(both), ["PROFANITY=0.9"] * 12)
    assert list(found["labels"]) == ["PROFANITY", "OBSCENE"]
    assert found["labels"]["OBSCENE"]["flips"]["no_longer_flagged"]["count"] == 12


def test_without_labels_only_decisions_are_judged() -> None:
    found = run(DummyScorer(TWO), DummyScorer(TWO), TEXTS)
    assert [term["term"] for term in found["verdict"]["terms"]] == ["flips<=0.05"]
    assert found["verdict"]["replace"]
    assert found["mean"] is None
    assert found["notes"] == ["the texts have no labels: only scores and decisions are compared"]
    with pytest.raises(InputError, match="'auc>=0' needs labels"):
        run(DummyScorer(TWO), DummyScorer(TWO), TEXTS, rule="auc>=0")


@pytest.mark.parametrize("count", [0, 3, 9])
def test_few_texts_pass_no_rule(count: int) -> None:
    found = run(DummyScorer(TWO), DummyScorer(TWO), TEXTS[:count], TRUTH[:count], rule="flips<=1")
    assert not found["verdict"]["replace"]
    assert found["labels"] == {}
    assert found["flips"] is None
    assert f"{count} texts: nothing is measured on fewer than 10" in found["notes"]


def test_a_label_of_one_class_has_no_figures_and_passes_no_rule() -> None:
    truth = TRUTH.copy()
    truth[:, 1] = 0
    found = run(DummyScorer(TWO), DummyScorer(TWO), TEXTS, truth, rule="insult.auc>=-1, toxic.auc>=-1, auc>=-1")
    assert [term["passed"] for term in found["verdict"]["terms"]] == [False, True, True]
    assert found["labels"]["insult"]["figures"] is None
    assert found["notes"] == ["insult: 0 rows with the label and 100 without it; its figures need 10 of each"]


def test_scores_that_are_none_are_refused() -> None:
    texts = [*TEXTS, "broken toxic=1", "broken"]
    with pytest.raises(InputError, match=r"bent@1\+00000001: texts\[100\] .* as 2 of 102 texts have: the model is"):
        run(DummyScorer(TWO), Bent(TWO), texts)


def test_texts_without_recorded_score_are_left_out_and_told() -> None:
    texts = [f"{row} toxic=0.{row}" for row in range(20)]
    found = run(theirs(texts[:12], [0.9] * 12), DummyScorer(TWO), texts, np.zeros((20, 2)))
    assert found["texts"] == 12
    assert "8 of 20 texts are left out: a file of scores has none for them" in found["notes"]
    with pytest.raises(InputError, match="none of the 20 texts has scores of both"):
        run(theirs(["x"], [0.5]), DummyScorer(TWO), texts)
    with pytest.raises(InputError, match=r"bent@1\+00000001: texts\[13\]"):
        run(theirs(["broken", *texts[:12]], [0.9] * 13), Bent(TWO), [*texts[:13], "broken"])


def test_labels_of_another_shape() -> None:
    with pytest.raises(InputError, match=r"labels of shape \(100, 2\) for 99 texts"):
        run(DummyScorer(TWO), DummyScorer(TWO), TEXTS[:-1], TRUTH)
    with pytest.raises(InputError, match="one bare text"):
        run(DummyScorer(TWO), DummyScorer(TWO), "text")


def test_soft_labels_and_unknown_ones() -> None:
    truth = np.where(TRUTH == 1, 0.5, 0.49)
    truth[:10] = np.nan
    found = run(DummyScorer(TWO), DummyScorer(TWO), TEXTS, truth)
    old = np.array([row / 100 for row in range(10, 100)])
    assert found["labels"]["toxic"]["figures"]["f1"]["old"] == pytest.approx(
        f1_score(TRUTH[10:, 0], old >= 0.5), abs=1e-4)
