"""Which texts, and which windows of them, the first scorer of a cascade defers to the second.

Where the first is sure that a text is harmless, it answers. Of a long text, which is often doubtful in one place, the
second reads only those windows that the first is not sure of. Which texts are looked at that closely is decided by
the text as a whole, with a lower bar: what is toxic in one place counts less in a long text. Of several doubtful
windows those are left out that are far less so than the worst, since a text has the highest score of its windows.

This module scores nothing, and does not choose where "sure" begins (``toxmeter.evaluation.band``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.models.scorer import FloatArray, Scorer, spans_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.labels import LabelSet

__all__ = ["Deferral", "Pieces", "cut", "joined"]

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Deferral:
    """The rule of a cascade.

    Attributes:
        low: per label that is looked at, in [0, 1], the score of a window by the first from which on the second is
            asked; the other labels are not looked at.
        dilution: at least 1. So many times lower is the bar for a text as a whole than for a window; set by hand.
        relative: in [0, 1]. A window counts as harmless in a label where the first gives it less than this share of
            what it gives the worst window of the text. With 0 every doubtful window is read, with 1 only the worst of
            each label; with .3, also set by hand, each one that the first itself gives .3 in a label with a low.
    """

    low: Mapping[str, float]
    dilution: float = 1.75
    relative: float = 0.3

    def check(self, labels: LabelSet) -> None:
        """See that the rule can be followed.

        Raises:
            ValueError: when a low is no probability, there is none, or dilution or relative is out of its range.
            LabelError: when a low is of no label.
        """
        if not 1 <= self.dilution < np.inf:
            raise ValueError(f"dilution is {self.dilution}: the bar for a text is as high as for a window (1), or lower"
                             " (1.75)")
        if not 0 <= self.relative <= 1:
            raise ValueError(f"relative is {self.relative}: it is a share of the worst window's score, from 0 to 1")
        if not self.low:
            raise ValueError("no label has a low: the first model would answer every text")
        for name, value in self.low.items():
            labels.id(name)  # raises, with the names that there are
            if not 0 <= value <= 1:
                raise ValueError(f"low of {name} is {value}: it is a probability from 0 to 1")

    def texts(self, scores: Floats, labels: LabelSet) -> Flags:
        """Which texts are looked at by their windows.

        Args:
            scores: ``[n, k]`` probabilities by the first, of whole texts.
            labels: what the columns mean.

        Returns:
            ``[n]``: those with a score that is not below its low, or NaN.
        """
        columns, lows = self._bars(labels)
        return np.asarray(~(scores[:, columns] < lows / self.dilution).all(axis=1))

    def windows(self, scores: Floats, owners: npt.NDArray[np.int64], labels: LabelSet) -> Flags:
        """Which windows of these texts the second reads.

        Args:
            scores: ``[m, k]`` probabilities by the first, of windows.
            owners: ``[m]`` the text that each is of, in rising order from 0, each at least once.
            labels: what the columns mean.

        Returns:
            ``[m]``: those with a score that is not below its low, or NaN, and not far below the text's highest.
        """
        columns, lows = self._bars(labels)
        seen = scores[:, columns]
        worst = np.maximum.reduceat(seen, _starts(owners), axis=0)[owners] if len(seen) else seen
        return np.asarray((~(seen < lows) & ~(seen < self.relative * worst)).any(axis=1))

    def _bars(self, labels: LabelSet) -> tuple[list[int], npt.NDArray[np.float64]]:
        return [labels.id(name) for name in self.low], np.array([*self.low.values()])


class Pieces(NamedTuple):
    """The windows of some texts.

    Attributes:
        texts: ``m`` windows, those of one text side by side.
        owners: ``[m]`` the text that each is of, in rising order, each text at least once.
    """

    texts: list[str]
    owners: npt.NDArray[np.int64]


def cut(scorer: Scorer, texts: Sequence[str]) -> Pieces:
    """Texts as the windows that a scorer joins, each text as a whole where it cannot tell them."""
    spans = spans_of(scorer, texts)
    return Pieces([text[begin:end] for text, each in zip(texts, spans, strict=True) for begin, end in each],
                  np.repeat(np.arange(len(spans)), [len(each) for each in spans]))


def joined(scores: FloatArray, asked: Flags, owners: npt.NDArray[np.int64]) -> tuple[FloatArray, Flags]:
    """Scores of texts: the largest of those windows that the second was asked for, or else of all by the first.

    Args:
        scores: ``[m, k]`` of windows, by the second where it was asked.
        asked: ``[m]``.
        owners: ``[m]`` the text that each is of, in rising order from 0, each at least once.

    Returns:
        ``[n, k]``, and ``[n]``: whether they are the second's.
    """
    starts = _starts(owners)
    second = np.logical_or.reduceat(asked, starts)
    counted = np.where((asked == second[owners])[:, None], scores, -np.inf)
    return np.maximum.reduceat(counted, starts, axis=0).astype(np.float32), second


def _starts(owners: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where the windows of each text begin."""
    return np.flatnonzero(np.diff(owners, prepend=-1))
