"""Which characters of a text the hashed n-gram scorer owes its score to: exact, since its logits are sums.

The logit of a label is its bias and, for each distinct feature of the text, ``scale · (row - 128) / sqrt(Σ weight)``.
A feature that stands in several places counts once, so its part is shared evenly among these places, and in each
among the bytes that it is made of; a byte's part goes to the character that it was read from. Nothing is left
over: the parts of all characters are the logit less the bias. This module scores nothing, and chooses no window of a
long text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.models.ngrams import places, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.ngrams import Fold, UInt8
    from toxmeter.text import Span

__all__ = ["Attribution", "attribute"]

_CENTRE = 128
_WEIGHT = 6  # the column with the low byte of the squared weight; the high byte follows

Floats = npt.NDArray[np.float64]


class Attribution(NamedTuple):
    """What the characters of a text add to its logits.

    Attributes:
        characters: ``[len(text), k]``; their sum is the logits less the bias.
        words: begin and end of each word as the scorer reads it: ``s t u p i d`` is one. All parts lie in them.
    """

    characters: Floats
    words: list[Span]

    def by_word(self) -> Floats:
        """``[w, k]``: what each word adds."""
        if not self.words:
            return np.zeros((0, self.characters.shape[1]))
        summed = np.concatenate((np.zeros_like(self.characters[:1]), self.characters.cumsum(axis=0)))
        begins, ends = np.array(self.words).T
        added: Floats = summed[ends] - summed[begins]
        return added


def attribute(text: str, fold: Fold, table: UInt8, scale: Sequence[float]) -> Attribution:
    """Trace the logits of one text to its characters.

    Args:
        text: a text that is read at once.
        fold: the folding table.
        table: ``[2**bits, 8]`` uint8, as ``HashedScorer`` holds it.
        scale: ``[k]``, what a unit of each label's column is worth.

    Returns:
        the parts of all characters, and the words.
    """
    found = words([text], fold)
    slot, begin, end = places(found, len(table).bit_length() - 1)
    distinct, feature, count = np.unique(slot, return_inverse=True, return_counts=True)
    rows = table[distinct].astype(np.int64)
    norm = np.sqrt(max(int(rows[:, _WEIGHT].sum() + 256 * rows[:, _WEIGHT + 1].sum()), 1))
    parts = np.array(scale) * (rows[:, : len(scale)] - _CENTRE) / norm / count[:, None]
    length = end - begin
    place = np.repeat(np.arange(len(slot)), length)
    byte = np.arange(len(place)) - (np.cumsum(length) - length)[place] + begin[place]
    shares = (parts[feature] / length[:, None])[place]
    characters = np.zeros((len(text), len(scale)))
    np.add.at(characters, found.source[byte], shares)
    first = np.searchsorted(found.word, np.arange(len(found.text)))
    last = np.searchsorted(found.word, np.arange(len(found.text)), side="right") - 1
    ends = (found.source[last] + 1).tolist()
    return Attribution(characters, list(zip(found.source[first].tolist(), ends, strict=True)))
