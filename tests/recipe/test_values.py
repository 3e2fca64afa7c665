"""What fields may hold, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from toxmeter.recipe.fitting import FineTuning, LinearTraining
from toxmeter.recipe.schema import Recipe, Source
from toxmeter.recipe.values import arms, expected, fits, joined, listed, locate, shown

BOUNDS = {"low": 0.0, "high": 1.0}


@pytest.mark.parametrize(("kind", "rules", "value", "right"), [
    (int, {}, 1, True), (int, {}, True, False), (int, {}, 1.0, False), (int, BOUNDS, 2, False),
    (float, {}, 1, True), (float, {}, True, False), (float, {}, float("nan"), False), (float, {}, 10**400, False),
    (float, BOUNDS, 1.0, True), (float, BOUNDS, 1.0001, False), (float, BOUNDS, "1", False),
    (bool, {}, False, True), (bool, {}, 0, False),
    (str, {}, "a", True), (str, {}, "", False), (str, {}, "\u2003\n", False), (str, {"blank": True}, "", True),
    (str, {"pattern": "[A-Z]+"}, "AB", True), (str, {"pattern": "[A-Z]+"}, "AB\n", False),
    (str, {"set": True}, "known", True), (str, {"set": True}, "unknown", False), (str, {}, "two\nlines", True),
    (Literal["a", "b"], {}, "a", True), (Literal["a", "b"], {}, "c", False), (Literal["1"], {}, 1, False),
    (float | None, {}, 0.5, True), (float | None, {}, None, False),
    (str | float | bool, {}, True, True), (str | float | bool, {}, [], False),
    (tuple[str, ...], {}, ["a"], False), (Source, {}, {}, False), (Mapping[str, str], {}, {}, False),
])
def test_fits(kind: Any, rules: dict[str, Any], value: object, right: bool) -> None:
    assert fits(kind, rules, value, ["known"]) is right


@pytest.mark.parametrize(("kind", "rules", "words"), [
    (int, {"low": 1, "high": 10_000}, "a whole number from 1 to 10,000"),
    (float, BOUNDS, "a number from 0 to 1"),
    (float | None, {}, "a number"),
    (Literal["a", "b", "c"], {}, "a, b or c"),
    (Literal["a", "b"] | tuple[float, ...], BOUNDS, "a, b or a list of numbers from 0 to 1"),
    (tuple[str, ...], {"set": True}, "a list of data presets or sets of data.files"),
    (tuple[Source, ...], {}, "a list of tables"),
    (Mapping[str, Source], {}, "a table of tables"),
    (Mapping[str, str | int], {}, "a table of texts or whole numbers"),
    (LinearTraining | FineTuning, {}, "a table"),
    (str, {"pattern": "[A-Z]", "form": "one capital letter"}, "one capital letter"),
])
def test_expected(kind: Any, rules: dict[str, Any], words: str) -> None:
    assert expected(kind, rules) == words


def test_arms() -> None:
    assert arms(str | None) == (str,)
    assert arms(int) == (int,)


def test_shown_is_short_whatever_there_is() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "a huge value"
    assert shown(10**10_000) == "a huge value"
    assert shown("x" * 1_000) == "'" + "x" * 38 + "…"
    assert shown(True) == "true"


def test_joined_and_listed() -> None:
    assert joined("", "a") == "a"
    assert joined("a", 0) == "a.0"
    assert joined("a", "b.c") == 'a."b.c"'
    assert (listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == ("", "a", "a or b", "a, b or c")


@pytest.mark.parametrize(("path", "kind"), [
    ("seed", int), ("train.lr", float), ("train.penalty", float), ("data.sources.3.weight", float),
    ("data.files.mine.text", str), ("train.class_weights.0", float),
])
def test_locate(path: str, kind: Any) -> None:
    found = locate(Recipe, path.split("."))
    assert found
    assert found[0] == kind


@pytest.mark.parametrize("path", ["sed", "train.lrr", "train.lr.x", "data.sources.weight", "", "data..main"])
def test_locate_finds_nothing(path: str) -> None:
    assert locate(Recipe, path.split(".")) is None


def test_locate_in_the_tables_that_are_meant() -> None:
    assert locate(Recipe, ["train", "lr"], [LinearTraining]) is None
    assert locate(Recipe, ["train", "lr"], [FineTuning]) == (float, {"low": 0.0, "high": 1.0})
