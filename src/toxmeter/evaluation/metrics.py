"""Metrics of scores as pure functions: arrays in, floats out, with bootstrap intervals.

Where a metric is not defined (one class only, no row) the result is NaN, never a made-up number. What
compares decisions with the truth is in ``classification.py``. This module does not read data, choose
thresholds or draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "average_precision",
    "bootstrap",
    "bootstrap_auc",
    "brier_score",
    "expected_calibration_error",
    "f1",
    "label_auc",
    "percentile_interval",
    "precision_recall",
    "roc_auc",
    "spearman",
]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

_Z = 1.959964  # of the normal distribution, for 95 %


def roc_auc(truth: Truth, score: Floats) -> float:
    """Area under the ROC curve: how often a positive outscores a negative, ties counting half.

    Mann-Whitney's U over the mid-ranks. Range [0, 1], higher is better, .5 is chance.

    Args:
        truth: ``[n]`` bool.
        score: ``[n]``, any scale.

    Returns:
        NaN unless both classes occur.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    rank = _mid_ranks(score)
    return float((rank[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def label_auc(truth: Floats, score: Floats) -> Floats:
    """``roc_auc`` of each label, over the rows in which it is known.

    Args:
        truth: ``[n, k]``, 1, 0, or NaN where not known.
        score: ``[n, k]``, any scale.

    Returns:
        ``[k]``, NaN where only one class occurs.
    """
    known = ~np.isnan(truth)
    return np.array([roc_auc(truth[rows, column] == 1, score[rows, column])
                     for column, rows in enumerate(known.T)], np.float64)


def average_precision(truth: Truth, score: Floats) -> float:
    """Mean precision at each positive, Σ (recall step · precision), without interpolation; range [0, 1].

    Args:
        truth: ``[n]`` bool.
        score: ``[n]``, any scale; tied scores enter together.

    Returns:
        NaN without positives.
    """
    if not truth.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(score[order][1:] != score[order][:-1], True)
    hits = np.cumsum(truth[order])[last_of_tie]
    precision = hits / (np.flatnonzero(last_of_tie) + 1)
    return float((np.diff(hits, prepend=0) * precision).sum() / hits[-1])


def spearman(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation: Pearson's of the mid-ranks; range [-1, 1].

    Args:
        one: ``[n]``, any scale.
        other: ``[n]``, any scale.

    Returns:
        NaN where either has fewer than two distinct values.
    """
    if not len(one):
        return float("nan")
    first, second = (rank - rank.mean() for rank in (_mid_ranks(one), _mid_ranks(other)))
    norm = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / norm) if norm else float("nan")


def brier_score(truth: Floats, probability: Floats) -> float:
    """Mean squared gap between probability and truth (Brier 1950); lower is better.

    Args:
        truth: ``[n]`` in [0, 1], or ``[n, k]`` whose rows sum to 1.
        probability: of the same shape.

    Returns:
        in [0, 1]; for ``[n, k]`` the gaps of a row are added up, in [0, 2]. NaN without rows.
    """
    gaps = (probability - truth) ** 2
    return float(gaps.sum() / len(gaps)) if len(gaps) else float("nan")


def precision_recall(truth: Truth, flagged: Truth) -> tuple[float, float]:
    """Precision and recall of a decision, in [0, 1]; NaN where nothing is flagged, or nothing is true."""
    hits = float((truth & flagged).sum())
    return (hits / flagged.sum() if flagged.any() else float("nan"),
            hits / truth.sum() if truth.any() else float("nan"))


def f1(truth: Truth, flagged: Truth) -> float:
    """Harmonic mean of precision and recall, 2·hits / (flagged + true); NaN where both are empty."""
    total = int(truth.sum()) + int(flagged.sum())
    return float(2 * (truth & flagged).sum() / total) if total else float("nan")


def expected_calibration_error(
    truth: Truth, probability: Floats, *, bins: int = 15, equal_mass: bool = False
) -> float:
    """Mean gap between stated probability and observed rate over bins, weighted by their rows.

    Naeini et al. 2015 (equal width); equal mass puts the same number of rows into each bin, as far as rows
    of one probability, which stay together, allow it. Range [0, 1], lower is better.

    Args:
        truth: ``[n]`` bool.
        probability: ``[n]`` in [0, 1].
        bins: how many.
        equal_mass: bins of equal rows instead of equal width.

    Returns:
        NaN without rows.
    """
    if not len(truth):
        return float("nan")
    if equal_mass:
        _, group, size = np.unique(probability, return_inverse=True, return_counts=True)
        middle = np.cumsum(size) - (size + 1) / 2  # rank from 0; tied rows share the middle of theirs
        bin_of = (middle[group] * bins // len(truth)).astype(np.int64)
    else:
        bin_of = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(bin_of, weights=probability - truth, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def bootstrap(
    metric: Callable[[npt.NDArray[np.int64]], float], rows: int, *, repeats: int = 1_000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of a metric over resampled rows.

    Args:
        metric: the metric of the rows with these indices.
        rows: how many rows there are.
        repeats: resamples.
        seed: of the resampling.

    Returns:
        low and high; resamples in which the metric is NaN are left out, NaN if all are.
    """
    random = np.random.default_rng(seed)
    return percentile_interval(np.array([metric(random.integers(0, rows, rows)) for _ in range(repeats)]))


def bootstrap_auc(truth: Floats, score: Floats, *, repeats: int = 1_000, seed: int = 0) -> Floats:
    """``label_auc`` of resampled rows, the same rows for every label.

    Each score is ranked once; a resample only counts how often it drew each row, which is many times
    faster than ranking anew.

    Args:
        truth: ``[n, k]``, 1, 0, or NaN where not known.
        score: ``[n, k]``, any scale.
        repeats: resamples.
        seed: of the resampling.

    Returns:
        ``[repeats, k]``, NaN where a resample has only one class of a label.
    """
    rows, labels = truth.shape
    groups = [np.unique(score[:, column], return_inverse=True)[1] for column in range(labels)]
    positive, negative = (truth == 1).T.astype(np.float64), (truth == 0).T.astype(np.float64)
    random = np.random.default_rng(seed)
    values = np.full((repeats, labels), np.nan)
    for repeat in range(repeats if rows else 0):
        drawn = np.bincount(random.integers(0, rows, rows), minlength=rows)
        for column, group in enumerate(groups):
            hits = np.bincount(group, weights=positive[column] * drawn)
            others = np.bincount(group, weights=negative[column] * drawn)
            pairs = hits.sum() * others.sum()
            if pairs:
                values[repeat, column] = hits @ (np.cumsum(others) - others / 2) / pairs
    return values


def percentile_interval(values: Floats, rows: int = 0) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of resampled values; NaN among them are left out, NaN if all are.

    Args:
        values: what each resample gave.
        rows: that were resampled, where the value is a mean over them of numbers in [0, 1], or a difference of such.
            If all resamples agree, as they do where no row has what is counted, the interval reaches as far from
            their value as Wilson's does from 0 of so many rows (1927): they cannot show what is rarer than that.
    """
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.025, 0.975])
    margin = _Z**2 / (rows + _Z**2) if rows and low == high else 0.0
    return float(low - margin), float(high + margin)


def _mid_ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(size) - (size - 1) / 2)[group]
    return ranks
