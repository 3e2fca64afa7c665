"""A matplotlib figure as a small SVG for the inside of an HTML page, light or dark.

Black becomes ``currentColor``, the colour of the text around; there is no background. Text stays text.
Nothing has an id, so that any number of figures can share a page, and nothing has a ``style``, so that a
strict content policy needs no exception. The same figure gives the same bytes. Clipping is dropped:
figures must draw inside their axes. Pictures, hatches, gradients and formulas are not supported.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from toxmeter.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["standalone", "to_svg"]

_NAMESPACE = "http://www.w3.org/2000/svg"
_PIXELS = 4 / 3  # of a point; a figure's inches are then those of the page
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif"
_OWN_COLOURS = ("<style>svg{color:#1f2328;background:#fff}"
                "@media (prefers-color-scheme:dark){svg{color:#e6edf3;background:#14171c}}</style>")
_DROPPED = {"font-family", "id", "clip-path", "style", "href", "stroke-linejoin", "stroke-miterlimit"}


def to_svg(figure: Any) -> str:  # noqa: ANN401 - matplotlib Figure
    """The figure as an ``<svg>`` element.

    Raises:
        MissingExtra: without matplotlib.
    """
    matplotlib = need("matplotlib", extra="evaluate")
    canvas = need("matplotlib.backends.backend_svg", extra="evaluate").FigureCanvasSVG(figure)
    for background in (figure.patch, *(axes.patch for axes in figure.axes)):
        background.set_visible(False)
    stream = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "toxmeter"}), warnings.catch_warnings():
        # labels in any script; the page's fonts have the glyphs, those that measure the layout need not
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        canvas.print_svg(stream, metadata={"Date": None})
    drawn = stream.getvalue().replace(f'xmlns="{_NAMESPACE}"', "", 1).replace("xlink:href", "href")
    return _tidied(ElementTree.fromstring(drawn))  # noqa: S314 - matplotlib has just written it


def standalone(svg: str) -> str:
    """The element as a file of its own, with colours for a light and a dark screen."""
    return svg.replace(">", f">{_OWN_COLOURS}", 1) + "\n"


def _tidied(drawn: ElementTree.Element) -> str:
    """The same shapes and texts in the same order, flat and short."""
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    tidy = ElementTree.Element("svg", {
        "xmlns": _NAMESPACE, "viewBox": f"0 0 {width:g} {height:g}", "width": f"{width * _PIXELS:.0f}",
        "height": f"{height * _PIXELS:.0f}", "role": "img", "fill": "currentColor", "stroke-linejoin": "round",
        "font-family": _FONTS})
    markers = {shape.get("id"): shape for defs in drawn.iter("defs") for shape in defs}
    stored = {id(shape) for shape in markers.values()}
    for element in drawn.iter():
        if id(element) in stored:
            continue
        if element.tag == "use":
            marker = markers[element.attrib["href"].removeprefix("#")]
            attributes = _attributes(marker) | _attributes(element)
            at = f"translate({_round(attributes.pop('x', '0'))} {_round(attributes.pop('y', '0'))})"
            ElementTree.SubElement(tidy, "path", {**attributes, "d": _path(marker.attrib["d"], 100), "transform": at})
        elif element.tag == "path":
            ElementTree.SubElement(tidy, "path", {**_attributes(element), "d": _path(element.attrib["d"], 10)})
        elif element.tag == "text":
            ElementTree.SubElement(tidy, "text", _attributes(element)).text = element.text
    return ElementTree.tostring(tidy, encoding="unicode")


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    """Its attributes and, as attributes too, its styles, without what is the default of the picture."""
    styles = dict(style.split(": ", 1) for style in element.get("style", "").split("; ") if style)
    found = {name: value.strip(" ;") for name, value in {**element.attrib, **styles}.items() if name not in _DROPPED}
    found.pop("d", None)
    if found.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
        del found["transform"]
    return {name: "currentColor" if value == "#000000" else _round(value) if _is_measure(name) else value
            for name, value in found.items()}


def _is_measure(name: str) -> bool:
    return name in {"x", "y", "transform", "stroke-dasharray", "stroke-width", "font-size"}


def _round(numbers: str) -> str:
    """The numbers in a value to one digit, ``opacity`` excepted by the caller."""
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), numbers)


def _path(data: str, scale: int) -> str:
    """The path in relative steps of 1 / ``scale``, which are short; steps of no length are left out."""
    parts, last = [], ""
    for command, values in _steps(data, scale):
        numbers = _joined(values, scale)
        repeated = command == last and not numbers.startswith("-")
        parts.append((" " if repeated else "" if command == last else command) + numbers)
        last = command
    return "".join(parts)


def _steps(data: str, scale: int) -> Iterator[tuple[str, list[int]]]:
    """Commands with their numbers, absolute where the pen is set down and relative where it draws."""
    at = start = (0, 0)
    for command, numbers in re.findall(r"([MLQCz])([^MLQCz]*)", data):
        values = [round(float(number) * scale) for number in numbers.split()]
        points = list(zip(values[::2], values[1::2], strict=True))
        if command == "z":
            at = start
            yield "z", []
        elif command == "M":
            at = start = points[0]
            yield "M", values
        elif set(points) != {at}:
            yield command.lower(), [value for x, y in points for value in (x - at[0], y - at[1])]
            at = points[-1]


def _joined(values: list[int], scale: int) -> str:
    """``.5-2 10``: no zero before the point, and a space only where a number would run into the last."""
    shown = [re.sub(r"^(-?)0\.", r"\1.", f"{value / scale:g}") for value in values]
    return "".join(text if place == 0 or text.startswith("-") else f" {text}" for place, text in enumerate(shown))
