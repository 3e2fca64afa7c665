"""What the fields of a recipe mean, read off the docstrings, types and defaults of their dataclasses.

Feeds ``toxmeter recipes fields`` and the tables of docs/recipes.md, which therefore cannot tell anything
else than the code does. This module formats nothing.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from toxmeter.recipe.fitting import SHAPES
from toxmeter.recipe.schema import Recipe
from toxmeter.recipe.values import arms, expected, hints, is_table, joined
from toxmeter.recipe.write import plain, toml_value

__all__ = ["FieldDoc", "TableDoc", "fields_of", "tables"]


@dataclass(frozen=True)
class FieldDoc:
    """One field of a recipe, in words.

    Attributes:
        name: as written in TOML.
        holds: what may stand there.
        default: in TOML; ``required`` where there is none, empty for a table that may be left out.
        meaning: what it does.
    """

    name: str
    holds: str
    default: str
    meaning: str


@dataclass(frozen=True)
class TableDoc:
    """One table of a recipe, in words.

    Attributes:
        path: ``data.sources``; empty for the recipe itself.
        header: as written in TOML, ``[[data.sources]]``.
        when: the format of the model that it belongs to, where there are several; else empty.
        meaning: what it holds.
        fields: without those that are tables of their own.
    """

    path: str
    header: str
    when: str
    meaning: str
    fields: tuple[FieldDoc, ...]


def fields_of(cls: type[Any]) -> list[FieldDoc]:
    """The fields of a dataclass of the recipe, in order.

    Raises:
        KeyError: when its docstring has no ``Attributes`` entry for a field.
    """
    meanings = _meanings(cls)
    return [FieldDoc(field.name, expected(hints(cls)[field.name], field.metadata), _default(field),
                     meanings[field.name]) for field in dataclasses.fields(cls)]


def tables() -> list[TableDoc]:
    """Every table of a recipe, the outer before the inner ones."""
    return list(_tables(Recipe, "", "", ""))


def _tables(cls: type[Any], path: str, header: str, when: str) -> Iterator[TableDoc]:
    kinds = hints(cls)
    inner = {name: _inner(kind) for name, kind in kinds.items()}
    own = tuple(each for each in fields_of(cls) if not inner[each.name])
    yield TableDoc(path, header, when, _text(inspect.getdoc(cls) or "").splitlines()[0], own)
    for name, below in inner.items():
        for table in below:
            at = joined(path, name)
            if get_origin(kinds[name]) is Mapping:
                at = f"{at}.NAME"
            braces = f"[[{at}]]" if get_origin(kinds[name]) is tuple else f"[{at}]"
            yield from _tables(table, at, braces, _formats(table))


def _inner(kind: Any) -> list[type[Any]]:  # noqa: ANN401
    """The dataclasses that a field holds, by itself or as entries."""
    found = [each for arm in arms(kind) for each in (arm, *get_args(arm))]
    return [each for each in found if is_table(each)]


def _formats(table: type[Any]) -> str:
    """Which values of ``model.format`` a table belongs to; empty for one that every recipe has."""
    return '" or "'.join(name for name, shapes in SHAPES.items() if table in shapes)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return "" if field.default is None else toml_value(plain(field.default))
    if field.default_factory is dataclasses.MISSING:
        return "required"
    return "{}" if field.default_factory() == {} else ""


def _meanings(cls: type[Any]) -> dict[str, str]:
    """The ``Attributes`` of a docstring, by name, each on one line."""
    entries = (inspect.getdoc(cls) or "").partition("\nAttributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", entries, re.MULTILINE)
    return {name: " ".join(_text(meaning).split()) for name, meaning in found}


def _text(docstring: str) -> str:
    """A docstring with code in single backquotes."""
    return docstring.replace("``", "`")
