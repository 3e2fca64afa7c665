"""The story of a hashed table, from its rows to the artifact, top to bottom.

features → fit → calibrate → test once → save. Configuration ends here: what is called gets arrays and numbers.
This module prints nothing; progress goes to a callback.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.data.read import Rows
from toxmeter.errors import InputError, TrainingError
from toxmeter.evaluation.calibration import fit_platt
from toxmeter.evaluation.quality import headline, measure
from toxmeter.models.hashed import FILES, HashedScorer
from toxmeter.models.ngrams import COLUMNS
from toxmeter.recipe.fitting import HashedModel, LinearTraining
from toxmeter.recipe.write import plain
from toxmeter.training.card import model_card
from toxmeter.training.fold import make_fold
from toxmeter.training.hashed import fit_table, matrix
from toxmeter.training.origin import libraries, origins

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.recipe import Recipe
    from toxmeter.training.parts import Parts
    from toxmeter.training.run import Report

__all__ = ["train_table"]

Floats = npt.NDArray[np.float64]


def train_table(recipe: Recipe, parts: Parts, output: Path, *, replace: bool, report: Report) -> Artifact:
    """Fit, calibrate, test and save a hashed table; see ``toxmeter.training.run.train``.

    Raises:
        InputError: when the labels are not those of a table, a label has one class only, or a label is not known.
        TrainingError: when the fit does not learn.
        MissingExtra: without scipy.
    """
    shape, how = recipe.model, recipe.train
    assert isinstance(shape, HashedModel), "the recipe reader pairs them"  # noqa: S101
    assert isinstance(how, LinearTraining), "the recipe reader pairs them"  # noqa: S101
    if parts.labels.kind != "multilabel" or len(parts.labels) > COLUMNS - 2:
        raise InputError(f"model.format: a hashed table has at most {COLUMNS - 2} labels, of kind multilabel; data.main"
                         f" has {len(parts.labels)}, of kind {parts.labels.kind}: set model.format to \"transformer\"")
    _check_labels(parts, recipe.data.main)
    validation, test = parts.validation, parts.test
    report("finding features", 0.0)
    rows, weight = _with_spaced(parts.train, parts.weight, how.spaced, recipe.seed)
    fold = make_fold()
    present = matrix(rows.texts, fold, shape.bits)
    steps = how.iterations
    table = fit_table(present, rows.labels, weight, penalty=how.penalty, iterations=steps,
                      progress=lambda step, loss: report(f"fitting, loss {loss:.4f}", step / steps))
    if not table.loss < 0.98 * table.chance:
        raise TrainingError(f"the fit did not learn: loss {table.loss:.4f}, constant answers {table.chance:.4f}")
    report("calibrating and testing", 0.0)
    arrays = dict(zip(FILES, (table.rows, fold.page_of, fold.pages), strict=True))
    thresholds = dict.fromkeys(parts.labels.names, how.threshold)

    def scorer(scale: Floats, bias: Floats) -> HashedScorer:
        return HashedScorer(table.rows, fold, scale.tolist(), bias.tolist(), labels=parts.labels,
                            thresholds=thresholds, version="", window=shape.window)

    slope, intercept = _calibrate(scorer(table.scale, table.bias), validation)
    final = scorer(slope * table.scale, slope * table.bias + intercept)
    metrics = measure(final, test.texts, test.labels, seed=recipe.seed)
    manifest = Manifest(
        name=recipe.name, number=recipe.number, licence=recipe.licence, format="hashed", labels=parts.labels,
        model={"bits": shape.bits, "window": shape.window, "scale": table.scale.tolist(), "bias": table.bias.tolist()},
        thresholds=thresholds,
        calibration={"natural": {"kind": "platt", "slope": slope.tolist(), "intercept": intercept.tolist()}},
        recipe=plain(recipe), data=origins(parts) | {"train": rows.origin},
        metrics={"headline": headline(metrics), "test": metrics,
                 "train_loss": round(table.loss, 5), "chance_loss": round(table.chance, 5)},
        libraries=libraries("numpy", "scipy", "pyarrow"))
    return write_artifact(output, manifest, {name: _npy(array) for name, array in arrays.items()},
                          card=model_card(manifest), replace=replace)


def _check_labels(parts: Parts, name: str) -> None:
    """The table's calibration and report need each label of each row that is measured on."""
    for rows in (parts.validation, parts.test):
        for column, label in enumerate(parts.labels.names):
            missing = int(np.isnan(rows.labels[:, column]).sum())
            if missing:
                raise InputError(f"data.main: {missing} of {len(rows.texts)} rows of {name!r} to measure on have no"
                                 f" label {label!r}: name a set that has every label")


def _with_spaced(rows: Rows, weight: Floats, share: float, seed: int) -> tuple[Rows, Floats]:
    """The rows, and a share of them once more as spaced-out texts; a copy counts what its row does."""
    chosen = np.flatnonzero(np.random.default_rng(seed).random(len(rows.texts)) < share)
    texts = rows.texts + [" ".join(rows.texts[row].replace(" ", "")) for row in chosen]
    every = np.concatenate([np.arange(len(rows.texts)), chosen])
    return Rows(texts, rows.labels[every], rows.origin | {"spaced_copies": len(chosen)}), weight[every]


def _calibrate(raw: HashedScorer, validation: Rows) -> tuple[Floats, Floats]:
    """Slope and intercept per label, ``[k]`` each, from the validation rows."""
    probability = np.clip(raw.score(validation.texts).astype(np.float64), 1e-12, 1 - 1e-7)
    logit = np.log(probability / (1 - probability))
    pairs = []
    for column, name in enumerate(raw.labels.names):
        truth = validation.labels[:, column] >= 0.5
        if truth.all() or not truth.any():
            raise InputError(f"label {name!r} has one class only in the validation rows: name more data, or a"
                             " larger data.validation")
        pairs.append(fit_platt(logit[:, column], truth))
    slope, intercept = np.array(pairs).T
    return slope, intercept


def _npy(array: npt.NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
