"""Calibration: maps that turn a model's raw output into probabilities that hold.

Fitted on validation rows at their natural rate, never on test rows. This module does not choose thresholds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fit_platt"]

Floats = npt.NDArray[np.float64]


def fit_platt(logit: Floats, truth: npt.NDArray[np.bool_], *, steps: int = 100) -> tuple[float, float]:
    """Slope and intercept of ``sigmoid(slope · logit + intercept)`` by maximum likelihood.

    Platt 1999, with his targets (positives + 1) / (positives + 2) and 1 / (negatives + 2), which keep the
    slope finite where the classes do not overlap. Newton's method with a slight ridge; a step that would
    raise the loss is halved until it does not, or raw outputs on a wide scale would make it diverge.

    Args:
        logit: ``[n]`` raw outputs.
        truth: ``[n]`` bool.
        steps: most iterations.

    Returns:
        ``(1.0, 0.0)``, the identity, unless both classes occur.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 1.0, 0.0
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([logit, np.ones_like(logit)], axis=1)
    weights = np.array([1.0, 0.0])
    loss = _loss(design @ weights, target)
    for _ in range(steps):
        probability = 1 / (1 + np.exp(-np.clip(design @ weights, -500, 500)))
        gradient = design.T @ (probability - target)
        curvature = (design.T * (probability * (1 - probability))) @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (reached := _loss(design @ (weights - step), target)) > loss * (1 + 1e-12):
            step = step / 2
        weights, loss = weights - step, reached
        if np.abs(step).max() < 1e-10:
            break
    return float(weights[0]), float(weights[1])


def _loss(logit: Floats, target: Floats) -> float:
    """Cross-entropy in nats, summed over the rows."""
    return float((np.logaddexp(0, logit) - target * logit).sum())
