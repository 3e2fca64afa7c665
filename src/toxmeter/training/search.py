"""Searching for better settings: Optuna over fields of a recipe, in a study that can be interrupted.

A trial fits the recipe with other values and counts what the validation rows say; test rows are not looked at.
The n-th trial depends on the seed and the trials before it, so a search that was interrupted tries what one in
a single go tries. One process at a time works on a study. This module trains no final model: ``best.toml`` in
the folder of the search is a recipe for that.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toxmeter.data.presets import PRESETS
from toxmeter.errors import InputError, RecipeError, TrainingError
from toxmeter.evaluation.plots import curves_plot, importance_plot
from toxmeter.recipe.checks import contradictions
from toxmeter.recipe.fitting import FineTuning
from toxmeter.recipe.schema import Recipe
from toxmeter.recipe.values import arms, locate
from toxmeter.recipe.write import plain, to_toml, toml_value
from toxmeter.training.parts import prepare
from toxmeter.training.study import Settings, Study, Trial

if TYPE_CHECKING:
    from toxmeter.training.parts import Parts
    from toxmeter.training.run import Report

__all__ = ["SearchResult", "overrides", "search", "with_field"]

_HOW = """search.space is empty: say in the recipe what to vary, for instance
[[search.space]]
field = "train.lr"
low = 1e-5
high = 1e-4
log = true"""

_BARE = r"[A-Za-z0-9][A-Za-z0-9_./-]*"
"""A text that needs no quotes on the command line."""


@dataclass(frozen=True)
class SearchResult:
    """What a search has found.

    Attributes:
        trials: those that are over, in their order.
        best: the completed trial with the highest value; None if none was completed.
        monitor: validation metric of the values; ``-loss`` where the recipe monitors the loss.
        importance: per field, its share in the variance of the values (fANOVA, Hutter et al. 2014); empty with
            too few trials.
    """

    trials: tuple[Trial, ...]
    best: Trial | None
    monitor: str
    importance: Mapping[str, float]


def search(
    recipe: Recipe,
    data: Path | None,
    output: Path,
    *,
    trials: int | None = None,
    storage: str | None = None,
    report: Report | None = None,
) -> SearchResult:
    """Make the trials of a study that are still to do, and write what all of them have found.

    Args:
        recipe: with ``[[search.space]]``; its other fields hold for all trials.
        data: folder of the data files; None to fetch presets from the Hugging Face hub.
        output: folder for the study (``study.db``), ``trials.json``, ``best.toml`` and plots; weights are not kept.
        trials: how many in all, those of earlier runs included, instead of the recipe's.
        storage: URL of another database for the study.
        report: told about progress.

    Raises:
        InputError: when there is nothing to vary, or the study was begun with other settings or rows.
        MissingExtra: without optuna.
    """
    total = recipe.search.trials if trials is None else trials
    _check(recipe, total)
    output.mkdir(parents=True, exist_ok=True)
    tell = report or (lambda _what, _share: None)
    with Study.open(recipe, storage or f"sqlite:///{output.absolute() / 'study.db'}") as study:
        for number in study.interrupted():
            shutil.rmtree(_folder(output, number), ignore_errors=True)
        tell("reading data", study.finished / total)
        parts = prepare(recipe, data)
        study.check_rows(parts.digest())
        # trials that vary the data, or the seed that splits them, each have parts of their own
        varied = any(dimension.field.startswith(("data.", "seed")) for dimension in recipe.search.space)
        while study.finished < total:
            number, settings = study.ask()
            try:
                tried = _with_all(recipe, settings)
                _try(study, tried, prepare(tried, data) if varied else parts, _folder(output, number),
                     _part_of(study, total, tell))
            except (InputError, RecipeError, TrainingError) as err:
                study.fail(str(err))
            _write(recipe, study, output)
        result = SearchResult(study.trials(), study.best(), study.monitor, study.importance())
    if result.best:
        (output / "history.png").write_bytes(_history(result.trials, result.monitor))
    if result.importance:
        (output / "importance.png").write_bytes(importance_plot(
            result.importance, title=f"Share in the variance of {result.monitor} over the trials"))
    return result


def with_field(recipe: Recipe, path: str, value: str | float | bool) -> Recipe:
    """The recipe with another value in one field.

    Args:
        recipe: stays as it is.
        path: of the field, for instance ``train.lr`` or ``data.sources.0.weight``.
        value: of the field's type; a float without a fraction stands for a whole number.

    Raises:
        InputError: when there is no such field.
    """
    keys = path.split(".")
    found = locate(Recipe, keys, (type(recipe.model), type(recipe.train)))
    if found is None:
        raise InputError(f"{path!r} is no field of a recipe: toxmeter recipes fields lists them")
    if int in arms(found[0]) and isinstance(value, float) and value.is_integer():
        value = int(value)
    changed: Recipe = _put(recipe, keys, value, path)
    return changed


def overrides(settings: Settings) -> list[str]:
    """Settings as what follows ``--set`` on the command line: ``train.lr=3e-05``."""
    return [f"{path}={value if isinstance(value, str) and re.fullmatch(_BARE, value) else toml_value(value)}"
            for path, value in settings.items()]


def _check(recipe: Recipe, total: int) -> None:
    if not recipe.search.space:
        raise InputError(_HOW)
    if not isinstance(recipe.train, FineTuning):
        raise InputError('a search fine-tunes networks: model.format has to be "transformer" or "bag"')
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError("a search runs in one process: start it without torchrun")
    if total < 1:
        raise InputError(f"--trials {total}: at least 1")


def _put(node: Any, keys: Sequence[str], value: object, path: str) -> Any:  # noqa: ANN401 - a part of a recipe
    """The node with another value below it."""
    if not keys:
        return value
    key, *rest = keys
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        return dataclasses.replace(node, **{key: _put(getattr(node, key), rest, value, path)})
    if isinstance(node, Mapping):
        return MappingProxyType({**node, key: _put(node.get(key), rest, value, path)})
    if isinstance(node, tuple) and key.isdecimal() and int(key) < len(node):
        at = int(key)
        return (*node[:at], _put(node[at], rest, value, path), *node[at + 1 :])
    raise InputError(f"{path!r}: this recipe has nothing there")


def _with_all(recipe: Recipe, settings: Settings) -> Recipe:
    for path, value in settings.items():
        recipe = with_field(recipe, path, value)
    if problems := [*contradictions(recipe, PRESETS, (type(recipe.model), type(recipe.train)))]:
        raise RecipeError(recipe.name, [f"{path}: {problem}" for path, problem in problems])
    return recipe


def _folder(output: Path, number: int) -> Path:
    return output / f"trial-{number}"


def _part_of(study: Study, total: int, tell: Report) -> Report:
    """Reports of a trial as reports of the search."""
    done, best = study.finished, study.best()
    so_far = f", best {best.value:.4f}" if best and best.value is not None else ""
    return lambda what, share: tell(f"trial {done + 1} of {total}{so_far}: {what}", (done + share) / total)


def _try(study: Study, recipe: Recipe, parts: Parts, folder: Path, report: Report) -> None:
    """Make the trial that was asked for, as one run; its weights are not kept. An interrupted one stays open."""
    from toxmeter.training.finetune import fit  # imports torch

    assert isinstance(recipe.train, FineTuning), "told before"  # noqa: S101
    callback = study.callback()
    once = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, soup=1))
    try:
        fitted = fit(once, parts, folder, report=report, callbacks=[callback])
        study.tell(fitted.best, "-loss" if fitted.monitor == "loss" else fitted.monitor, pruned=callback.pruned)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(recipe: Recipe, study: Study, output: Path) -> None:
    """The trials, and the recipe with the best settings, anew after each trial."""
    trials, best = study.trials(), study.best()
    document = {"recipe": recipe.name, "monitor": study.monitor, "best": best and best.number,
                "space": plain(recipe.search.space), "trials": [dataclasses.asdict(trial) for trial in trials]}
    (output / "trials.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    if best:
        head = (f"# {recipe.name} with the best settings of {len(trials)} trials, those of number {best.number}:"
                f" {study.monitor} {best.value:.4f} on the validation rows\n\n")
        (output / "best.toml").write_text(head + to_toml(_with_all(recipe, best.settings)), "utf-8")


def _history(trials: Sequence[Trial], monitor: str) -> bytes:
    """The value of each trial, and the best of the complete ones until then."""
    values = [(float(trial.number), trial.value) for trial in trials if trial.value is not None]
    best, reached = [], float("-inf")
    for trial in trials:
        if trial.state == "complete" and trial.value is not None:
            reached = max(reached, trial.value)
            best.append((float(trial.number), reached))
    return curves_plot({"trial": [values], "best so far": [best]}, monitor,
                       f"{monitor} of the validation rows over the trials", xlabel="trial")
