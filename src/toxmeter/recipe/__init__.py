"""Recipes: what to train, on which data, with which settings – TOML read into frozen dataclasses."""

from toxmeter.recipe.read import read_recipe, shipped_recipes
from toxmeter.recipe.schema import Recipe

__all__ = ["Recipe", "read_recipe", "shipped_recipes"]
