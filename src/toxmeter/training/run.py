"""A training run, from the recipe to the artifact.

load → split → (fit → calibrate → thresholds → test once → save), the latter by what is trained: a hashed table
(``linear.py``) or a transformer (``transformer.py``). This module prints nothing; progress goes to a callback.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from toxmeter.artifact import MANIFEST
from toxmeter.errors import InputError
from toxmeter.recipe.fitting import HashedModel
from toxmeter.training.linear import train_table
from toxmeter.training.parts import prepare

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.artifact import Artifact
    from toxmeter.recipe import Recipe
    from toxmeter.training.parts import Parts

__all__ = ["Report", "build", "train"]

Report = Callable[[str, float], None]
"""Told what happens now, and how much of it is done, in [0, 1]."""


def train(
    recipe: Recipe,
    data: Path | None,
    output: Path,
    *,
    replace: bool = False,
    resume: bool = False,
    keep_checkpoints: bool = False,
    report: Report | None = None,
) -> Artifact:
    """Train a model by a recipe.

    Args:
        recipe: what to train.
        data: the folder with the data files that its presets name; None to fetch them from the Hugging Face hub.
        output: the artifact folder to write; checkpoints go to a folder beside it.
        replace: take the place of an artifact that is there already.
        resume: go on from the last checkpoint of an interrupted run, to the same result.
        keep_checkpoints: leave the checkpoints when all is done.
        report: told about progress.

    Returns:
        the artifact, written and verified.

    Raises:
        InputError: when data or the output folder cannot be used, or a label has one class only.
        TrainingError: when nothing is learnt, or checkpoints are of another run.
        MissingExtra: without what the extra ``train`` installs.
    """
    _check_output(output, replace=replace)
    if report:
        report("reading data", 0.0)
    return build(recipe, prepare(recipe, data), output, replace=replace, resume=resume,
                 keep_checkpoints=keep_checkpoints, report=report)


def build(
    recipe: Recipe,
    parts: Parts,
    output: Path,
    *,
    replace: bool = False,
    resume: bool = False,
    keep_checkpoints: bool = False,
    report: Report | None = None,
) -> Artifact:
    """Fit, calibrate, test and save a model on rows that are split already; otherwise as ``train``."""
    _check_output(output, replace=replace)
    tell = report or (lambda _what, _share: None)
    if isinstance(recipe.model, HashedModel):
        return train_table(recipe, parts, output, replace=replace, report=tell)
    from toxmeter.training.transformer import train_transformer  # imports torch

    return train_transformer(recipe, parts, output, replace=replace, resume=resume,
                             keep_checkpoints=keep_checkpoints, report=tell)


def _check_output(output: Path, *, replace: bool) -> None:
    """Told before the work, not after hours of it."""
    if output.exists() and not (replace and (output / MANIFEST).is_file()):
        raise InputError(f"{output} exists already: name another folder, or remove it first")
