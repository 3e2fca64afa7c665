"""Data sets of one's own: what their label columns mean.

An own set becomes a ``Preset`` and is read like one. Its labels are either one column each, or one column
of names, lists of names, or numbers. This module reads no files.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toxmeter.data.parse import Made, Parser, as_they_are, one_hot
from toxmeter.data.presets import Preset
from toxmeter.errors import InputError, did_you_mean
from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from toxmeter.data.tables import Table
    from toxmeter.recipe.schema import OwnSet

__all__ = ["as_preset", "implied_labels"]

_SEPARATOR = re.compile(r"[,;|]")


def as_preset(name: str, own: OwnSet) -> Preset:
    """How to read an own set.

    Raises:
        InputError: when it names label columns in both ways.
    """
    if own.labels and own.label:
        raise InputError(f"data.files.{name}: it has both labels and label: keep one of them")
    columns = own.labels or ((own.label,) if own.label else ())
    return Preset(
        files=(own.file,), text=own.text, columns=columns,
        parse=_one_column(own.label) if own.label else as_they_are(*own.labels), labels=None,
        licence=own.licence, source=own.source or "a file of your own", part=own.part, group=own.group)


def implied_labels(own: OwnSet, table: Table) -> LabelSet:
    """The label set of an own set, from its columns and their values.

    One column per label: a multilabel set of these names. One column: lists make a multilabel set; two texts
    a binary set and more of them a multiclass set, sorted; numbers in [0, 1] the binary set of negative and
    positive. No label is toxic, for nothing in the data says so.

    Raises:
        InputError: when the values do not tell, with the row where there is one.
    """
    if own.labels:
        return LabelSet(own.labels, "multilabel")
    column, ask = own.label, "name the labels in a [labels] table"
    shape = _shape(table, column)
    if shape == "lists":
        found = {name for index in range(len(table)) for name in _listed(table, column, index, ()) or ()}
        if not found:
            raise InputError(f"{table.path}: every list of column {column!r} is empty: {ask}")
        return LabelSet(tuple(sorted(found)), "multilabel")
    if shape == "numbers":
        for index, value in enumerate(table.numbers(column)):
            if value < 0 or (value > 1 and not value.is_integer()):
                raise InputError(f"{table.where(index)}: column {column!r} is {value:g}, which is neither a score in"
                                 " [0, 1] nor the number of a class")
            if value > 1:
                raise InputError(f"{table.where(index)}: column {column!r} is {value:g}; where classes are numbers,"
                                 f" {ask}")
        return LabelSet(("negative", "positive"), "binary")
    names = tuple(sorted({value.strip() for value in table.columns[column] if not _blank(value)}))
    if len(names) == 1:
        raise InputError(f"{table.path}: every row of column {column!r} is {names[0]!r:.40}: there is nothing to learn")
    return LabelSet(names, "binary" if len(names) == 2 else "multiclass")


def _one_column(column: str) -> Parser:
    def parse(table: Table, labels: LabelSet) -> Made:
        shape = _shape(table, column)
        if labels.kind == "multilabel":
            return _many(table, column, labels, shape)
        if shape == "lists":
            raise InputError(f"{table.path}: column {column!r} holds lists, but the labels exclude each other: say"
                             ' kind = "multilabel" in [labels]')
        if shape == "numbers" and not _are_names(table, column, labels):
            numbers = table.numbers(column)
            if labels.kind == "binary":
                return {labels.names[0]: 1 - numbers, labels.names[1]: numbers}
            return one_hot(table, column, numbers, labels.names)
        chosen = [float("nan") if _blank(value) else _id(table, index, column, value.strip(), labels)
                  for index, value in enumerate(table.columns[column])]
        return one_hot(table, column, np.array(chosen), labels.names)

    return parse


def _many(table: Table, column: str, labels: LabelSet, shape: str) -> Made:
    """1 for each listed label, 0 for the others; labels that no row lists are unknown to the set and left out."""
    if shape == "numbers" and not _are_names(table, column, labels):
        raise InputError(f"{table.path}: column {column!r} holds numbers, which cannot say which of"
                         f" {', '.join(labels.names)}: give one column per label, labels = [...] in a recipe, --label"
                         " LABEL=COLUMN on the command line")
    matrix = np.zeros((len(table), len(labels)))
    for index in range(len(table)):
        listed = _listed(table, column, index, labels.ids)
        if listed is None:
            matrix[index] = np.nan
        for name in listed or ():
            matrix[index, _id(table, index, column, name, labels)] = 1.0
    return {name: matrix[:, place] for place, name in enumerate(labels.names) if (matrix[:, place] == 1).any()}


def _listed(table: Table, column: str, index: int, known: Any) -> list[str] | None:  # noqa: ANN401 - any container
    """The names in a cell: a list, a JSON array, or names with ``,`` ``;`` or ``|`` between; None for null."""
    value = table.columns[column][index]
    if value is None or value != value:
        return None
    if isinstance(value, str):
        array = _json_array(value)
        value = array if array is not None else [value] if value.strip() in known else _SEPARATOR.split(value)
    names = value if isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"{table.where(index)}: column {column!r} lists {name!r:.40}, not the name of a label")
    return [name.strip() for name in names if name.strip()]


def _shape(table: Table, column: str) -> Literal["lists", "numbers", "texts"]:
    """What a column holds.

    Raises:
        InputError: when it holds nothing, or some of each.
    """
    kinds: dict[Literal["lists", "numbers", "texts"], int] = {}
    for index, value in enumerate(table.columns[column]):
        if _blank(value):
            continue
        if isinstance(value, list) or (isinstance(value, str) and _json_array(value) is not None):
            kinds.setdefault("lists", index)
        elif table.number(index, value) is not None:
            kinds.setdefault("numbers", index)
        elif isinstance(value, str):
            kinds.setdefault("texts", index)
        else:
            raise InputError(f"{table.where(index)}: column {column!r} is {value!r:.40}, which says no label")
    if not kinds:
        raise InputError(f"{table.path}: column {column!r} is empty in every row")
    if "lists" in kinds:
        return "lists"
    if len(kinds) == 2 and not all(isinstance(value, str) or _blank(value) for value in table.columns[column]):
        index = max(kinds.values())
        other = "texts" if kinds["numbers"] == index else "numbers"
        raise InputError(f"{table.where(index)}: column {column!r} is {table.columns[column][index]!r:.40}, while rows"
                         f" before it hold {other}")
    return "texts" if "texts" in kinds else "numbers"


def _are_names(table: Table, column: str, labels: LabelSet) -> bool:
    """Whether cells that look like numbers are names of labels."""
    return all(_blank(value) or (isinstance(value, str) and value.strip() in labels.ids)
               for value in table.columns[column])


def _id(table: Table, index: int, column: str, name: str, labels: LabelSet) -> int:
    if name not in labels.ids:
        raise InputError(f"{table.where(index)}: column {column!r} says {name!r:.40}, which is not among"
                         f" {', '.join(labels.names)}{did_you_mean(name, list(labels.ids))}")
    return labels.ids[name]


def _json_array(text: str) -> list[Any] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _blank(value: object) -> bool:
    """Whether a cell holds nothing: null, NaN or white space."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())
