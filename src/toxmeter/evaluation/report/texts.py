"""Texts of strangers in a report, and names made of them. This module escapes for no format."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxmeter.evaluation.report.blocks import Table

__all__ = ["slugs", "visible", "wordy_columns"]

_JOINER = "\u200d"  # part of many emoji
_WORDY = 40  # characters in a cell from which on it is a sentence and no figure


def slugs(texts: Iterable[str]) -> list[str]:
    """For each text a name of small letters, digits and hyphens, for a file or an anchor; no two are the same."""
    names: dict[str, None] = {}
    for text in texts:
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
        base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "x"
        name, number = base, 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names[name] = None
    return list(names)


def visible(text: str) -> str:
    r"""The text with escapes such as ``\u202e`` in place of what is not seen but acts.

    That are control characters, line breaks, changes of direction, lone surrogates and code points that
    stand for no character. Spaces of all widths and the joiner of emoji stay.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == _JOINER or unicodedata.category(char) == "Zs"
                   else char.encode("unicode_escape").decode() for char in text)


def wordy_columns(table: Table) -> frozenset[int]:
    """The columns that are aligned to the left: the first, and those with a whole sentence in some cell."""
    return frozenset({0} | {column for row in table.rows for column, cell in enumerate(row) if len(cell) > _WORDY})
