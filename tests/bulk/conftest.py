"""What the tests of bulk scoring share: a scorer that remembers what it was asked, and broken input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import strategies as st

from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.models.scorer import FloatArray


_PIECES = [
    b"plain,1\n", b'"quoted, with comma",2\r\n', b'"two\nlines",3\n', b'"never closed,4\n', b"only one\n",
    b"a,b,c\n", b"\xff,5\n", b'"bad"quote,6\n', b"\n", b'in"side,7\n', b"lone\rreturn,8\n",
    b'{"text": "x"}\n', b'{"text": null}\n', b'""', b'"', b",", b"\x00",
]
GARBAGE = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=8), max_size=15).map(b"".join)
"""Rows good and bad, and pieces of such."""


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
