"""What a word of a text is worth to any scorer: leave words out, and see how far the scores fall.

Leaving out one word at a time (Zeiler & Fergus 2014; Li, Monroe & Jurafsky 2016) finds nothing where two words each
suffice: without one the other still holds the score up. So the words that look telling – their own score and the fall
without them are high – are left out in all combinations, and each is worth its mean fall over all orders in which they
could be left out, its Shapley value (Shapley 1953; Lundberg & Lee 2017). Any other word is worth the fall without it.
Equal words are left out together and share what they are worth.

This module knows scores as logits only: it holds no scorer, and no text that is longer than one reads at once.
"""

from __future__ import annotations

import re
from itertools import chain
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from toxmeter.text import Span

__all__ = ["MOST_WORDS", "SUSPECTS", "occlude", "split_words"]

MOST_WORDS = 128
"""Words of a text that are left out; of a longer one only those of its most telling parts are."""

SUSPECTS = 6
"""Words that are left out in all combinations, for each label."""

_PARTS = 32  # of a text of more words
_BREAKS = r"\s.,;:!?…\"“”„()\[\]{}<>«»/\\|=~^`—–"
_EDGES = r"'’‘‐&#%+_\-"  # in a word, but not at its ends
# what separates words in all the world's scripts but those without spaces, and letters that are spaced out
_WORD = re.compile(
    r"(?<!\w)\w([^\w])\w(?!\w)(?:\1\w(?!\w))+"
    rf"|[^{_BREAKS}{_EDGES}](?:(?:[^{_BREAKS}]|[!|](?=\w))*[^{_BREAKS}{_EDGES}])?")

Floats = npt.NDArray[np.float64]


def split_words(text: str) -> list[Span]:
    """Where the words of a text are: what lies between white space and punctuation; ``s t u p i d`` is one."""
    return [match.span() for match in _WORD.finditer(text)]


def occlude(text: str, score: Callable[[list[str]], Floats]) -> tuple[list[Span], Floats]:
    """What the words of a text are worth.

    Calls ``score`` at most three times, with at most ``2 · 32``, then ``1 + 2 · 128`` and then ``k · 2**6`` texts, none
    longer than ``text``.

    Args:
        text: a text that the scorer reads at once.
        score: logits of texts, ``[n] -> [n, k]``.

    Returns:
        the words, in order, and their worth ``[w, k]`` in logits. Words that were not looked into are not among them:
        of a text of more than 128, those of the parts without which its score hardly changes.
    """
    words = split_words(text)
    if len(words) > MOST_WORDS:
        words = _narrowed(text, words, score)
    if not words:
        return [], score([]).astype(np.float64)
    kinds: dict[str, list[Span]] = {}
    for begin, end in words:
        kinds.setdefault(text[begin:end].casefold(), []).append((begin, end))
    groups = list(kinds.values())
    worth = _worth(text, groups, score)
    place = {word: kind for kind, group in enumerate(groups) for word in group}
    each = np.array([len(group) for group in groups])[:, None]
    return words, (worth / each)[[place[word] for word in words]]


def _narrowed(text: str, words: list[Span], score: Callable[[list[str]], Floats]) -> list[Span]:
    """The words of the most telling parts of a text, in order."""
    size = -(-len(words) // _PARTS)
    parts = [words[begin : begin + size] for begin in range(0, len(words), size)]
    telling, _ = _telling(text, [[(part[0][0], part[-1][1])] for part in parts], score)
    best = np.argsort(-telling.max(axis=1), kind="stable")[: max(1, MOST_WORDS // size)]
    return list(chain.from_iterable(parts[part] for part in sorted(best.tolist())))


def _worth(text: str, groups: Sequence[list[Span]], score: Callable[[list[str]], Floats]) -> Floats:
    """What each group is worth, ``[g, k]``."""
    telling, worth = _telling(text, groups, score)
    suspects = np.argsort(-telling, axis=0, kind="stable")[:SUSPECTS].T.tolist()  # per label
    chosen = [[groups[suspect] for bit, suspect in enumerate(row) if left_out >> bit & 1]
              for row in suspects for left_out in range(1 << len(row))]
    distinct = {_without(text, chain.from_iterable(each)): 0 for each in chosen}
    scores = dict(zip(distinct, score(list(distinct)), strict=True))
    values = np.stack([scores[_without(text, chain.from_iterable(each))] for each in chosen])
    for label, (row, of_row) in enumerate(zip(suspects, np.split(values, len(suspects)), strict=True)):
        worth[row, label] = _shapley(of_row[:, label])
    return worth


def _telling(
    text: str, groups: Sequence[list[Span]], score: Callable[[list[str]], Floats]
) -> tuple[Floats, Floats]:
    """How telling groups are, ``[g, k]``, and how far the scores fall without each."""
    alone = [text[slice(*group[0])] for group in groups]
    scores = score([text, *(_without(text, group) for group in groups), *alone])
    fall = scores[0] - scores[1 : len(groups) + 1]
    return fall + scores[len(groups) + 1 :], fall


def _without(text: str, spans: Collection[Span] | chain[Span]) -> str:
    """The text less some words; the white space around them stays."""
    parts, at = [], 0
    for begin, end in sorted(spans):
        parts.append(text[at:begin])
        at = end
    return "".join([*parts, text[at:]])


def _shapley(values: Floats) -> Floats:
    """What each of ``m`` players is worth.

    Σ over sets S without the player of |S|! (m - |S| - 1)! / m! · (value(S) - value(S and the player)).

    Args:
        values: ``[2**m]``, the score without the players whose bits are set.
    """
    m = len(values).bit_length() - 1
    sets = np.arange(len(values))
    size = np.array([left_out.bit_count() for left_out in range(len(values))])
    weight = np.array([factorial(n) * factorial(m - n - 1) / factorial(m) for n in range(m)])
    worth = np.zeros(m)
    for player in range(m):
        others = sets[(sets >> player & 1) == 0]
        worth[player] = (weight[size[others]] * (values[others] - values[others | 1 << player])).sum()
    return worth
