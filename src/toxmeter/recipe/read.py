"""Reading a recipe: TOML into the dataclasses of ``schema.py``, with every mistake in one error.

A recipe names data presets and settings only; nothing in it is imported or run. This module does not
check that data files exist.
"""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from toxmeter.data.presets import PRESETS
from toxmeter.errors import InputError, RecipeError, did_you_mean
from toxmeter.recipe.schema import Recipe

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
    except (OSError, ValueError) as err:
        raise InputError(f"recipe {source}: not readable as TOML in UTF-8 ({err})") from err
    problems: list[str] = []
    recipe = _build(Recipe, table, "", problems)
    if isinstance(recipe, Recipe):
        problems += _contradictions(recipe)
    if problems or not isinstance(recipe, Recipe):
        raise RecipeError(source, problems)
    return recipe


def _build(cls: type[Any], table: object, path: str, problems: list[str]) -> object | None:
    """An instance of a dataclass from a TOML table; None, and lines in ``problems``, where that fails."""
    if not isinstance(table, Mapping):
        problems.append(f"{path or 'recipe'}: {table!r:.40} is no table")
        return None
    known = {f.name: f for f in dataclasses.fields(cls)}
    hints = get_type_hints(cls)
    before = len(problems)
    problems += [f"{path}{key}: no such field{did_you_mean(key, list(known))}; there are {', '.join(known)}"
                 for key in table if key not in known]
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name in table:
            values[name] = _value(hints[name], spec.metadata, table[name], f"{path}{name}", problems)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            problems.append(f"{path}{name}: missing")
    return cls(**values) if len(problems) == before else None


def _value(kind: Any, bounds: Mapping[str, float], value: object, path: str, problems: list[str]) -> object:  # noqa: ANN401
    """A value of a field's type; anything, and a line in ``problems``, where it is of another."""
    if dataclasses.is_dataclass(kind):
        return _build(kind if isinstance(kind, type) else type(kind), value, f"{path}.", problems)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            problems.append(f"{path}: {value!r:.40} is no list")
            return ()
        return tuple(_value(get_args(kind)[0], {}, entry, f"{path}[{i}]", problems) for i, entry in enumerate(value))
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        problems.append(f"{path}: {value!r:.40} is {type(value).__name__}, not {kind.__name__}")
    elif bounds and not bounds["low"] <= _number(value) <= bounds["high"]:
        problems.append(f"{path}: {value} is not in [{bounds['low']:g}, {bounds['high']:g}]")
    elif value == "":
        problems.append(f"{path}: empty")
    return value


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _contradictions(recipe: Recipe) -> list[str]:
    """What the fields say only together."""
    data = recipe.data
    problems = []
    if data.validation + data.test > 0.9:
        problems.append(f"data.test: with data.validation {data.validation + data.test:.2f} of the rows; at most .9")
    named = [("data.natural", data.natural), *((f"data.sources[{i}].preset", s.preset) for i, s in enumerate(data.sources)),
             *((f"data.keep_out[{i}]", name) for i, name in enumerate(data.keep_out))]
    for path, name in named:
        if name not in PRESETS:
            problems.append(f"{path}: no data preset {name!r}{did_you_mean(name, list(PRESETS))};"
                            f" there are {', '.join(PRESETS)}")
    return problems
