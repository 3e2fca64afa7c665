"""What a field of a recipe may hold: asked of its type and bounds, and said in words.

The types are those of ``schema.py``: text, numbers, booleans, ``Literal``, tuples, mappings, dataclasses and
unions of them. The same words serve error messages, help and documentation. Nothing is read or built here.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["Rules", "arms", "expected", "fits", "hints", "is_table", "joined", "listed", "locate", "shown"]

Rules = Mapping[str, Any]
"""Metadata of a field: ``low`` and ``high``, ``pattern`` and its ``form`` in words, ``blank``, ``set``."""

_NO_RULES: Rules = MappingProxyType({})
_WORDS = {str: ("text", "texts"), int: ("a whole number", "whole numbers"), float: ("a number", "numbers"),
          bool: ("true or false", "true or false")}


def hints(cls: type[Any]) -> Mapping[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(cls)


def arms(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any type annotation
    """The members of a union, None left out; of any other type, itself."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(arm for arm in get_args(kind) if arm is not type(None))
    return (kind,)


def is_table(kind: Any) -> bool:  # noqa: ANN401
    """Whether a type is a dataclass, which TOML writes as a table."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def fits(kind: Any, rules: Rules, value: object, sets: Iterable[str]) -> bool:  # noqa: ANN401
    """Whether a plain value is one that a field may hold; lists and tables never are.

    Args:
        kind: the field's type.
        rules: its metadata: ``low`` and ``high``, ``pattern``, ``blank``, ``set``.
        value: as TOML gives it; a whole number stands for a float as well.
        sets: names that a field with the rule ``set`` may hold.
    """
    return any(_fits(arm, rules, value, sets) for arm in arms(kind))


def _fits(arm: Any, rules: Rules, value: Any, sets: Iterable[str]) -> bool:  # noqa: ANN401
    if get_origin(arm) is Literal:
        return isinstance(value, str) and value in get_args(arm)
    if arm is str:
        return isinstance(value, str) and _fits_text(rules, value, sets)
    if arm is float:
        numeric = type(value) in (int, float) and abs(value) <= sys.float_info.max  # neither NaN nor infinite
        return numeric and _within(rules, value)
    return type(value) is arm and (arm is bool or (arm is int and _within(rules, value)))


def _fits_text(rules: Rules, value: str, sets: Iterable[str]) -> bool:
    if "set" in rules:
        return value in sets
    return bool(rules.get("blank") or value.strip()) and bool(re.fullmatch(rules.get("pattern", "(?s:.*)"), value))


def _within(rules: Rules, value: float) -> bool:
    return "low" not in rules or bool(rules["low"] <= value <= rules["high"])


def expected(kind: Any, rules: Rules = _NO_RULES) -> str:  # noqa: ANN401
    """What a field may hold, in words: ``a number from 0 to 1``."""
    words = [word for arm in arms(kind)
             for word in (get_args(arm) if get_origin(arm) is Literal else (_said(arm, rules, plural=0),))]
    return listed(list(dict.fromkeys(words)))


def _said(arm: Any, rules: Rules, plural: int) -> str:  # noqa: ANN401
    if is_table(arm):
        return ("a table", "tables")[plural]
    if get_origin(arm) in (tuple, Mapping):
        inner = listed([_said(each, rules, plural=1) for each in arms(get_args(arm)[-1 if _maps(arm) else 0])])
        return f"a {'table' if _maps(arm) else 'list'} of {inner}"
    if "set" in rules:
        return ("a data preset or a set of data.files", "data presets or sets of data.files")[plural]
    word = str(rules.get("form", _WORDS[arm][plural]))
    return f"{word} from {rules['low']:,.12g} to {rules['high']:,.12g}" if "low" in rules else word


def _maps(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is Mapping


def listed(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def shown(value: object) -> str:
    """The beginning of a value as TOML or Python writes it, however long or deep it is."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of thousands of digits
        return "a huge value"
    return text if len(text) <= 40 else text[:39] + "…"


def joined(path: str, key: object) -> str:
    """The path of what lies below: ``data`` and ``test`` make ``data.test``; unusual keys are quoted."""
    text = str(key)
    plain = text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else json.dumps(text[:40], ensure_ascii=False)
    return f"{path}.{plain}" if path else plain


def locate(
    cls: type[Any], keys: Sequence[str], shapes: Sequence[type[Any]] = ()
) -> tuple[Any, Rules] | None:
    """Type and rules of the field with a path below a dataclass; None where there is none.

    Args:
        cls: the dataclass.
        keys: ``("data", "sources", "0", "weight")``; entries of lists by number, of tables of names by any name.
        shapes: which dataclasses are meant where a field is a union of them; without, any that has the field.
    """
    kind: Any = cls
    rules: Rules = _NO_RULES
    for key in keys:
        tables = [arm for arm in arms(kind) if is_table(arm)]
        chosen = [table for table in tables if table in shapes] or tables
        owner = next((table for table in chosen if key in hints(table)), None)
        inside = next((arm for arm in arms(kind) if _maps(arm) or (get_origin(arm) is tuple and key.isdecimal())), None)
        if owner:
            kind = hints(owner)[key]
            rules = next(field.metadata for field in dataclasses.fields(owner) if field.name == key)
        elif inside:
            kind = get_args(inside)[-1 if _maps(inside) else 0]
        else:
            return None
    return kind, rules
