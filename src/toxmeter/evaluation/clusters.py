"""Bootstraps over clusters: cases made from one template stand or fall together, so templates are drawn, not cases.

This module decides nothing; where every case is its own cluster it is the plain bootstrap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.plain import plain_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ClusterMeans", "cluster_auc", "cluster_means"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


class ClusterMeans(NamedTuple):
    """Means of ``g`` groups of cases.

    Attributes:
        mean: ``[g]``, NaN of an empty group.
        drawn: ``[resamples, g]`` the same of resampled clusters, NaN where a group drew no case, and throughout where
            it lies in one cluster, which tells nothing about others.
        clusters: ``[g]`` in how many clusters each group lies.
    """

    mean: Floats
    drawn: Floats
    clusters: Integers

    def share(self, group: int) -> dict[str, float | None]:
        """The mean of a group whose values lie in [0, 1], with its interval."""
        return plain_interval(self.mean[group], self.drawn[:, group], share_of=int(self.clusters[group]))


def cluster_means(values: Floats, members: Truth, clusters: Integers, *, resamples: int, seed: int) -> ClusterMeans:
    """Means of groups of cases, and the same of resampled clusters.

    Args:
        values: ``[n]`` or ``[n, g]``, of each case, for each group.
        members: ``[n, g]`` which cases are in each group.
        clusters: ``[n]`` the cluster of each case.
        resamples: of the bootstrap.
        seed: of the bootstrap, the same clusters for every group.
    """
    place = np.unique(clusters, return_inverse=True)[1]
    count = int(place.max()) + 1 if len(place) else 0
    sums, cases = np.zeros((count, members.shape[1])), np.zeros((count, members.shape[1]))
    np.add.at(sums, place, np.where(members, values if values.ndim == 2 else values[:, None], 0.0))
    np.add.at(cases, place, members)
    drawn = np.full((resamples, members.shape[1]), np.nan)
    for row, weights in enumerate(_weights(count, resamples, seed)):
        drawn[row] = _ratio(weights @ sums, weights @ cases)
    lies_in = (cases > 0).sum(axis=0)
    drawn[:, lies_in < 2] = np.nan
    return ClusterMeans(_ratio(sums.sum(axis=0), cases.sum(axis=0)), drawn, lies_in)


def cluster_auc(truth: Truth, score: Floats, clusters: Integers, *, resamples: int, seed: int) -> Floats:
    """ROC-AUC of resampled clusters, ``[resamples]``; NaN where a resample has one class only."""
    place = np.unique(clusters, return_inverse=True)[1]
    count = int(place.max()) + 1 if len(place) else 0
    group = np.unique(score, return_inverse=True)[1]  # ranked once: a resample only counts
    drawn = np.full(resamples, np.nan)
    for row, weights in enumerate(_weights(count, resamples, seed)):
        hits = np.bincount(group, weights=weights[place] * truth)
        others = np.bincount(group, weights=weights[place] * ~truth)
        pairs = hits.sum() * others.sum()
        if pairs:
            drawn[row] = hits @ (np.cumsum(others) - others / 2) / pairs
    return drawn


def _weights(count: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of ``count`` clusters is drawn, ``[count]`` per resample."""
    random = np.random.default_rng(seed)
    for _ in range(resamples if count else 0):
        yield np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where the whole is 0."""
    ratio: Floats = np.full(whole.shape, np.nan)
    return np.divide(part, whole, out=ratio, where=whole != 0)
