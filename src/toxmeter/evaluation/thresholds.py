"""Thresholds: from which probability on a text has a label. Chosen on validation rows, never on test rows.

A threshold per column serves multilabel decisions, and guardrails on any label set. Of several classes a text has
the one with the largest probability, or, which is fairer to rare classes, the one that is highest over its
threshold (``decide``). This module does not calibrate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["best_f1_thresholds", "between", "decide", "reaches"]

Floats = npt.NDArray[np.float64]


def reaches(scores: npt.NDArray[np.floating[Any]], thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether scores are at their threshold or over it, both in float32 as a scorer gives them, so that .7 reaches .7.

    Args:
        scores: ``[...]`` in [0, 1].
        thresholds: of a shape that fits.
    """
    reached: npt.NDArray[np.bool_] = scores.astype(np.float32) >= np.asarray(thresholds, np.float32)
    return reached


def between(above: Floats, below: Floats) -> Floats:
    """Thresholds that scores reach from ``above`` on, and none do from ``below`` down, ``[...]``: midway if possible.

    Between neighbours in float32, as which decisions see them, it is the upper one itself.
    """
    middle: Floats = (above + below) / 2
    return np.where(middle.astype(np.float32) > below.astype(np.float32), middle, above)


def best_f1_thresholds(
    labels: Floats, probability: Floats, names: Sequence[str], *, slack: float = 0.0
) -> dict[str, float]:
    """Per label, the threshold of the best F1 (at or over it a text has the label), or the highest about as good.

    It lies midway between two neighbouring probabilities, or between the lowest and 0; without slack, of thresholds
    with the same F1 the one nearest to .5 is taken. Each column is judged against the rest, of binary and
    multiclass sets too. With few positives the choice is noisy.

    Args:
        labels: ``[n, k]`` in [0, 1], a label counts from .5 on; NaN where not known.
        probability: ``[n, k]`` in [0, 1].
        names: of the ``k`` labels.
        slack: F1 that a threshold may lose against the best; above 0, the highest such threshold is taken.

    Returns:
        ``{name: threshold}`` in [0, 1]; .5 for a label without known positives or negatives.
    """
    known = ~np.isnan(labels)
    return {name: _best(labels[known[:, column], column] >= 0.5, probability[known[:, column], column], slack)
            for column, name in enumerate(names)}


def decide(probability: Floats, thresholds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The class of each text: where its probability is the largest multiple of its threshold.

    With equal thresholds, the largest probability. A rare class has a low threshold, so that it need not
    outdo frequent ones to be the answer.

    Args:
        probability: ``[n, k]`` in [0, 1].
        thresholds: ``[k]`` in [0, 1].

    Returns:
        ``[n]`` columns.
    """
    found: npt.NDArray[np.int64] = (probability / np.maximum(thresholds, 1e-9)).argmax(axis=1)
    return found


def _best(truth: npt.NDArray[np.bool_], score: Floats, slack: float) -> float:
    if truth.all() or not truth.any():
        return 0.5
    order = np.argsort(-score, kind="stable")
    falling = score[order].astype(np.float64)
    last_of_tie = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    flagged = last_of_tie + 1
    f1 = 2 * np.cumsum(truth[order])[last_of_tie] / (flagged + truth.sum())
    above, below = falling[last_of_tie], np.append(falling[last_of_tie][1:], 0.0)
    threshold = between(above, below)
    if slack:
        return float(threshold[f1 >= f1.max() - slack].max())
    best = np.flatnonzero(f1 == f1.max())
    return float(threshold[best[np.abs(threshold[best] - 0.5).argmin()]])
