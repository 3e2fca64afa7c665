"""From the columns of a known data set to labels in [0, 1], NaN where one is missing.

Each function makes a parser: what it gives for a table is ``{label: [n]}``; labels left out are missing in
all rows. Values outside of [0, 1] are let through for the reader to refuse. This module reads no files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError

if TYPE_CHECKING:
    from toxmeter.data.tables import Table
    from toxmeter.labels import LabelSet

__all__ = ["Made", "Parser", "always", "annotator_shares", "any_of", "as_they_are", "index_of", "one_hot",
           "score_of", "values_of", "votes", "where_any"]

Made = Mapping[str, npt.NDArray[np.float64]]
"""``{label: [n]}``."""

Parser = Callable[["Table", "LabelSet"], Made]
"""Makes labels from a table; only sets of one's own look at the label set that is asked for."""


def as_they_are(*columns: str) -> Parser:
    """Each column is a label."""
    return lambda table, _: {name: table.numbers(name) for name in columns}


def always(meaning: Mapping[str, float]) -> Parser:
    """Every row says the same, as in a file with one column for each kind of text."""
    return lambda table, _: {name: np.full(len(table), value, np.float64) for name, value in meaning.items()}


def any_of(columns: tuple[str, ...], names: tuple[str, str]) -> Parser:
    """The second of two names as probable as the likeliest of the columns; missing where one of these is."""
    def parse(table: Table, _: LabelSet) -> Made:
        share = np.max([table.numbers(column) for column in columns], axis=0)
        return {names[0]: 1 - share, names[1]: share}

    return parse


def score_of(column: str, names: tuple[str, str]) -> Parser:
    """The column says how probable the second of two names is."""
    return any_of((column,), names)


def values_of(column: str, meanings: Mapping[str, Mapping[str, float]]) -> Parser:
    """What each value of the column says about labels; what it does not say is missing.

    Raises:
        InputError: when parsing, naming the row whose value has no meaning.
    """
    names = list(dict.fromkeys(name for meaning in meanings.values() for name in meaning))

    def parse(table: Table, _: LabelSet) -> Made:
        values = [str(value) for value in table.columns[column]]
        for row, value in enumerate(values):
            if value not in meanings:
                raise InputError(f"{table.where(row)}: column {column!r} is {value!r:.40}, which is not one of"
                                 f" {', '.join(meanings)}")
        return {name: np.array([meanings[value].get(name, np.nan) for value in values], np.float64) for name in names}

    return parse


def where_any(column: str, name: str) -> Parser:
    """The label is 1 where the column counts any; elsewhere it is missing, since nobody looked for its absence."""
    return lambda table, _: {name: np.where(table.numbers(column) > 0, 1.0, np.nan)}


def index_of(column: str, names: tuple[str, ...]) -> Parser:
    """The column says which name it is: 0 for the first."""
    return lambda table, _: one_hot(table, column, table.numbers(column), names)


def one_hot(table: Table, column: str, numbers: npt.NDArray[np.float64], names: tuple[str, ...]) -> Made:
    """1 for the name of that number, 0 for the others; missing where the number is NaN.

    Raises:
        InputError: naming the row whose number is of no name.
    """
    wrong = np.flatnonzero(~np.isnan(numbers) & ~np.isin(numbers, np.arange(len(names))))
    if len(wrong):
        raise InputError(f"{table.where(int(wrong[0]))}: column {column!r} is {numbers[wrong[0]]:g}, which is not one"
                         f" of 0 to {len(names) - 1} for {', '.join(names)}")
    return {name: np.where(np.isnan(numbers), np.nan, numbers == place) for place, name in enumerate(names)}


def votes(*columns: str) -> Parser:
    """Each column counts who chose that label: its share of all; missing for a row that nobody has seen."""
    def parse(table: Table, _: LabelSet) -> Made:
        counts = np.array([table.numbers(column) for column in columns])
        with np.errstate(divide="ignore", invalid="ignore"):
            return dict(zip(columns, counts / counts.sum(axis=0), strict=True))

    return parse


def annotator_shares(table: Table, _: LabelSet) -> Made:
    """Davidson's counts as soft labels: the share of annotators; missing for a row that none has seen."""
    count, hate, offensive = map(table.numbers, ("count", "hate_speech", "offensive_language"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"toxic": (hate + offensive) / count, "identity_hate": hate / count}
