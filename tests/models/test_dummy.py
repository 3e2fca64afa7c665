"""The dummy scorer: what the other tests rely on."""

from __future__ import annotations

import numpy as np
import pytest

from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer, Scorer, load


@pytest.mark.parametrize(("text", "expected"), [
    ("hello", {}),
    ("", {}),
    ("insult=0.9 hello", {"insult": 0.9}),
    ("insult=0.9 threat=1 toxic=0", {"insult": 0.9, "threat": 1.0}),
    ("INSULT=0.25", {"insult": 0.25}),  # an alias of the label set
    ("insult=1.5", {"insult": 1.0}),
    ("unknown=0.9 insult=high", {}),
])
def test_scores_are_what_the_text_says(text: str, expected: dict[str, float]) -> None:
    scores = DummyScorer().score([text])
    assert scores.dtype == np.float32
    wanted = [expected.get(name, 0.0) for name in JIGSAW.names]
    np.testing.assert_allclose(scores, [wanted], rtol=1e-6)


def test_one_row_for_each_text() -> None:
    assert DummyScorer().score([]).shape == (0, 6)
    assert DummyScorer().score(["a"]).shape == (1, 6)
    assert DummyScorer().score(("a", "b", "c")).shape == (3, 6)


def test_labels_of_its_own() -> None:
    scorer = DummyScorer(LabelSet(("ok", "rude"), "binary", toxic=("rude",)))
    np.testing.assert_allclose(scorer.score(["rude=0.5"]), [[0.0, 0.5]])
    assert scorer.thresholds == {"ok": 0.5, "rude": 0.5}


def test_long_text_is_read_in_windows_and_joined_by_the_maximum() -> None:
    scorer = DummyScorer(window=30)
    text = "insult=0.3 is at the begin. Then some words. And threat=0.7 is at the very end."
    (row,) = scorer.score([text])
    assert row[JIGSAW.id("insult")] == np.float32(0.3)
    assert row[JIGSAW.id("threat")] == np.float32(0.7)
    assert len(scorer.calls) == 1
    assert scorer.calls[0] > 1


def test_it_counts_the_texts_of_each_call() -> None:
    scorer = DummyScorer()
    scorer.score(["a", "b"])
    scorer.score(["c"])
    assert scorer.calls == [2, 1]


def test_it_is_a_scorer_and_refuses_what_is_no_text() -> None:
    assert isinstance(DummyScorer(), Scorer)
    with pytest.raises(InputError, match=r"texts\[1\]"):
        DummyScorer().score(["a", None])  # type: ignore[list-item]


def test_it_loads_by_name() -> None:
    assert isinstance(load("dummy"), DummyScorer)
