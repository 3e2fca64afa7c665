"""The map of the world, coloured by a value per country.

Outlines are those of Natural Earth, 1:110m cultural vectors (public domain, naturalearthdata.com), as in
``naturalearth_lowres`` of geopandas 0.14.4: borders as the source draws them, which is no statement of ours.
``world.json`` was made so: coordinates in tenths of a degree; Antarctica, and islands under 0.12 square
degrees of countries with a larger part, left out; borders between two points where three outlines meet
thinned (Douglas and Peucker, 0.2 degrees), so that neighbours still touch; Northern Cyprus counted to CYP,
Somaliland to SOM, and Kosovo as XKX. Per alpha-3 code it has rings ``x, y, dx, dy, dx, dy, …``.

Many small states have no outline. This module knows no names of countries.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from toxmeter.evaluation.drawing import COLOURS, new_figure, shorten
from toxmeter.evaluation.report.shades import Shades, decimals, shown
from toxmeter.evaluation.report.svg import to_svg
from toxmeter.evaluation.report.texts import visible
from toxmeter.extras import need

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

__all__ = ["outlined", "world"]

_INK = COLOURS[-1]
_DOTTED = (0, (1, 1.2))
# Robinson's table, every 5 degrees from the equator to a pole: length of the parallel, distance from the equator
_LENGTHS = (1, .9986, .9954, .99, .9822, .973, .96, .9427, .9216, .8962, .8679, .835, .7986, .7597, .7186, .6732,
            .6213, .5722, .5322)
_DISTANCES = (0, .062, .124, .186, .248, .31, .372, .434, .4958, .5571, .6176, .6769, .7346, .7903, .8435, .8936,
              .9394, .9761, 1)


def outlined() -> frozenset[str]:
    """The alpha-3 codes of the countries that the map can show."""
    return frozenset(_outlines())


def world(values: Mapping[str, float], label: str) -> str:
    """The map as an ``<svg>`` element, with a legend.

    Args:
        values: per ISO 3166 alpha-3 code; those without outline and those that are not finite are not shown.
        label: what the values are.
    """
    known = {code: value for code, value in values.items() if code in _outlines() and math.isfinite(value)}
    shades = Shades(known.values(), colour=COLOURS[1], strongest=1.0)
    figure = new_figure(7.2, 3.8, extra="evaluate")
    axes = figure.subplots()
    rest = [ring for code, rings in _outlines().items() if code not in known for ring in rings]
    _draw(axes, rest, facecolor="none", edgecolor=(_INK, 0.5), linewidth=0.5, linestyle=_DOTTED)
    for code, value in known.items():
        _draw(axes, _outlines()[code], facecolor=shades.of(value), edgecolor=(_INK, 0.55), linewidth=0.5)
    axes.set_aspect("equal")
    axes.set_xlim(-2.4, 2.7)
    axes.set_ylim(-1.0, 1.34)
    axes.set_axis_off()
    _legend(figure, shades if known else None, label)
    return to_svg(figure)


@cache
def _outlines() -> dict[str, list[npt.NDArray[np.float64]]]:
    """Rings ``[m, 2]`` of each country in the plane of the map, the equator from -2.67 to 2.67."""
    source = (files("toxmeter.evaluation.report") / "world.json").read_text("ascii")
    return {code: [_robinson(np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 10) for ring in rings]
            for code, rings in json.loads(source).items()}


def _robinson(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Longitude and latitude ``[m, 2]`` in the projection of Robinson (1974), between its rows straight."""
    longitude, latitude = np.deg2rad(degrees[:, 0]), np.abs(degrees[:, 1])
    every = np.arange(0, 91, 5)
    x = 0.8487 * np.interp(latitude, every, _LENGTHS) * longitude
    y = 1.3523 * np.interp(latitude, every, _DISTANCES) * np.sign(degrees[:, 1])
    return np.column_stack([x, y])


def _draw(axes: Any, rings: list[npt.NDArray[np.float64]], **style: Any) -> None:  # noqa: ANN401 - of matplotlib
    if not rings:
        return
    path = need("matplotlib.path", extra="evaluate").Path
    outline = path.make_compound_path(*(path(np.vstack([ring, ring[:1]]), closed=True) for ring in rings))
    axes.add_patch(need("matplotlib.patches", extra="evaluate").PathPatch(outline, **style))


def _legend(figure: Any, shades: Shades | None, label: str) -> None:  # noqa: ANN401
    """Swatches of values from the smallest to the largest, and of no value."""
    patch = need("matplotlib.patches", extra="evaluate").Patch
    digits = 3 if shades is None else decimals((shades.low, shades.high))
    swatches = [] if shades is None else [
        patch(facecolor=shades.of(value), edgecolor=(_INK, 0.55), linewidth=0.5, label=shown(value, digits))
        for value in shades.steps()]
    none = patch(facecolor="none", edgecolor=(_INK, 0.5), linewidth=0.7, linestyle=_DOTTED, label="no value")
    figure.legend(handles=[*swatches, none], loc="outside lower center", ncols=len(swatches) + 1, frameon=False,
                  title=shorten(visible(label), 80), handlelength=1.6, columnspacing=1.4, handletextpad=0.5)
