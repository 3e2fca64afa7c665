"""The fields of a recipe: documented, bounded, frozen."""

from __future__ import annotations

import dataclasses
from typing import Any, get_origin

import pytest

from toxmeter.recipe import fitting, read_recipe, schema
from toxmeter.recipe.describe import fields_of, tables
from toxmeter.recipe.values import arms, fits, hints, is_table

NAMES = [getattr(module, name) for module in (fitting, schema) for name in module.__all__]
TABLES = [table for table in NAMES if isinstance(table, type) and is_table(table)]


def test_every_table_is_tested() -> None:
    assert len(TABLES) == len(tables())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_field_is_explained_in_order(table: type[Any]) -> None:
    attributes = (table.__doc__ or "").partition("Attributes:")[2]
    explained = [line.partition(":")[0].strip() for line in attributes.splitlines() if line[:8].isspace()
                 and line[8:9].strip() and ":" in line]
    assert explained == [field.name for field in dataclasses.fields(table)]
    assert all(field.meaning for field in fields_of(table))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_defaults_are_what_their_fields_may_hold(table: type[Any]) -> None:
    for field in dataclasses.fields(table):
        if isinstance(field.default, (str, int, float)):
            assert fits(hints(table)[field.name], field.metadata, field.default, ()), field.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_number_has_bounds(table: type[Any]) -> None:
    for field in dataclasses.fields(table):
        if hints(table)[field.name] in (int, float):
            assert {"low", "high"} <= field.metadata.keys(), field.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_rules_are_those_that_are_kept(table: type[Any]) -> None:
    for field in dataclasses.fields(table):
        assert field.metadata.keys() <= {"low", "high", "pattern", "form", "blank", "set"}, field.name
        assert ("pattern" in field.metadata) is ("form" in field.metadata), field.name


def test_a_recipe_is_frozen() -> None:
    recipe = read_recipe("nano")
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.train.penalty = 1.0  # type: ignore[misc,union-attr]
    with pytest.raises(TypeError):
        recipe.data.files["mine"] = schema.OwnSet(file="a")  # type: ignore[index]
    assert isinstance(recipe.data.sources, tuple)


def test_the_tables_of_a_union_are_told_apart_by_format() -> None:
    for name in ("model", "train"):
        kinds = arms(hints(schema.Recipe)[name])
        assert len(kinds) == len({str(kind) for kind in kinds}) > 1
        assert all(is_table(kind) and get_origin(kind) is None for kind in kinds)
