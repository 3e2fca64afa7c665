"""Reading a recipe: a TOML file and overrides into the dataclasses of ``schema.py``, every mistake in one error.

A recipe names data sets and settings only; nothing in it is imported or run. This module does not check
that data files or base models exist.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from toxmeter.data.presets import PRESETS
from toxmeter.errors import InputError, RecipeError, did_you_mean
from toxmeter.recipe.build import Builder
from toxmeter.recipe.checks import contradictions
from toxmeter.recipe.fitting import SHAPES
from toxmeter.recipe.overrides import put
from toxmeter.recipe.schema import Recipe
from toxmeter.recipe.values import listed, shown

__all__ = ["read_recipe", "recipe_of", "recipe_text", "shipped_recipes"]

_LARGEST = 1 << 20  # bytes; whatever is larger is no recipe


def shipped_recipes() -> list[str]:
    """Names of the recipes inside the package, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in files("toxmeter.recipe").iterdir()
                  if entry.name.endswith(".toml"))


def read_recipe(
    name_or_path: str | os.PathLike[str], overrides: Sequence[str] | Mapping[str, object] = ()
) -> Recipe:
    """Read a recipe.

    Args:
        name_or_path: a shipped recipe (``nano``), or a TOML file.
        overrides: fields to set, in order: ``["train.lr=3e-5", "data.sources.0.weight=2"]`` with values in TOML
            or as bare words, or a mapping of the same paths to Python values.

    Raises:
        InputError: when there is no such recipe or file, or it is no TOML.
        RecipeError: with every mistake in file and overrides, one line each.
        MissingExtra: when ``train.extra`` is used without transformers.
    """
    if isinstance(overrides, str):
        raise InputError(f"overrides is the bare text {shown(overrides)}: pass a list")
    source = os.fspath(name_or_path)
    table = _table(source)
    changed, wrong = put(table, overrides)
    return _built(table, source, changed, wrong)


def recipe_of(table: Mapping[str, Any], source: str) -> Recipe:
    """The recipe of plain values, as ``plain`` makes them and a manifest holds them.

    Args:
        table: the values; None where a field is empty.
        source: what to call it in errors.

    Raises:
        RecipeError: with every mistake, one line each.
    """
    return _built(_told(table), source)


def _told(value: Any) -> Any:  # noqa: ANN401 - plain values
    """The same without empty fields."""
    if isinstance(value, Mapping):
        return {key: _told(each) for key, each in value.items() if each is not None}
    return [_told(each) for each in value] if isinstance(value, list) else value


def _built(
    table: Mapping[str, Any], source: str, changed: Sequence[str] = (), wrong: Sequence[tuple[str, str]] = ()
) -> Recipe:
    own = table.get("data", {}).get("files", {}) if isinstance(table.get("data", {}), dict) else {}
    sets = [*PRESETS, *own] if isinstance(own, dict) else list(PRESETS)
    shapes, missing = _shapes(table.get("model", {}))
    builder = Builder(sets, shapes)
    recipe = builder.table(Recipe, table)
    found = [*missing, *builder.problems, *contradictions(recipe, PRESETS, shapes)]
    problems = [f"--set {path}: {problem}" for path, problem in wrong]
    problems += [f"{'--set ' if _below(path, changed) else ''}{path}: {problem}" for path, problem in found]
    if problems or not isinstance(recipe, Recipe):
        raise RecipeError(source, problems)
    return recipe


def recipe_text(name_or_path: str | os.PathLike[str]) -> str:
    """A recipe as it is written, comments included; nothing of it is checked.

    Raises:
        InputError: when there is no such recipe or file, or it is no text in UTF-8.
    """
    source = os.fspath(name_or_path)
    shipped = shipped_recipes()
    path = files("toxmeter.recipe") / f"{source}.toml" if source in shipped else Path(source)
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise InputError(f"no recipe {source!r}: neither shipped ({', '.join(shipped)}) nor a file"
                         f"{did_you_mean(source, shipped)}") from None
    except UnicodeDecodeError as err:
        raise InputError(f"recipe {source}: byte {err.start} is no UTF-8: save the file as UTF-8") from err
    except (OSError, ValueError) as err:
        raise InputError(f"recipe {source}: not readable ({err})") from err
    if len(content) > _LARGEST:
        raise InputError(f"recipe {source}: over {_LARGEST:,} bytes, which no recipe has")
    return text


def _table(source: str) -> dict[str, Any]:
    text = recipe_text(source)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"recipe {source}: no TOML (nested too deeply)") from None
    except ValueError as err:
        raise InputError(f"recipe {source}: no TOML ({err})") from err


def _shapes(model: object) -> tuple[tuple[type[Any], ...], list[tuple[str, str]]]:
    """The dataclasses of ``model`` and ``train``; none, and a problem, where the format does not tell."""
    if not isinstance(model, Mapping):
        return (), []  # the builder says that it is no table
    given = model.get("format")
    if isinstance(given, str) and given in SHAPES:
        return SHAPES[given], []
    if given is None:
        return (), [("model.format", f"missing: it is {listed(list(SHAPES))}")]
    hint = did_you_mean(given, list(SHAPES)) if isinstance(given, str) else ""
    return (), [("model.format", f"{shown(given)} is not {listed(list(SHAPES))}{hint}")]


def _below(path: str, changed: Sequence[str]) -> bool:
    """Whether a problem lies in what an override wrote."""
    return any(path == each or path.startswith(f"{each}.") for each in changed)
