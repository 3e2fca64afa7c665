"""Recipes: what to train, on which data, with which settings – TOML read into frozen dataclasses."""

from toxmeter.recipe.read import read_recipe, recipe_of, recipe_text, shipped_recipes
from toxmeter.recipe.schema import Recipe
from toxmeter.recipe.write import plain, to_toml

__all__ = ["Recipe", "plain", "read_recipe", "recipe_of", "recipe_text", "shipped_recipes", "to_toml"]
