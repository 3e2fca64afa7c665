"""Harmless beginnings before texts that are not: more rows for a model that weighs a text as a whole.

Where toxic texts of training are toxic throughout, a model may learn that every harmless word is a sign of a harmless
text, and a few of them in front hide what follows. A text does not get better by its beginning, so its labels hold for
the longer one too. This module does not read data, and does not know labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["JOINTS", "WORDS", "dilute"]

JOINTS = ("", "and", "but", "that", "because")
"""What may stand between a beginning and the text."""

WORDS = (2, 6)
"""The fewest and the most words of a beginning."""


def dilute(
    texts: Sequence[str], harmless: Sequence[str], share: float | npt.NDArray[np.float64], seed: int
) -> list[str]:
    """Put the first words of harmless texts before some texts.

    Args:
        texts: ``n`` texts.
        harmless: texts to take beginnings of, at least one; a shorter one than the beginning is taken whole.
        share: in [0, 1], of the texts that get one; or ``[n]`` how likely each of them does.
        seed: of which texts, which beginnings and how many words.

    Returns:
        ``n`` texts in the same order; those that are chosen follow a beginning and a space.
    """
    rng = np.random.default_rng(seed)
    chosen = np.flatnonzero(rng.random(len(texts)) < share)
    found = list(texts)
    rows, joints = (rng.integers(many, size=len(chosen)) for many in (len(harmless), len(JOINTS)))
    words = rng.integers(WORDS[0], WORDS[1], len(chosen), endpoint=True)
    for place, row, joint, count in zip(*(each.tolist() for each in (chosen, rows, joints, words)), strict=True):
        found[place] = " ".join([*harmless[row].split()[:count], *JOINTS[joint].split(), texts[place]])
    return found
