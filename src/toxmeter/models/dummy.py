"""A scorer without a model, for tests and dry runs: deterministic, instant, and easy to steer.

It reads scores out of the text itself, so that a test can say what it wants: ``"insult=0.9 hello"`` scores
.9 for insult and nothing elsewhere. It does not judge toxicity and is not meant for users' text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models.scorer import FloatArray, check_texts
from toxmeter.text import score_in_windows

__all__ = ["DummyScorer"]


class DummyScorer:
    """Scores are what the text says: each ``label=number`` in it sets that label, all else is 0.

    Attributes:
        labels: the label set, Jigsaw's six unless told otherwise.
        version: ``dummy@1+00000000``.
        thresholds: .5 for every label.
        window: characters read at once.
        calls: how many texts each model call held, for tests of batching.
    """

    version = "dummy@1+00000000"

    def __init__(self, labels: LabelSet = JIGSAW, *, window: int = 2_000) -> None:
        self.labels = labels
        self.window = window
        self.thresholds: Mapping[str, float] = dict.fromkeys(labels.names, 0.5)
        self.calls: list[int] = []

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Read the scores out of the texts; see ``Scorer.score``."""
        return score_in_windows(self._score_short, check_texts(texts), self.window, len(self.labels))

    def _score_short(self, texts: list[str]) -> FloatArray:
        self.calls.append(len(texts))
        scores = np.zeros((len(texts), len(self.labels)), np.float32)
        for row, text in enumerate(texts):
            for name, value in re.findall(r"\b([A-Za-z_]{1,40})=([01](?:\.\d+)?)", text):
                if name in self.labels.ids:
                    scores[row, self.labels.id(name)] = min(float(value), 1.0)
        return scores
