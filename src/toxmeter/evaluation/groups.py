"""The same figures for parts of the rows: texts about a group, and texts of like length.

A good calibration over all rows can hide a bad one for some. This module compares parts with all rows; the
AUCs that set a group against the others are those of the bias section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.decisions import RATES, outcomes, rates, resampled
from toxmeter.evaluation.metrics import bootstrap_auc, brier_score, expected_calibration_error, roc_auc
from toxmeter.evaluation.plain import LEAST, listed, plain, plain_interval
from toxmeter.evaluation.thresholds import reaches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LENGTHS", "by_group", "by_length"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

LENGTHS = (50, 200, 1_000)
"""Characters of the longest text of each class of lengths but the last."""

_CALIBRATION = ("ece", "ece_equal_mass", "brier")


def by_group(
    labels: Floats,
    scores: npt.NDArray[np.floating[Any]],
    groups: Mapping[str, Floats],
    thresholds: Mapping[str, float],
    names: Sequence[str],
    *,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Calibration, ROC-AUC and decisions for the texts of each group.

    Args:
        labels: ``[n, k]`` in [0, 1], a label counts from .5 on; NaN where not known.
        scores: ``[n, k]`` probabilities; rows in which one is NaN are left out of its label.
        groups: per group ``[n]`` in [0, 1] how much a text is of it, counted from .5 on; NaN where not known.
        thresholds: per label, from which probability on a text has it.
        names: of the ``k`` labels.
        resamples: of the bootstraps.
        seed: of the bootstraps.

    Returns:
        plain JSON values: ``all`` and, per group, ``groups``: ``rows``, and ``labels`` with per label
        ``rows``, ``positives``, ``mean_score``, ``ece``, ``ece_equal_mass``, ``brier``, and with intervals
        ``auc``, ``precision``, ``recall``, ``f1`` and ``false_positive_rate``. None where fewer than ten rows
        (of either class, for ROC-AUC, precision and F1; with the label for recall, without it for false
        positives) tell. And ``notes``.
    """
    limits = np.array([thresholds[name] for name in names], np.float64)
    truth = np.where(np.isnan(labels) | ~np.isfinite(scores), np.nan, labels >= 0.5)
    known = np.nan_to_num(scores.astype(np.float64))
    notes: list[str] = []

    def part(title: str, rows: Truth) -> dict[str, Any]:
        found = _part(truth[rows], known[rows], limits, names, resamples, seed)
        notes.extend(_notes(title, found))
        return found

    return {"all": part("all rows", np.ones(len(truth), np.bool_)),
            "groups": {name: part(name, share >= 0.5) for name, share in groups.items()},  # false where NaN
            "notes": notes}


def by_length(
    texts: Sequence[str],
    labels: Floats,
    scores: npt.NDArray[np.floating[Any]],
    thresholds: Mapping[str, float],
    names: Sequence[str],
    *,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """``by_group`` with texts of like length as groups, split at ``LENGTHS`` characters; see there."""
    length = np.array([len(text) for text in texts], np.int64)
    place = np.searchsorted(LENGTHS, length)
    least = [0, *(most + 1 for most in LENGTHS)]
    titles = [*(f"{low}–{high} characters" for low, high in zip(least, LENGTHS, strict=False)),
              f"over {LENGTHS[-1]} characters"]
    groups = {title: (place == each).astype(np.float64) for each, title in enumerate(titles)}
    return by_group(labels, scores, groups, thresholds, names, resamples=resamples, seed=seed)


def _part(
    truth: Floats, scores: Floats, limits: Floats, names: Sequence[str], resamples: int, seed: int
) -> dict[str, Any]:
    """The figures of some rows."""
    if len(truth) < LEAST:
        return {"rows": len(truth), "labels": None}
    given = reaches(scores, limits)
    one, many = outcomes(truth, given), resampled(truth, given, repeats=resamples, seed=seed)
    drawn = bootstrap_auc(truth, scores, repeats=resamples, seed=seed)
    labels = {}
    for column, name in enumerate(names):
        known = ~np.isnan(truth[:, column])
        true, score = truth[known, column] == 1, scores[known, column]
        positives, negatives = int(true.sum()), int((~true).sum())
        enough = {"recall": positives >= LEAST, "false_positive_rate": negatives >= LEAST}
        both = min(positives, negatives) >= LEAST
        labels[name] = {
            "rows": len(true), "positives": positives,
            **(_calibration(true, score) if len(true) >= LEAST else dict.fromkeys(("mean_score", *_CALIBRATION))),
            "auc": plain_interval(roc_auc(true, score), drawn[:, column]) if both else None,
            **{rate: figure if enough.get(rate, both) else None
               for rate, figure in rates(one, many, column, RATES).items()}}
    return {"rows": len(truth), "labels": labels}


def _calibration(true: Truth, score: Floats) -> dict[str, float | None]:
    return {"mean_score": plain(score.mean()),
            "ece": plain(expected_calibration_error(true, score)),
            "ece_equal_mass": plain(expected_calibration_error(true, score, equal_mass=True)),
            "brier": plain(brier_score(true.astype(np.float64), score))}


def _notes(title: str, part: Mapping[str, Any]) -> list[str]:
    """What could not be measured in a part of the rows, in at most three lines."""
    if part["labels"] is None:
        return [f"{title}: {part['rows']} rows, a figure needs {LEAST}"]
    missing: dict[str, list[str]] = {}
    for name, figures in part["labels"].items():
        positives, negatives = figures["positives"], figures["rows"] - figures["positives"]
        if positives < LEAST:
            missing.setdefault("with", []).append(f"{name} ({positives})")
        if negatives < LEAST:
            missing.setdefault("without", []).append(f"{name} ({negatives})")
    lost = {"with": "recall", "without": "false positive rate"}
    return [f"{title}: fewer than {LEAST} rows {which} the label {listed(names)}: no ROC-AUC, precision, F1 and"
            f" {lost[which]}" for which, names in missing.items()]
