"""Reading a recipe: TOML into the dataclasses of ``schema.py``, with every mistake in one error.

A recipe names data presets and settings only; nothing in it is imported or run. This module does not
check that data files exist.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from toxmeter.data.presets import PRESETS
from toxmeter.errors import InputError, RecipeError, did_you_mean
from toxmeter.recipe.schema import Data, Recipe

__all__ = ["read_recipe", "shipped_recipes"]


def shipped_recipes() -> list[str]:
    """Names of the recipes inside the package, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in files("toxmeter.recipe").iterdir()
                  if entry.name.endswith(".toml"))


def read_recipe(name_or_path: str | os.PathLike[str]) -> Recipe:
    """Read a recipe.

    Args:
        name_or_path: a shipped recipe (``nano``), or a TOML file.

    Raises:
        InputError: when there is no such recipe or file, or it is no TOML.
        RecipeError: with every mistake in it, one line each.
    """
    source = os.fspath(name_or_path)
    shipped = shipped_recipes()
    path = Path(str(files("toxmeter.recipe") / f"{source}.toml")) if source in shipped else Path(source)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"no recipe {source!r}: neither shipped ({', '.join(shipped)}) nor a file"
                         f"{did_you_mean(source, shipped)}") from None
    except (OSError, ValueError, RecursionError) as err:
        raise InputError(f"recipe {source}: not readable as TOML in UTF-8 ({err})") from err
    problems: list[str] = []
    recipe = _build(Recipe, table, "", problems)
    if problems or not isinstance(recipe, Recipe):
        raise RecipeError(source, problems)
    return recipe


def _build(cls: type[Any], table: object, path: str, problems: list[str]) -> object | None:
    """An instance of a dataclass from a TOML table; None, and lines in ``problems``, where that fails."""
    if not isinstance(table, Mapping):
        problems.append(f"{path}: {_shown(table)} is no table")
        return None
    known = {f.name: f for f in dataclasses.fields(cls)}
    hints = get_type_hints(cls)
    inside = f"{path}." if path else ""
    before = len(problems)
    problems += [f"{inside}{key}: no such field{did_you_mean(key, list(known))}; there are {', '.join(known)}"
                 for key in table if key not in known]
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name in table:
            values[name] = _value(hints[name], spec.metadata, table[name], f"{inside}{name}", problems)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            problems.append(f"{inside}{name}: missing")
        elif spec.default is not dataclasses.MISSING:
            values[name] = spec.default
    if cls is Data:
        problems += _too_large_shares(values, inside)
    return cls(**values) if len(problems) == before else None


def _value(kind: Any, rules: Mapping[str, Any], value: object, path: str, problems: list[str]) -> object:  # noqa: ANN401
    """A value of a field's type; anything, and a line in ``problems``, where it is of another."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _build(kind, value, path, problems)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            problems.append(f"{path}: {_shown(value)} is no list")
            return ()
        one = get_args(kind)[0]
        return tuple(_value(one, rules, entry, f"{path}[{i}]", problems) for i, entry in enumerate(value))
    problem = _problem(kind, rules, value)
    if problem:
        problems.append(f"{path}: {problem}")
        return value
    return float(value) if kind is float and isinstance(value, int) else value


def _problem(kind: type, rules: Mapping[str, Any], value: Any) -> str:  # noqa: ANN401 - any value that TOML holds
    """What is wrong with a plain value, or an empty text."""
    if type(value) is not kind and not (kind is float and type(value) is int):
        return f"{_shown(value)} is {type(value).__name__}, not {kind.__name__}"
    if "low" in rules and not rules["low"] <= value <= rules["high"]:
        return f"{_shown(value)} is not in [{rules['low']:g}, {rules['high']:g}]"
    if isinstance(value, str) and not value.strip():
        return "empty"
    if "preset" in rules and value not in PRESETS:
        return (f"no data preset {_shown(value)}{did_you_mean(str(value), list(PRESETS))};"
                f" there are {', '.join(PRESETS)}")
    return ""


def _shown(value: object) -> str:
    """The beginning of a value, however long it is."""
    try:
        return f"{value!r:.40}"
    except ValueError:  # Python writes no number of thousands of digits
        return "a huge number"


def _too_large_shares(data: Mapping[str, Any], path: str) -> list[str]:
    """The one thing that fields say only together: too little is left to train on."""
    shares = (data["validation"], data["test"])
    taken = [share for share in shares if isinstance(share, (int, float)) and 0 <= share <= 1]
    if sum(taken) > 0.9:
        return [f"{path}test: with {path}validation {sum(taken):.2f} of the rows; at most 0.9"]
    return []
