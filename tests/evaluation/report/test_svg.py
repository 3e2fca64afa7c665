"""A figure becomes a small SVG that takes the colour of the text around it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from toxmeter.evaluation.drawing import new_figure
from toxmeter.evaluation.report.svg import standalone, to_svg


@pytest.fixture
def axes() -> Any:
    return new_figure(4, 3, extra="evaluate").subplots()


def test_black_is_the_colour_around_and_nothing_else_is_black(axes: Any) -> None:
    axes.plot([0, 1], [0, 1], color="#000000", marker="o")
    axes.text(0, 0.5, "a < b & $c", color="#D55E00")
    svg = to_svg(axes.figure)
    assert "#000000" not in svg
    assert 'stroke="currentColor"' in svg
    assert 'fill="#d55e00"' in svg
    root = ElementTree.fromstring(svg)  # noqa: S314
    assert root.attrib["role"] == "img"
    assert root.attrib["fill"] == "currentColor"
    assert "a < b & $c" in {text.text for text in root.iterfind(".//{*}text")}


def test_there_are_no_ids_styles_links_or_backgrounds(axes: Any) -> None:
    axes.plot(range(5), range(5), marker="o")
    axes.grid(visible=True)
    svg = to_svg(axes.figure)
    root = ElementTree.fromstring(svg)  # noqa: S314
    assert {element.tag.partition("}")[2] for element in root.iter()} == {"svg", "path", "text"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not names & {"id", "style", "href", "clip-path", "class"}
    assert "url(" not in svg
    assert "#ffffff" not in svg
    assert len([path for path in root.iterfind(".//{*}path") if "c" in path.attrib["d"].lower()]) == 5


def test_paths_stay_where_they_were(axes: Any) -> None:
    axes.set_axis_off()
    axes.set_position([0, 0, 1, 1])
    axes.figure.set_layout_engine("none")
    axes.axis((0, 288, 216, 0))  # one unit is one point
    axes.plot([0, 10, 10.06, 5.5, 5, 200.04], [0, 20, 20, 19.5, 30, 216], linewidth=2)
    (path,) = ElementTree.fromstring(to_svg(axes.figure)).iterfind(".//{*}path")  # noqa: S314
    assert path.attrib["d"] == "M0 0l10 20 .1 0-4.6-.5-.5 10.5 195 186"
    assert path.attrib["stroke-width"] == "2"


def test_opacity_is_not_rounded_away(axes: Any) -> None:
    axes.fill([0, 1, 1], [0, 0, 1], color="#0072B2", alpha=0.035)
    assert 'opacity="0.035"' in to_svg(axes.figure)


def test_scripts_without_glyphs_here_make_no_noise(axes: Any) -> None:
    axes.set_title("日本語 ไทย 🙂")
    assert "日本語 ไทย 🙂" in to_svg(axes.figure)


def test_a_file_of_its_own_has_colours_for_light_and_dark(axes: Any) -> None:
    file = standalone(to_svg(axes.figure))
    root = ElementTree.fromstring(file)  # noqa: S314
    assert "prefers-color-scheme:dark" in str(root[0].text)
    assert file.count("<style>") == 1
