"""Recipes as plain values, for JSON, and as TOML with every field filled in.

What ``to_toml`` writes, ``read_recipe`` reads back as the same recipe. Comments are not kept.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from toxmeter.recipe.schema import Recipe

__all__ = ["plain", "to_toml", "toml_value"]


def plain(value: Any) -> Any:  # noqa: ANN401 - any value that a recipe holds
    """A recipe, or a part of one, as JSON has it: tables as dicts, tuples as lists, None where a field is empty."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, (tuple, list)) else value


def to_toml(recipe: Recipe) -> str:
    """The recipe as TOML, defaults included."""
    return "\n".join(_lines(plain(recipe), "")).strip() + "\n"


def toml_value(value: Any) -> str:  # noqa: ANN401
    """A plain value in TOML: text, number, boolean, or a list of them."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _lines(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """Lines of a table: its own fields first, since what follows a header belongs to that."""
    below = {key: value for key, value in table.items() if _is_table(value) or _is_tables(value)}
    for key, value in table.items():
        if key not in below and value is not None:
            yield f"{_key(key)} = {toml_value(value)}"
    for key, value in below.items():
        header = f"{path}.{_key(key)}".removeprefix(".")
        for entry in [value] if _is_table(value) else value:
            yield f"\n[{header}]" if _is_table(value) else f"\n[[{header}]]"
            yield from _lines(entry, header)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))
