"""Calibration, the applying side: logits to probabilities that hold.

A calibration is a plain JSON table, as an artifact's manifest stores it::

    {} or {"kind": "none"}
    {"kind": "temperature", "temperature": T}                logits / T, with T > 0
    {"kind": "platt", "slope": [k], "intercept": [k]}        slope · logit + intercept, per label
    {"kind": "isotonic", "x": [k lists], "y": [k lists]}     a rising line through the points (x, y), per label

The first three change logits, before the sigmoid (``multilabel``) or softmax; the last changes probabilities.
This module does not fit anything: ``toxmeter.evaluation.calibration`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from toxmeter.labels import Kind
    from toxmeter.models.scorer import FloatArray

__all__ = ["activated", "probabilities"]

Floats = npt.NDArray[np.float64]


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
        found = _isotonic(activated(raw, kind), kind, calibration)
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


def _isotonic(raw: Floats, kind: Kind, calibration: Mapping[str, Any]) -> Floats:
    curves = _curves(calibration, raw.shape[1])
    mapped = np.stack([np.interp(column, x, y) for column, (x, y) in zip(raw.T, curves, strict=True)], axis=1)
    if kind == "multilabel":
        return mapped
    total = mapped.sum(axis=1, keepdims=True)
    shared: Floats = np.where(total > 0, mapped / np.where(total > 0, total, 1.0), raw)
    return shared


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
