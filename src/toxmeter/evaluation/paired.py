"""Figures of an old and a new scorer over the same rows, and over resamples that draw the same rows for both.

What is hard about a row so cancels out of the difference. A resample only counts how often it drew each row, which is
many times faster than sorting anew. This module scores no texts and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.metrics import percentile_interval
from toxmeter.evaluation.plain import LEAST
from toxmeter.evaluation.rule import Figure
from toxmeter.evaluation.thresholds import reaches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MEASURED", "Pair", "PairedFigures"]

Floats = npt.NDArray[np.float64]

MEASURED = ("auc", "average_precision", "f1", "accuracy", "ece")
"""The figures that need the truth: of ranks, of decisions at the threshold, of probabilities."""

_OF_RANKS = MEASURED[:2]
_BINS = 15  # of the calibration error, of equal width


@dataclass(frozen=True)
class Pair:
    """The scores of a label, and what is known of the truth.

    Attributes:
        name: of the label.
        old: ``[n]`` scores in [0, 1].
        new: ``[n]`` scores in [0, 1].
        old_threshold: from which on the old one flags.
        new_threshold: from which on the new one flags.
        truth: ``[n]``, 1, 0, or NaN where not known.
    """

    name: str
    old: Floats
    new: Floats
    old_threshold: float
    new_threshold: float
    truth: Floats

    @property
    def counts(self) -> tuple[int, int]:
        """Rows known to be without and with the label."""
        return int((self.truth == 0).sum()), int((self.truth == 1).sum())

    @property
    def measured(self) -> bool:
        """Whether there are rows enough of both kinds for ``MEASURED``."""
        return min(self.counts) >= LEAST

    @property
    def ranked_alike(self) -> bool:
        """Whether both put the rows in the same order, ties included."""
        old, new = (np.unique(score, return_inverse=True)[1] for score in (self.old, self.new))
        return np.array_equal(old, new)

    @property
    def flips(self) -> npt.NDArray[np.int64]:
        """``[n]``: 1 where only the new one flags, -1 where only the old one does."""
        return reaches(self.new, self.new_threshold).astype(np.int64) - reaches(self.old, self.old_threshold)


class PairedFigures:
    """All figures of all labels, as found and in resamples."""

    def __init__(
        self, pairs: Sequence[Pair], rows: int, *, resamples: int = 1_000, seed: int = 0,
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Measure everything.

        Args:
            pairs: of ``rows`` rows each, all labels of the same ones; none where nothing is to be measured.
            rows: how many there are.
            resamples: of the bootstrap.
            seed: of the bootstrap.
            progress: told the share that is done.
        """
        self._names = [pair.name for pair in pairs]
        scores = [[_Weighted(pair.truth, score, threshold) if pair.measured else None for score, threshold in
                   ((pair.old, pair.old_threshold), (pair.new, pair.new_threshold))] for pair in pairs]
        moved = np.array([np.abs(pair.new - pair.old) for pair in pairs]).reshape(len(pairs), rows)
        # the very same scores, or ranks, are those of one scorer, or of one behind a curve: few rows show that
        self._rows = rows if moved.any() else 0
        self._known = [sum(pair.counts) if pair.measured and self._rows else 0 for pair in pairs]
        self._ranked = [0 if pair.ranked_alike else known for pair, known in zip(pairs, self._known, strict=True)]
        flipped = np.array([pair.flips != 0 for pair in pairs], np.float64).reshape(len(pairs), rows)
        flipped = np.vstack([flipped, flipped.any(axis=0)])
        times = 1 + resamples if pairs else 0
        # row 0 is what was found, the others are resamples
        self._measured = np.full((times, 2, len(pairs), len(MEASURED)), np.nan)
        self._shift, self._flips = np.empty((times, len(pairs))), np.empty((times, len(pairs) + 1))
        random = np.random.default_rng(seed)
        for time in range(times):
            progress(time / times)
            chosen = random.integers(0, rows, rows) if time else np.arange(rows)
            drawn = np.bincount(chosen, minlength=rows).astype(np.float64)
            self._shift[time], self._flips[time] = moved @ drawn / rows, flipped @ drawn / rows
            for place, both in enumerate(scores):
                for side, figures in enumerate(both):
                    if figures:
                        self._measured[time, side, place] = figures(drawn)

    def figure(self, name: str, label: str = "") -> Figure | None:
        """A figure of a label, or of all labels together; None where it could not be measured.

        Args:
            name: of ``MEASURED``, new minus old; ``flips``, the share of rows that are decided otherwise, without a
                label those of any; or ``shift``, the mean distance between the scores.
            label: whose; without one, the mean over the labels (of ``MEASURED``, over those with rows enough).
        """
        if not self._names:
            return None
        place = self._place(label)
        if name == "flips":
            return _interval(self._flips[:, -1 if place is None else place], self._rows, 0.0)
        if name == "shift":
            return _interval(self._shift.mean(axis=1) if place is None else self._shift[:, place], self._rows, 0.0)
        sides = self._of(name, place)
        each = self._ranked if name in _OF_RANKS else self._known
        known = min((count for at, count in enumerate(each) if at == place or (place is None and count)), default=0)
        return _interval(sides[:, 1] - sides[:, 0], known)

    def sides(self, name: str, label: str = "") -> tuple[float, float]:
        """One of ``MEASURED`` of the old and of the new one; NaN where it could not be measured."""
        if not self._names:
            return float("nan"), float("nan")
        old, new = self._of(name, self._place(label))[0]
        return float(old), float(new)

    def _place(self, label: str) -> int | None:
        return self._names.index(label) if label else None

    def _of(self, name: str, place: int | None) -> Floats:
        """``[1 + resamples, 2]`` of a label, or the mean over those that were measured."""
        values = self._measured[..., MEASURED.index(name)]
        if place is not None:
            one: Floats = values[:, :, place]
            return one
        known = ~np.isnan(values[0, 0])
        # NaN stays NaN: a resample without one of the classes has no mean
        mean: Floats = values[:, :, known].sum(axis=2) / max(known.sum(), 1)
        return mean if known.any() else np.full(mean.shape, np.nan)


class _Weighted:
    """``MEASURED`` of a score over its known rows, each counting as often as a resample drew it."""

    def __init__(self, truth: Floats, score: Floats, threshold: float) -> None:
        self._rows = np.flatnonzero(~np.isnan(truth))
        self._true, self._score = truth[self._rows] == 1, score[self._rows]
        self._flagged = reaches(self._score, threshold)
        self._group = np.unique(self._score, return_inverse=True)[1]
        self._bin = np.minimum((self._score * _BINS).astype(np.int64), _BINS - 1)

    def __call__(self, drawn: Floats) -> Floats:
        weight = drawn[self._rows]
        positive = weight * self._true
        hits = np.bincount(self._group, positive)[::-1]  # from the highest score down, ties together
        others = np.bincount(self._group, weight - positive)[::-1]
        all_hits, all_others, rows = hits.sum(), others.sum(), weight.sum()
        if not all_hits or not all_others:
            return np.full(len(MEASURED), np.nan)
        above = np.cumsum(hits)
        auc = others @ (above - hits / 2) / (all_hits * all_others)
        precision = above / np.maximum(above + np.cumsum(others), 1)  # where nothing was drawn yet, there is no hit
        caught, flagged = positive @ self._flagged, weight @ self._flagged
        gap = np.bincount(self._bin, weight * (self._score - self._true))
        return np.array([auc, hits @ precision / all_hits, 2 * caught / (flagged + all_hits),
                         weight @ (self._flagged == self._true) / rows, np.abs(gap).sum() / rows])


def _interval(values: Floats, rows: int, least: float = -1.0) -> Figure | None:
    low, high = percentile_interval(values[1:], rows)
    return None if np.isnan(values[0]) else Figure(float(values[0]), max(low, least), high)
