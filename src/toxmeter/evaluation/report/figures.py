"""The figures of a report, each an ``<svg>`` element that fits a light and a dark page.

Texts are shown as they are given, what acts on a page is made visible. Values that are not finite are not
drawn. This module measures nothing and writes no files; ``world.py`` draws the map.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.drawing import COLOURS, line_style, new_figure, open_axes, shorten
from toxmeter.evaluation.report.shades import Shades, decimals, shown
from toxmeter.evaluation.report.svg import to_svg
from toxmeter.evaluation.report.texts import visible
from toxmeter.evaluation.report.world import world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["bars", "heat", "lines", "world"]

_INK = COLOURS[-1]
_DASHED = (0, (4, 3))
_DOTS = 20  # so many points of a curve, or fewer, are marked


def lines(
    curves: Mapping[str, Sequence[tuple[float, float]]], xlabel: str, ylabel: str, *, diagonal: bool = False
) -> str:
    """Curves in one pair of axes, named below.

    Args:
        curves: points ``(x, y)`` per name, in the order in which they are joined; without points no line.
        xlabel: what x is.
        ylabel: what y is.
        diagonal: a square plot, at least of [0, 1] both ways, with the line y = x.
    """
    figure = new_figure(4.5 if diagonal else 6.6, (4.0 if diagonal else 3.6) + 0.2 * math.ceil(len(curves) / 2),
                        extra="evaluate")
    axes = figure.subplots()
    drawn = []
    for index, (name, points) in enumerate(curves.items()):
        finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
        if finite:
            marker = "o" if len(finite) <= _DOTS else None
            (line,) = axes.plot(*zip(*finite, strict=True), linewidth=1.7, marker=marker, markersize=3.5,
                                **line_style(index))
            drawn.append((line, shorten(visible(name), 44)))
    if diagonal:
        axes.plot([0, 1], [0, 1], color=_INK, alpha=0.45, linewidth=1, linestyle=_DASHED)
    axes.margins(0.02)
    _plain_axes(axes)
    axes.set_xlabel(shorten(visible(xlabel), 80))
    axes.set_ylabel(shorten(visible(ylabel), 60))
    if drawn:
        figure.legend(*zip(*drawn, strict=True), loc="outside lower center", ncols=2, frameon=False)
    return to_svg(figure)


def bars(
    values: Mapping[str, float | tuple[float, float, float]], xlabel: str, *, reference: float | None = None
) -> str:
    """Horizontal bars from zero, the first on top, each with its value.

    Args:
        values: per name a value, or value, low and high end of its interval, which is drawn as a thin line.
        xlabel: what the bars measure.
        reference: a value that is marked by a dashed line through all bars.
    """
    rows = [(visible(name), value if isinstance(value, tuple) else (value, value, value))
            for name, value in values.items()]
    figure = new_figure(6.6, 0.9 + 0.27 * max(len(rows), 1), extra="evaluate")
    axes = figure.subplots()
    digits = decimals(value for _, (value, _, _) in rows)
    for place, (_, (value, low, high)) in enumerate(rows):
        if not math.isfinite(value):
            continue
        axes.barh(place, value, color=COLOURS[0], height=0.62, alpha=0.8)
        ends = (low, high) if math.isfinite(low) and math.isfinite(high) else (value, value)
        if ends[0] < ends[1]:
            axes.plot(ends, (place, place), color=_INK, linewidth=1.2)
        axes.annotate(shown(value, digits), (max(*ends, value) if value >= 0 else min(*ends, value), place),
                      (5 if value >= 0 else -5, 0), textcoords="offset points", fontsize=9, va="center",
                      ha="left" if value >= 0 else "right")
    axes.set_yticks(range(len(rows)), [shorten(name, 44) for name, _ in rows])
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.margins(x=0.17)  # for the values
    for at, dashes in ((0.0, "-"), (reference, _DASHED)):
        if at is not None and math.isfinite(at):
            axes.axvline(at, color=_INK, alpha=0.6, linewidth=1, linestyle=dashes)
    _plain_axes(axes)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(shorten(visible(xlabel), 80))
    return to_svg(figure)


def heat(
    matrix: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str], *, percent: bool = False
) -> str:
    """A matrix of numbers, shaded from its smallest value to its largest, or both ways from 0.

    Args:
        matrix: ``[r, c]``; cells that are None have a dash.
        rows: ``r`` names.
        columns: ``c`` names.
        percent: values are shares, shown in per cent and shaded from 0.
    """
    values = [value for row in matrix for value in row if value is not None]
    shades, digits = Shades(values, from_zero=percent), decimals(values)
    names = [shorten(visible(name), 32) for name in columns]
    longest = max(map(len, names), default=0)
    tilted = longest > 8
    head = 0.3 + 0.045 * longest if tilted else 0.0  # inches
    figure = new_figure(2.4 + 0.62 * len(names), 0.6 + 0.3 * len(rows) + head, extra="evaluate")
    axes = figure.subplots()
    for y, row in enumerate(matrix):
        for x, value in enumerate(row):
            text, known = "–", value is not None and math.isfinite(value)
            if value is not None and known:
                colour, opacity = shades.of(value)
                axes.fill([x - 0.48, x + 0.48, x + 0.48, x - 0.48], [y - 0.46, y - 0.46, y + 0.46, y + 0.46],
                          color=colour, alpha=opacity, linewidth=0)
                text = f"{shown(100 * value, 0)} %" if percent else shown(value, digits)
            axes.text(x, y, text, ha="center", va="center_baseline", fontsize=9, alpha=1 if known else 0.5)
    axes.set_xlim(-0.5, max(len(names), 1) - 0.5)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.xaxis.tick_top()
    turned = {"rotation": 30, "ha": "left", "rotation_mode": "anchor"} if tilted else {}
    axes.set_xticks(range(len(names)), names, **turned)
    axes.set_yticks(range(len(rows)), [shorten(visible(name), 40) for name in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return to_svg(figure)


def _plain_axes(axes: Any) -> None:  # noqa: ANN401 - matplotlib Axes
    """Open axes without marks at the ticks, which the grid shows."""
    open_axes(axes)
    axes.grid(color=_INK, alpha=0.14)
    axes.tick_params(length=0)
    axes.set_axisbelow(True)
