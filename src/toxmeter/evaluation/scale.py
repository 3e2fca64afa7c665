"""A named scale in a saved model: a copy of the artifact with one more calibration, and a section in its card.

``transfer.py`` fits and measures it; ``toxmeter.load(folder, scale=name)`` uses it. The artifact that is copied
stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toxmeter.artifact import CARD, MANIFEST, Artifact, write_artifact
from toxmeter.errors import InputError
from toxmeter.evaluation.report.blocks import number, percent, with_interval
from toxmeter.evaluation.report.texts import visible
from toxmeter.models.calibrated import scales

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["check_scale", "write_scale"]


def check_scale(
    artifact: Artifact, name: str, output: str | os.PathLike[str], *, replace_output: bool = False
) -> None:
    """Whether ``write_scale`` could write, before hours of scoring.

    Raises:
        InputError: when the name cannot be one or is taken, or the folder exists and may not be replaced.
    """
    known = scales(artifact.manifest.calibration)
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise InputError(f"scale {name!r}: a name has lower-case letters, digits, - and _")
    if name in known:
        raise InputError(f"scale {name!r}: {artifact.path} has one of that name ({', '.join(known)}): choose another"
                         " name, or begin with the model as it was before")
    target = Path(output)
    if target.exists() and not (replace_output and (target / MANIFEST).is_file()):
        raise InputError(f"{target} exists already: name another folder, or replace an artifact with --force")


def write_scale(
    artifact: Artifact,
    name: str,
    calibration: Mapping[str, Any],
    report: Mapping[str, Any],
    output: str | os.PathLike[str],
    *,
    replace_output: bool = False,
) -> Artifact:
    """Write a copy of an artifact with one more scale; its natural scores stay the same to the last bit.

    Args:
        artifact: of the scorer that the scale was fitted for.
        name: of the scale, for ``load(output, scale=name)``.
        calibration: of ``fit_transfer``.
        report: of ``fit_transfer``; it goes into the manifest and, in short, into the card.
        output: the folder to make.
        replace_output: take the place of an artifact that is there.

    Raises:
        InputError: when the name cannot be one or is taken, the report is of another model, or the folder exists.
    """
    check_scale(artifact, name, output, replace_output=replace_output)
    if report["version"] != artifact.version:
        raise InputError(f"the scale was fitted for {report['version']}, {artifact.path} is {artifact.version}")
    manifest, known = artifact.manifest, scales(artifact.manifest.calibration)
    metrics = {**manifest.metrics, "scales": {**manifest.metrics.get("scales", {}), name: report}}
    files = {file: (artifact.path / file).read_bytes() for file in artifact.files}
    others = {file.name: file.read_bytes() for file in sorted(artifact.path.iterdir())
              if file.is_file() and not file.name.startswith(".") and file.name not in (MANIFEST, CARD, *files)}
    card = artifact.path / CARD
    text = (card.read_text("utf-8", "replace").rstrip() + "\n\n" if card.is_file() else "") + _section(name, report)
    return write_artifact(
        output, replace(manifest, calibration={**known, name: calibration}, metrics=metrics), files, card=text,
        replace=replace_output, attachments=others)


def _section(name: str, report: Mapping[str, Any]) -> str:
    """What the card says of a scale."""
    lines = [
        f"## Scale `{name}`", "",
        f"`load(path, scale=\"{name}\")` gives scores on the scale of another system, so that thresholds chosen there"
        f" can stay. From {report['rows']:,} texts with its scores; {percent(report['held_out'], 0)} of them were not"
        " fitted but held out, and the figures are of those, with 95 % intervals. Ranks do not change.", "",
        "| label | threshold | held out | agreement before | after | difference | kappa before | after |"
        " flagged there | before | after | Spearman |", "| --- " * 12 + "|"]
    for label, figures in report["labels"].items():
        cells = [visible(label).replace("|", "\\|"), f"{figures['threshold']:g}", str(figures["held_out"]),
                 *map(with_interval, figures["agreement"].values()),
                 *(number(figures["kappa"][when]["value"]) for when in ("before", "after")),
                 *(percent(share) for share in figures["flagged"].values()),
                 number(figures["spearman"])]
        lines.append(f"| {' | '.join(cells)} |")
    if report["notes"]:
        lines += ["", *(f"- {note}" for note in report["notes"])]
    return "\n".join(lines) + "\n"
