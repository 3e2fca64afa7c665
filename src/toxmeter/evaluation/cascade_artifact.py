"""Writing a cascade that was chosen as an artifact with its card.

The artifact names its models, it does not hold them. This module chooses and measures nothing
(``toxmeter.evaluation.cascade``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from toxmeter import __version__
from toxmeter.artifact import MANIFEST, Artifact, Manifest, write_artifact
from toxmeter.errors import InputError
from toxmeter.evaluation.report.blocks import percent, share_with_interval
from toxmeter.evaluation.report.texts import visible
from toxmeter.models.calibrated import NATURAL, scales
from toxmeter.models.catalog import artifact_of, shipped
from toxmeter.models.checkpoint import is_hub_id
from toxmeter.models.deferral import Deferral

__all__ = ["check_cascade", "write_cascade"]


def check_cascade(
    first: str | os.PathLike[str], second: str | os.PathLike[str], output: Path, *, name: str = "cascade",
    replace_output: bool = False,
) -> tuple[Artifact, Artifact]:
    """The artifacts of both models, once it is certain that a cascade of them could be written.

    Raises:
        InputError: when one is of the hub, the name cannot be one, or the output exists and may not be replaced.
        UnknownModel: when there is no such model.
        ArtifactError: when one is broken, or a checkpoint.
    """
    if not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise InputError(f"name {name!r}: it has letters, digits, hyphens, dots and underscores")
    if output.exists() and not (replace_output and (output / MANIFEST).is_file()):
        raise InputError(f"{output} exists already: name another folder, or replace an artifact with --force")
    for model in (os.fspath(first), os.fspath(second)):
        if is_hub_id(model) and not Path(model).is_dir():
            raise InputError(f"{model}: a cascade names its models by folder; download it, and name the folder")
    return artifact_of(first), artifact_of(second)


def write_cascade(
    first: Artifact,
    second: Artifact,
    deferral: Deferral,
    report: Mapping[str, Any],
    output: Path,
    *,
    name: str = "cascade",
    data: Mapping[str, Any] = MappingProxyType({}),
    replace_output: bool = False,
) -> Artifact:
    """Write a cascade: it names its models, shipped ones by name and others by their path from its folder.

    Labels, thresholds and named scales are those of the second.

    Args:
        first: of the fast model.
        second: of the better one.
        deferral: of ``fit_cascade``.
        report: of ``fit_cascade``, with that of ``speed_up`` as ``speed`` or without.
        output: the folder to make.
        name: of the cascade.
        data: where the texts come from.
        replace_output: take the place of an artifact that is there.

    Raises:
        InputError: when the report is of other models, or the folder exists.
    """
    if (report["first"], report["second"]) != (first.version, second.version):
        raise InputError(f"the report is of {report['first']} and {report['second']}, the models are {first.version}"
                         f" and {second.version}")
    stages = {stage: {"name": _place(artifact, output), "version": artifact.version}
              for stage, artifact in (("first", first), ("second", second))}
    manifest = Manifest(
        name=name, number=1, format="cascade", labels=second.manifest.labels,
        model={**stages, **asdict(deferral)}, thresholds=second.manifest.thresholds, data=dict(data),
        licence=_licence(first.manifest, second.manifest),
        calibration={**scales(second.manifest.calibration), NATURAL: {"kind": "none"}},
        metrics={"headline": _headline(report), "cascade": report}, libraries={"toxmeter": __version__})
    return write_artifact(output, manifest, {}, card=_card(manifest, report), replace=replace_output)


def _place(artifact: Artifact, output: Path) -> str:
    """How the manifest names a model: a slash makes it a path."""
    folder = artifact.path.resolve()
    if artifact.path.name in shipped() and folder == artifact_of(artifact.path.name).path.resolve():
        return artifact.path.name
    try:
        path = Path(os.path.relpath(folder, output.resolve())).as_posix()
    except ValueError:  # on another drive of Windows
        return folder.as_posix()
    return path if "/" in path else f"./{path}"


def _licence(first: Manifest, second: Manifest) -> str:
    return second.licence if first.licence == second.licence else f"{first.licence} AND {second.licence}"


def _headline(report: Mapping[str, Any]) -> dict[str, float]:
    """What ``toxmeter models`` shows."""
    first, second = (report[stage].partition("@")[0] for stage in ("first", "second"))
    held = report["held_out"]
    found = {f"answered by {first}": held["answered"]["value"],
             "flips at worst": max(each["share"]["value"] for each in held["flips"].values())}
    return found | ({f"times as fast as {second}": report["speed"]["times_as_fast"]} if "speed" in report else {})


def _card(manifest: Manifest, report: Mapping[str, Any]) -> str:
    """The model card; quality, limits and training are told by those of the models."""
    (first, second), held = (report["first"], report["second"]), report["held_out"]
    low, high = report["thresholds"]
    limits = ", ".join(f"`{visible(name)}` {value:.3g}" for name, value in manifest.model["low"].items())
    lines = [
        "---", f"license: {manifest.licence.lower()}", "pipeline_tag: text-classification",
        "tags: [toxicity, text-classification]", "---", "", f"# {manifest.name}, release {manifest.number}", "",
        f"Two models as one. `{first}` scores every text, and answers where it is sure that the text is harmless: where"
        f" each of its scores lies below {limits}. `{second}` scores all others; of a text that is longer than it reads"
        f" at once, those windows of which `{first}` is not sure. That is looked at where one of `{first}`'s scores of"
        f" the whole text is not {manifest.model['dilution']:g} times lower still. In each label, only those windows"
        f" count that `{first}` gives at least {percent(manifest.model['relative'], 0)} of what it gives the text's"
        f" worst one. Labels, thresholds and named scales are those of `{second}`; what either model is good and bad"
        " at, its own card says.", "", "## Use", "",
        "```python", "from toxmeter import load", "",
        'scorer = load("path/to/this/folder")',
        'scores, stage = scorer.score_staged(["Hello, how are you today?"])  # stage: place in scorer.stages', "```",
        "", "It names its models, and does not hold them: the first is looked for at"
        f" `{manifest.model['first']['name']}`, the second at `{manifest.model['second']['name']}`; names with a slash"
        " are paths that begin at this folder. It refuses to load with other versions than the above.", "",
        "## Figures", "",
        f"On {held['texts']:,} texts that did not choose, with 95 % intervals;"
        f" {report['chosen']['texts']:,} others chose. The first model answers"
        f" {share_with_interval(held['answered'])} of the texts, the second reads {percent(held['read'], 0)} of all"
        f" characters. A decision flips where the cascade and `{second}`"
        f" alone lie on different sides of a threshold; of all thresholds from {low:g} to {high:g}, the one counts at"
        f" which most texts flip. At most {percent(report['flips_allowed'], 2)} were allowed, with a confidence of"
        f" {percent(report['confidence'], 0)} on the texts that chose.", "",
        "| decision | texts that flip [95 %] | at threshold |", "| --- | --- | --- |",
        *(f"| {visible(name)} | {_small(each['share'])} | {'–' if each['threshold'] is None else each['threshold']} |"
          for name, each in held["flips"].items())]
    if speed := report.get("speed"):
        lines += ["", f"On the machine that made it, {speed['cascade']:,.0f} texts a second,"
                  f" {speed['times_as_fast']:.1f} times as many as `{second}` alone"
                  f" ({speed['second']:,.0f}). The more of the texts are harmless, the faster it is."]
    return "\n".join(lines) + "\n"


def _small(figure: Mapping[str, float]) -> str:
    value, low, high = (percent(figure[end], 2) for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
