"""Reading CSV, TSV, JSONL and Parquet files, or folders of them, into columns of plain values.

Every value keeps its place, so that an error names the file and the row. Rows count from 0 and blank lines
are no rows; lines, which errors of the format name, count from 1. Text files are UTF-8, with or without
BOM. A cell of CSV or TSV is text, and a number only where one is asked for; in JSONL and Parquet a number
is a number. Lone surrogates, which JSON can write, stay in the text. This module does not know what
columns mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.formats import DELIMITERS, KINDS, content, read_columns
from toxmeter.errors import InputError, did_you_mean

__all__ = ["Table", "column_names", "data_files", "join", "number", "read_table"]

_SAME: Mapping[str, str] = MappingProxyType({})
_BOOLS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Table:
    """Rows of one or several files.

    Attributes:
        path: the file or folder that was asked for.
        files: the files, in the order of their rows.
        file: ``[n]`` which of the files each row is from.
        row: ``[n]`` which row of that file it is.
        columns: the values of each column that was asked for, ``n`` of them; None where there is none.
        sha256: of the file; of the lines of ``sha256sum FILES`` where there are several.
    """

    path: Path
    files: tuple[Path, ...]
    file: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    columns: Mapping[str, list[Any]]
    sha256: str

    def __len__(self) -> int:
        return len(self.row)

    def where(self, index: int) -> str:
        """The place of a row, for messages."""
        return f"{self.files[self.file[index]]}: row {self.row[index]}"

    def take(self, chosen: npt.NDArray[np.bool_]) -> Table:
        """The rows where ``chosen [n]`` is true."""
        kept = np.flatnonzero(chosen).tolist()
        columns = {name: [values[index] for index in kept] for name, values in self.columns.items()}
        return replace(self, file=self.file[chosen], row=self.row[chosen], columns=columns)

    def texts(self, column: str) -> list[str]:
        """A column of texts, blank ones included.

        Raises:
            InputError: naming the row that holds something else.
        """
        values = self.columns[column]
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise InputError(f"{self.where(index)}: column {column!r} is {value!r:.40}, not a text")
        return values

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A column of numbers, true and false being 1 and 0, NaN where it is null or an empty cell, ``[n]``.

        Raises:
            InputError: naming the row that holds something else.
        """
        found = np.empty(len(self))
        for index, value in enumerate(self.columns[column]):
            as_number = self.number(index, value)
            if as_number is None:
                raise InputError(f"{self.where(index)}: column {column!r} is {value!r:.40}, not a number")
            found[index] = as_number
        return found

    def number(self, index: int, value: object) -> float | None:
        """A value of a row as a number, NaN for null; None where it is none. Texts are numbers in CSV and TSV only."""
        if isinstance(value, str):
            return number(value) if self.files[self.file[index]].suffix.lower() in DELIMITERS else None
        if value is None:
            return float("nan")
        return _to_float(value) if isinstance(value, (int, float)) else None


def number(cell: str) -> float | None:
    """The number in a cell: NaN in a blank one, None where there is something else."""
    cell = cell.strip().lower()
    if not cell:
        return float("nan")
    try:
        return _BOOLS[cell] if cell in _BOOLS else float(cell)
    except ValueError:
        return None


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        return float("inf") if value > 0 else float("-inf")


def data_files(path: Path) -> list[Path]:
    """The data files of a path: itself, or those in a folder, sorted by name and not from deeper down.

    Raises:
        InputError: when a file is of no kind that can be read, or a folder has none that is.
    """
    if path.is_dir():
        found = sorted(entry for entry in path.iterdir()
                       if entry.suffix.lower() in KINDS and entry.is_file() and not entry.name.startswith("."))
        if not found:
            raise InputError(f"{path}: a folder without data files; these end in {', '.join(KINDS)}")
        return found
    if path.suffix.lower() not in KINDS:
        raise InputError(f"{path}: not a kind of file that can be read; these end in {', '.join(KINDS)}")
    return [path]


def column_names(path: Path) -> list[str]:
    """The columns that all data files of a path have, in the order of the first.

    Raises:
        InputError: as ``read_table`` does.
        MissingExtra: without pyarrow, for Parquet.
    """
    found: list[list[str]] = []

    def remember(there: list[str]) -> dict[str, str]:
        found.append(there)
        return {}

    for file in data_files(path):
        read_columns(file, content(file), remember)
    return [name for name in found[0] if all(name in there for there in found)]


def read_table(
    path: Path, files: Sequence[Path], columns: Sequence[str], other_names: Mapping[str, str] = _SAME
) -> Table:
    """Read some columns of files.

    Args:
        path: the file or folder that was asked for, for messages.
        files: what to read, one after the other.
        columns: which columns; each file needs them all.
        other_names: another name that a column may have in the files.

    Raises:
        InputError: when a file is damaged, not UTF-8, or lacks a column; names the file.
        MissingExtra: without pyarrow, for Parquet.
    """
    marks, parts = [], []
    for file in files:
        raw = content(file)
        marks.append(hashlib.sha256(raw).hexdigest())
        parts.append(read_columns(file, raw, partial(_names_in, file, columns, other_names)))
    counts = [len(part[columns[0]]) for part in parts]
    sums = "".join(f"{mark}  {file.name}\n" for mark, file in zip(marks, files, strict=True))
    return Table(
        path=path,
        files=tuple(files),
        file=np.repeat(np.arange(len(files)), counts),
        row=np.concatenate([np.arange(count) for count in counts]),
        columns={name: [value for part in parts for value in part[name]] for name in columns},
        sha256=marks[0] if len(files) == 1 else hashlib.sha256(sums.encode()).hexdigest(),
    )


def join(left: Table, right: Table, key: str) -> Table:
    """The rows of one table with the columns of another whose key is the same.

    Raises:
        InputError: when the other table lacks a key, or has it twice.
    """
    places: dict[str, int] = {}
    for index, value in enumerate(right.columns[key]):
        if places.setdefault(value, index) != index:
            raise InputError(f"{right.where(index)}: {key} {value!r:.40} is there twice")
    for index, value in enumerate(left.columns[key]):
        if value not in places:
            raise InputError(f"{left.where(index)}: {key} {value!r:.40} is not in {right.path}")
    order = [places[value] for value in left.columns[key]]
    more = {name: [values[index] for index in order] for name, values in right.columns.items()}
    sums = f"{left.sha256}  {left.path.name}\n{right.sha256}  {right.path.name}\n"
    return replace(left, columns={**more, **left.columns}, sha256=hashlib.sha256(sums.encode()).hexdigest())


def _names_in(file: Path, columns: Sequence[str], other_names: Mapping[str, str], there: list[str]) -> dict[str, str]:
    """What each column is called in a file that has the columns ``there``."""
    names = {column: column if column in there else other_names.get(column, column) for column in columns}
    for column, name in names.items():
        if name not in there:
            raise InputError(f"{file}: no column {column!r}{did_you_mean(column, there)}; there are {', '.join(there)}")
        if there.count(name) > 1:
            raise InputError(f"{file}: column {name!r} is there twice: rename one of them")
    return names
