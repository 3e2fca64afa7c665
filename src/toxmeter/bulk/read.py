"""Readers of CSV, TSV, JSONL and plain text: batches of texts, each with the raw bytes of its row.

A reader never rebuilds a row: what goes to the output is the row's own bytes, so that quoting, number
formats and nested values stay as they are. A row that cannot be scored becomes a ``Reject``. Input is
UTF-8, with or without BOM. This module does not score and does not write.
"""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, BinaryIO

from toxmeter.bulk.columns import check_added, choose_column, kind_of
from toxmeter.bulk.lines import RECORD_LIMIT, Lines, Reject, RowError
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FORMATS", "Batch", "Reader", "open_reader"]

FORMATS = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "txt": "txt"}
"""File endings and the format behind each."""

_BATCH_BYTES = 8 * 2**20  # a batch of few but huge texts ends early, so that memory stays flat
_PEEK = 100  # objects of a JSONL file that are looked at for the names of their fields
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Batch:
    """Consecutive rows.

    Attributes:
        begins: for each text, the bytes of its output row up to where the scores are appended.
        texts: what is scored.
        rejects: the rows that cannot be.
        end: offset of the row after the last.
    """

    begins: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    end: int = 0

    @property
    def rows(self) -> int:
        """How many rows there are, scored or not."""
        return len(self.texts) + len(self.rejects)


class Reader(ABC):
    """Reads batches of rows from a stream that can seek.

    Attributes:
        column: the name of the column or field with the text.
        head: what the output begins with.
        first: offset of the first row.
        joints: per ending that an output row can have, the ``k + 1`` pieces of bytes around its ``k`` scores.
    """

    column: str
    head: bytes = b""
    first: int = 0
    joints: list[list[bytes]]

    def __init__(self, stream: BinaryIO) -> None:
        begin = stream.read(3)
        if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError("the input is UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)")
        self._lines = Lines(stream)
        self.first = len(_BOM) if begin == _BOM else 0
        self._lines.seek(self.first)

    def seek(self, offset: int) -> None:
        """Go to the row that begins at ``offset``."""
        self._lines.seek(offset)

    def read(self, size: int, row: int) -> Batch:
        """The next rows.

        Args:
            size: most rows in the batch; a batch of huge rows is smaller.
            row: number of the first of them, for the rejects.

        Returns:
            a batch, without rows at the end of the input. Where batches end depends only on where they
            begin and on ``size``.
        """
        batch, lines = Batch(), self._lines
        limit = lines.start + _BATCH_BYTES
        for number in range(row, row + size):
            try:
                found = self._next()
            except RowError as err:
                batch.rejects.append(lines.reject(number, err))
            else:
                if found is None:
                    break
                batch.begins.append(found[0])
                batch.texts.append(found[1])
            if lines.start >= limit:
                break
        batch.end = lines.start
        return batch

    @abstractmethod
    def _next(self) -> tuple[bytes, str] | None:
        """What the next output row begins with, and its text; None at the end. Raises RowError."""


class _CsvReader(Reader):
    """Rows of CSV or TSV. Blank lines are no rows, except where there is only one column."""

    def __init__(
        self, stream: BinaryIO, delimiter: str, column: str | None, added: Sequence[str],
        endings: Sequence[Sequence[str]],
    ) -> None:
        super().__init__(stream)
        # the limit is one for the whole process: it is only ever raised, so that no other reader is hurt
        csv.field_size_limit(max(csv.field_size_limit(), RECORD_LIMIT))
        self._rows = csv.reader(self._lines, delimiter=delimiter, strict=True)
        names, raw = self._header()
        self.column = choose_column(names, column)
        check_added(names, added)
        self._width, self._text = len(names), names.index(self.column)
        end = b"\r\n" if raw.endswith(b"\r\n") else b"\n"
        comma = delimiter.encode()
        cells = [_cell(name, delimiter) for name in added]
        self.head = _BOM[: self.first] + comma.join([raw.rstrip(b"\r\n"), *cells]) + end
        self.first = self._lines.start
        scores = len(added) - len(endings[0])
        self.joints = [[comma] * scores + [b"".join(comma + _cell(value, delimiter) for value in values) + end]
                       for values in endings]

    def _header(self) -> tuple[list[str], bytes]:
        try:
            names = next(self._rows, None)
        except (csv.Error, RowError) as err:
            raise InputError(f"the header line cannot be read: {err}") from err
        if not names:
            raise InputError("the input has no header line: its first line names the columns")
        if self._lines.damage:
            raise InputError(f"the header line is {self._lines.damage}")
        return names, self._lines.take()

    def _next(self) -> tuple[bytes, str] | None:
        while True:
            try:
                fields = next(self._rows, None)
            except csv.Error as err:
                raise RowError(_quote_reason(err), first_line=True) from err
            if fields is None:
                return None
            if self._lines.damage:
                raise RowError(self._lines.damage)
            if len(fields) == self._width:
                return self._lines.take().rstrip(b"\r\n"), fields[self._text]
            if fields:
                raise RowError(f"number of fields is {len(fields)}, that of the header {self._width}")
            self._lines.take()
            if self._width == 1:
                return b"", ""


class _JsonReader(Reader):
    """Objects, one a line. Blank lines are no rows."""

    def __init__(
        self, stream: BinaryIO, column: str | None, added: Sequence[str], endings: Sequence[Sequence[str]]
    ) -> None:
        super().__init__(stream)
        names = self._peek()
        self.column = choose_column(names, column) if names else column or "text"
        self._added = check_added(names, added)
        self.joints = _json_joints(added, endings)

    def _peek(self) -> list[str]:
        """Names of the fields of the first objects, in order of appearance."""
        names: dict[str, None] = {}
        for _ in range(_PEEK):
            try:
                found = self._object()
            except RowError as err:
                self._lines.reject(0, err)
                continue
            if found is None:
                break
            names.update(dict.fromkeys(found))
            self._lines.take()
        self._lines.seek(self.first)
        return list(names)

    def _object(self) -> dict[str, Any] | None:
        line = next(self._lines, None)
        while line is not None and not line.strip():
            self._lines.take()
            line = next(self._lines, None)
        if line is None:
            return None
        if self._lines.damage:
            raise RowError(self._lines.damage)
        try:
            value = json.loads(line)
        except RecursionError as err:
            raise RowError("not JSON that can be read: nested too deeply") from err
        except ValueError as err:
            raise RowError(f"not JSON: {err}") from err
        if not isinstance(value, dict):
            raise RowError(f"{kind_of(value)}, not a JSON object")
        return value

    def _next(self) -> tuple[bytes, str] | None:
        row = self._object()
        if row is None:
            return None
        text = row.get(self.column, row)
        if not isinstance(text, str):
            what = "is missing" if text is row else f"is {kind_of(text)}, not a string"
            raise RowError(f"field {self.column!r} {what}")
        if not self._added.isdisjoint(row):
            raise RowError(f"field {min(self._added & row.keys())!r} is there already")
        return self._lines.take().strip()[:-1], text


class _TextReader(Reader):
    """Texts, one a line; an empty line is an empty text. The output is JSONL."""

    def __init__(
        self, stream: BinaryIO, column: str | None, added: Sequence[str], endings: Sequence[Sequence[str]]
    ) -> None:
        super().__init__(stream)
        if column not in (None, "text"):
            raise InputError(f"column {column!r}: a txt file has no columns, each line is one text")
        self.column = "text"
        check_added(["text"], added)
        self.joints = _json_joints(added, endings)

    def _next(self) -> tuple[bytes, str] | None:
        line = next(self._lines, None)
        if line is None:
            return None
        if self._lines.damage:
            raise RowError(self._lines.damage)
        self._lines.take()
        text = line.removesuffix("\n").removesuffix("\r")
        return b'{"text":' + encode_basestring(text).encode(), text


def open_reader(
    stream: BinaryIO, kind: str, column: str | None, added: Sequence[str], endings: Sequence[Sequence[str]]
) -> Reader:
    """The reader of a format, standing at the first row.

    Args:
        stream: the input; it can seek.
        kind: ``csv``, ``tsv``, ``jsonl`` or ``txt``.
        column: name of the column or field with the text; None chooses it by its name.
        added: names of the score columns, then those of the last columns.
        endings: the values that the last columns can have together.

    Raises:
        InputError: when the column is unknown or cannot be chosen, an added one is there already, the
            header cannot be read, or the input is UTF-16.
    """
    if kind == "jsonl":
        return _JsonReader(stream, column, added, endings)
    if kind == "txt":
        return _TextReader(stream, column, added, endings)
    return _CsvReader(stream, "\t" if kind == "tsv" else ",", column, added, endings)


def _quote_reason(err: csv.Error) -> str:
    if "unexpected end of data" in str(err):
        return "a quote opens here and never closes"
    if "new-line" in str(err):
        return "a lone carriage return outside quotes"
    return f"malformed quotes: {err}"


def _cell(value: str, delimiter: str) -> bytes:
    """One CSV cell, quoted where it must be."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow([value])
    return line.getvalue().encode()


def _json_joints(added: Sequence[str], endings: Sequence[Sequence[str]]) -> list[list[bytes]]:
    fields = [f",{encode_basestring(name)}:".encode() for name in added]
    scores = len(added) - len(endings[0])
    return [[*fields[:scores], b"".join(field + encode_basestring(value).encode()
                                        for field, value in zip(fields[scores:], values, strict=True)) + b"}\n"]
            for values in endings]
