"""From two models and texts to a cascade: choose on most of the texts, measure on the others, write.

Texts need no labels. They should be new to both models and like those that will be scored: how many the first may
answer depends on how many are plainly harmless. This module measures a cascade against its second model only.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from toxmeter import __version__
from toxmeter.artifact import MANIFEST, Artifact, Manifest, write_artifact
from toxmeter.data.split import assign
from toxmeter.errors import InputError
from toxmeter.evaluation.band import RANGE, Flips, choose_band, share_limits, worst_flips
from toxmeter.evaluation.report.blocks import percent, share_with_interval
from toxmeter.evaluation.report.texts import visible
from toxmeter.models.calibrated import NATURAL, scales
from toxmeter.models.cascade import CascadeScorer, sure
from toxmeter.models.catalog import artifact_of, shipped
from toxmeter.models.checkpoint import is_hub_id
from toxmeter.models.scorer import check_texts

if TYPE_CHECKING:
    from toxmeter.models.scorer import Scorer

__all__ = ["check_cascade", "fit_cascade", "speed_up", "split_texts", "write_cascade"]

_ROUNDS = 3
_SECONDS = 30.0  # roughly how long the second model may take for the texts that are timed
_WARM_UP = 64
_MOST = 20_000


def fit_cascade(
    first: Scorer,
    second: Scorer,
    texts: Sequence[str],
    held_out: Sequence[str],
    *,
    flips: float = 0.003,
    at: tuple[float, float] = RANGE,
    confidence: float = 0.95,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Choose the lows of a cascade, and measure it on texts that did not choose.

    Args:
        first: the fast one.
        second: the better one, with the same labels.
        texts: which choose: such as will be scored, new to both scorers.
        held_out: others like them, which only measure; ``split_texts`` makes both of one list.
        flips: see ``choose_band``.
        at: see ``choose_band``.
        confidence: see ``choose_band``.

    Returns:
        the lows for a ``CascadeScorer``; and plain JSON values: ``first`` and ``second`` (versions), ``thresholds``
        (the range), ``flips_allowed``, ``confidence``; ``chosen`` and ``held_out``, each with ``texts``, ``answered``
        (the share answered by the first) and ``flips``, per decision the share and the ``threshold`` where it is
        largest; shares as ``value`` with its 95 % interval ``low`` and ``high``.

    Raises:
        InputError: when there are too few texts, the first may answer none, labels differ or scores are NaN.
        LabelError: when no label means toxic.
        MissingExtra: without scipy.
    """
    rows, measured = check_texts(texts), check_texts(held_out)
    if (first.labels.names, first.labels.kind) != (second.labels.names, second.labels.kind):
        raise InputError(f"{first.version} and {second.version} have different labels: both need the same, in the same"
                         " order")
    if not measured:
        raise InputError("no text is held out to measure on: give more texts, or hold out more")
    band = choose_band(first.score(rows), second.score(rows), second.labels, flips=flips, at=at, confidence=confidence)
    if not band.answered:
        raise InputError(f"{first.version} may not answer a single text: too often it is low where {second.version}"
                         " decides otherwise. Allow more flips, or take a first model that is nearer to the second")
    fast, slow = first.score(measured), second.score(measured)
    answered = sure(fast, band.low, second.labels)
    return dict(band.low), {
        "first": first.version, "second": second.version, "thresholds": list(at), "flips_allowed": flips,
        "confidence": confidence,
        "chosen": _measured(band.answered, band.texts, band.flips),
        "held_out": _measured(int(answered.sum()), len(answered), worst_flips(
            np.where(answered[:, None], fast, slow), slow, second.labels, at=at)),
    }


def split_texts(texts: Sequence[str], *, held_out: float = 0.3, seed: int = 0) -> tuple[list[str], list[str]]:
    """Texts that choose, and texts that measure; near-copies are never on both sides.

    Args:
        texts: all of them.
        held_out: the share that measures.
        seed: of the split.

    Raises:
        InputError: when the share does not lie between 0 and 1, or an entry is no text.
    """
    rows = check_texts(texts)
    if not 0 < held_out < 1:
        raise InputError(f"held-out share {held_out:g}: it lies between 0 and 1, .3 for instance")
    sides: tuple[list[str], list[str]] = ([], [])
    for text, side in zip(rows, assign(rows, (1 - held_out,), seed).tolist(), strict=True):
        sides[side].append(text)
    return sides


def speed_up(cascade: CascadeScorer, texts: Sequence[str], *, seed: int = 0) -> dict[str, Any]:
    """How much faster a cascade is than its second model alone, on this machine and these texts.

    Args:
        cascade: of live scorers, without a cache around them.
        texts: to draw from, each at most once.
        seed: of the drawing.

    Returns:
        plain JSON values: ``texts`` drawn, ``first``, ``second`` and ``cascade`` (texts a second, the median of three
        rounds that take turns) and ``times_as_fast``, the last by the second.
    """
    order = np.random.default_rng(seed).permutation(len(texts))[:_MOST].tolist()
    drawn = [texts[row] for row in order]
    _seconds(cascade.second, drawn[:_WARM_UP])
    each = _seconds(cascade.second, drawn[:_WARM_UP]) / max(len(drawn[:_WARM_UP]), 1)
    drawn = drawn[: max(_WARM_UP, int(_SECONDS / _ROUNDS / max(each, 1e-9)))]
    scorers = {"first": cascade.first, "second": cascade.second, "cascade": cascade}
    rounds = [{name: _seconds(scorer, drawn) for name, scorer in scorers.items()} for _ in range(_ROUNDS)]
    took = {name: max(statistics.median(each[name] for each in rounds), 1e-9) for name in scorers}
    return {"texts": len(drawn), **{name: round(len(drawn) / seconds, 1) for name, seconds in took.items()},
            "times_as_fast": round(took["second"] / took["cascade"], 2)}


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
    low: Mapping[str, float],
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
        low: of ``fit_cascade``.
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
        name=name, number=1, format="cascade", labels=second.manifest.labels, model={**stages, "low": dict(low)},
        thresholds=second.manifest.thresholds, data=dict(data), licence=_licence(first.manifest, second.manifest),
        calibration={**scales(second.manifest.calibration), NATURAL: {"kind": "none"}},
        metrics={"headline": _headline(report), "cascade": report}, libraries={"toxmeter": __version__})
    return write_artifact(output, manifest, {}, card=_card(manifest, report), replace=replace_output)


def _measured(answered: int, texts: int, flips: Mapping[str, Flips]) -> dict[str, Any]:
    """What was found on some texts, as plain JSON values."""
    return {"texts": texts, "answered": _share(answered, texts), "flips": {
        name: {"share": _share(each.count, texts),
               "threshold": None if each.threshold is None else round(each.threshold, 6)}
        for name, each in flips.items()}}


def _share(count: int, texts: int) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), (round(each, 5) for each in (count / texts, *share_limits(count, texts))),
                    strict=True))


def _seconds(scorer: Scorer, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    scorer.score(texts)
    return time.perf_counter() - start


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
        f" each of its scores lies below {limits}. `{second}` scores all others. Labels, thresholds and named scales"
        f" are those of `{second}`; what either model is good and bad at, its own card says.", "", "## Use", "",
        "```python", "from toxmeter import load", "",
        'scorer = load("path/to/this/folder")',
        'scores, stage = scorer.score_staged(["Hello, how are you today?"])  # stage: place in scorer.stages', "```",
        "", "It names its models, and does not hold them: the first is looked for at"
        f" `{manifest.model['first']['name']}`, the second at `{manifest.model['second']['name']}`; names with a slash"
        " are paths that begin at this folder. It refuses to load with other versions than the above.", "",
        "## Figures", "",
        f"On {held['texts']:,} texts that did not choose, with 95 % intervals;"
        f" {report['chosen']['texts']:,} others chose. The first model answers"
        f" {share_with_interval(held['answered'])} of the texts. A decision flips where the cascade and `{second}`"
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
