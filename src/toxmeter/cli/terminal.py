"""Text on a terminal: tables, colour, and text of strangers that cannot act on the terminal.

Plain strings, since importing a rendering library takes longer than judging a text. This module does not
print.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

__all__ = ["coloured", "paint", "printable", "shorten", "table", "width"]

_JOINERS = "\u200d"  # part of many emoji
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2"}


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with escapes in place of what is invisible or acts on a terminal.

    Control characters (ANSI sequences begin with one), changes of direction, lone surrogates and line
    breaks come out as ``\x1b`` and the like.

    Args:
        text: any text.
        keep: characters to leave alone.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _JOINERS or char in keep
                   else char.encode("unicode_escape").decode() for char in text)


def shorten(text: str, limit: int) -> str:
    """The text on one line of at most ``limit`` printable characters, with ``…`` where it was cut."""
    line = printable(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"


def coloured() -> bool:
    """Whether standard output takes colour: a terminal, and ``NO_COLOR`` is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str) -> str:
    """The text in a colour."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def width() -> int:
    """Columns of the terminal; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell; numbers are not aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
