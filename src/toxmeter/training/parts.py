"""From a recipe and a data folder to the rows that a run trains, chooses and reports on.

No near-copy of a row that is measured on, or that others evaluate with, is trained on. This module does not
tokenise and fits nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.data.dilute import dilute
from toxmeter.data.read import Rows, labels_of, read_rows
from toxmeter.data.split import TEST, TRAIN, VALIDATION, crossing, folds, split, without
from toxmeter.errors import InputError
from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.recipe import Recipe

__all__ = ["Parts", "fold_parts", "prepare"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """The rows of a run.

    Attributes:
        labels: what the columns of all labels mean.
        train: rows to fit, of all sets.
        weight: ``[n]`` what each of them counts.
        validation: rows that choose the checkpoint, thresholds and calibration.
        test: rows that are reported, once.
    """

    labels: LabelSet
    train: Rows
    weight: Floats
    validation: Rows
    test: Rows

    def digest(self) -> str:
        """Of all that fits and chooses, as sha256: texts, labels and weights, but not the test rows."""
        found = hashlib.sha256()
        for part in (self.train, self.validation):
            found.update(part.labels.tobytes())
            for text in part.texts:
                found.update(text.encode("utf-8", "surrogatepass") + b"\0")
        if (self.weight != 1).any():
            found.update(self.weight.tobytes())
        return found.hexdigest()


def prepare(recipe: Recipe, data: Path | None) -> Parts:
    """The parts that a recipe asks for.

    Args:
        recipe: names the sets and how the main one is split.
        data: folder of the data files; None to fetch presets from the Hugging Face hub.

    Raises:
        InputError: when a set cannot be used, a label is known nowhere, or a part would be empty.
        MissingExtra: without pyarrow.
    """
    labels, main = _main_rows(recipe, data)
    part = split(main, recipe.data.split, recipe.data.validation, recipe.data.test, recipe.seed)
    return _parts(recipe, data, labels, main, part)


def fold_parts(recipe: Recipe, data: Path | None, count: int) -> list[Parts]:
    """The parts of each fold of a cross-validation: that fold is tested, the others train and validate.

    Validation rows are drawn from the other folds, in the share that the recipe names.

    Raises:
        InputError: as ``prepare``, and when there are fewer than two folds.
    """
    if count < 2:
        raise InputError(f"--folds {count}: a cross-validation needs at least 2")
    labels, main = _main_rows(recipe, data)
    fold = folds(main, count, recipe.seed)
    found = []
    for tested in range(count):
        part = np.full(len(fold), TEST)
        others = main.take(fold != tested)
        share = recipe.data.validation
        part[fold != tested] = split(Rows(others.texts, others.labels, others.origin, others.group), "stratified",
                                     share, 0.0, recipe.seed)
        found.append(_parts(recipe, data, labels, main, part))
    return found


def _main_rows(recipe: Recipe, data: Path | None) -> tuple[LabelSet, Rows]:
    """The label set of the model, and the rows of the main set that have at least one known label."""
    name, files = recipe.data.main, recipe.data.files
    own = recipe.labels
    labels = LabelSet(own.names, own.kind, own.toxic) if own else labels_of(name, data, files)
    rows = read_rows(name, data, labels, files)
    known = ~np.isnan(rows.labels)
    for column, label in enumerate(labels.names):
        if not known[:, column].any():
            raise InputError(f"data.main: no row of {name!r} has a label {label!r}: name a set that has every label")
    usable = np.asarray(known.any(axis=1))
    if recipe.data.rows and usable.sum() > recipe.data.rows:
        chosen = np.random.default_rng(recipe.seed).permutation(np.flatnonzero(usable))[: recipe.data.rows]
        usable = np.isin(np.arange(len(usable)), chosen)
    return labels, rows.take(usable)


def _parts(recipe: Recipe, data: Path | None, labels: LabelSet, main: Rows, part: npt.NDArray[np.int64]) -> Parts:
    validation, test = main.take((part == VALIDATION) & _long(main.texts, recipe)), main.take(part == TEST)
    train, weight = _training_rows(recipe, data, labels, main.take(part == TRAIN), [*validation.texts, *test.texts])
    for name, rows in (("train", train), ("validation", validation), ("test", test)):
        if not rows.texts:
            mend = "name more data" + (f", or another share in data.{name}" if name != "train" else "")
            fewer = ", or fewer data.min_words" if recipe.data.min_words and name != "test" else ""
            raise InputError(f"no rows left {f'for {name}' if name != 'train' else 'to train on'}: {mend}{fewer}")
    # a set's own split, or groups split by hash, may have put near-copies on both sides; the reader should know
    both = {"near_copies_of_validation_rows": len(crossing(validation, test))}
    return Parts(labels, train, weight, validation, replace(test, origin=test.origin | both))


def _long(texts: Sequence[str], recipe: Recipe) -> npt.NDArray[np.bool_]:
    """Which texts have the words that the recipe asks of them, ``[n]``."""
    return np.array([len(text.split()) >= recipe.data.min_words for text in texts], np.bool_)


def _declared(rows: Rows) -> Rows:
    """Without the rows that a set declares to be for validation or for testing."""
    return rows if rows.part is None else rows.take(np.array([part == "train" for part in rows.part], np.bool_))


def _training_rows(
    recipe: Recipe, data: Path | None, labels: LabelSet, main: Rows, measured: list[str]
) -> tuple[Rows, Floats]:
    """All rows to train on, with what each counts."""
    files = recipe.data.files
    main_weight = getattr(recipe.train, "main_weight", 1.0)
    sets = [(main, main_weight, 0.0)]
    sets += [(_declared(read_rows(source.set, data, labels, files)), source.weight, source.diluted)
             for source in recipe.data.sources]
    banned = list(measured)
    for name in recipe.data.keep_out:
        banned += read_rows(name, data, None, files).texts
    texts = [text for rows, *_ in sets for text in rows.texts]
    every = np.concatenate([rows.labels for rows, *_ in sets])
    # what says nothing goes first, or it would be what is kept of two copies
    usable = np.flatnonzero(~np.isnan(every).all(axis=1) & _long(texts, recipe))
    kept_of_usable = without([texts[place] for place in usable.tolist()], banned)
    keep = np.isin(np.arange(len(texts)), usable[kept_of_usable])
    weight, diluted = (np.repeat([each[column] for each in sets], [len(each[0].texts) for each in sets])
                       for column in (1, 2))
    origin = {"rows": int(keep.sum()), "left_out_as_near_copies": int((~kept_of_usable).sum()),
              "sets": [rows.origin | {"weight": worth} | ({"diluted": share} if share else {})
                       for rows, worth, share in sets]}
    rows = Rows([text for text, kept in zip(texts, keep, strict=True) if kept], every[keep], origin)
    return _diluted(rows, diluted[keep], labels, recipe.seed), weight[keep]


def _diluted(rows: Rows, share: Floats, labels: LabelSet, seed: int) -> Rows:
    """Rows of which the shares ``[n]`` of their sets follow a harmless beginning."""
    if not share.any():
        return rows
    toxic = rows.labels[:, [labels.id(name) for name in labels.toxic]]
    harmless = [rows.texts[place] for place in np.flatnonzero((toxic < 0.5).all(axis=1)).tolist()]
    if not labels.toxic or not harmless:
        raise InputError("data.sources: diluted needs harmless rows to take beginnings of, and there are none: name a"
                         " set that has some, or set it to 0")
    texts, places = list(rows.texts), np.flatnonzero(share).tolist()
    longer = dilute([texts[place] for place in places], harmless, share[places], seed)
    for place, text in zip(places, longer, strict=True):
        texts[place] = text
    return replace(rows, texts=texts)
