"""The formats of data files: CSV, TSV, JSON lines and Parquet, into columns of plain values.

Text files are UTF-8, with or without BOM. This module does not know what columns mean, nor joins files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toxmeter.errors import InputError
from toxmeter.extras import need

__all__ = ["DELIMITERS", "KINDS", "Columns", "Names", "content", "read_columns"]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
KINDS = (*DELIMITERS, ".jsonl", ".ndjson", ".parquet")

Columns = dict[str, list[Any]]
Names = Callable[[list[str]], dict[str, str]]
"""From the columns of a file: what those asked for are called in it."""


def content(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: when it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as err:
        raise InputError(f"{file}: cannot be read ({err.strerror})") from err


def read_columns(file: Path, raw: bytes, names_of: Names) -> Columns:
    """Some columns of a file.

    Args:
        file: its name, whose ending tells the format.
        raw: its bytes.
        names_of: chooses columns from those that are there: what each is to be called, and is called in the file.

    Raises:
        InputError: when the file is damaged or not UTF-8; names it and the line.
        MissingExtra: without pyarrow, for Parquet.
    """
    if file.suffix.lower() == ".parquet":
        return _parquet(file, raw, names_of)
    delimiter = DELIMITERS.get(file.suffix.lower())
    # JSON lines end in a line feed only: other line breaks may stand in their strings
    stream = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", newline="" if delimiter else "\n")
    try:
        return (_delimited(file, stream, len(raw), delimiter, names_of) if delimiter
                else _json_lines(file, stream, names_of))
    except UnicodeDecodeError as err:
        charset = "UTF-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "WINDOWS-1252"
        raise InputError(f"{file}: line {_first_bad_line(raw)} is not UTF-8: convert the file first, for instance with"
                         f" iconv -f {charset} -t UTF-8") from err


def _first_bad_line(raw: bytes) -> int:
    """The first line that is not UTF-8, counted from 1."""
    try:
        raw.decode()
    except UnicodeDecodeError as err:
        return raw.count(b"\n", 0, err.start) + 1
    raise AssertionError("all lines are UTF-8")


def _parquet(file: Path, raw: bytes, names_of: Names) -> Columns:
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


def _delimited(file: Path, stream: io.TextIOBase, size: int, delimiter: str, names_of: Names) -> Columns:
    # the limit is one for the whole process: it is only ever raised, so that no other reader is hurt
    csv.field_size_limit(max(csv.field_size_limit(), size))
    lines = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        header = next(lines, [])
        if not header:
            raise InputError(f"{file}: no header line: the first line names the columns")
        places = {column: header.index(name) for column, name in names_of(header).items()}
        found: Columns = {column: [] for column in places}
        for index, cells in enumerate(cells for cells in lines if cells):
            if len(cells) != len(header):
                raise InputError(f"{file}: row {index} has {len(cells)} cells, the header {len(header)}")
            for column, place in places.items():
                found[column].append(cells[place])
    except csv.Error as err:
        raise InputError(f"{file}: line {lines.line_num}: {err}; a cell with a comma, quote or line break is put in"
                         " double quotes, and quotes in it are doubled") from err
    return found


def _json_lines(file: Path, stream: io.TextIOBase, names_of: Names) -> Columns:
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
