"""Records of a byte stream: their text, their exact bytes, and where they begin.

``Lines`` hands out decoded lines and remembers the bytes since the last record ended, so that a parser
that pulls several lines for one record (CSV with line breaks inside quotes) still knows that record's raw
bytes. Memory is bounded: no record is held beyond ``RECORD_LIMIT``. This module does not know any format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["RECORD_LIMIT", "Lines", "Reject", "RowError"]

RECORD_LIMIT = 16 * 2**20
"""Most bytes of one record; a longer one is rejected, and only its place is noted."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be scored.

    Attributes:
        row: its number; the first record of the file is 1, a header is not counted.
        offset: where it begins in the input, in bytes.
        length: how many bytes it has.
        reason: what is wrong with it.
        raw: its bytes, line end included; None where it is longer than ``RECORD_LIMIT``.
    """

    row: int
    offset: int
    length: int
    reason: str
    raw: bytes | None


class RowError(Exception):
    """A record that cannot be scored, raised between parser and reader; it never leaves this package.

    Attributes:
        reason: what is wrong.
        first_line: only the first line of the record is at fault, what follows is read anew.
    """

    def __init__(self, reason: str, *, first_line: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.first_line = first_line


class Lines:
    """An iterator over the decoded lines of a stream, which also keeps the current record's bytes.

    Attributes:
        start: offset of the record that is being read.
        damage: why the current record is not UTF-8, or empty; its text then has surrogate escapes.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._raw: list[bytes] = []
        self._size = 0
        self.start = 0
        self.damage = ""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        """The next line, line end included.

        Raises:
            StopIteration: at the end of the stream.
            RowError: when the record would pass ``RECORD_LIMIT``.
        """
        line = self._stream.readline(RECORD_LIMIT + 1)
        if not line:
            raise StopIteration
        self._raw.append(line)
        self._size += len(line)
        if self._size > RECORD_LIMIT:
            cause = "a quote opens here and does not close" if len(self._raw) > 1 else "the row does not end"
            raise RowError(f"{cause} within {RECORD_LIMIT // 2**20} MiB", first_line=True)
        try:
            return line.decode()
        except UnicodeDecodeError as err:
            place = self._size - len(line) + err.start
            self.damage = f"not UTF-8: byte 0x{line[err.start]:02x} at byte {place} of the row"
            return line.decode("utf-8", "surrogateescape")

    def take(self) -> bytes:
        """End the current record and return its bytes."""
        raw = self._raw[0] if len(self._raw) == 1 else b"".join(self._raw)
        self._begin(self.start + self._size)
        return raw

    def reject(self, row: int, err: RowError) -> Reject:
        """End the current record, or only its first line, as one that cannot be scored."""
        offset, position = self.start, self.start + self._size
        raw = b"".join(self._raw[:1] if err.first_line else self._raw)
        length = len(raw)
        if length <= RECORD_LIMIT:
            self._begin(offset + length)
            if self.start != position:
                self._stream.seek(self.start)
            return Reject(row, offset, length, err.reason, raw)
        piece = raw
        while piece and not piece.endswith(b"\n"):
            piece = self._stream.readline(RECORD_LIMIT)
            length += len(piece)
        self._begin(offset + length)
        return Reject(row, offset, length, err.reason, None)

    def seek(self, offset: int) -> None:
        """Go to where a record begins."""
        self._stream.seek(offset)
        self._begin(offset)

    def _begin(self, offset: int) -> None:
        self._raw.clear()
        self._size = 0
        self.damage = ""
        self.start = offset
