"""What is flagged among harmless sentences; disguises are tested with ``measure``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from toxmeter.data.read import read_rows
from toxmeter.data.split import essence
from toxmeter.evaluation.everyday import everyday, false_alarms, flagged
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer


def test_there_are_five_hundred_distinct_everyday_sentences() -> None:
    sentences = everyday()
    assert len(sentences) == len({essence(sentence) for sentence in sentences}) == 500
    assert all(sentence and sentence == sentence.strip() for sentence in sentences)


def test_no_everyday_sentence_is_trained_on() -> None:
    trained_on = {essence(text) for text in read_rows("contrast", Path(), JIGSAW).texts}
    assert [sentence for sentence in everyday() if essence(sentence) in trained_on] == []


@pytest.mark.parametrize(("kind", "scores", "expected"), [
    ("multilabel", [0.1, 0.3, 0.3], False), ("multilabel", [0.9, 0.1, 0.5], True),
    ("multilabel", [0.9, 0.1, 0.1], False),
    ("multiclass", [0.4, 0.3, 0.3], True), ("multiclass", [0.6, 0.2, 0.2], False),
])
def test_toxic_classes_count_together_and_toxic_labels_alone(
    kind: str, scores: list[float], expected: bool
) -> None:
    labels = LabelSet(("kind", "rude", "hateful"), kind, ("rude", "hateful"))  # type: ignore[arg-type]
    assert flagged(DummyScorer(labels), np.array([scores])).tolist() == [expected]


def test_a_scorer_that_finds_nothing_raises_no_false_alarm() -> None:
    assert false_alarms(DummyScorer()) == {"sentences": 500, "flagged": 0, "share": 0.0}
