"""Decisions per label against the truth, counted once and resampled from the counts.

Rows with the same truth and the same decisions are alike, so that drawing rows with replacement is one
multinomial draw, for all labels together. This module makes no decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.classification import Counts, precision_recall_f1
from toxmeter.evaluation.plain import plain, plain_interval

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RATES", "Outcomes", "outcomes", "rates", "resampled", "summary"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]

RATES = ("precision", "recall", "f1", "false_positive_rate")
"""Names of what ``Outcomes.rate`` knows, each in [0, 1]; of the last one less is better."""

_UNKNOWN, _TN, _FP, _FN, _TP = range(5)


class Outcomes(NamedTuple):
    """How many rows of each label came out how.

    Attributes:
        tn: ``[..., k]`` rows without the label that were not given it.
        fp: ``[..., k]`` rows without the label that were given it.
        fn: ``[..., k]`` rows with the label that were not given it.
        tp: ``[..., k]`` rows with the label that were given it.
        right: ``[...]`` rows whose known labels are all right.
        rows: ``[...]`` rows of which any label is known.
    """

    tn: Integers
    fp: Integers
    fn: Integers
    tp: Integers
    right: Integers
    rows: Integers

    @property
    def counts(self) -> Counts:
        """What precision, recall and F1 are made of."""
        return Counts(self.tp, self.tp + self.fp, self.tp + self.fn)

    @property
    def accuracy(self) -> Floats:
        """Share of the rows whose known labels are all right, ``[...]``; NaN without rows."""
        return _ratio(self.right, self.rows)

    def rate(self, name: str) -> Floats:
        """One of ``RATES`` per label, ``[..., k]``; NaN where it is not defined."""
        if name == "false_positive_rate":
            return _ratio(self.fp, self.fp + self.tn)
        return precision_recall_f1(self.counts)[RATES.index(name)]

    def share_of(self, name: str) -> Integers:
        """How many rows one of ``RATES`` is a share of, ``[..., k]``; of F1, those that bear on it."""
        return {"precision": self.tp + self.fp, "recall": self.tp + self.fn, "f1": self.tp + self.fp + self.fn,
                "false_positive_rate": self.fp + self.tn}[name]

    def confusion(self, column: int) -> list[list[int]]:
        """``[[tn, fp], [fn, tp]]`` of a label; not of resamples."""
        return [[int(self.tn[column]), int(self.fp[column])], [int(self.fn[column]), int(self.tp[column])]]


def outcomes(truth: Floats, given: Truth) -> Outcomes:
    """Count decisions.

    Args:
        truth: ``[n, k]``, 1, 0, or NaN where not known.
        given: ``[n, k]`` which labels each row was given.
    """
    states = _states(truth, given)
    return _counted(np.ones(len(states), np.int64), states)


def resampled(truth: Floats, given: Truth, *, repeats: int, seed: int) -> Outcomes:
    """``outcomes`` of resampled rows, ``[repeats, k]``, the same rows for every label."""
    kinds, sizes = np.unique(_states(truth, given), axis=0, return_counts=True)
    total = int(sizes.sum())
    if not total:
        return _counted(np.zeros((repeats, len(kinds)), np.int64), kinds)
    drawn = np.random.default_rng(seed).multinomial(total, sizes / total, size=repeats)
    return _counted(drawn, kinds)


def rates(
    one: Outcomes, many: Outcomes, column: int, names: Iterable[str] = RATES
) -> dict[str, dict[str, float | None]]:
    """Rates of a label with their intervals, from its counts and the resampled ones."""
    return {name: plain_interval(one.rate(name)[column], many.rate(name)[:, column],
                                 share_of=int(one.share_of(name)[column])) for name in names}


def summary(one: Outcomes, many: Outcomes, column: int) -> dict[str, Any]:
    """Precision, recall and F1 of a label as numbers, its confusion, and the intervals beside them."""
    intervals = rates(one, many, column, RATES[:3])
    return {**{name: plain(one.rate(name)[column]) for name in RATES[:3]},
            "confusion": one.confusion(column), "intervals": intervals}


def _states(truth: Floats, given: Truth) -> npt.NDArray[np.int8]:
    """How each label of each row came out, ``[n, k]``."""
    known = ~np.isnan(truth)
    return np.where(known, _TN + 2 * np.nan_to_num(truth) + given, _UNKNOWN).astype(np.int8)


def _counted(times: Integers, states: npt.NDArray[np.int8]) -> Outcomes:
    """Outcomes of rows ``states [m, k]``, each of which is there ``times [..., m]``."""
    wrong = ((states == _FP) | (states == _FN)).any(axis=1)
    known = (states != _UNKNOWN).any(axis=1)
    tn, fp, fn, tp = (times @ (states == state).astype(np.int64) for state in (_TN, _FP, _FN, _TP))
    return Outcomes(tn, fp, fn, tp, times @ (known & ~wrong).astype(np.int64), times @ known.astype(np.int64))


def _ratio(part: Integers, whole: Integers) -> Floats:
    """``part / whole``, NaN where the whole is 0."""
    ratio: Floats = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=ratio, where=whole != 0)
