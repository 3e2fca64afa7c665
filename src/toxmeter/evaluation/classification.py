"""Decisions against the truth: confusion, accuracy, precision, recall and F1, for every kind of label set.

A multiclass truth is counted in a confusion matrix ``[k, k]``, a multilabel one per label; both become
``Counts``, of which F1 is made. All functions take one such count or a stack of them, as a bootstrap has.
NaN where a figure is not defined. This module does not choose thresholds and knows no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.metrics import label_auc

if TYPE_CHECKING:
    from toxmeter.labels import Kind, LabelSet

__all__ = [
    "Counts",
    "accuracy",
    "bootstrap_confusion",
    "class_counts",
    "confusion_matrix",
    "hard_labels",
    "label_counts",
    "macro_f1",
    "micro_f1",
    "positive_column",
    "precision_recall_f1",
    "validation_metrics",
    "weighted_f1",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Counts(NamedTuple):
    """What precision, recall and F1 are made of.

    Attributes:
        hits: ``[..., k]`` rows that have the label and were given it.
        flagged: ``[..., k]`` rows that were given the label.
        true: ``[..., k]`` rows that have the label.
    """

    hits: Integers
    flagged: Integers
    true: Integers


def hard_labels(kind: Kind, labels: Floats) -> Floats:
    """Soft labels as yes and no.

    Args:
        kind: multilabel: each label from .5 on; binary and multiclass: the largest of the row, of equals
            the first.
        labels: ``[n, k]`` in [0, 1], NaN where not known.

    Returns:
        ``[n, k]``, 1, 0, or NaN where not known; a row of a binary or multiclass set is known whole or not
        at all.
    """
    unknown = np.isnan(labels)
    if kind == "multilabel":
        return np.where(unknown, np.nan, labels >= 0.5)
    one_hot = np.arange(labels.shape[1]) == np.nan_to_num(labels).argmax(axis=1)[:, None]
    return np.where(unknown.any(axis=1, keepdims=True), np.nan, one_hot)


def positive_column(labels: LabelSet) -> int:
    """The column that a binary set is about: the first that is declared toxic, else the last."""
    return labels.toxic_ids[0] if labels.toxic_ids else len(labels) - 1


def confusion_matrix(truth: Integers, decided: Integers, classes: int) -> Integers:
    """How many rows of each class were given each class.

    Args:
        truth: ``[n]`` classes from 0.
        decided: ``[n]`` classes from 0.
        classes: how many there are.

    Returns:
        ``[k, k]``: row = truth, column = decision.
    """
    return np.bincount(truth * classes + decided, minlength=classes**2).reshape(classes, classes)


def bootstrap_confusion(matrix: Integers, *, repeats: int = 1_000, seed: int = 0) -> Integers:
    """Confusion matrices of resampled rows, ``[repeats, k, k]``.

    Rows of one cell are alike, so that drawing n rows with replacement is one multinomial draw.
    """
    total = int(matrix.sum())
    shares = matrix.ravel() / max(total, 1)
    random = np.random.default_rng(seed)
    drawn: Integers = random.multinomial(total, shares, size=repeats) if total else np.zeros(
        (repeats, matrix.size), np.int64)
    return drawn.reshape(repeats, *matrix.shape)


def accuracy(matrix: Integers) -> Floats:
    """Share of the rows on the diagonal of confusion matrices ``[..., k, k]``; ``[...]`` in [0, 1]."""
    return _ratio(matrix.trace(axis1=-2, axis2=-1), matrix.sum(axis=(-2, -1)))


def class_counts(matrix: Integers) -> Counts:
    """The counts per class of confusion matrices ``[..., k, k]``."""
    return Counts(matrix.diagonal(axis1=-2, axis2=-1), matrix.sum(axis=-2), matrix.sum(axis=-1))


def label_counts(truth: Floats, decided: npt.NDArray[np.bool_]) -> Counts:
    """The counts per label of a multilabel truth ``[n, k]`` (1, 0, NaN where not known) and decisions."""
    true, known = truth == 1, ~np.isnan(truth)
    return Counts((true & decided).sum(axis=0), (known & decided).sum(axis=0), true.sum(axis=0))


def precision_recall_f1(counts: Counts) -> tuple[Floats, Floats, Floats]:
    """Per label, hits / flagged, hits / true, and their harmonic mean; ``[..., k]`` each, in [0, 1]."""
    return (_ratio(counts.hits, counts.flagged), _ratio(counts.hits, counts.true),
            _ratio(2 * counts.hits, counts.flagged + counts.true))


def macro_f1(counts: Counts) -> Floats:
    """Mean F1 of the labels; those that are neither true nor flagged anywhere are left out."""
    f1 = precision_recall_f1(counts)[2]
    return _ratio(np.nansum(f1, axis=-1), (~np.isnan(f1)).sum(axis=-1))


def weighted_f1(counts: Counts) -> Floats:
    """Mean F1 of the labels, each weighted by the rows that have it."""
    f1 = precision_recall_f1(counts)[2]
    return _ratio((np.nan_to_num(f1) * counts.true).sum(axis=-1), counts.true.sum(axis=-1))


def micro_f1(counts: Counts) -> Floats:
    """F1 of all labels' decisions taken together; with classes that exclude each other, the accuracy."""
    return _ratio(2 * counts.hits.sum(axis=-1), counts.flagged.sum(axis=-1) + counts.true.sum(axis=-1))


def validation_metrics(kind: Kind, labels: Floats, probability: Floats, *, positive: int = -1) -> dict[str, float]:
    """The figures by which a run is watched while it trains.

    multilabel decides at .5, binary and multiclass by the largest probability. Unlike the test report,
    ``auc`` leaves out labels of which the rows have one class only, since it is compared with itself alone.

    Args:
        kind: of the label set.
        labels: ``[n, k]`` in [0, 1], NaN where not known.
        probability: ``[n, k]``.
        positive: column whose ``auc`` and ``f1`` a binary set shows.

    Returns:
        each in [0, 1], higher is better, NaN where not defined: ``auc`` – binary: of the positive column,
        else the mean of the labels, one against the rest; ``accuracy`` – multilabel: rows whose known
        labels are all right; ``f1`` – binary: of the positive column, multiclass: macro, multilabel:
        micro; ``macro_f1``; ``weighted_f1``.
    """
    truth = hard_labels(kind, labels)
    aucs = label_auc(truth, probability)
    if kind == "multilabel":
        decided, known = probability >= 0.5, ~np.isnan(truth)
        counts = label_counts(truth, decided)
        wrong = (known & (decided != (truth == 1))).any(axis=1)
        rows = known.any(axis=1)
        right, f1 = _ratio((rows & ~wrong).sum(), rows.sum()), micro_f1(counts)
    else:
        rows = ~np.isnan(truth[:, 0])
        matrix = confusion_matrix(truth[rows].argmax(axis=1), probability[rows].argmax(axis=1), truth.shape[1])
        counts = class_counts(matrix)
        right = accuracy(matrix)
        f1 = precision_recall_f1(counts)[2][positive] if kind == "binary" else macro_f1(counts)
    auc = aucs[positive] if kind == "binary" else _ratio(np.nansum(aucs), (~np.isnan(aucs)).sum())
    return {"auc": float(auc), "accuracy": float(right), "f1": float(f1),
            "macro_f1": float(macro_f1(counts)), "weighted_f1": float(weighted_f1(counts))}


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """``part / whole``, NaN where the whole is 0."""
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    ratio: Floats = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    return np.divide(above, below, out=ratio, where=below != 0)
