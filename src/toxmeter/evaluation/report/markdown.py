"""Blocks as Markdown for GitHub and model cards; figures are files beside it.

Texts are shown as they are: what Markdown would act on is escaped, and so are addresses, which would become
links. This module writes no files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toxmeter.evaluation.report.blocks import Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.texts import slugs, visible, wordy_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.evaluation.report.blocks import Block

__all__ = ["NOTES", "figure_files", "to_markdown"]

NOTES = {"good": "Good", "bad": "Take care", "missing": "Not measured"}
"""What each kind of note is called in a report."""

_ACTIVE = re.compile(r"[\\`*\[\]<>&|~$#]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|:(?=//)")
_OPENING = re.compile(r"^(?:[-+=]|\d+(?=[.)]))")  # would open a list or underline a heading


def to_markdown(title: str, blocks: Sequence[Block], *, subtitle: str = "") -> str:
    """The report as one Markdown text; its figures are looked for in ``figures/``."""
    names = figure_files(blocks)
    parts = [f"# {_escaped(title)}", _paragraph(subtitle)]
    for place, block in enumerate(blocks):
        match block:
            case Heading():
                parts.append(f"{'#' * block.level} {_escaped(block.text)}")
            case Text():
                parts.append(_paragraph(block.text))
            case Note():
                parts.append(f"> **{NOTES[block.kind]}.** {_escaped(block.text)}")
            case Table():
                parts += [_table(block), _paragraph(block.caption)]
            case Figure():
                parts += [f"**{_escaped(block.title)}**", f"![{_escaped(block.alt)}](figures/{names[place]}.svg)",
                          _paragraph(block.caption)]
    return "\n\n".join(filter(None, parts)) + "\n"


def figure_files(blocks: Sequence[Block]) -> dict[int, str]:
    """The name of each figure's file, without ending, by the place of its block; no two are the same."""
    figures = {place: block.name for place, block in enumerate(blocks) if isinstance(block, Figure)}
    return dict(zip(figures, slugs(figures.values()), strict=True))


def _table(table: Table) -> str:
    left = wordy_columns(table)
    rule = [":---" if column in left else "---:" for column in range(len(table.columns))]
    rows = [[_escaped(cell) for cell in row] for row in (table.columns, *table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _paragraph(text: str) -> str:
    escaped = _escaped(text)
    return _OPENING.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", escaped)


def _escaped(text: str) -> str:
    """One line of Markdown that reads as the text."""
    return _ACTIVE.sub(lambda found: f"\\{found[0]}", visible(text).strip())
