"""Thresholds for a goal: best F1, enough precision or recall, few false alarms – and how firm they are.

A threshold that flags no row with the label is of no use and never chosen. Figures at a threshold that was
chosen on the same rows flatter it a little; the interval of the threshold tells how far another sample would
have moved it. This module changes no scorer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, did_you_mean
from toxmeter.evaluation.decisions import outcomes, rates, resampled
from toxmeter.evaluation.plain import LEAST, plain, plain_interval
from toxmeter.evaluation.thresholds import between

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Goal", "GoalKind", "goal_threshold", "goals", "parse_goal"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
GoalKind = Literal["f1", "precision", "recall", "false-positive-rate"]

_WRITTEN = {"f1": "f1", "precision": "precision>=", "recall": "recall>=", "false-positive-rate": "fpr<="}
_KINDS = {"f1": "f1", "precision": "precision", "recall": "recall", "fpr": "false-positive-rate",
          "false-positive-rate": "false-positive-rate"}
_MEND = "a goal is f1, precision>=P, recall>=R or fpr<=F with a number in [0, 1], for instance precision>=0.9"


@dataclass(frozen=True)
class Goal:
    """What a threshold is to reach.

    Attributes:
        kind: ``f1`` – the best; ``precision`` – at least the bound, with the highest recall; ``recall`` – at
            least the bound, with the highest precision; ``false-positive-rate`` – at most the bound, with
            the highest recall.
        bound: in [0, 1]; None for ``f1``.

    Raises:
        InputError: on construction, for another kind or bound.
    """

    kind: GoalKind
    bound: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(GoalKind):
            raise InputError(f"goal {self.kind!r}{did_you_mean(str(self.kind), get_args(GoalKind))}: {_MEND}")
        if (self.bound is None) != (self.kind == "f1"):
            raise InputError(f"goal {self.kind!r} with the bound {self.bound}: {_MEND}")
        if self.bound is not None and not 0 <= self.bound <= 1:
            raise InputError(f"goal {self.kind!r} with the bound {self.bound}: {_MEND}")

    def __str__(self) -> str:
        return _WRITTEN[self.kind] + ("" if self.bound is None else f"{self.bound:g}")


def parse_goal(text: str) -> Goal:
    """Read ``f1``, ``precision>=0.9``, ``recall>=0.8`` or ``fpr<=0.01``.

    Raises:
        InputError: when it is none of these; names the mend.
    """
    parts = re.fullmatch(r"\s*([\w-]+)\s*(?:([<>=]+)\s*(\S+)\s*)?", text)
    if not parts:
        raise InputError(f"goal {text!r}: {_MEND}")
    name, sign, number = parts.groups()
    if name.lower() not in _KINDS:
        raise InputError(f"goal {text!r}: there is no {name!r}{did_you_mean(name.lower(), [*_KINDS])}; {_MEND}")
    kind: Any = _KINDS[name.lower()]
    wanted = {"f1": None, "false-positive-rate": "<="}.get(kind, ">=")
    if sign != wanted:
        how = "has no bound" if wanted is None else f"takes {wanted} and a number"
        raise InputError(f"goal {text!r}: {name} {how}; {_MEND}")
    try:
        return Goal(kind, None if number is None else float(number))
    except ValueError as err:  # also an InputError, which names the kind only
        raise InputError(f"goal {text!r}: {number!r} is no number in [0, 1]; {_MEND}") from err


def goal_threshold(truth: Truth, score: Floats, goal: Goal) -> float | None:
    """The threshold that serves a goal best (at or over it a text has the label).

    It lies midway between two neighbouring scores, or between the lowest and 0. Of equals, F1 takes the one
    nearest to .5, recall the one with the highest recall, and the others the one that flags the fewest.

    Args:
        truth: ``[n]`` bool.
        score: ``[n]`` in [0, 1].
        goal: what it is to reach.

    Returns:
        None where no threshold reaches the goal.
    """
    values, group = np.unique(-score, return_inverse=True)
    rows = np.bincount(group, minlength=len(values))
    hits = np.bincount(group, weights=truth, minlength=len(values))
    return _choose(-values, hits, rows, goal)


def goals(
    truth: Floats, probability: Floats, names: Sequence[str], wanted: Sequence[Goal], *, resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Thresholds of each label for each goal, and what they reach.

    Args:
        truth: ``[n, k]``, 1, 0, or NaN where not known.
        probability: ``[n, k]`` in [0, 1]; rows in which it is NaN are left out.
        names: of the ``k`` labels.
        wanted: the goals.
        resamples: of the bootstraps.
        seed: of the bootstraps.

    Returns:
        plain JSON values: ``goals`` as text; ``labels`` – per label and goal ``threshold`` (its interval:
        chosen anew in each resample), ``reachable`` (share of resamples in which a threshold reaches the
        goal), and at this threshold ``precision``, ``recall``, ``f1`` and ``false_positive_rate``; or None
        with fewer than ten rows of either class; and ``notes``.
    """
    labels: dict[str, Any] = {}
    notes: list[str] = []
    for column, name in enumerate(names):
        known = ~np.isnan(truth[:, column]) & ~np.isnan(probability[:, column])
        true, score = truth[known, column] == 1, probability[known, column].astype(np.float64)
        if min(true.sum(), (~true).sum()) < LEAST:
            labels[name] = None
            notes.append(f"{name}: {int(true.sum())} rows with the label and {int((~true).sum())} without: to choose a"
                         f" threshold takes {LEAST} of either")
            continue
        drawn = _drawn_thresholds(true, score, wanted, resamples, seed)
        labels[name] = {str(goal): _reached(true, score, goal, again, seed)
                        for goal, again in zip(wanted, drawn, strict=True)}
        notes += [f"{name}: no threshold reaches {goal}" for goal, found in labels[name].items()
                  if found["threshold"]["value"] is None]
        notes += [f"{name}: in {1 - found['reachable']:.0%} of the resamples no threshold reaches {goal}: that it is"
                  " reached is no firm promise" for goal, found in labels[name].items()
                  if found["threshold"]["value"] is not None and found["reachable"] < 0.95]
    return {"goals": [str(goal) for goal in wanted], "labels": labels, "notes": notes}


def _reached(true: Truth, score: Floats, goal: Goal, drawn: Floats, seed: int) -> dict[str, Any]:
    """The threshold of a goal, with its resampled ones ``[repeats]``, and the figures at it."""
    threshold = goal_threshold(true, score, goal)
    truth, given = true[:, None].astype(np.float64), (score >= (2.0 if threshold is None else threshold))[:, None]
    one, many = outcomes(truth, given), resampled(truth, given, repeats=len(drawn), seed=seed)
    figures = rates(one, many, 0)
    if threshold is None:
        figures = {name: plain_interval(None, drawn) for name in figures}
    # not rounded: decisions of rare labels hang on the fifth digit
    shown = {**plain_interval(threshold, drawn), "value": threshold}
    return {"threshold": shown, "reachable": plain((~np.isnan(drawn)).mean()), **figures}


def _drawn_thresholds(true: Truth, score: Floats, wanted: Sequence[Goal], repeats: int, seed: int) -> list[Floats]:
    """Per goal, the thresholds ``[repeats]`` of resampled rows; NaN where none reaches it. Sorts once."""
    random = np.random.default_rng(seed)
    values, group = np.unique(-score, return_inverse=True)
    found = [np.full(repeats, np.nan) for _ in wanted]
    for repeat in range(repeats):
        rows = random.integers(0, len(true), len(true))
        there = np.bincount(group[rows], minlength=len(values))
        hits = np.bincount(group[rows[true[rows]]], minlength=len(values))
        kept = there > 0
        for each, goal in zip(found, wanted, strict=True):
            threshold = _choose(-values[kept], hits[kept], there[kept], goal)
            if threshold is not None:
                each[repeat] = threshold
    return found


def _choose(values: Floats, hits: npt.NDArray[Any], rows: npt.NDArray[Any], goal: Goal) -> float | None:
    """The threshold among falling distinct scores ``[m]``, of which each has so many hits and rows."""
    flagged, caught = np.cumsum(rows), np.cumsum(hits)
    if not len(values) or not caught[-1]:
        return None
    all_rows, positives = flagged[-1], caught[-1]
    precision, recall = caught / flagged, caught / positives
    if goal.kind == "f1":
        merit, allowed = 2 * caught / (flagged + positives), caught > 0
    elif goal.kind == "precision":
        merit, allowed = recall, precision >= goal.bound
    elif goal.kind == "recall":
        merit, allowed = precision, recall >= goal.bound
    else:
        negatives = all_rows - positives
        merit, allowed = recall, (flagged - caught) / negatives <= goal.bound if negatives else caught < 0
    merit = np.where(allowed & (caught > 0), merit, -1.0)
    best = np.flatnonzero(merit == merit.max())
    if merit[best[0]] < 0:
        return None
    threshold = between(values, np.append(values[1:], 0.0))
    if goal.kind == "f1":
        return float(threshold[best[np.abs(threshold[best] - 0.5).argmin()]])
    return float(threshold[best[-1 if goal.kind == "recall" else 0]])
