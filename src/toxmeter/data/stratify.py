"""Iterative stratification: parts of given sizes that each have their share of every label.

Sechidis, Tsoumakas, Vlahavas 2011, On the Stratification of Multi-Label Data: the rarest label is dealt out
first, each time to the part that lacks most of it. What is dealt are units, sets of rows that stay together.
This module does not know texts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["stratify"]


def stratify(
    sizes: npt.NDArray[np.int64], positives: npt.NDArray[np.int64], shares: list[float], seed: int
) -> npt.NDArray[np.int64]:
    """Deal units out to parts.

    Args:
        sizes: ``[u]`` rows of each unit.
        positives: ``[u, k]`` how many of its rows have each label.
        shares: of each part; they sum to 1. A part of share 0 gets nothing.
        seed: of the order of units, and of ties.

    Returns:
        ``[u]`` the part of each unit.
    """
    rng = np.random.default_rng(seed)
    used = [part for part, share in enumerate(shares) if share > 0]
    lacking = [(shares[part] * positives.sum(axis=0)).tolist() for part in used]
    lacking_rows = [shares[part] * float(sizes.sum()) for part in used]
    found = np.full(len(sizes), -1)
    counts = positives.tolist()

    def deal(units: list[int], label: int | None) -> None:
        for unit, tie in zip(units, rng.integers(len(used), size=len(units)).tolist(), strict=True):
            place = max(range(len(used)), key=lambda each: (
                lacking[each][label] if label is not None else 0.0, lacking_rows[each], (each + tie) % len(used)))
            found[unit] = used[place]
            lacking_rows[place] -= float(sizes[unit])
            lacking[place] = [need - count for need, count in zip(lacking[place], counts[unit], strict=True)]

    order = _order(sizes, shares, rng)
    for _ in range(positives.shape[1]):
        waiting = found[order] < 0
        left = positives[order[waiting]].sum(axis=0)
        if not left.any():
            break
        rarest = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        deal(order[waiting & (positives[order, rarest] > 0)].tolist(), rarest)
    deal(order[found[order] < 0].tolist(), None)
    return found


def _order(
    sizes: npt.NDArray[np.int64], shares: list[float], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Units that fill more than a hundredth of the smallest part, largest first; then the others at random."""
    smallest = min(share for share in shares if share > 0) * sizes.sum()
    large = np.where(sizes * 100 > smallest, sizes, 0)
    order: npt.NDArray[np.int64] = np.lexsort((rng.random(len(sizes)), -large))
    return order
