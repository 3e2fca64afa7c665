"""Cross-validation: a model for each fold, tested on that fold; mean and spread of what the tests say.

Small reports are kept, weights only on request. An interrupted cross-validation goes on with the fold that it
was in. This module knows no metric: it averages the headline of whatever was trained.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from toxmeter.artifact import MANIFEST, Artifact
from toxmeter.errors import InputError
from toxmeter.files import write_whole
from toxmeter.recipe.write import plain
from toxmeter.training.energy import Cost
from toxmeter.training.parts import fold_parts
from toxmeter.training.run import build

if TYPE_CHECKING:
    from toxmeter.recipe import Recipe
    from toxmeter.training.parts import Parts
    from toxmeter.training.run import Report

__all__ = ["crossval", "summary_table"]


def crossval(
    recipe: Recipe,
    data: Path | None,
    output: Path,
    *,
    folds: int = 5,
    resume: bool = False,
    keep_models: bool = False,
    report: Report | None = None,
) -> dict[str, Any]:
    """Cross-validate a recipe.

    Args:
        recipe: what to train, once per fold.
        data: folder of the data files; None to fetch presets from the Hugging Face hub.
        output: folder for ``crossval.json``, ``crossval.md`` and a report ``fold-1.json`` … of each fold.
        folds: how many, at least 2.
        resume: keep the folds that are done and go on with the others.
        keep_models: keep the artifact of each fold in ``fold-1`` …
        report: told about progress.

    Returns:
        plain JSON values: ``folds`` – per fold its number, test rows, headline metrics and cost; ``mean`` and ``sd``
        – per headline metric, sd being that of a sample; None where a fold has no value; ``cost`` – of all folds.

    Raises:
        InputError: when there are too few folds or rows, or the folder holds another cross-validation.
        TrainingError: when a fold learns nothing.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError("a cross-validation runs in one process: start it without torchrun")
    tell = report or (lambda _what, _share: None)
    tell("reading data", 0.0)
    parts = fold_parts(recipe, data, folds)
    asked = {"recipe": plain(recipe), "folds": folds, "rows": [part.digest() for part in parts]}
    _check_output(output, asked, resume=resume)
    output.mkdir(parents=True, exist_ok=True)
    found = []
    for number, part in enumerate(parts, start=1):
        before, folder = output / f"fold-{number}.json", output / f"fold-{number}"
        if not before.is_file():
            metrics = _fold(recipe, part, folder, resume=resume, report=_part_of(number, folds, tell))
            write_whole(before, json.dumps(asked | {"fold": number, "metrics": metrics}, indent=1) + "\n")
            if not keep_models:  # after the report is there, so that no work is lost in between
                shutil.rmtree(folder, ignore_errors=True)
        elif keep_models and not folder.is_dir():
            raise InputError(f"{before} was made without --keep-models, and its model is gone: remove the file, and"
                             " the fold is trained again")
        found.append(json.loads(before.read_text("utf-8"))["metrics"])
    result = {"recipe": recipe.name, **_summary(found)}
    write_whole(output / "crossval.json", json.dumps(result, indent=1) + "\n")
    write_whole(output / "crossval.md", _page(result))
    return result


def summary_table(result: Mapping[str, Any]) -> list[list[str]]:
    """A cross-validation as rows of cells: a head, the folds, and mean ± sd."""
    names = list(result["mean"])
    rows = [["fold", "test rows", *names]]
    rows += [[str(fold["fold"]), str(fold["rows"]), *(_number(fold["headline"][name]) for name in names)]
             for fold in result["folds"]]
    both = [f"{_number(result['mean'][name])} ± {_number(result['sd'][name])}" for name in names]
    return [*rows, ["mean ± sd", "", *both]]


def _check_output(output: Path, asked: Mapping[str, Any], *, resume: bool) -> None:
    """Folds of another cross-validation cannot be averaged with ours."""
    done = sorted(output.glob("fold-*"))
    if done and not resume:
        raise InputError(f"{output} holds folds of a cross-validation: go on with --resume, or remove it")
    for file in (each for each in done if each.suffix == ".json"):
        try:
            report = json.loads(file.read_text("utf-8"))
            same = all(report[key] == json.loads(json.dumps(value)) for key, value in asked.items())
        except (OSError, ValueError, LookupError, TypeError) as err:
            raise InputError(f"{file}: no report of a fold ({err}); remove it") from err
        if not same:
            raise InputError(f"{file} is of another recipe, number of folds or data: resume with what it was begun"
                             " with, or name another --output")


def _fold(recipe: Recipe, parts: Parts, folder: Path, *, resume: bool, report: Report) -> dict[str, Any]:
    """The metrics of a fold, from its artifact if that is there already."""
    artifact = Artifact.open(folder) if (folder / MANIFEST).is_file() else build(
        recipe, parts, folder, resume=resume, report=report)
    return dict(artifact.manifest.metrics)


def _part_of(number: int, folds: int, tell: Report) -> Report:
    return lambda what, share: tell(f"fold {number} of {folds}: {what}", (number - 1 + share) / folds)


def _summary(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    folds = [{"fold": number, "rows": each["test"]["rows"], "headline": each["headline"], "cost": each.get("cost")}
             for number, each in enumerate(metrics, start=1)]
    values = {name: [each["headline"].get(name) for each in metrics] for name in metrics[0]["headline"]}
    costs = [Cost.from_dict(each["cost"]) for each in metrics if each.get("cost")]
    total = costs[0] if costs else None
    for cost in costs[1:]:
        total = total + cost if total else cost
    return {"folds": folds,
            "mean": {name: None if None in each else round(fmean(each), 6) for name, each in values.items()},
            "sd": {name: None if None in each else round(stdev(each), 6) for name, each in values.items()},
            "cost": total and total.to_dict()}


def _page(result: Mapping[str, Any]) -> str:
    head, *rows = summary_table(result)
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
    cost = result["cost"]
    energy = f", {cost['energy_kwh']:.3g} kWh, {cost['co2_kg']:.3g} kg CO2" if cost and cost["co2_kg"] else ""
    return (f"# {result['recipe']}: cross-validation with {len(result['folds'])} folds\n\n" + "\n".join(lines)
            + "\n\nEach fold is tested by a model that was trained on the others. sd is that of a sample. The models"
            " share most of their training rows, so it understates what new training rows would change."
            + (f"\n\nCost of all folds: {cost['seconds']:.0f} s{energy}." if cost else "") + "\n")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
