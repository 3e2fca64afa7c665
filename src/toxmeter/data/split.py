"""Splits that can be repeated on any machine, and that no near-copy crosses.

A row goes to the part that a keyed hash of its text names, so the split depends on the seed and the text
alone – not on order, file or platform – and texts of words that differ only in case, punctuation or
spacing always land together. This module does not balance labels.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["assign", "essence", "without"]

_NO_WORD = re.compile(r"[\W_]+")


def essence(text: str) -> str:
    """The text in lower case without punctuation and spacing: equal for near-copies.

    A text of symbols alone is its own essence.
    """
    return _NO_WORD.sub("", text).casefold() or text


def assign(texts: Sequence[str], shares: Sequence[float], seed: int) -> npt.NDArray[np.int64]:
    """Which part each text belongs to.

    Args:
        texts: ``n`` texts.
        shares: of each part but the last, which gets the rest; their sum is at most 1.
        seed: another seed, another split.

    Returns:
        ``[n]`` part numbers, 0 to ``len(shares)``.
    """
    key = str(seed).encode()
    place = [_place(essence(text), key) for text in texts]
    return np.searchsorted(np.cumsum(shares), place, side="right").astype(np.int64)


def _place(text: str, key: bytes) -> float:
    """Where a text lies in [0, 1), by its keyed hash."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), key=key, digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64


def without(texts: Sequence[str], banned: Collection[str]) -> npt.NDArray[np.bool_]:
    """Which texts are no near-copy of a banned one, nor of an earlier text in the list, ``[n]`` bool."""
    seen = {essence(text) for text in banned}
    keep = np.zeros(len(texts), np.bool_)
    for row, text in enumerate(texts):
        mark = essence(text)
        keep[row] = mark not in seen
        seen.add(mark)
    return keep
