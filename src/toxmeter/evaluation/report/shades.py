"""Colours and digits for values. A colour is as strong as its value is large; the page shows through a weak one.

This module draws nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toxmeter.evaluation.drawing import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Shades", "decimals", "shown"]

_WEAKEST = 0.12  # opacity; of 0 between blue and vermilion there is none
_UNDER_TEXT = 0.8  # on which ink can be read, on a light and a dark page


class Shades:
    """The shades of a set of values: one colour, or where some are negative blue below 0 and vermilion above.

    Args:
        values: those that are not finite do not count.
        colour: of values none of which is negative.
        from_zero: the weakest shade is for 0, not for the smallest value.
        strongest: opacity of the largest value; the default is for what has text on it.

    Attributes:
        low: the smallest value, of values on both sides of 0 the largest distance from 0, negative.
        high: the largest value or distance.
    """

    def __init__(self, values: Iterable[float], *, colour: str = COLOURS[0], from_zero: bool = False,
                 strongest: float = _UNDER_TEXT) -> None:
        self._colour, self._strongest = colour, strongest
        finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        self.low, self.high = min(finite), max(finite)
        self._diverging = self.low < 0
        if self._diverging:
            self.high = max(-self.low, self.high)
            self.low = -self.high
        elif from_zero:
            self.low = 0.0

    def of(self, value: float) -> tuple[str, float]:
        """Colour and opacity of a finite value; values outside the range count as its ends."""
        if self._diverging:
            strength = self._strongest * min(abs(value) / self.high, 1.0)
            return COLOURS[1] if value > 0 else COLOURS[0], round(strength, 3)
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self._colour, round(_WEAKEST + (self._strongest - _WEAKEST) * min(max(share, 0.0), 1.0), 3)

    def steps(self) -> list[float]:
        """Five values from low to high, for a legend; one where they are all the same."""
        if self.low == self.high:
            return [self.low]
        return [self.low + (self.high - self.low) * step / 4 for step in range(5)]


def decimals(values: Iterable[float]) -> int:
    """How many digits after the point all these values are shown with."""
    return 3 if max((abs(value) for value in values if math.isfinite(value)), default=0.0) < 10 else 1


def shown(value: float, digits: int) -> str:
    """A finite value as people write it, with a true minus."""
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−" if text.strip("-0.") else "")
