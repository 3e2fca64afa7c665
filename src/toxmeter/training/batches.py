"""Batches of texts of like length: less padding, more texts a second.

Rows are ordered by their length in tokens, rounded up so that neighbours can change places, cut into batches,
and the batches are shuffled. Order and cuts depend on the seed and the epoch alone, and every epoch has the
same number of batches. This module knows no model and does not tokenise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from toxmeter.models.tokens import by_tokens

__all__ = ["Batches"]

_ROUND = 4  # tokens: texts whose lengths differ by less are shuffled among each other

Rows = list[npt.NDArray[np.int64]]


class Batches:
    """Row numbers of each batch, epoch by epoch; a batch sampler for torch's ``DataLoader``.

    Attributes:
        epoch: which epoch comes next; set by ``set_epoch``.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        *,
        batching: str,
        size: int,
        tokens: int,
        seed: int,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Plan batches.

        Args:
            lengths: ``[n]`` tokens of each text, at least one text.
            batching: ``tokens`` (as many texts of like length as fit into ``tokens``), ``length`` (``size``
                texts of like length) or ``random`` (``size`` texts).
            size: texts a batch.
            tokens: tokens a batch with padding; a longer text is a batch of its own.
            seed: of the order.
            process: number of this process among ``processes``, each of which gets batches of its own, and
                all the same number.
            processes: how many train together.
        """
        self._lengths = -(-np.asarray(lengths, np.int64) // _ROUND) * _ROUND
        self._batching, self._size, self._tokens, self._seed = batching, size, tokens, seed
        self._process, self._processes = process, processes
        self.epoch = 0
        self._count = len(self._plan(0)) // processes
        if not self._count:
            raise ValueError(f"{len(lengths)} texts are less than a batch for each of {processes} processes")

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration is of."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        mine = self._plan(self.epoch)[self._process :: self._processes][: self._count]
        return iter([rows.tolist() for rows in mine])

    def _plan(self, epoch: int) -> Rows:
        """All batches of an epoch, in the order in which they are trained on."""
        random = np.random.default_rng((self._seed, epoch))
        order = random.permutation(len(self._lengths))
        if self._batching == "random":
            return np.split(order, range(self._size, len(order), self._size))
        if self._batching == "length":
            order = order[np.argsort(self._lengths[order], kind="stable")]
            cut = np.split(order, range(self._size, len(order), self._size))
        else:
            cut = [order[rows] for rows in by_tokens(self._lengths[order].tolist(), self._tokens)]
        return [cut[place] for place in random.permutation(len(cut))]
