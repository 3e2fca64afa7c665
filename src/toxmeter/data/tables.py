"""Reading CSV, TSV, JSONL and Parquet files, or folders of them, into columns of plain values.

Every value keeps its place, so that an error names the file and the row. Rows count from 0 and blank lines
are no rows; lines, which errors of the format name, count from 1. Text files are UTF-8, with or without
BOM. A cell of CSV or TSV is text, and a number only where one is asked for; in JSONL and Parquet a number
is a number. Lone surrogates, which JSON can write, stay in the text. This module does not know what
columns mean.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, did_you_mean
from toxmeter.extras import need

__all__ = ["Table", "data_files", "join", "number", "read_table"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_KINDS = (*_DELIMITERS, ".jsonl", ".ndjson", ".parquet")
_SAME: Mapping[str, str] = MappingProxyType({})
_BOOLS = {"true": 1.0, "false": 0.0}

_Columns = dict[str, list[Any]]
_Names = Callable[[list[str]], dict[str, str]]  # from the columns of a file: what those asked for are called in it


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
            return number(value) if self.files[self.file[index]].suffix.lower() in _DELIMITERS else None
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
                       if entry.suffix.lower() in _KINDS and entry.is_file() and not entry.name.startswith("."))
        if not found:
            raise InputError(f"{path}: a folder without data files; these end in {', '.join(_KINDS)}")
        return found
    if path.suffix.lower() not in _KINDS:
        raise InputError(f"{path}: not a kind of file that can be read; these end in {', '.join(_KINDS)}")
    return [path]


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
        try:
            raw = file.read_bytes()
        except OSError as err:
            raise InputError(f"{file}: cannot be read ({err.strerror})") from err
        marks.append(hashlib.sha256(raw).hexdigest())
        parts.append(_chosen(file, raw, partial(_names_in, file, columns, other_names)))
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


def _chosen(file: Path, raw: bytes, names_of: _Names) -> _Columns:
    """Some columns of a file."""
    if file.suffix.lower() == ".parquet":
        return _parquet(file, raw, names_of)
    delimiter = _DELIMITERS.get(file.suffix.lower())
    # JSON lines end in a line feed only: other line breaks may stand in their strings
    stream = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", newline="" if delimiter else "\n")
    try:
        return (_delimited(file, stream, len(raw), delimiter, names_of) if delimiter
                else _json_lines(file, stream, names_of))
    except UnicodeDecodeError as err:
        raise InputError(f"{file}: line {_first_bad_line(raw)} is not UTF-8: convert the file first, for instance with"
                         " iconv -f WINDOWS-1252 -t UTF-8") from err


def _first_bad_line(raw: bytes) -> int:
    """The first line that is not UTF-8, counted from 1."""
    try:
        raw.decode()
    except UnicodeDecodeError as err:
        return raw.count(b"\n", 0, err.start) + 1
    raise AssertionError("all lines are UTF-8")


def _names_in(file: Path, columns: Sequence[str], other_names: Mapping[str, str], there: list[str]) -> dict[str, str]:
    """What each column is called in a file that has the columns ``there``."""
    names = {column: column if column in there else other_names.get(column, column) for column in columns}
    for column, name in names.items():
        if name not in there:
            raise InputError(f"{file}: no column {column!r}{did_you_mean(column, there)}; there are {', '.join(there)}")
        if there.count(name) > 1:
            raise InputError(f"{file}: column {name!r} is there twice: rename one of them")
    return names


def _parquet(file: Path, raw: bytes, names_of: _Names) -> _Columns:
    arrow, parquet = need("pyarrow", extra="train"), need("pyarrow.parquet", extra="train")
    try:
        opened = parquet.ParquetFile(arrow.BufferReader(raw))
        there = list(opened.schema_arrow.names)
    except (OSError, ValueError, arrow.ArrowException) as err:
        raise InputError(f"{file}: damaged, or not of the kind its name says ({err})") from err
    names = names_of(there)
    try:
        # its threads sometimes abort a process that ends soon after
        table = opened.read(columns=list(names.values()), use_threads=False)
        return {name: table[own].to_pylist() for name, own in names.items()}
    except (OSError, ValueError, arrow.ArrowException) as err:
        raise InputError(f"{file}: damaged, or not of the kind its name says ({err})") from err


def _delimited(file: Path, stream: io.TextIOBase, size: int, delimiter: str, names_of: _Names) -> _Columns:
    # the limit is one for the whole process: it is only ever raised, so that no other reader is hurt
    csv.field_size_limit(max(csv.field_size_limit(), size))
    lines = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        header = next(lines, [])
        if not header:
            raise InputError(f"{file}: no header line: the first line names the columns")
        places = {column: header.index(name) for column, name in names_of(header).items()}
        found: _Columns = {column: [] for column in places}
        for index, cells in enumerate(cells for cells in lines if cells):
            if len(cells) != len(header):
                raise InputError(f"{file}: row {index} has {len(cells)} cells, the header {len(header)}")
            for column, place in places.items():
                found[column].append(cells[place])
    except csv.Error as err:
        raise InputError(f"{file}: line {lines.line_num}: {err}; a cell with a comma, quote or line break is put in"
                         " double quotes, and quotes in it are doubled") from err
    return found


def _json_lines(file: Path, stream: io.TextIOBase, names_of: _Names) -> _Columns:
    rows: list[dict[str, Any]] = []
    for line, entry in enumerate(stream, 1):
        if not entry.strip():
            continue
        try:
            value = json.loads(entry)
        except (ValueError, RecursionError) as err:
            raise InputError(f"{file}: line {line} is not JSON ({getattr(err, 'msg', err)})") from err
        if not isinstance(value, dict):
            raise InputError(f"{file}: line {line} is {value!r:.40}, not a JSON object")
        rows.append(value)
    if not rows:
        raise InputError(f"{file}: no row")
    there = list(dict.fromkeys(name for row in rows for name in row))
    return {column: [row.get(name) for row in rows] for column, name in names_of(there).items()}
