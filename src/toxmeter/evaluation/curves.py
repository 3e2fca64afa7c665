"""The curves behind the figures: ROC, precision and recall, and reliability, as points to draw.

Pure functions of truth and score. This module draws nothing and chooses no threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.plain import LEAST, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BINS", "curves", "precision_recall_points", "reliability", "roc_points", "thinned"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

BINS = 15
"""Bins of a reliability diagram, as many as those of the calibration error."""

_MOST_POINTS = 200


def roc_points(truth: Truth, score: Floats) -> Floats:
    """The ROC curve, from (0, 0) to (1, 1).

    Args:
        truth: ``[n]`` bool, both classes.
        score: ``[n]``, any scale.

    Returns:
        ``[m, 2]``: false positive rate and true positive rate, one point per distinct score.
    """
    hits, rows = _falling(truth, score)
    false = rows - hits
    return np.stack([np.append(0, false) / false[-1], np.append(0, hits) / hits[-1]], axis=1)


def precision_recall_points(truth: Truth, score: Floats) -> Floats:
    """The curve of precision over recall, beginning at the highest score.

    Args:
        truth: ``[n]`` bool, with positives.
        score: ``[n]``, any scale.

    Returns:
        ``[m, 2]``: recall and precision, one point per distinct score. Between points there is no line: the
        average precision is the sum of steps.
    """
    hits, rows = _falling(truth, score)
    return np.stack([hits / hits[-1], hits / rows], axis=1)


def reliability(
    truth: Truth, probability: Floats, *, bins: int = BINS, equal_mass: bool = False
) -> list[dict[str, float]]:
    """What is stated against what is observed, in the bins of ``expected_calibration_error``.

    Args:
        truth: ``[n]`` bool.
        probability: ``[n]`` in [0, 1].
        bins: how many.
        equal_mass: bins of equal rows, as far as rows of one probability, which stay together, allow it;
            instead of equal width.

    Returns:
        for each bin that has rows: ``rows``, mean ``probability`` and observed ``rate``.
    """
    if equal_mass:
        _, group, size = np.unique(probability, return_inverse=True, return_counts=True)
        middle = np.cumsum(size) - (size + 1) / 2
        bin_of = (middle[group] * bins // max(len(truth), 1)).astype(np.int64)
    else:
        bin_of = np.minimum((probability * bins).astype(np.int64), bins - 1)
    rows = np.bincount(bin_of, minlength=bins)
    stated, observed = (np.bincount(bin_of, weights=values, minlength=bins) for values in (probability, truth))
    return [{"rows": int(rows[each]), "probability": float(stated[each] / rows[each]),
             "rate": float(observed[each] / rows[each])} for each in np.flatnonzero(rows)]


def thinned(points: Floats, most: int = _MOST_POINTS) -> Floats:
    """At most so many points of a curve ``[m, 2]``, evenly along its way, the ends among them."""
    if len(points) <= most:
        return points
    way = np.append(0.0, np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1)))
    kept: Floats = points[np.unique(np.searchsorted(way, np.linspace(0, way[-1], most)).clip(0, len(points) - 1))]
    return kept


def curves(truth: Floats, probability: Floats, names: Sequence[str]) -> dict[str, Any]:
    """The curves of each label.

    Args:
        truth: ``[n, k]``, 1, 0, or NaN where not known.
        probability: ``[n, k]`` in [0, 1]; rows in which it is NaN are left out.
        names: of the ``k`` labels.

    Returns:
        plain JSON values: ``labels`` – per label ``roc`` and ``precision_recall``, lists of points (None with
        fewer than ten rows of either class), and ``reliability`` – ``equal_width`` and ``equal_mass`` (None
        with fewer than ten rows); and ``notes``.
    """
    labels, notes = {}, []
    for column, name in enumerate(names):
        known = ~np.isnan(truth[:, column]) & ~np.isnan(probability[:, column])
        true, score = truth[known, column] == 1, probability[known, column]
        positives, rows = int(true.sum()), len(true)
        enough = min(positives, rows - positives) >= LEAST
        if not enough:
            notes.append(f"{name}: {positives} rows with the label and {rows - positives} without: a curve needs"
                         f" {LEAST} of either")
        labels[name] = {
            "roc": _points(roc_points(true, score)) if enough else None,
            "precision_recall": _points(precision_recall_points(true, score)) if enough else None,
            "reliability": {
                way: _bins(reliability(true, score, equal_mass=way == "equal_mass")) if rows >= LEAST else None
                for way in ("equal_width", "equal_mass")}}
    return {"labels": labels, "notes": notes}


def _falling(truth: Truth, score: Floats) -> tuple[Floats, Floats]:
    """Hits and rows at or over each distinct score, the highest first."""
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.flatnonzero(np.append(score[order][1:] != score[order][:-1], True))
    return np.cumsum(truth[order])[last_of_tie].astype(np.float64), (last_of_tie + 1).astype(np.float64)


def _points(points: Floats) -> list[list[float]]:
    return [[round(value, 4) for value in point] for point in thinned(points).tolist()]


def _bins(bins: list[dict[str, float]]) -> list[dict[str, float | None]]:
    return [{"rows": each["rows"], "probability": plain(each["probability"]), "rate": plain(each["rate"])}
            for each in bins]
