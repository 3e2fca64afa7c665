from __future__ import annotations

import numpy as np
import pytest

from toxmeter.errors import InputError, LabelError
from toxmeter.evaluation.guardrail import verdicts
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

TWO = LabelSet(("rude", "threat", "loud"), "multilabel", ("rude", "threat"))
LEVELS = LabelSet(("kind", "rude", "hateful"), "multiclass", ("rude", "hateful"))


class Broken(DummyScorer):
    """Gives NaN to texts with ``?``, and infinity to those with ``!``."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        scores = super()._score_short(texts)
        scores[["?" in text for text in texts]] = np.nan
        scores[["!" in text for text in texts]] = np.inf
        return scores


def test_any_toxic_label_at_its_threshold_is_unsafe() -> None:
    scorer = DummyScorer(TWO)
    scorer.thresholds = {"rude": 0.75, "threat": 0.25, "loud": 0.1}
    found = verdicts(scorer, ["rude=0.75", "rude=0.7", "threat=0.25", "threat=0.2 rude=0.7", "loud=1"])
    assert found.unsafe.tolist() == [True, False, True, False, False]
    assert found.score.tolist() == pytest.approx([0.75, 0.7, 0.25, 0.7, 0])
    assert scorer.calls == [5]
    assert found.notes == ()


def test_a_threshold_of_ones_own_is_for_the_toxic_score() -> None:
    found = verdicts(DummyScorer(LEVELS), ["rude=0.25 hateful=0.25 kind=0.5", "rude=0.25 kind=0.75"], 0.5)
    assert found.unsafe.tolist() == [True, False]
    assert found.score.tolist() == [0.5, 0.25]


def test_one_label_can_decide_whether_toxic_or_not() -> None:
    scorer = DummyScorer(TWO)
    scorer.thresholds = {"rude": 0.75, "threat": 0.25, "loud": 0.1}
    texts = ["rude=1", "loud=0.125", "loud=0"]
    found = verdicts(scorer, texts, label="loud")
    assert (found.unsafe.tolist(), found.score.tolist()) == ([False, True, False], [0, 0.125, 0])
    assert verdicts(scorer, texts, 0.5, label="loud").unsafe.tolist() == [False] * 3
    with pytest.raises(LabelError, match="no label 'lowd'"):
        verdicts(scorer, texts, label="lowd")


def test_without_a_number_nothing_is_decided() -> None:
    found = verdicts(Broken(TWO), ["rude=1", "rude=1 ?", "rude=1 !"])
    assert found.known.tolist() == found.unsafe.tolist() == [True, False, False]
    assert found.notes == ("2 of 3 texts have a score that is NaN or infinite: they are left out",)


def test_without_toxic_labels_nothing_is_decided() -> None:
    scorer = DummyScorer(LabelSet(("bad", "good"), "binary"))
    found = verdicts(scorer, ["bad=1", "good=1"])
    assert not found.known.any()
    assert found.notes == ("none of the labels bad, good is declared toxic: nothing is decided",)
    assert scorer.calls == []


def test_no_texts() -> None:
    assert verdicts(DummyScorer(TWO), []).score.shape == (0,)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(InputError, match=r"probability in \[0, 1\]"):
        verdicts(DummyScorer(TWO), ["a"], threshold)
