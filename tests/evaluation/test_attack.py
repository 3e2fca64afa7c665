from __future__ import annotations

import json

import numpy as np
import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.attack import RESPELLINGS, attack
from toxmeter.evaluation.robustness import PERTURBATIONS
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))


class Reader(DummyScorer):
    """Counts bad words; .3 for each, and counts how often it is asked about a text with a number."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        self.calls.append(len(texts))
        return np.array([[min(1, 0.3 * sum(word in text for word in ("fool", "ugly", "liar")))] for text in texts],
                        np.float32)


class Deaf(DummyScorer):
    """Flags everything."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.ones((len(texts), 1), np.float32)


TEXTS = [f"you are a fool and an ugly person {n}" for n in range(20)] + ["hello friend"] * 5


def test_all_respellings_are_perturbations() -> None:
    assert set(RESPELLINGS) <= set(PERTURBATIONS)


def test_one_word_is_enough_here() -> None:
    scorer = Reader(ONE)
    found = attack(scorer, TEXTS, budget=50, resamples=50)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["flagged"], found["attacked"]) == (20, 20)
    assert found["escaped"] == {"value": 1.0, "low": 0.8389, "high": 1.0}
    assert found["words_changed"] == pytest.approx(1 / 9, abs=1e-4)
    # nine words are left out in turn, then one is respelled in each way that changes it
    assert 10 < found["median_queries"] <= 9 + len(RESPELLINGS)
    assert found["within"][0] == [1, 0.0]
    assert found["within"][-1] == [50, 1.0]
    # a round of all texts is one call
    assert len(scorer.calls) == 3
    assert scorer.calls[:2] == [25, 9 * 20]


def test_examples_are_few_and_short() -> None:
    long = [f"{'word ' * 40} you fool, ugly liar {n}" for n in range(12)]
    examples = attack(Reader(ONE), long, budget=400)["examples"]
    assert len(examples) == 3
    for example in examples:
        assert len(example["before"]) == len(example["after"]) == 120
        assert example["before"].endswith("…")
        assert example["score_after"] < 0.5 <= example["score_before"]


def test_the_words_of_an_escaped_text_are_all_there() -> None:
    found = attack(Reader(ONE), TEXTS, budget=50)
    for example in found["examples"]:
        assert len(example["after"].split()) >= len(example["before"].split())


@pytest.mark.parametrize("budget", [1, 2, 5, 17, 30])
def test_the_budget_is_kept(budget: int) -> None:
    scorer = Reader(ONE)
    found = attack(scorer, [f"fool ugly liar {n}" for n in range(12)], budget=budget)
    assert sum(scorer.calls[1:]) <= 12 * budget
    assert found["within"][-1][0] == budget


def test_who_flags_everything_is_not_escaped() -> None:
    found = attack(Deaf(ONE), TEXTS, budget=40)
    assert found["escaped"]["value"] == 0.0
    assert found["median_queries"] is found["words_changed"] is None
    assert found["examples"] == []


def test_a_model_that_gives_no_number_is_not_escaped() -> None:
    class Fragile(Reader):
        def _score_short(self, texts: list[str]) -> FloatArray:
            scores = super()._score_short(texts)
            scores[["fool" not in text for text in texts]] = np.nan
            return scores

    found = attack(Fragile(ONE), [f"fool ugly {n}" for n in range(10)], budget=60)
    assert found["flagged"] == 10
    # only "ugly" can be respelled, as without "fool" there is no number
    assert all("fool" in example["after"] for example in found["examples"])


def test_the_same_seed_gives_the_same_attack() -> None:
    first, again = (attack(Reader(ONE), TEXTS, budget=30, most=12, seed=3) for _ in range(2))
    assert first == again
    assert first["attacked"] == 12


@pytest.mark.parametrize("texts", [[], ["hello"], ["you fool, ugly"] * 3, ["fool ugly"]])
def test_few_flagged_texts_are_said(texts: list[str]) -> None:
    found = attack(Reader(ONE), texts, budget=20)
    json.dumps(found, allow_nan=False)
    assert found["escaped"] is found["within"] is None
    assert any("it takes 10" in note for note in found["notes"])


def test_texts_without_words_and_strange_ones() -> None:
    found = attack(Deaf(ONE), ["", "...", "   ", "\ud800", "a", "🙂 🙂", "x\ny\tz", "word"] * 2, budget=15)
    assert found["escaped"]["value"] == 0.0


def test_without_toxic_labels_nothing_is_attacked() -> None:
    found = attack(DummyScorer(LabelSet(("bad", "good"), "binary")), TEXTS)
    assert found["attacked"] == 0
    assert "declared toxic" in found["notes"][0]


def test_a_budget_of_nothing() -> None:
    with pytest.raises(InputError, match="budget is 0"):
        attack(Reader(ONE), TEXTS, budget=0)
