"""The map shows the countries it has, and says what it shows."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from toxmeter.evaluation.report.world import _outlines, _robinson, outlined, world


def filled(svg: str) -> list[dict[str, str]]:
    """The shapes that have a colour: countries with a value, then the swatches of the legend."""
    return [path.attrib for path in ElementTree.fromstring(svg).iterfind(".//{*}path")  # noqa: S314
            if path.get("fill", "none").startswith("#")]


def test_the_outlines_are_those_of_countries() -> None:
    codes = outlined()
    assert len(codes) > 170
    assert {"USA", "FRA", "NOR", "IND", "XKX", "SSD", "PSE", "TWN"} <= codes
    assert "ATA" not in codes
    assert all(len(code) == 3 and code.isupper() and code.isascii() for code in codes)
    assert all(ring.shape[0] >= 3 and np.isfinite(ring).all() and (np.abs(ring) <= (2.67, 1.36)).all()
               for rings in _outlines().values() for ring in rings)


@pytest.mark.parametrize(("code", "longitude", "latitude"), [
    ("FRA", 2.35, 47), ("BRA", -50, -10), ("AUS", 134, -25), ("RUS", 100, 62), ("ZAF", 25, -31), ("JPN", 138.5, 36),
])
def test_countries_lie_where_they_are(code: str, longitude: float, latitude: float) -> None:
    from matplotlib.path import Path

    (point,) = _robinson(np.array([[longitude, latitude]]))
    holders = {name for name, rings in _outlines().items() if any(Path(ring).contains_point(point) for ring in rings)}
    assert code in holders


def test_the_projection_is_robinsons() -> None:
    degrees = np.array([[0, 0], [180, 0], [-90, 45], [10, -90]], float)
    expected = np.array([[0, 0], [0.8487 * np.pi, 0], [-0.8487 * 0.8962 * np.pi / 2, 1.3523 * 0.5571],
                         [0.8487 * 0.5322 * np.pi / 18, -1.3523]])
    assert np.allclose(_robinson(degrees), expected)


def test_only_known_values_have_a_colour() -> None:
    svg = world({"DEU": 0.1, "BRA": 0.3, "AND": 0.2, "FRA": float("nan")}, "mean score")
    shapes = filled(svg)
    assert len(shapes) == 2 + 5
    assert float(shapes[0]["fill-opacity"]) < float(shapes[1].get("fill-opacity", 1))
    assert all(word in svg for word in ("mean score", "0.100", "0.300", "no value"))
    assert filled(world({}, "mean score")) == []


def test_gaps_have_two_colours() -> None:
    assert [shape["fill"] for shape in filled(world({"DEU": 0.1, "BRA": -0.3}, "gap"))[:2]] == ["#d55e00", "#0072b2"]


def test_every_country_can_have_a_value() -> None:
    codes = outlined()
    assert len(filled(world(dict.fromkeys(codes, 0.5), "score"))) >= len(codes)
