"""Calibration, the applying side: logits to probabilities that hold.

A calibration is a plain JSON table, as an artifact's manifest stores it::

    {} or {"kind": "none"}
    {"kind": "temperature", "temperature": T}                logits / T, with T > 0
    {"kind": "platt", "slope": [k], "intercept": [k]}        slope · logit + intercept, per label
    {"kind": "isotonic", "x": [k lists], "y": [k lists]}     a rising line through the points (x, y), per label

The first three change logits, before the sigmoid (``multilabel``) or softmax; the last changes probabilities.

A manifest holds one such table, or several by the name of their scale. ``natural`` is the default; every other
is an isotonic table *after* it: natural probabilities to the scale of another system, with thresholds there::

    {"natural": {...}, "perspective": {"kind": "isotonic", "after": "natural", "x": ..., "y": ..., "thresholds": {...}}}

This module does not fit anything: ``toxmeter.evaluation.calibration`` and ``transfer`` do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from toxmeter.labels import Kind, LabelSet
    from toxmeter.models.scorer import FloatArray, Scorer

__all__ = ["NATURAL", "RescaledScorer", "activated", "probabilities", "rescaled", "scales"]

NATURAL = "natural"
"""The scale that a model's scores are on unless another is asked for."""

Floats = npt.NDArray[np.float64]


class RescaledScorer:
    """Another scorer's probabilities on a named scale; a ``Scorer``.

    Attributes:
        labels: those of the other.
        version: that of the other, ``:`` and the name of the scale.
        thresholds: those of the scale, for the labels that it has, and else those of the other.
        window: that of the other.
    """

    def __init__(self, scorer: Scorer, scale: str, calibration: Mapping[str, Any]) -> None:
        """Hold a scorer.

        Args:
            scorer: on the natural scale.
            scale: name of the other scale.
            calibration: ``isotonic`` and ``after`` natural, see the module.

        Raises:
            ValueError: when the calibration is none of a scale, or does not fit the labels.
        """
        if calibration.get("kind") != "isotonic" or calibration.get("after") != NATURAL:
            raise ValueError(f"scale {scale!r}: no isotonic calibration after {NATURAL!r}")
        _curves(calibration, len(scorer.labels))
        self.labels: LabelSet = scorer.labels
        self.version = f"{scorer.version}:{scale}"
        self.thresholds: Mapping[str, float] = {**scorer.thresholds, **calibration.get("thresholds", {})}
        self.window = scorer.window
        self._scorer = scorer
        self._calibration = dict(calibration)

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts; see ``Scorer.score``."""
        return rescaled(self._scorer.score(texts), self.labels.kind, self._calibration)


def scales(calibration: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The calibrations of a manifest by the name of their scale; one without a name is ``natural``."""
    unnamed = not calibration or isinstance(calibration.get("kind"), str)
    return {NATURAL: calibration} if unnamed else dict(calibration)


def probabilities(logits: npt.NDArray[Any], kind: Kind, calibration: Mapping[str, Any]) -> FloatArray:
    """Calibrated probabilities of a model's raw output.

    Args:
        logits: ``[n, k]``.
        kind: ``multilabel``: a sigmoid per label; ``binary`` and ``multiclass``: softmax.
        calibration: see the module.

    Returns:
        ``[n, k]`` float32 in [0, 1]; rows of ``binary`` and ``multiclass`` sum to 1. Isotonic probabilities of
        those are divided by their sum; a row in which all are 0 stays as it was before calibration.

    Raises:
        ValueError: when the calibration is of no known kind, lacks a value, or holds one that does not fit.
    """
    raw = np.asarray(logits, np.float64)
    name = calibration.get("kind", "none")
    if name == "none":
        found = activated(raw, kind)
    elif name == "temperature":
        found = activated(raw / _temperature(calibration), kind)
    elif name == "platt":
        slope, intercept = (_numbers(calibration, key, raw.shape[1]) for key in ("slope", "intercept"))
        found = activated(slope * raw + intercept, kind)
    elif name == "isotonic":
        return rescaled(activated(raw, kind), kind, calibration)
    else:
        raise ValueError(f"calibration of kind {name!r}: it is none, temperature, platt or isotonic")
    return found.astype(np.float32)


def activated(logits: Floats, kind: Kind) -> Floats:
    """Sigmoid (multilabel) or softmax of logits ``[n, k]``, without overflow: probabilities before calibration."""
    if kind == "multilabel":
        sigmoid: Floats = np.exp(-np.logaddexp(0.0, -logits))
        return sigmoid
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: Floats = shares / shares.sum(axis=1, keepdims=True)
    return softmax


def rescaled(probability: npt.NDArray[Any], kind: Kind, calibration: Mapping[str, Any]) -> FloatArray:
    """Probabilities ``[n, k]`` along the curves of an ``isotonic`` calibration.

    Returns:
        ``[n, k]`` float32 in [0, 1], as ``probabilities`` says.

    Raises:
        ValueError: when the curves do not fit.
    """
    raw = np.asarray(probability, np.float64)
    curves = _curves(calibration, raw.shape[1])
    mapped = np.stack([np.interp(column, x, y) for column, (x, y) in zip(raw.T, curves, strict=True)], axis=1)
    if kind != "multilabel":
        total = mapped.sum(axis=1, keepdims=True)
        mapped = np.where(total > 0, mapped / np.where(total > 0, total, 1.0), raw)
    return mapped.astype(np.float32)


def _temperature(calibration: Mapping[str, Any]) -> float:
    (value,) = _numbers({"temperature": [calibration.get("temperature")]}, "temperature", 1)
    if value <= 0:
        raise ValueError(f"calibration: temperature is {value}, it must be over 0")
    return float(value)


def _curves(calibration: Mapping[str, Any], labels: int) -> list[tuple[Floats, Floats]]:
    """Points of each label's line, checked: as many x as y, both in rising order, y in [0, 1]."""
    all_x, all_y = calibration.get("x"), calibration.get("y")
    if not (isinstance(all_x, (list, tuple)) and isinstance(all_y, (list, tuple))
            and len(all_x) == len(all_y) == labels):
        raise ValueError(f"calibration: x and y are lists of {labels} lists, one for each label")
    curves = []
    for label in range(labels):
        x, y = _numbers({"x": all_x[label]}, "x"), _numbers({"y": all_y[label]}, "y")
        if len(x) != len(y) or not len(x) or (np.diff(x) < 0).any() or (np.diff(y) < 0).any():
            raise ValueError(f"calibration: x and y of label {label} are not as many numbers in rising order")
        if y[0] < 0 or y[-1] > 1:
            raise ValueError(f"calibration: y of label {label} leaves [0, 1]")
        curves.append((x, y))
    return curves


def _numbers(calibration: Mapping[str, Any], key: str, count: int | None = None) -> Floats:
    """The finite numbers of one list."""
    try:
        values = np.asarray(calibration.get(key), np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.ndim != 1 or count not in (None, len(values)) or not np.isfinite(values).all():
        wanted = "finite numbers" if count is None else f"{count} finite number{'s' if count > 1 else ''}"
        raise ValueError(f"calibration: {key} needs {wanted}")
    return values
