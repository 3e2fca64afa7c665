"""Calibration: maps that turn a model's raw output into probabilities that hold.

Fitted on validation rows at their natural rate, never on test rows; ``toxmeter.models.calibrated`` applies
them. This module does not choose thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.models.calibrated import NATURAL, activated

if TYPE_CHECKING:
    from toxmeter.labels import Kind

__all__ = ["balanced_scale", "fit_calibration", "fit_platt"]

Floats = npt.NDArray[np.float64]

_GRID = 257  # points of a curve; a line between two is off by less than .001
_RIDGE = 1e-3  # a pull towards no change, far weaker than a row's; it keeps separable classes finite


def fit_calibration(how: str, logits: Floats, labels: Floats, kind: Kind) -> dict[str, Any]:
    """Fit a calibration.

    What the rows cannot tell stays as it is: without known rows, or where only one class occurs, a label (or
    with ``temperature``, and for binary and multiclass sets, the whole) keeps its uncalibrated probability.

    Args:
        how: ``none``; ``temperature``, one divisor of all logits, which keeps every ranking (Guo et al. 2017);
            ``platt``, a slope and an intercept per label (multilabel: Platt 1999; else Guo's vector scaling);
            ``isotonic``, any rising curve per label (Zadrozny & Elkan 2002), which can make scores equal.
        logits: ``[n, k]`` raw outputs, before sigmoid (multilabel) or softmax.
        labels: ``[n, k]`` in [0, 1], soft ones welcome; NaN where not known. A row of a binary or multiclass
            set is used when all its labels are known.
        kind: of the label set.

    Returns:
        plain JSON values: ``{"kind": "none"}``; ``{"kind": "temperature", "temperature": T > 0}``;
        ``{"kind": "platt", "slope": [k], "intercept": [k]}``; or ``{"kind": "isotonic", "x": [k lists],
        "y": [k lists]}``, the knots of a piecewise-linear map of the uncalibrated probability to (0, 1).

    Raises:
        InputError: when ``how`` is unknown, or a logit is NaN or infinite.
        MissingExtra: without scipy (platt) or scikit-learn (isotonic).
    """
    if not np.isfinite(logits).all():
        raise InputError(f"logits: row {int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])} is not finite:"
                         " the model diverged; lower the learning rate")
    logits, labels = logits.astype(np.float64), labels.astype(np.float64)
    if kind != "multilabel":
        whole = ~np.isnan(labels).any(axis=1)
        logits, labels = logits[whole], labels[whole]
    if how == "none":
        return {"kind": "none"}
    if how == "temperature":
        return {"kind": "temperature", "temperature": _temperature(logits, labels, kind)}
    if how == "platt":
        lines = _platt_per_label(logits, labels) if kind == "multilabel" else _vector_scaling(logits, labels)
        return {"kind": "platt", "slope": lines[0].tolist(), "intercept": lines[1].tolist()}
    if how == "isotonic":
        curves = [_isotonic(*pair) for pair in zip(activated(logits, kind).T, labels.T, strict=True)]
        return {"kind": "isotonic", "x": [x for x, _ in curves], "y": [y for _, y in curves]}
    raise InputError(f"calibration {how!r}: it is none, temperature, platt or isotonic")


def balanced_scale(labels: Floats, kind: Kind) -> dict[str, Any]:
    """The scale of a random half-and-half sample: of as many texts with a label as without it.

    Odds at the natural rate times the odds against the label there (Elkan 2001, The Foundations of Cost-Sensitive
    Learning, theorem 2), so that no ranking changes.

    Args:
        labels: ``[n, k]`` in [0, 1] at their natural rate, NaN where not known.
        kind: of the label set.

    Returns:
        a named scale, as ``toxmeter.models.calibrated`` describes it, without thresholds.

    Raises:
        InputError: when the set is not multilabel, or a label is on all known rows or on none.
    """
    if kind != "multilabel":
        raise InputError(f"evaluate.balanced: labels of a {kind} set exclude each other, so there is no sample with"
                         " a half of each; leave it out")
    known = ~np.isnan(labels)
    rates = np.where(known, labels, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    if not ((rates > 0) & (rates < 1)).all():
        raise InputError("evaluate.balanced: a label is on all validation rows or on none: validate on more rows")
    logit = np.linspace(-14.0, 14.0, _GRID)
    natural = np.concatenate([[0.0], 1 / (1 + np.exp(-logit)), [1.0]])
    against = np.log((1 - rates) / rates)
    curves = [np.concatenate([[0.0], 1 / (1 + np.exp(-(logit + each))), [1.0]]).tolist() for each in against]
    return {"kind": "isotonic", "after": NATURAL, "x": [natural.tolist()] * len(rates), "y": curves}


def fit_platt(logit: Floats, truth: npt.NDArray[np.bool_] | Floats, *, steps: int = 100) -> tuple[float, float]:
    """Slope and intercept of ``sigmoid(slope · logit + intercept)`` by maximum likelihood.

    Platt 1999, with his targets (positives + 1) / (positives + 2) and 1 / (negatives + 2), which keep the
    slope finite where the classes do not overlap. Newton's method with a slight ridge; a step that would
    raise the loss is halved until it does not, or raw outputs on a wide scale would make it diverge.

    Args:
        logit: ``[n]`` raw outputs.
        truth: ``[n]`` bool, or soft in [0, 1]: a row of .3 is three tenths of a positive.
        steps: most iterations.

    Returns:
        ``(1.0, 0.0)``, the identity, unless both classes occur.
    """
    positives = float(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 1.0, 0.0
    target = truth * (positives + 1) / (positives + 2) + (1 - truth) / (negatives + 2)
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


def _mixed(labels: Floats) -> npt.NDArray[np.bool_]:
    """``[k]``: which labels have both a trace of a positive and a trace of a negative."""
    mixed: npt.NDArray[np.bool_] = (np.nansum(labels, axis=0) > 0) & (np.nansum(1 - labels, axis=0) > 0)
    return mixed


def _temperature(logits: Floats, labels: Floats, kind: Kind) -> float:
    """The divisor with the least cross-entropy over the known labels, by bisection of its slope.

    The loss is convex in b = 1 / T, so its slope in b rises: from where it is negative to where it is not.
    """
    largest = float(np.abs(logits).max(initial=0.0))
    if not largest or not _mixed(labels).any():
        return 1.0
    known = ~np.isnan(labels)
    target = np.nan_to_num(labels)

    def slope(b: float) -> float:
        return float((known * logits * (activated(b * logits, kind) - target)).sum()) + _RIDGE * (b - 1)

    low = high = min(1.0, 0.01 / largest)  # at the lowest, where every answer is a coin toss, ranks remain
    if slope(low) >= 0:
        return 1 / low
    while slope(high) < 0:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 1 / high


def _platt_per_label(logits: Floats, labels: Floats) -> Floats:
    """Slopes and intercepts ``[2, k]``, each label by itself."""
    known = ~np.isnan(labels)
    return np.array([fit_platt(logits[rows, column], labels[rows, column])
                     for column, rows in enumerate(known.T)]).reshape(-1, 2).T


def _vector_scaling(logits: Floats, labels: Floats) -> Floats:
    """Slopes and intercepts ``[2, k]`` before a softmax, by maximum likelihood with a slight ridge."""
    classes = logits.shape[1]
    unchanged = np.stack([np.ones(classes), np.zeros(classes)])
    if not _mixed(labels).any():
        return unchanged
    scale = np.abs(logits).max(initial=1.0)  # of the slopes while searching, or large logits would mislead it

    def objective(flat: Floats) -> tuple[float, Floats]:
        slope, intercept = flat.reshape(2, classes) / [[scale], [1.0]]
        moved = slope * logits + intercept
        top = moved.max(axis=1)
        loss = (top + np.log(np.exp(moved - top[:, None]).sum(axis=1)) - (labels * moved).sum(axis=1)).sum()
        wrong = activated(moved, "multiclass") - labels
        away = np.stack([slope, intercept]) - unchanged
        gradient = np.stack([(wrong * logits).sum(axis=0), wrong.sum(axis=0)]) + _RIDGE * away
        return float(loss + 0.5 * _RIDGE * (away**2).sum()), (gradient / [[scale], [1.0]]).ravel()

    start = (unchanged * [[scale], [1.0]]).ravel()
    found = need("scipy.optimize", extra="train").minimize(objective, start, jac=True, method="L-BFGS-B")
    lines: Floats = found.x.reshape(2, classes) / [[scale], [1.0]]
    return lines


def _isotonic(probability: Floats, truth: Floats) -> tuple[list[float], list[float]]:
    """The knots of the rising curve nearest to the truth, by pooling adjacent violators.

    n rows cannot show a rate below 1 / (n + 2) or above its complement, so the curve stays between: nothing
    becomes impossible, and rows of a softmax keep a sum.
    """
    known = ~np.isnan(truth)
    probability, truth = probability[known], truth[known]
    if not _mixed(truth[:, None]).any():
        return [0.0, 1.0], [0.0, 1.0]
    least = 1 / (len(truth) + 2)
    fitted = need("sklearn.isotonic", extra="train").IsotonicRegression(y_min=least, y_max=1 - least)
    fitted.fit(probability, truth)
    return fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist()
