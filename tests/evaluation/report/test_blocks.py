from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.report.blocks import Heading, ends, number, percent, share_with_interval, with_interval


@pytest.mark.parametrize("undefined", [None, math.nan])
def test_what_is_not_defined_is_a_dash(undefined: float | None) -> None:
    assert number(undefined) == percent(undefined) == "–"


@pytest.mark.parametrize(("value", "digits", "shown"), [
    (0.0, 3, "0.000"), (0.12345, 3, "0.123"), (1.0, 0, "1"), (-0.5, 1, "-0.5"), (1234.5678, 2, "1234.57")])
def test_numbers(value: float, digits: int, shown: str) -> None:
    assert number(value, digits) == shown


@pytest.mark.parametrize(("value", "digits", "shown"), [
    (0.0, 1, "0.0 %"), (0.6875, 2, "68.75 %"), (1.0, 0, "100 %"), (0.0004, 1, "0.0 %"), (-0.25, 1, "-25.0 %")])
def test_shares(value: float, digits: int, shown: str) -> None:
    assert percent(value, digits) == shown


@pytest.mark.parametrize(("figure", "shown"), [
    (None, "–"),
    ({"value": None, "low": None, "high": None}, "–"),
    ({"value": 0.5, "low": None, "high": None}, "0.500"),
    ({"value": 0.5, "low": 0.4, "high": None}, "0.500"),
    ({"value": 0.0, "low": 0.0, "high": 0.0}, "0.000 [0.000, 0.000]"),
    ({"value": 0.9123, "low": 0.9014, "high": 0.9226}, "0.912 [0.901, 0.923]"),
])
def test_intervals(figure: dict[str, Any] | None, shown: str) -> None:
    assert with_interval(figure) == shown


@pytest.mark.parametrize(("figure", "shown"), [
    (None, "–"),
    ({"value": None, "low": None, "high": None}, "–"),
    ({"value": 0.5, "low": None, "high": None}, "50.0 %"),
    ({"value": 0.912, "low": 0.901, "high": 0.923}, "91.2 % [90.1 %, 92.3 %]"),
])
def test_intervals_of_shares(figure: dict[str, Any] | None, shown: str) -> None:
    assert share_with_interval(figure) == shown


def test_the_ends_of_a_bar() -> None:
    assert ends({"value": 0.5, "low": 0.4, "high": 0.7}) == (0.5, 0.4, 0.7)
    assert ends({"value": 0.0, "low": None, "high": None}) == (0.0, 0.0, 0.0)


@given(st.floats(0, 1))
def test_what_is_shown_is_as_near_as_its_digits(value: float) -> None:
    assert abs(float(number(value)) - value) <= 0.0005 + 1e-12
    assert abs(float(percent(value).removesuffix(" %")) - 100 * value) <= 0.05 + 1e-12
    assert with_interval({"value": value, "low": value, "high": value}, 1).count(number(value, 1)) == 3


def test_blocks_cannot_be_changed() -> None:
    heading = Heading("Quality")
    assert heading.level == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        heading.text = "other"  # type: ignore[misc]
