"""A scorer that remembers what it was asked, for the tests of bulk scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from toxmeter.labels import LabelSet
from toxmeter.models.scorer import FloatArray


class Recorder:
    """Scores every text by its length, and keeps the texts."""

    version = "recorder@1+00000000"
    window = 1000
    labels = LabelSet(("rude", "worse"), "multilabel", ("rude", "worse"))
    thresholds: Mapping[str, float] = {"rude": 0.5, "worse": 0.5}

    def __init__(self, fail_at: int = 0) -> None:
        self.texts: list[str] = []
        self.batches: list[int] = []
        self.fail_at = fail_at

    def score(self, texts: Sequence[str]) -> FloatArray:
        if len(self.batches) + 1 == self.fail_at:
            raise KeyboardInterrupt
        self.batches.append(len(texts))
        self.texts += texts
        return np.array([[len(text) % 8 / 8, 1.0] for text in texts], np.float32)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def interrupted() -> type[Recorder]:
    """The class, to make scorers that are interrupted at a batch."""
    return Recorder
