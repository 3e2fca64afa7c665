"""From TOML tables to the dataclasses of a recipe, with every mistake collected.

Types, defaults and metadata of the dataclasses say all there is to say: this module knows no field by name,
and nothing of what fields mean together (``checks.py``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, Literal, get_args, get_origin

from toxmeter.errors import did_you_mean
from toxmeter.recipe.values import Rules, arms, expected, fits, hints, is_table, joined, shown

__all__ = ["Builder"]

_BROKEN: Any = object()  # in place of a value that cannot be used; never leaves this module


class Builder:
    """Builds dataclasses and collects what is wrong.

    Attributes:
        problems: ``(path, what is wrong and what would be right)``.
    """

    def __init__(self, sets: Collection[str], shapes: Collection[type[Any]]) -> None:
        """A builder.

        Args:
            sets: names of the data sets that there are.
            shapes: the dataclasses that are meant where a field is a union of several.
        """
        self.problems: list[tuple[str, str]] = []
        self._sets = sets
        self._shapes = shapes

    def table(self, cls: type[Any], given: Mapping[str, object], path: str = "") -> Any:  # noqa: ANN401
        """An instance of ``cls``; where a field is wrong, a namespace of those that are right."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        kinds, before = hints(cls), len(self.problems)
        self.problems += [
            (joined(path, key), f"no such field{did_you_mean(key, list(known))}; there are {', '.join(known)}")
            for key in given if key not in known]
        values = {name: self._field(field, kinds[name], given, joined(path, name)) for name, field in known.items()}
        right = {name: value for name, value in values.items() if value is not _BROKEN}
        whole = len(self.problems) == before and len(right) == len(known)
        return cls(**right) if whole else SimpleNamespace(**right)

    def _field(self, field: dataclasses.Field[Any], kind: Any, given: Mapping[str, object], path: str) -> Any:  # noqa: ANN401
        """The value of a field: as given, or its default."""
        if field.name in given:
            return self._value(kind, field.metadata, given[field.name], path)
        if field.default is not dataclasses.MISSING:
            return field.default
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
        if is_table(arms(kind)[0]):
            return self._value(kind, field.metadata, {}, path)  # its own fields say what is missing
        self.problems.append((path, f"missing: it is {expected(kind, field.metadata)}"))
        return _BROKEN

    def _value(self, kind: Any, rules: Rules, given: object, path: str) -> Any:  # noqa: ANN401
        """A value of a field's type; ``_BROKEN``, and a problem, where it is of another."""
        for arm in arms(kind):
            if is_table(arm) and isinstance(given, Mapping):
                return self._one_of([each for each in arms(kind) if is_table(each)], given, path)
            if get_origin(arm) is Mapping and isinstance(given, Mapping):
                return self._mapping(get_args(arm)[1], rules, given, path)
            if get_origin(arm) is tuple and isinstance(given, list):
                return self._tuple(get_args(arm)[0], rules, given, path)
        if fits(kind, rules, given, self._sets):
            return float(given) if arms(kind) == (float,) else given  # type: ignore[arg-type]  # it fits a float
        self.problems.append((path, self._mistake(kind, rules, given)))
        return _BROKEN

    def _one_of(self, tables: list[type[Any]], given: Mapping[str, object], path: str) -> Any:  # noqa: ANN401
        meant = tables if len(tables) == 1 else [table for table in tables if table in self._shapes]
        return self.table(meant[0], given, path) if meant else _BROKEN  # which is meant has been asked already

    def _mapping(self, kind: Any, rules: Rules, given: Mapping[str, object], path: str) -> Any:  # noqa: ANN401
        values = {key: self._value(kind, rules, entry, joined(path, key)) for key, entry in given.items()}
        return MappingProxyType({key: value for key, value in values.items() if value is not _BROKEN})

    def _tuple(self, kind: Any, rules: Rules, given: list[object], path: str) -> Any:  # noqa: ANN401
        values = [self._value(kind, rules, entry, joined(path, at)) for at, entry in enumerate(given)]
        return _BROKEN if _BROKEN in values else tuple(values)

    def _mistake(self, kind: Any, rules: Rules, given: object) -> str:  # noqa: ANN401
        if given == "" or (isinstance(given, str) and given.isspace()):
            return f"empty: it is {expected(kind, rules)}"
        known = list(self._sets) if "set" in rules else [
            word for arm in arms(kind) if get_origin(arm) is Literal for word in get_args(arm)]
        there_are = f"; there are {', '.join(known)}" if "set" in rules else ""
        hint = did_you_mean(given, known) if isinstance(given, str) else ""
        return f"{shown(given)} is not {expected(kind, rules)}{hint}{there_are}"
