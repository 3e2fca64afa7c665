"""The fields of a recipe: documented, bounded, frozen."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from toxmeter.recipe import read_recipe, schema

TABLES = [getattr(schema, name) for name in schema.__all__]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_field_is_explained_in_order(table: type[Any]) -> None:
    attributes = (table.__doc__ or "").partition("Attributes:")[2]
    explained = re.findall(r"^\s{8}(\w+): \S", attributes, re.MULTILINE)
    assert explained == [field.name for field in dataclasses.fields(table)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_defaults_lie_within_their_bounds(table: type[Any]) -> None:
    for field in dataclasses.fields(table):
        if "low" in field.metadata:
            assert field.metadata["low"] <= field.default <= field.metadata["high"], field.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_number_has_bounds(table: type[Any]) -> None:
    for field in dataclasses.fields(table):
        if field.type in ("int", "float"):
            assert {"low", "high"} <= field.metadata.keys(), field.name


def test_a_recipe_is_frozen() -> None:
    recipe = read_recipe("nano")
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.train.penalty = 1.0  # type: ignore[misc]
    assert isinstance(recipe.data.sources, tuple)
    hash(recipe)  # all the way down
