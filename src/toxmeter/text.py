"""Text as positions: sentences, windows over long text, and UTF-8 that always works.

All positions are offsets in Python characters (code points), end exclusive, unless a name says otherwise.
This module does not normalise text for a model (each model owns that, since its scores depend on it) and
does not detect languages.
"""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

__all__ = ["IGNORABLE", "Span", "encode", "is_blank", "score_in_windows", "sentences", "windows"]

Span = tuple[int, int]
"""Begin and end of a stretch of text."""

IGNORABLE = frozenset(map(chr, (
    0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0,
    *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000))))
"""Characters that no one sees: ``Default_Ignorable_Code_Point`` of the Unicode Character Database."""

_UNSEEN = "".join(sorted(IGNORABLE)) + "\u2800"  # a Braille cell without dots looks like a space

# A sentence ends at a line break, at CJK full stops, or at . ! ? … with closing quotes, before white space.
# Each run of stops is tried once, from its first character: megabytes of dots take linear time.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)|[。！？]+[」』”’]*|\n\s*")
_OVERLAP = 0.25  # at most this share of a window repeats the one before it


def encode(text: str) -> bytes:
    """UTF-8 of any str; a lone surrogate, which UTF-8 cannot hold, becomes ``?``."""
    return text.encode("utf-8", "replace")


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return not text or text.isspace() or (not text.isascii() and not "".join(text.split()).strip(_UNSEEN))


def sentences(text: str) -> list[Span]:
    """Where the sentences of a text are.

    Returns:
        spans in order, each starting and ending with a visible character; what lies between them is
        white space. A blank text has none.
    """
    return list(_sentences(text))


def _sentences(text: str) -> Iterator[Span]:
    ends = (match.end() for match in _SENTENCE_END.finditer(text))
    for begin, end in pairwise(chain([0], ends, [len(text)])):
        if span := _trim(text, begin, end):
            yield span


def _trim(text: str, begin: int, end: int) -> Span | None:
    """The span without white space at its ends, or None where nothing is left."""
    piece = text[begin:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return (begin + left, begin + right) if left < right else None


def windows(text: str, limit: int) -> list[Span]:
    """Overlapping windows that together cover a text, with borders between sentences.

    A window repeats whole sentences of the one before it, up to a quarter of ``limit``. A sentence too
    long for that is broken at white space, or anywhere if it has none.

    Args:
        text: the text.
        limit: most characters in a window, at least 1.

    Returns:
        windows in order, each at most ``limit`` characters; ``[(0, len(text))]`` for a text that fits.
        Only white space lies outside them.
    """
    if len(text) <= limit:
        return [(0, len(text))]
    quarter = int(limit * _OVERLAP)
    found: list[Span] = []
    held: list[Span] = []  # the pieces of the window being filled
    for piece in _pieces(text, max(1, quarter)):
        if held and piece[1] - held[0][0] > limit:
            end = held[-1][1]
            found.append((held[0][0], end))
            held = [old for old in held if end - old[0] <= quarter and piece[1] - old[0] <= limit]
        held.append(piece)
    return [*found, (held[0][0], held[-1][1])] if held else [(0, 0)]


def _pieces(text: str, limit: int) -> Iterator[Span]:
    """Sentences, the long ones in parts of at most ``limit`` characters, broken at white space if any."""
    for begin, end in _sentences(text):
        while end - begin > limit:
            cut = _last_space(text, begin, begin + limit)
            if part := _trim(text, begin, cut):
                yield part
            begin = cut
        if part := _trim(text, begin, end):
            yield part


def _last_space(text: str, begin: int, end: int) -> int:
    """The end of the last white space before ``end``; ``end`` itself where there is none."""
    if text[end - 1].isspace():
        return end
    tail = text[begin:end].rsplit(None, 1)[-1]
    return end - len(tail) if len(tail) < end - begin else end


def score_in_windows(
    score: Callable[[list[str]], npt.NDArray[np.float32]], texts: list[str], limit: int, columns: int
) -> npt.NDArray[np.float32]:
    """Score texts of any length with a model that reads ``limit`` characters.

    Args:
        score: scores texts of at most ``limit`` characters, ``[m] -> [m, k]``.
        texts: texts of any length.
        limit: characters that the model reads at once.
        columns: ``k``, for the shape of an empty result.

    Returns:
        ``[n, k]``; a text of several windows has, per label, the largest score of any of them.
    """
    if not texts:
        return np.empty((0, columns), np.float32)
    if max(map(len, texts)) <= limit:
        return score(texts)
    pieces: list[str] = []
    starts: list[int] = []
    for text in texts:
        starts.append(len(pieces))
        pieces.extend(text[begin:end] for begin, end in windows(text, limit))
    return np.maximum.reduceat(score(pieces), starts, axis=0)
