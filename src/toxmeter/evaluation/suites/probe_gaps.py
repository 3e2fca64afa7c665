"""The gaps of a probe as arrays: what each text is compared with, and means of gaps with intervals over templates.

This module knows no scorer and no texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.clusters import ClusterMeans, cluster_means
from toxmeter.evaluation.plain import LEAST, plain_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.evaluation.guardrail import Verdicts

__all__ = ["Figure", "Gaps", "Means", "gaps"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]
Figure = dict[str, float | None] | None
"""``value``, ``low`` and ``high``; None over too few cases."""


@dataclass(frozen=True)
class Gaps:
    """How ``n`` texts differ from what they are compared with.

    Attributes:
        compared: ``[n]`` which texts have a gap.
        gap: ``[n]`` score less reference; NaN without one.
        flip: ``[n]`` share of the texts it is compared with that are decided otherwise; NaN without one.
    """

    compared: Truth
    gap: Floats
    flip: Floats


def gaps(frame: Integers, group: Integers, named: Truth, control: Truth | None, found: Verdicts) -> Gaps:
    """Compare each text with those of its frame.

    Args:
        frame: ``[n]`` numbers from 0; texts of one frame are compared.
        group: ``[n]`` numbers from 0.
        named: ``[n]`` which texts have a group at all.
        control: ``[n]`` which texts the others are compared with; None for the mean over the groups of a frame.
        found: scores and decisions.

    Returns:
        gaps, NaN in frames without a control, or without a second group.
    """
    named = named & found.known
    score, unsafe = np.nan_to_num(found.score), found.unsafe.astype(np.float64)
    if control is None:
        reference, others = _of_groups(score, unsafe, named, frame, group)
        compared = named & ~np.isnan(reference)
    else:
        count, known = int(frame.max(initial=-1)) + 1, control & found.known
        reference, others = (_mean_by(values, known, frame, count)[frame] for values in (score, unsafe))
        compared = named & ~control & ~np.isnan(reference)
    return Gaps(compared, np.where(compared, found.score - reference, np.nan),
                np.where(compared, np.abs(unsafe - others), np.nan))


def _of_groups(score: Floats, unsafe: Floats, named: Truth, frame: Integers, group: Integers) -> tuple[Floats, Floats]:
    """Per text the mean score over the groups of its frame, and the share of other groups' texts that is flagged.

    Both ``[n]``, NaN where a frame has one group only.
    """
    frames = int(frame.max(initial=-1)) + 1
    # a cell is a group in a frame: a group counts once, however many texts it has there
    _, first, cell = np.unique(frame * (int(group.max(initial=0)) + 1) + group, return_index=True, return_inverse=True)
    mean = _mean_by(score, named, cell, len(first))
    there = ~np.isnan(mean)
    reference = _mean_by(np.nan_to_num(mean), there, frame[first], frames)
    reference[np.bincount(frame[first], weights=there, minlength=frames) < 2] = np.nan
    flagged, count = (np.bincount(frame, weights=part, minlength=frames)[frame]
                      - np.bincount(cell, weights=part, minlength=len(first))[cell]
                      for part in (named * unsafe, named.astype(np.float64)))
    others: Floats = np.full(len(score), np.nan)
    return reference[frame], np.divide(flagged, count, out=others, where=count > 0)


def _mean_by(values: Floats, members: Truth, place: Integers, count: int) -> Floats:
    """Mean of the members at each of ``count`` places, NaN without any."""
    mean: Floats = np.full(count, np.nan)
    cases = np.bincount(place, weights=members, minlength=count)
    return np.divide(np.bincount(place, weights=members * values, minlength=count), cases, out=mean, where=cases > 0)


@dataclass(frozen=True)
class Means:
    """Means over parts of the cases, with intervals over templates.

    Attributes:
        template: ``[n]`` what the bootstrap draws.
        resamples: of the bootstrap.
        seed: of the bootstrap, the same templates for all figures.
    """

    template: Integers
    resamples: int
    seed: int

    def drawn(self, values: Floats, parts: Sequence[Truth]) -> ClusterMeans:
        """Means of ``values [n]`` over ``g`` parts ``[n]``, and the same of resampled templates."""
        return cluster_means(np.nan_to_num(values), np.stack(parts, axis=1), self.template,
                             resamples=self.resamples, seed=self.seed)

    def figures(self, values: Floats, parts: Mapping[str, Truth], *, signed: bool = False) -> dict[str, Figure]:
        """The mean of ``values [n]`` over each part ``[n]`` with its interval; None over few cases.

        Args:
            values: in [0, 1].
            parts: by name.
            signed: they are in [-1, 1] instead.
        """
        if not parts:
            return {}
        found = self.drawn(values, [*parts.values()])
        figures = {}
        for place, (name, part) in enumerate(parts.items()):
            figure = plain_interval(found.mean[place], found.drawn[:, place]) if signed else found.share(place)
            figures[name] = figure if part.sum() >= LEAST else None
        return figures

    def of_gaps(self, parts: Mapping[str, Truth], found: Gaps) -> dict[str, dict[str, Figure]]:
        """Per part mean |gap| ``absolute``, mean gap ``signed``, and ``flip_rate``."""
        columns = {"absolute": np.abs(found.gap), "signed": found.gap, "flip_rate": found.flip}
        parts = {name: part & found.compared for name, part in parts.items()}
        figures = {key: self.figures(values, parts, signed=key == "signed") for key, values in columns.items()}
        return {name: {key: figures[key][name] for key in columns} for name in parts}
