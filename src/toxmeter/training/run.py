"""The story of a training run, from the recipe to the artifact, top to bottom.

load → split → features → fit → calibrate → test once → save. Configuration ends here: what is called gets
arrays and numbers. This module prints nothing; progress goes to a callback.
"""

from __future__ import annotations

import dataclasses
import io
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter import __version__
from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.data.read import Rows, read_rows
from toxmeter.data.split import assign, without
from toxmeter.errors import InputError
from toxmeter.evaluation.calibration import fit_platt
from toxmeter.labels import JIGSAW
from toxmeter.models.hashed import FILES, HashedScorer
from toxmeter.recipe import Recipe
from toxmeter.training.card import model_card
from toxmeter.training.fold import make_fold
from toxmeter.training.hashed import Table, fit_table, matrix
from toxmeter.training.report import headline, measure

__all__ = ["train"]

Report = Callable[[str, float], None]
"""Told what happens now, and how much of it is done, in [0, 1]."""

_TRAIN, _VALIDATION, _TEST = 0, 1, 2


def train(recipe: Recipe, data: Path, output: Path, *, replace: bool = False, report: Report | None = None) -> Artifact:
    """Train a model by a recipe.

    Args:
        recipe: what to train.
        data: the folder with the data files that its presets name.
        output: the artifact folder to write.
        replace: take the place of an artifact that is there already.
        report: told about progress.

    Returns:
        the artifact, written and verified.

    Raises:
        InputError: when data or the output folder cannot be used, or a label has one class only.
        ToxmeterError: when the fit does not learn.
    """
    tell = report or (lambda _what, _share: None)
    tell("reading data", 0.0)
    natural = read_rows(recipe.data.natural, data, JIGSAW)
    part = assign(natural.texts, (1 - recipe.data.validation - recipe.data.test, recipe.data.validation), recipe.seed)
    validation, test = natural.take(part == _VALIDATION), natural.take(part == _TEST)
    rows, weight = _training_rows(recipe, data, natural.take(part == _TRAIN), validation, test)
    tell("finding features", 0.0)
    rows, weight = _with_spaced(rows, weight, recipe.train.spaced, recipe.seed)
    fold = make_fold()
    present = matrix(rows.texts, fold, recipe.model.bits)
    table = fit_table(present, rows.labels, weight, penalty=recipe.train.penalty, iterations=recipe.train.iterations,
                      progress=lambda step, loss: tell(f"fitting, loss {loss:.4f}", step / recipe.train.iterations))
    if not table.loss < 0.98 * table.chance:
        raise InputError(f"the fit did not learn: loss {table.loss:.4f}, constant answers have {table.chance:.4f}")
    tell("calibrating and testing", 0.0)
    arrays = dict(zip(FILES, (table.rows, fold.index, fold.pages), strict=True))
    raw = HashedScorer(table.rows, fold, table.scale.tolist(), table.bias.tolist(), labels=JIGSAW, thresholds={},
                       version="", window=recipe.model.window)
    slope, intercept = _calibrate(raw, validation)
    thresholds = dict.fromkeys(JIGSAW.names, recipe.train.threshold)
    final = HashedScorer(table.rows, fold, (slope * table.scale).tolist(), (slope * table.bias + intercept).tolist(),
                         labels=JIGSAW, thresholds=thresholds, version="", window=recipe.model.window)
    metrics = measure(final, test.texts, test.labels, seed=recipe.seed)
    manifest = _manifest(recipe, table, slope, intercept, thresholds, metrics,
                         {"train": rows.origin, "validation": validation.origin, "test": test.origin})
    return write_artifact(output, manifest, {name: _npy(array) for name, array in arrays.items()},
                          card=model_card(manifest), replace=replace)


def _training_rows(
    recipe: Recipe, data: Path, natural: Rows, validation: Rows, test: Rows
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """All rows to train on, with what each counts; near-copies of rows that are measured on are left out."""
    sets = [(natural, recipe.train.natural_weight)]
    sets += [(read_rows(source.preset, data, JIGSAW), source.weight) for source in recipe.data.sources]
    banned = [*validation.texts, *test.texts]
    for name in recipe.data.keep_out:
        banned += read_rows(name, data, JIGSAW).texts
    texts = [text for rows, _ in sets for text in rows.texts]
    keep = without(texts, banned)
    labels = np.concatenate([rows.labels for rows, _ in sets])[keep]
    weight = np.concatenate([np.full(len(rows.texts), worth) for rows, worth in sets])[keep]
    origin = {"rows": int(keep.sum()), "left_out_as_near_copies": int((~keep).sum()),
              "sets": [rows.origin | {"weight": worth} for rows, worth in sets]}
    return Rows([text for text, kept in zip(texts, keep, strict=True) if kept], labels, origin), weight


def _with_spaced(
    rows: Rows, weight: npt.NDArray[np.float64], share: float, seed: int
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """The rows, and a share of them once more as spaced-out texts; a copy counts what its row does."""
    chosen = np.flatnonzero(np.random.default_rng(seed).random(len(rows.texts)) < share)
    texts = rows.texts + [" ".join(rows.texts[row].replace(" ", "")) for row in chosen]
    every = np.concatenate([np.arange(len(rows.texts)), chosen])
    return Rows(texts, rows.labels[every], rows.origin | {"spaced_copies": len(chosen)}), weight[every]


def _calibrate(raw: HashedScorer, validation: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Slope and intercept per label, ``[k]`` each, from the validation rows."""
    probability = np.clip(raw.score(validation.texts).astype(np.float64), 1e-12, 1 - 1e-7)
    logit = np.log(probability / (1 - probability))
    pairs = []
    for column, name in enumerate(JIGSAW.names):
        truth = validation.labels[:, column] >= 0.5
        if truth.all() or not truth.any():
            raise InputError(f"label {name!r} has one class only in the validation rows: name more data, or a larger"
                             " data.validation")
        pairs.append(fit_platt(logit[:, column], truth))
    slope, intercept = np.array(pairs).T
    return slope, intercept


def _manifest(
    recipe: Recipe,
    table: Table,
    slope: npt.NDArray[np.float64],
    intercept: npt.NDArray[np.float64],
    thresholds: Mapping[str, float],
    metrics: Mapping[str, Any],
    data: Mapping[str, Any],
) -> Manifest:
    return Manifest(
        name=recipe.name,
        number=recipe.number,
        format="hashed",
        labels=JIGSAW,
        model={"bits": recipe.model.bits, "window": recipe.model.window, "scale": table.scale.tolist(),
               "bias": table.bias.tolist()},
        thresholds=thresholds,
        calibration={"natural": {"kind": "platt", "slope": slope.tolist(), "intercept": intercept.tolist()}},
        recipe=_plain(dataclasses.asdict(recipe)),
        data=data,
        metrics={"headline": headline(metrics), "test": metrics,
                 "train_loss": round(table.loss, 5), "chance_loss": round(table.chance, 5)},
        libraries={"python": platform.python_version(), "toxmeter": __version__,
                   **{name: version(name) for name in ("numpy", "scipy", "pyarrow")}},
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value that TOML holds
    """Tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def _npy(array: npt.NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
