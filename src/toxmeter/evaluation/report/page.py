"""The report of an evaluation as blocks: what stands out first, then every part in its order.

Each part is described by a module of its own here. This module measures nothing and writes no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.report import (
    attack,
    bias,
    checklist,
    goals,
    groups,
    probes,
    quality,
    robustness,
    spans,
    speed,
    suites,
)
from toxmeter.evaluation.report.blocks import Block, Heading, Note, Table, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["blocks_of", "outstanding", "subtitle_of", "title_of"]

_SUMMARY = "What stands out"
_PARTS: Mapping[str, Callable[[Mapping[str, Any]], list[Block]]] = {
    "quality": quality.blocks,
    "goals": goals.blocks,
    "lengths": groups.length_blocks,
    "groups": groups.blocks,
    "bias": bias.blocks,
    "robustness": robustness.blocks,
    "attack": attack.blocks,
    "suite": suites.blocks,
    "checklist": checklist.blocks,
    "probe": probes.blocks,
    "spans": spans.blocks,
    "speed": speed.blocks,
}


def blocks_of(report: Mapping[str, Any]) -> list[Block]:
    """The blocks of what ``evaluate`` returned."""
    parts: list[Block] = []
    skipped: list[Note] = []
    for section in report["sections"].values():
        if section["kind"] == "skipped":
            skipped += [Note("missing", note) for note in section["notes"]]
        else:
            parts += _PARTS[section["kind"]](section)
    found = [*outstanding(parts), *skipped]
    summary: list[Block] = [Heading(_SUMMARY), *found] if found else []
    return [*summary, *parts, *_about(report)]


def outstanding(blocks: Iterable[Block]) -> list[Note]:
    """What is good and bad, under which heading it stands; the bad first."""
    heading = ""
    found = []
    for block in blocks:
        if isinstance(block, Heading) and block.level == 2:
            heading = block.text
        elif isinstance(block, Note) and block.kind != "missing" and heading != _SUMMARY:
            found.append(Note(block.kind, f"{heading}: {block.text}"))
    return sorted(found, key=lambda note: note.kind)


def title_of(report: Mapping[str, Any]) -> str:
    """The title of the page."""
    return f"Evaluation of {report['model']['version']}"


def subtitle_of(report: Mapping[str, Any]) -> str:
    """On which texts, or by which suites, and by which version of toxmeter."""
    data = report["data"]
    where = (f"On {data['rows']:,} texts of {data['file']}." if data
             else f"By suites: {', '.join(report['sections'])}.")
    return f"{where} Written by toxmeter {report['toxmeter']}."


def _about(report: Mapping[str, Any]) -> list[Block]:
    """What it takes to measure the same again."""
    model, data, settings = report["model"], report["data"], report["settings"]
    thresholds = ", ".join(f"{name} {value:.3g}" for name, value in model["thresholds"].items())
    rows = [("model", model["version"] + ("" if model["live"] else ", recorded scores")),
            ("labels", f"{', '.join(model['labels']['names'])} ({model['labels']['kind']})"),
            ("thresholds", thresholds)]
    if data:
        columns = ", ".join(f"{label} ← {column}" for label, column in data["columns"].items())
        rows += [("data", f"{data['file']}, {data['rows']:,} rows"), ("sha256 of the data", data["sha256"]),
                 ("labels read from", columns)]
    rows += [("bootstrap", f"{settings['resamples']:,} resamples, seed {settings['seed']}"),
             ("left out", ", ".join(settings["skipped"]) or "nothing"), ("toxmeter", report["toxmeter"])]
    return [Heading("How this was measured"),
            Text("Equal model, data, settings and version of toxmeter give equal figures, but for speed."),
            Table(("", "value"), tuple(rows))]
