"""What a report is made of: headings, texts, tables, figures and notes, the same for Markdown and HTML.

Each part of an evaluation describes its figures once, as blocks; ``markdown.py`` and ``html.py`` write them.
This module measures nothing and draws nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Block", "Figure", "Heading", "Note", "Table", "Text", "ends", "number", "percent", "share_with_interval",
    "with_interval"]


@dataclass(frozen=True)
class Heading:
    """A heading; level 2 opens a section, level 3 a part of one."""

    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True)
class Text:
    """A paragraph, plain text."""

    text: str


@dataclass(frozen=True)
class Note:
    """A statement that should not be overlooked: what is good, what is bad, what could not be measured."""

    kind: Literal["good", "bad", "missing"]
    text: str


@dataclass(frozen=True)
class Table:
    """A table of finished cells; all columns but the first are aligned to the right.

    Attributes:
        columns: the names of the ``c`` columns.
        rows: ``c`` cells each.
        caption: what is shown, and how to read it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture.

    Attributes:
        name: its file's name without ending, letters, digits and hyphens, unique in a report.
        svg: the picture.
        title: above it.
        caption: below it, how to read it.
        alt: the same in words, for those who do not see it.
    """

    name: str
    svg: str
    title: str
    caption: str
    alt: str


Block = Heading | Text | Note | Table | Figure


def number(value: float | None, digits: int = 3) -> str:
    """A number for a cell; a dash where it is not defined."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in [0, 1] as per cent; a dash where it is not defined."""
    return "–" if value is None or math.isnan(value) else f"{100 * value:.{digits}f} %"


def with_interval(figure: Mapping[str, Any] | None, digits: int = 3) -> str:
    """``{"value", "low", "high"}`` as ``.912 [.901, .923]``, without the interval where there is none."""
    if figure is None or figure["value"] is None:
        return "–"
    if figure["low"] is None or figure["high"] is None:
        return number(figure["value"], digits)
    return f"{number(figure['value'], digits)} [{number(figure['low'], digits)}, {number(figure['high'], digits)}]"


def share_with_interval(figure: Mapping[str, Any] | None) -> str:
    """The same of a share in [0, 1] as per cent: ``91.2 % [90.1 %, 92.3 %]``."""
    if figure is None or figure["value"] is None:
        return "–"
    ends = "" if figure["low"] is None else f" [{percent(figure['low'])}, {percent(figure['high'])}]"
    return percent(figure["value"]) + ends


def ends(figure: Mapping[str, Any]) -> tuple[float, float, float]:
    """``value, low, high`` for a bar; the value itself where there is no interval."""
    value = figure["value"]
    return (value, *(value if figure[end] is None else figure[end] for end in ("low", "high")))
