"""Recipes to read in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from toxmeter.errors import RecipeError
from toxmeter.recipe import Recipe, read_recipe

Read = Callable[..., Recipe]
Problems = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a recipe from its text, with overrides."""
    def read(text: str, *overrides: str) -> Recipe:
        file = tmp_path / "recipe.toml"
        file.write_text(text, "utf-8")
        return read_recipe(file, overrides)
    return read


@pytest.fixture
def problems(read: Read, tmp_path: Path) -> Problems:
    """The problems that reading a recipe ends with."""
    def problems(text: str, *overrides: str) -> list[str]:
        with pytest.raises(RecipeError) as caught:
            read(text, *overrides)
        assert str(tmp_path / "recipe.toml") in str(caught.value)
        return list(caught.value.problems)
    return problems
