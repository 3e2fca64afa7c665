"""What all plots share: colours, line styles, axes and labels.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart. matplotlib is used
through its object interface, so nothing is left behind in pyplot and no display is needed. This module
draws no data and writes no format: ``plots.py`` makes PNGs for model cards, ``report/figures.py`` SVGs.
"""

from __future__ import annotations

from typing import Any

from toxmeter.extras import need

__all__ = ["COLOURS", "line_style", "literal", "new_figure", "open_axes", "shorten"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")  # another one each time the colours are used up


def line_style(index: int) -> dict[str, str]:
    """Colour and dashes of the line with this number, from 0."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": _DASHES[index // len(COLOURS) % len(_DASHES)]}


def literal(text: str) -> str:
    """A text in which matplotlib finds no formula."""
    return text.replace("$", r"\$")


def new_figure(width: float, height: float, *, extra: str) -> Any:  # noqa: ANN401 - matplotlib Figure
    """An empty figure, in inches, whose layout leaves room for all labels.

    Raises:
        MissingExtra: without matplotlib; ``extra`` is named as what installs it.
    """
    figure = need("matplotlib.figure", extra=extra).Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    return figure


def open_axes(axes: Any) -> None:  # noqa: ANN401 - matplotlib Axes
    """A light grid, and no frame at the top and on the right."""
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def shorten(name: str, most: int = 24) -> str:
    """A name for matplotlib, without its middle where it is long, as names often differ at the end."""
    return literal(name if len(name) <= most else f"{name[: most // 2]}…{name[most // 2 + 1 - most :]}")
