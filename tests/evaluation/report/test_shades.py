"""Shades grow with what they stand for."""

from __future__ import annotations

import math

import pytest

from toxmeter.evaluation.report.shades import Shades, decimals, shown

BLUE, VERMILION = "#0072B2", "#D55E00"


def test_the_shades_of_positive_values_are_those_of_one_colour() -> None:
    shades = Shades([0.2, math.nan, 0.6, math.inf])
    assert (shades.low, shades.high) == (0.2, 0.6)
    assert {shades.of(value)[0] for value in (0.2, 0.6)} == {BLUE}
    strengths = [shades.of(value)[1] for value in (0.1, 0.2, 0.3, 0.6, 0.9)]
    assert strengths == sorted(strengths)
    assert (strengths[0], strengths[-1]) == (strengths[1], 0.8) == (0.12, 0.8)


def test_values_on_both_sides_of_zero_have_two_colours() -> None:
    shades = Shades([-0.4, 0.1])
    assert (shades.low, shades.high) == (-0.4, 0.4)
    assert shades.of(-0.4) == (BLUE, 0.8)
    assert shades.of(0.1) == (VERMILION, 0.2)
    assert shades.of(0.0)[1] == 0.0


def test_shares_count_from_zero() -> None:
    assert Shades([0.5, 1.0], from_zero=True).low == 0.0
    assert Shades([0.5], from_zero=True).of(0.5) == (BLUE, 0.8)


@pytest.mark.parametrize("values", [[], [0.0], [0.3, 0.3], [-1.0], [math.nan], [5e-324, 0.0], [-5e-324]])
def test_every_set_of_values_has_shades(values: list[float]) -> None:
    shades = Shades(values)
    for value in [0.0, 1.0, *shades.steps()]:
        assert 0 <= shades.of(value)[1] <= 1


def test_a_legend_has_five_steps_or_one() -> None:
    assert Shades([-1, 0.5]).steps() == [-1, -0.5, 0, 0.5, 1]
    assert Shades([0.3]).steps() == [0.3]


def test_digits() -> None:
    assert [shown(value, decimals([value])) for value in (0.5, -0.25, 12345.678, -0.0001)] == [
        "0.500", "−0.250", "12,345.7", "0.000"]
    assert decimals([]) == decimals([math.nan]) == 3
