"""The story of a training run, from the recipe to the artifact, top to bottom.

load → split → features → fit → calibrate → test once → save. Configuration ends here: what is called gets
arrays and numbers. This module prints nothing; progress goes to a callback.
"""

from __future__ import annotations

import dataclasses
import io
import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter import __version__
from toxmeter.artifact import MANIFEST, Artifact, Manifest, write_artifact
from toxmeter.data.read import Rows, read_rows
from toxmeter.data.split import assign, without
from toxmeter.errors import InputError
from toxmeter.evaluation.calibration import fit_platt
from toxmeter.labels import JIGSAW
from toxmeter.models.hashed import FILES, HashedScorer
from toxmeter.training.card import model_card
from toxmeter.training.fold import make_fold
from toxmeter.training.hashed import Table, fit_table, matrix
from toxmeter.training.report import headline, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from toxmeter.recipe import Recipe

__all__ = ["train"]

Floats = npt.NDArray[np.float64]

Report = Callable[[str, float], None]
"""Told what happens now, and how much of it is done, in [0, 1]."""

_TRAIN, _VALIDATION, _TEST = 0, 1, 2


def train(
    recipe: Recipe, data: Path, output: Path, *, replace: bool = False, report: Report | None = None
) -> Artifact:
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
        InputError: when data or the output folder cannot be used, a label has one class only, or the fit
            does not learn.
        MissingExtra: without pyarrow or scipy.
    """
    tell = report or (lambda _what, _share: None)
    if output.exists() and not (replace and (output / MANIFEST).is_file()):  # not after minutes of work
        raise InputError(f"{output} exists already: name another folder, or remove it first")
    tell("reading data", 0.0)
    natural = _natural_rows(recipe.data.natural, data)
    shares = (1 - recipe.data.validation - recipe.data.test, recipe.data.validation)
    part = assign(natural.texts, shares, recipe.seed)
    validation, test = natural.take(part == _VALIDATION), natural.take(part == _TEST)
    rows, weight = _training_rows(recipe, data, natural.take(part == _TRAIN), validation, test)
    _check_parts(train=rows, validation=validation, test=test)
    tell("finding features", 0.0)
    rows, weight = _with_spaced(rows, weight, recipe.train.spaced, recipe.seed)
    fold = make_fold()
    present = matrix(rows.texts, fold, recipe.model.bits)
    steps = recipe.train.iterations
    table = fit_table(present, rows.labels, weight, penalty=recipe.train.penalty, iterations=steps,
                      progress=lambda step, loss: tell(f"fitting, loss {loss:.4f}", step / steps))
    if not table.loss < 0.98 * table.chance:
        raise InputError(f"the fit did not learn: loss {table.loss:.4f}, constant answers {table.chance:.4f}")
    tell("calibrating and testing", 0.0)
    arrays = dict(zip(FILES, (table.rows, fold.page_of, fold.pages), strict=True))
    thresholds = dict.fromkeys(JIGSAW.names, recipe.train.threshold)

    def scorer(scale: Floats, bias: Floats) -> HashedScorer:
        return HashedScorer(table.rows, fold, scale.tolist(), bias.tolist(), labels=JIGSAW,
                            thresholds=thresholds, version="", window=recipe.model.window)

    slope, intercept = _calibrate(scorer(table.scale, table.bias), validation)
    final = scorer(slope * table.scale, slope * table.bias + intercept)
    metrics = measure(final, test.texts, test.labels, seed=recipe.seed)
    manifest = _manifest(recipe, table, slope, intercept, thresholds, metrics,
                         {"train": rows.origin, "validation": validation.origin, "test": test.origin})
    return write_artifact(output, manifest, {name: _npy(array) for name, array in arrays.items()},
                          card=model_card(manifest), replace=replace)


def _natural_rows(name: str, data: Path) -> Rows:
    """The rows that are split and measured on: each label of each of them has to be known."""
    natural = read_rows(name, data, JIGSAW)
    for column, label in enumerate(JIGSAW.names):
        missing = int(np.isnan(natural.labels[:, column]).sum())
        if missing:
            raise InputError(f"data.natural: {missing} of {len(natural.texts)} rows of {name!r} have no label"
                             f" {label!r}: name a preset that has every label")
    return natural


def _check_parts(**parts: Rows) -> None:
    for name, rows in parts.items():
        if not rows.texts:
            raise InputError(f"no rows left for {name}: name more data")


def _training_rows(
    recipe: Recipe, data: Path, natural: Rows, validation: Rows, test: Rows
) -> tuple[Rows, Floats]:
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
    for column, name in enumerate(JIGSAW.names):
        truth = validation.labels[:, column] >= 0.5
        if truth.all() or not truth.any():
            raise InputError(f"label {name!r} has one class only in the validation rows: name more data, or a"
                             " larger data.validation")
        pairs.append(fit_platt(logit[:, column], truth))
    slope, intercept = np.array(pairs).T
    return slope, intercept


def _manifest(
    recipe: Recipe,
    table: Table,
    slope: Floats,
    intercept: Floats,
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
