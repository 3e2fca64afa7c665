"""Figures show what they are given, and can be made again byte for byte."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.evaluation.report.figures import bars, heat, lines, world
from toxmeter.evaluation.report.texts import visible

EVIL = ["<script>alert(1)</script>", "a & b", "$x$ \\frac", "_under", "\u202e\x00\ud800", "日本語", "", "it's \"q\""]


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314


def words(svg: str) -> list[str]:
    return [text.text or "" for text in parsed(svg).iterfind(".//{*}text")]


def coloured(svg: str, colour: str) -> list[dict[str, str]]:
    return [path.attrib for path in parsed(svg).iterfind(".//{*}path")
            if colour.lower() in (path.get("fill"), path.get("stroke"))]


@pytest.mark.parametrize("picture", [
    lambda: lines({"a": [(0, 0), (1, 1)], "b": []}, "x", "y", diagonal=True),
    lambda: lines({}, "x", "y"),
    lambda: lines({"a": [(math.nan, 1), (0, math.inf)]}, "x", "y"),
    lambda: bars({"a": 0.5, "b": (-0.5, -0.6, -0.4), "c": math.nan, "d": (0.1, math.nan, math.nan)}, "x", reference=1),
    lambda: bars({}, "x"),
    lambda: heat([[0.1, None], [-0.2, math.nan]], ["a", "b"], ["c", "d"]),
    lambda: heat([], [], []),
    lambda: heat([[0.0]], ["a"], ["b"], percent=True),
    lambda: world({"DEU": 0.1, "USA": 0.5, "XXX": 9.0, "FRA": math.nan}, "score"),
    lambda: world({}, "score"),
])
def test_every_figure_is_small_xml_that_can_be_made_again(picture: Callable[[], str]) -> None:
    svg = picture()
    assert parsed(svg).tag.endswith("svg")
    assert len(svg) < 60_000
    assert svg == picture()
    assert "nan" not in svg.lower()


@pytest.mark.parametrize("picture", [
    lambda names: lines({name: [(0, 0), (1, 1)] for name in names}, "x", "y"),
    lambda names: bars(dict.fromkeys(names, 0.5), "x"),
    lambda names: heat([[0.5]] * len(names), names, ["c"]),
    lambda names: heat([[0.5] * len(names)], ["r"], names),
])
def test_names_are_written_as_they_are(picture: Callable[[list[str]], str]) -> None:
    shown = set(words(picture(EVIL)))
    assert {visible(name) for name in EVIL if name} <= shown


@settings(max_examples=10)
@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=20))
def test_any_text_can_be_a_label(text: str) -> None:
    assert visible(text).strip() in {word.strip() for word in words(world({}, text))}


def test_curves_are_lines_in_their_order() -> None:
    svg = lines({"up": [(0, 0), (1, 1)], "none": [], "down": [(0, 1), (1, 0)]}, "share", "rate")
    assert words(svg)[-2:] == ["up", "down"]
    assert {"share", "rate"} <= set(words(svg))
    assert len([line for line in coloured(svg, "#0072B2") if "transform" not in line]) == 2  # itself and its legend
    assert not coloured(svg, "#D55E00")  # the colour of the one without points


def test_long_curves_are_thinned() -> None:
    svg = lines({"a": [(x / 50_000, math.sqrt(x / 50_000)) for x in range(50_000)]}, "x", "y")
    assert len(svg) < 8_000


def test_bars_have_values_intervals_and_a_reference() -> None:
    plain = bars({"first": 0.5, "second": 0.25}, "F1")
    assert [word for word in words(plain) if word in ("first", "second", "0.500", "0.250")] == [
        "first", "second", "0.500", "0.250"]
    heights = [float(re.findall(r"^M\S+ ([\d.]+)", bar["d"])[0]) for bar in coloured(plain, "#0072B2")]
    assert len(heights) == 2
    assert heights[0] < heights[1]  # the first is on top
    more = bars({"first": (0.5, 0.4, 0.6), "second": 0.25}, "F1", reference=0.3)
    ink = [len([path for path in parsed(svg).iterfind(".//{*}path") if path.get("stroke") == "currentColor"
                and path.get("stroke-opacity") != "0.14"]) for svg in (plain, more)]  # without the grid
    assert ink[1] == ink[0] + 2  # an interval and a reference


def test_cells_have_their_values() -> None:
    shown = words(heat([[0.5, None], [0.123, 1.0]], ["a", "b"], ["c", "d"], percent=True))
    assert [word for word in shown if word.endswith("%") or word == "–"] == ["50 %", "–", "12 %", "100 %"]
    gaps = heat([[-0.5, 0.25]], ["a"], ["c", "d"])
    assert {"−0.500", "0.250"} <= set(words(gaps))
    assert len(coloured(gaps, "#D55E00")) == len(coloured(gaps, "#0072B2")) == 1


def test_figures_share_a_page_without_shared_ids(tmp_path: Any) -> None:
    page = bars({"a": 1.0}, "x") + lines({"a": [(0, 1)]}, "x", "y") + world({"DEU": 1.0}, "x")
    assert " id=" not in page
    assert "url(" not in page
