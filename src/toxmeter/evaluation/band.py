"""How far the first scorer of a cascade may answer: chosen on some texts, measured on others.

A decision flips at a threshold where the cascade and its second scorer lie on different sides of it. What counts is
the threshold of a range at which most texts flip, for each label that means toxic and for "any of them". Texts need
no labels, since the second scorer is the truth here. This module builds no cascade, and does not know how good either
scorer is.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, LabelError
from toxmeter.extras import need
from toxmeter.models.deferral import Deferral, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toxmeter.labels import LabelSet

__all__ = ["ANY", "RANGE", "Band", "Flips", "Seen", "choose_band", "share_limits", "simulate", "worst_flips"]

ANY = "any toxic label"
"""What decisions by the largest toxic score (of labels that exclude each other, by their sum) are called."""

RANGE = (0.3, 0.9)
"""Thresholds at which decisions shall hold."""

Floats = npt.NDArray[np.floating[Any]]


class Seen(NamedTuple):
    """What both scorers of a cascade say of some texts and of their windows.

    Attributes:
        texts: ``[n, k]`` probabilities by the first scorer, of whole texts.
        first: ``[m, k]`` by the first, of windows as the second reads them.
        second: ``[m, k]`` by the second, of these windows.
        owners: ``[m]`` the text that each window is of, in rising order from 0, each at least once.
    """

    texts: Floats
    first: Floats
    second: Floats
    owners: npt.NDArray[np.int64]

    @property
    def truth(self) -> npt.NDArray[np.float32]:
        """``[n, k]`` probabilities of texts by the second."""
        return joined(self.second.astype(np.float32), np.ones(len(self.owners), np.bool_), self.owners)[0]


@dataclass(frozen=True)
class Flips:
    """Flipped decisions at the threshold that has most of them.

    Attributes:
        count: of texts that flip there.
        texts: how many there are.
        threshold: the lowest one with so many; None where no text flips at any.
    """

    count: int
    texts: int
    threshold: float | None

    @property
    def share(self) -> float:
        """Of the texts, in [0, 1]."""
        return self.count / max(self.texts, 1)


@dataclass(frozen=True)
class Band:
    """What a first scorer may answer, and how that went on the texts that it was chosen on.

    Attributes:
        deferral: the rule, with a low for each toxic label; all 0 where the first may answer nothing.
        texts: how many texts it was chosen on.
        answered: how many of them the first answers.
        flips: per toxic label and for ``ANY``.
        limit: upper end of what the share of flips may be elsewhere, by the confidence that was asked for.
    """

    deferral: Deferral
    texts: int
    answered: int
    flips: Mapping[str, Flips]
    limit: float


def choose_band(
    seen: Seen,
    labels: LabelSet,
    *,
    flips: float = 0.003,
    at: tuple[float, float] = RANGE,
    confidence: float = 0.95,
) -> Band:
    """The lows with which the first scorer answers most texts, while few decisions flip.

    Lows are proportional to the square root of a label's mean score, so that a rare label has a lower one, and rise
    together until flips would be too many. A search for each low by itself answers as many texts, but fits the lows
    to the few texts that flip, and then breaks its promise on others. None is higher than ``at[0]``, since no text
    shall be called harmless by a score that is not.

    Args:
        seen: what both scorers say of the texts that choose.
        labels: of both; what means toxic is looked at.
        flips: largest share of texts that may flip, for any decision at any threshold of the range.
        at: lowest and highest threshold.
        confidence: that the share is no larger among texts like these, in [.5, 1): its upper limit (Clopper and
            Pearson 1934) is held to ``flips``. With .5 the share that was seen is.

    Returns:
        a band; its ``answered`` is 0 where even the most harmless texts flip too often.

    Raises:
        InputError: when there are too few texts to tell a share so small, shapes differ, a score is NaN, or an option
            is out of its range.
        LabelError: when no label means toxic.
        MissingExtra: without scipy.
    """
    _check_seen(seen, labels, at)
    if not (0 < flips < 1 and 0.5 <= confidence < 1):
        raise InputError(f"flips {flips:g} and confidence {confidence:g}: the first lies between 0 and 1, the second"
                         " in [.5, 1)")
    count = len(seen.texts)
    _check_enough(count, flips, confidence)
    texts, first, second = (each.astype(np.float32) for each in (seen.texts, seen.first, seen.second))
    seen = Seen(texts, first, second, seen.owners)  # in float32, as scorers give them
    toxic = list(labels.toxic_ids)
    names = [labels.names[column] for column in toxic]
    slope = np.sqrt(np.maximum(seen.texts[:, toxic].mean(axis=0, dtype=np.float64), 1 / count))
    truth = seen.truth

    def band(height: float) -> Band:
        rule = Deferral(dict(zip(names, np.minimum(height * slope, at[0]).tolist(), strict=True)))
        scores, _, by_second = simulate(seen, rule, labels)
        found = worst_flips(scores, truth, labels, at=at)
        most = max(each.count for each in found.values())
        limit = share_limits(most, count, 2 * confidence - 1)[1] if confidence > 0.5 else most / count
        return Band(rule, count, int((~by_second).sum()), found, limit)

    # what is not read any more at some height is not read at a higher one, so that flips never become fewer, at no
    # threshold; and nothing changes but at the height of a score
    own, whole = (scores[:, toxic] / slope for scores in (seen.first, seen.texts))
    heights = [*np.unique(np.concatenate([own, whole * Deferral.dilution])).tolist(), np.inf]
    place = bisect_left(heights, True, key=lambda height: band(height).limit > flips)
    found = band(heights[max(place - 1, 0)])
    return found if found.answered else band(0.0)


def simulate(
    seen: Seen, deferral: Deferral, labels: LabelSet
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """What a ``CascadeScorer`` with this rule says of texts whose scores are known.

    Args:
        seen: the scores.
        deferral: the rule.
        labels: what the columns mean.

    Returns:
        scores ``[n, k]``; ``[m]``: whether the second reads a window; and ``[n]``: whether it answers a text.
    """
    unsure = deferral.texts(seen.texts, labels)
    read = deferral.windows(seen.first, seen.owners, labels) & unsure[seen.owners]
    scores, by_second = joined(np.where(read[:, None], seen.second, seen.first), read, seen.owners)
    return np.where(unsure[:, None], scores, seen.texts), read, by_second


def worst_flips(
    one: Floats, other: Floats, labels: LabelSet, *, at: tuple[float, float] = RANGE
) -> dict[str, Flips]:
    """Decisions that two scorers take differently, at the threshold at which most do; over all thresholds, exactly.

    Args:
        one: ``[n, k]`` probabilities, of a cascade for instance.
        other: ``[n, k]``, of its second scorer.
        labels: what the columns mean.
        at: lowest and highest threshold; a score decides as yes from the threshold on, in float32.

    Returns:
        per toxic label, and for ``ANY`` where there are several.

    Raises:
        InputError: when shapes differ or a score is NaN.
        LabelError: when no label means toxic.
    """
    _check(one, other, labels, at)
    one, other = one.astype(np.float32), other.astype(np.float32)
    found = {labels.names[column]: _worst(one[:, column], other[:, column], at) for column in labels.toxic_ids}
    if len(found) > 1:
        found[ANY] = _worst(labels.toxicity(one), labels.toxicity(other), at)
    return found


def share_limits(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Both limits of a share (Clopper and Pearson 1934), which hold however small it is.

    Args:
        count: how often something was seen.
        total: among so many, at least 1.
        confidence: that the share lies within; half of the rest is left beyond either limit.

    Raises:
        MissingExtra: without scipy.
    """
    quantile = need("scipy.special", extra="evaluate").betaincinv
    beyond = (1 - confidence) / 2
    low = float(quantile(count, total - count + 1, beyond)) if count else 0.0
    high = float(quantile(count + 1, total - count, 1 - beyond)) if count < total else 1.0
    return low, high


def _worst(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], at: tuple[float, float]) -> Flips:
    """A text flips at thresholds over its lower score, up to its higher one: how many such ranges overlap at most."""
    low, high = np.minimum(one, other), np.minimum(np.maximum(one, other), np.float32(at[1]))
    begins = np.maximum(low, np.nextafter(np.float32(at[0]), np.float32(-1)))
    ranges = begins < high
    # most overlap at the end of some range: beyond it there is one less
    begins, ends = np.sort(begins[ranges]), np.sort(high[ranges])
    if not len(ends):
        return Flips(0, len(one), None)
    begun = np.searchsorted(begins, ends, side="left")
    overlap = begun - np.searchsorted(ends, ends, side="left")
    most = int(overlap.argmax())
    lowest = np.nextafter(begins[begun[most] - 1], np.float32(1))  # it is the same from the last begin on
    return Flips(int(overlap[most]), len(one), float(lowest))


def _check_seen(seen: Seen, labels: LabelSet, at: tuple[float, float]) -> None:
    _check(seen.texts, seen.texts, labels, at)
    _check(seen.first, seen.second, labels, at)
    if not np.array_equal(np.unique(seen.owners), np.arange(len(seen.texts))) or (np.diff(seen.owners) < 0).any():
        raise InputError(f"owners of windows are not the {len(seen.texts):,} texts in rising order")


def _check(one: Floats, other: Floats, labels: LabelSet, at: tuple[float, float]) -> None:
    if one.shape != other.shape or one.ndim != 2 or one.shape[1] != len(labels):
        raise InputError(f"scores of shapes {one.shape} and {other.shape}: both need a row for each text and a column"
                         f" for each of {len(labels)} labels")
    if not labels.toxic_ids:
        raise LabelError(f"none of {', '.join(labels.names)} means toxic, so there is no decision to hold")
    if not 0 < at[0] <= at[1] <= 1:
        raise InputError(f"thresholds from {at[0]:g} to {at[1]:g}: they lie over 0, at most at 1, in rising order")
    wrong = np.flatnonzero(np.isnan(one).any(axis=1) | np.isnan(other).any(axis=1))
    if len(wrong):
        raise InputError(f"row {wrong[0]} has a score that is NaN, as {len(wrong):,} of {len(one):,} rows have: one of"
                         " the models is broken")


def _check_enough(texts: int, flips: float, confidence: float) -> None:
    """Without any flip, the upper limit of their share is ``1 - (1 - confidence)^(1 / texts)``."""
    least = int(np.ceil(np.log(1 - confidence) / np.log1p(-flips)))
    if texts < least:
        raise InputError(f"{texts:,} texts to choose on: that no more than {flips:g} of all flip is seen, with a"
                         f" confidence of {confidence:g}, on {least:,} or more. Give more texts (they need no labels),"
                         " or allow more flips")
