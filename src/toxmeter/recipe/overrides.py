"""Overrides of recipe fields, ``train.lr=3e-5``, put into the TOML table before it is read.

The value is in TOML, or a bare word: ``model.base=bert-base-uncased``. Whether the result is right is
judged with the rest of the recipe.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from toxmeter.recipe.schema import Recipe
from toxmeter.recipe.values import arms, joined, locate, shown

__all__ = ["Problem", "put"]

_DEPTH = 10  # no field lies deeper

Problem = tuple[str, str]
"""A path, and what is wrong there."""


def put(
    table: dict[str, Any], overrides: Sequence[str] | Mapping[str, object]
) -> tuple[list[str], list[Problem]]:
    """Write overrides into a table, in their order.

    Args:
        table: of the whole recipe; changed.
        overrides: ``path.to.field=value`` each, or a mapping from path to value.

    Returns:
        the paths that they made or changed, and what is wrong with overrides themselves.
    """
    changed: list[str] = []
    problems: list[Problem] = []
    typed = not isinstance(overrides, Mapping)
    for path, value in overrides.items() if isinstance(overrides, Mapping) else map(_split, overrides):
        keys = path.split(".")
        if value is None or not all(keys) or len(keys) > _DEPTH:
            problems.append((path[:100], "write path.to.field=value, for instance train.lr=3e-5"))
            continue
        try:
            changed += _place(table, keys, _read(keys, str(value)) if typed else _plain(value))
        except ValueError as err:
            problems.append((path, str(err)))
    return changed, problems


def _split(override: str) -> tuple[str, str | None]:
    path, sign, value = override.partition("=")
    return path.strip() if sign else override, value.strip() if sign else None


def _read(keys: Sequence[str], text: str) -> object:
    """The value behind a text: TOML where it is TOML and its field is no text, else the text itself."""
    try:
        text.encode()
        read = tomllib.loads(f"value = {text}")
    except UnicodeEncodeError:
        raise ValueError("the value is no UTF-8") from None
    except RecursionError:
        raise ValueError("the value is nested too deeply") from None
    except ValueError:
        return text
    found = locate(Recipe, keys)
    words = found is not None and arms(found[0]) == (str,) and not isinstance(read["value"], (str, list, dict))
    return text if words or len(read) > 1 else read["value"]  # the revision 1234567 is a name, not a number


def _plain(value: object) -> object:
    """Python's tuples as the lists that TOML has."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def _place(table: dict[str, Any], keys: Sequence[str], value: object) -> list[str]:
    """Put a value at its place, tables on the way made where there are none; the paths that are new."""
    at: Any = table
    path, changed = "", []
    for depth, key in enumerate(keys, start=1):
        entry = _entry(at, key, path)
        path = joined(path, key)
        there = entry in (range(len(at)) if isinstance(at, list) else at)
        if there and depth < len(keys):
            at = at[entry]
            continue
        below = value if depth == len(keys) else _empty(keys[:depth])
        if there or isinstance(at, dict):
            at[entry] = below
        else:
            at.append(below)
        at = below
        changed.append(path)
    return changed


def _entry(at: object, key: str, path: str) -> Any:  # noqa: ANN401 - an index of a list, or a key of a table
    if isinstance(at, dict):
        return key
    if not isinstance(at, list):
        raise ValueError(f"{path} is {shown(at)}, which has no fields")
    if not key.isdecimal() or int(key) > len(at):
        raise ValueError(f"{path} is a list of {len(at)}: name an entry by its number from 0 on; {len(at)} adds one")
    return int(key)


def _empty(keys: Sequence[str]) -> dict[str, Any] | list[Any]:
    """What a table on the way holds at first: nothing, as a list where its field is one."""
    found = locate(Recipe, keys)
    return [] if found and any(getattr(arm, "__origin__", None) is tuple for arm in arms(found[0])) else {}
