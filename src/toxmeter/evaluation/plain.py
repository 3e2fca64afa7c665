"""Figures as plain JSON values: four digits, None for what is not defined, intervals as value, low and high.

This module measures nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.metrics import percentile_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEAST", "listed", "plain", "plain_interval"]

LEAST = 10
"""Fewest rows, of either class where there are two, over which an evaluation reports a figure."""


def plain(value: float | np.floating[Any] | None) -> float | None:
    """A figure with four digits; None where it is NaN or missing, since JSON has no NaN."""
    return None if value is None or np.isnan(value) else round(float(value), 4)


def plain_interval(
    value: npt.ArrayLike | None, drawn: npt.NDArray[np.float64], *, share_of: int = 0
) -> dict[str, float | None]:
    """A figure with its 95 % interval.

    Args:
        value: one number; None or NaN where it is not defined, and then the interval is neither.
        drawn: ``[repeats]``, the figure of resampled rows, NaN where it is not defined in them.
        share_of: rows that the figure is a share of; it then lies in [0, 1], and its interval is never empty.
    """
    if value is None or np.isnan(np.asarray(value)):
        return dict.fromkeys(("value", "low", "high"))
    low, high = percentile_interval(drawn, share_of)
    if share_of:
        low, high = max(low, 0.0), min(high, 1.0)
    return {"value": plain(float(np.asarray(value))), "low": plain(low), "high": plain(high)}


def listed(names: Sequence[str]) -> str:
    """``a, b and c``, for notes."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
