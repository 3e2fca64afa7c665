"""Keep your thresholds: a model's probabilities on the scale of the system that it replaces.

From texts with that system's scores, a rising curve per label is fitted; ``scale.py`` saves it. The curve goes
through the conditional median: where it reaches a threshold, the other system's score is as likely above as below,
so that decisions at that threshold agree as often as any curve can make them. Ranks, and so the ROC-AUC, stay what
they are. This module does not make a model better, and replaces no labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.split import assign
from toxmeter.errors import InputError
from toxmeter.evaluation.classification import positive_column
from toxmeter.evaluation.metrics import spearman
from toxmeter.evaluation.plain import LEAST, listed, plain, plain_interval
from toxmeter.evaluation.thresholds import reaches
from toxmeter.extras import need
from toxmeter.models.calibrated import NATURAL, rescaled
from toxmeter.models.scorer import check_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import FloatArray, Scorer

__all__ = ["THRESHOLD", "fit_transfer"]

THRESHOLD = 0.7
"""Where a label has no threshold of the user: what Perspective's makers advise to begin with."""

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

_LEAST_ROWS = 200
_LEAST_SIDES = (20, LEAST)  # rows on each side of the threshold, among those to fit and those held out
_LEVELS = 32
_IDENTITY = [0.0, 1.0]


def fit_transfer(
    scorer: Scorer,
    texts: Sequence[str],
    reference: Floats,
    *,
    held_out: float = 0.3,
    thresholds: Mapping[str, float] | None = None,
    seed: int = 0,
    resamples: int = 1_000,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit the scale of another system, and measure how well decisions at its thresholds then agree.

    Args:
        scorer: on its natural scale; of a multilabel set, or a binary one, where the positive label is fitted.
        texts: ``n`` texts.
        reference: ``[n, k]`` scores of the other system in [0, 1] for the labels of the scorer, NaN where it has none.
            A label without any keeps its natural scale.
        held_out: share of the rows that only measure; near-copies are never on both sides.
        thresholds: per label, the other system's; ``THRESHOLD`` where nothing is said. A label that is named here
            must be fitted; of the others, those with too few rows keep their natural scale.
        seed: of the split and the bootstrap.
        resamples: of the bootstrap behind the 95 % intervals.

    Returns:
        the calibration, as ``toxmeter.models.calibrated`` describes a named scale; and plain JSON values: ``version``,
        ``rows``, ``held_out``, ``seed``, ``not_fitted``, ``notes``, and ``labels`` – per fitted label its
        ``threshold``, the rows ``fitted_on`` and ``held_out``, ``agreement`` (share of decisions that are the same)
        and Cohen's ``kappa`` (beyond chance) ``before``, ``after`` and as paired ``difference``, the shares
        ``flagged`` by ``reference``, ``before`` and ``after``, ``spearman``, ``mean_gap`` ``before`` and ``after``.
        All figures but ``fitted_on`` are of held-out rows.

    Raises:
        InputError: when rows are too few on a side of a threshold, a score is outside [0, 1], a threshold outside
            (0, 1), or the labels of the scorer exclude each other and are more than two.
        LabelError: when a threshold names a label that the scorer does not have.
        MissingExtra: without scikit-learn.
    """
    labels, rows = scorer.labels, check_texts(texts)
    limits = _thresholds(labels, thresholds or {})
    there = _columns(labels, reference, len(rows))
    must = {labels.id(name) for name in thresholds or {}}
    if not 0 < held_out < 1:
        raise InputError(f"held-out share {held_out:g}: it lies between 0 and 1, .3 for instance")
    part = assign(rows, (1 - held_out,), seed)
    reference = reference.astype(np.float32).astype(np.float64)  # as scores are stored, so that .7 reaches .7
    few = {column: problem for column in there
           if (problem := _too_few(labels.names[column], reference[:, column], part, limits[column]))}
    columns = [column for column in there if column not in few]
    _check_named(labels, must, there, few)
    scores = _scores(scorer, rows)
    curves = [(_IDENTITY, _IDENTITY)] * len(labels)
    for column in columns:
        fit = (part == 0) & ~np.isnan(reference[:, column])
        curves[column] = _curve(scores[fit, column].astype(np.float64), reference[fit, column], limits[column])
    calibration = _calibration(labels, columns, curves, limits)
    moved = rescaled(scores, labels.kind, calibration)
    found = {}
    for column in columns:
        known = ~np.isnan(reference[:, column])
        test = (part == 1) & known
        found[labels.names[column]] = {
            "threshold": limits[column], "fitted_on": int((known & (part == 0)).sum()),
            **_measure(reference[test, column], scores[test, column], moved[test, column], limits[column], resamples,
                       seed)}
    left = [name for column, name in enumerate(labels.names) if column not in columns and labels.kind == "multilabel"]
    return calibration, {"version": scorer.version, "rows": len(rows), "held_out": held_out, "seed": seed,
                         "labels": found, "not_fitted": left,
                         "notes": [*_unfitted(labels, left, few), *_unimproved(found)]}


def _thresholds(labels: LabelSet, given: Mapping[str, float]) -> list[float]:
    """The threshold of each column."""
    limits = [THRESHOLD] * len(labels)
    for name, value in given.items():
        if not 0 < value < 1:
            raise InputError(f"threshold {name} is {value:g}: it lies between 0 and 1, both excluded")
        limits[labels.id(name)] = float(value)
    return limits


def _columns(labels: LabelSet, reference: Floats, rows: int) -> list[int]:
    """The columns that can be fitted."""
    if labels.kind == "multiclass":
        raise InputError(f"the labels {', '.join(labels.names)} exclude each other: their scores move together, so that"
                         " none can be put on a scale of its own. Use a multilabel or binary model")
    if reference.shape != (rows, len(labels)):
        raise InputError(f"reference has shape {reference.shape}; {rows} texts and {len(labels)} labels need"
                         f" {(rows, len(labels))}")
    wrong = np.flatnonzero(((reference < 0) | (reference > 1)).any(axis=1))
    if len(wrong):
        raise InputError(f"reference: row {wrong[0]} has a score outside [0, 1]")
    columns = [positive_column(labels)] if labels.kind == "binary" else list(range(len(labels)))
    there = [column for column in columns if not np.isnan(reference[:, column]).all()]
    if not there:
        raise InputError(f"no scores to learn from: none of {', '.join(labels.names[column] for column in columns)} has"
                         " one")
    return there


def _too_few(name: str, reference: Floats, part: npt.NDArray[np.int64], threshold: float) -> str:
    """What is missing, and the mend; empty where rows are enough."""
    known, high = ~np.isnan(reference), reaches(reference, threshold)
    fit, held = ([int((known & (part == side) & (high == above)).sum()) for above in (True, False)] for side in (0, 1))
    if known.sum() >= _LEAST_ROWS and min(fit) >= _LEAST_SIDES[0] and min(held) >= _LEAST_SIDES[1]:
        return ""
    return (f"{name}: {known.sum():,} rows with a score; {fit[0]} of those to fit are at {threshold:g} or over and"
            f" {fit[1]} below, of those held out {held[0]} and {held[1]}. {_LEAST_ROWS} rows are needed, and to fit"
            f" {_LEAST_SIDES[0]} on either side, held out {_LEAST_SIDES[1]}: give more rows, or another threshold for"
            f" {name}")


def _check_named(labels: LabelSet, must: set[int], there: Sequence[int], few: Mapping[int, str]) -> None:
    """Whether some label can be fitted, and those that must be."""
    if unknown := [labels.names[column] for column in sorted(must - set(there))]:
        raise InputError(f"{listed(unknown)}: a threshold is given, but no score of the other system: name the column"
                         " that holds it, or leave the threshold out")
    if refused := [problem for column, problem in few.items() if column in must or len(few) == len(there)]:
        raise InputError("; ".join(refused))


def _scores(scorer: Scorer, rows: list[str]) -> FloatArray:
    scores = scorer.score(rows)
    wrong = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if len(wrong):
        raise InputError(f"{scorer.version}: texts[{wrong[0]}] has a score that is no number, as {len(wrong):,} of"
                         f" {len(rows):,} texts have: the model is broken, fetch or train it again")
    return scores


def _curve(score: Floats, reference: Floats, threshold: float) -> tuple[list[float], list[float]]:
    """Knots, strictly rising, of the median of the reference given the score.

    The median reaches a level where a row is at least as likely at or over it as under it, which an isotonic
    regression of "at or over" on the score tells. The threshold is one of the levels, so that it is met exactly.
    """
    least = min(1 / (len(score) + 2), threshold / 2, (1 - threshold) / 2)  # n rows show no rarer chance than 1 in n
    levels = np.unique([*np.quantile(reference, np.linspace(0.02, 0.98, _LEVELS)), threshold])
    levels = levels[(levels > least) & (levels < 1 - least)]
    distinct = np.unique(score)
    isotonic = need("sklearn.isotonic", extra="evaluate").IsotonicRegression(out_of_bounds="clip")
    reached: dict[int, list[float]] = {}  # levels by the first of the distinct scores that reaches them
    first, end = 0, 1 - least
    for level in levels.tolist():
        at_or_over = reaches(reference, level).astype(np.float64)
        likely = np.flatnonzero(isotonic.fit(score, at_or_over).predict(distinct) >= 0.5)
        if not len(likely):
            below = max((high for group in reached.values() for high in group), default=least)
            end = (below + level) / 2
            break
        first = max(first, int(likely[0]))
        reached.setdefault(first, []).append(level)
    x, y = [0.0], [max(reached.pop(0, [least]))]
    for place, group in reached.items():
        x.append(float(distinct[place - 1] + distinct[place]) / 2)
        y.append(threshold if threshold in group else group[len(group) // 2])
    return [*x, 1.0], [*y, end]


def _calibration(
    labels: LabelSet, columns: list[int], curves: list[tuple[list[float], list[float]]], limits: list[float]
) -> dict[str, Any]:
    found = {labels.names[column]: limits[column] for column in columns}
    if labels.kind == "binary":  # the other label mirrors it
        (column,) = columns
        x, y = curves[column]
        curves[1 - column] = [1 - at for at in reversed(x)], [1 - at for at in reversed(y)]
        found[labels.names[1 - column]] = 1 - limits[column]
    return {"kind": "isotonic", "after": NATURAL, "x": [x for x, _ in curves], "y": [y for _, y in curves],
            "thresholds": found}


def _measure(
    reference: Floats, before: FloatArray, after: FloatArray, threshold: float, resamples: int, seed: int
) -> dict[str, Any]:
    """Agreement with the reference on held-out rows, ``[n]`` each.

    Rows with the same three decisions are alike, so that drawing rows with replacement is one multinomial draw.
    """
    wanted, old, new = (reaches(scores, threshold) for scores in (reference, before, after))
    rows = len(reference)
    kinds = np.bincount(4 * wanted + 2 * old + new, minlength=8)
    drawn = np.random.default_rng(seed).multinomial(rows, kinds / rows, size=resamples)
    counts = np.vstack([kinds, drawn]).reshape(-1, 2, 2, 2)  # row 0 is what was found; wanted, old, new
    tables = {"before": counts.sum(axis=3), "after": counts.sum(axis=2)}
    return {
        "held_out": rows,
        "agreement": _before_after({when: (table[:, 0, 0] + table[:, 1, 1]) / rows for when, table in tables.items()}),
        "kappa": _before_after({when: _kappa(table) for when, table in tables.items()}),
        "flagged": {name: plain(flags.mean()) for name, flags in
                    (("reference", wanted), ("before", old), ("after", new))},
        "spearman": plain(spearman(before.astype(np.float64), reference)),
        "mean_gap": {"before": plain(np.abs(before - reference).mean()),
                     "after": plain(np.abs(after - reference).mean())},
    }


def _before_after(values: Mapping[str, Floats]) -> dict[str, Any]:
    """A figure before and after with its paired difference, each ``[1 + resamples]``."""
    with_difference = {**values, "difference": values["after"] - values["before"]}
    return {name: plain_interval(each[0], each[1:]) for name, each in with_difference.items()}


def _kappa(tables: npt.NDArray[np.int64]) -> Floats:
    """Cohen's kappa: agreement beyond that of chance, 0 for none and 1 for all; NaN where all is of one class.

    Args:
        tables: ``[m, 2, 2]`` counts of rows by both decisions.
    """
    share = tables / tables.sum(axis=(1, 2), keepdims=True)
    chance = (share.sum(axis=1) * share.sum(axis=2)).sum(axis=1)
    agreement = share[:, 0, 0] + share[:, 1, 1]
    return np.where(chance < 1, (agreement - chance) / np.where(chance < 1, 1 - chance, 1), np.nan)


def _unfitted(labels: LabelSet, left: Sequence[str], few: Mapping[int, str]) -> list[str]:
    without = [name for name in left if labels.id(name) not in few]
    told = [f"{problem}; it is kept on the natural scale" for problem in few.values()]
    return [*told, *([f"no scores of the other system for {listed(without)}: kept on the natural scale"] if without
                     else [])]


def _unimproved(found: Mapping[str, Any]) -> list[str]:
    """Which labels a scale is no gain for, as far as the held-out rows tell."""
    worse: list[str] = []
    same: list[str] = []
    beyond: list[str] = []
    for name, figures in found.items():
        agreement, kappa = figures["agreement"]["difference"], figures["kappa"]["difference"]
        if agreement["high"] < 0:
            worse.append(name)
        elif agreement["low"] <= 0:
            (beyond if (kappa["low"] or 0) > 0 else same).append(name)
    told = {"decisions agree less often than before; leave out": worse,
            "these rows do not show that decisions agree more often than before, but better beyond chance (kappa)":
            beyond, "these rows do not show that decisions agree better than before": same}
    return [f"{what}: {listed(names)}" for what, names in told.items() if names]
