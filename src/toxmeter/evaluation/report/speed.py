"""Speed and memory as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.report.blocks import Block, Heading, Note, Table, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["blocks"]


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``toxmeter.evaluation.speed``."""
    missing = [Note("missing", note) for note in section["notes"]]
    if not section["texts"]:
        return [Heading("Speed on this machine"), *missing]
    machine = section["machine"]
    rows = (("texts a second, all in one call", _short(section["texts_per_second"])),
            ("one text by itself, half of them within", f"{_short(section['p50_ms'])} ms"),
            ("one text by itself, 95 % within", f"{_short(section['p95_ms'])} ms"),
            ("peak memory of the process", "–" if section["peak_memory_mb"] is None
             else f"{section['peak_memory_mb']:,.0f} MB"))
    return [
        Heading("Speed on this machine"),
        Text(f"{section['texts']:,} texts of {section['characters']:,.0f} characters on average, from the data above,"
             f" on {machine['cores'] or 'an unknown number of'} cores ({machine['processor']}), Python"
             f" {machine['python']}. Other machines and other load give other figures."),
        Table(("", "value"), rows, "After a warm-up; of three rounds the median."),
        *missing]


def _short(value: float) -> str:
    """Three digits, more of large numbers: of a fast model a call takes microseconds, of a slow one minutes."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
