"""Text as positions: sentences, windows over long text, and UTF-8 that always works.

All positions are offsets in Python characters (code points), end exclusive, unless a name says otherwise.
This module does not normalise text for a model (each model owns that, since its scores depend on it) and
does not detect languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["Span", "encode", "score_in_windows", "sentences", "windows"]

Span = tuple[int, int]
"""Begin and end of a stretch of text."""

# A sentence ends at a line break, at CJK full stops, or at . ! ? … with closing quotes, before white space.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[」』”’]*|\n")
_OVERLAP = 0.25  # at most this share of a window repeats the one before it


def encode(text: str) -> bytes:
    """UTF-8 of any str; a lone surrogate, which UTF-8 cannot hold, becomes ``?``."""
    return text.encode("utf-8", "replace")


def sentences(text: str) -> list[Span]:
    """Where the sentences of a text are.

    Returns:
        spans in order, each starting and ending with a visible character; what lies between them is
        white space. A blank text has none.
    """
    borders = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    return [span for begin, end in zip(borders[:-1], borders[1:], strict=True)
            if (span := _trim(text, begin, end))]


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
    pieces = [part for span in sentences(text) for part in _break(text, span, max(1, int(limit * _OVERLAP)))]
    found: list[Span] = []
    first = 0
    while first < len(pieces):
        begin, last = pieces[first][0], first
        while last + 1 < len(pieces) and pieces[last + 1][1] - begin <= limit:
            last += 1
        end = pieces[last][1]
        found.append((begin, end))
        if last + 1 == len(pieces):
            break
        # step back over whole pieces while the overlap stays small and the next piece still fits
        first = last + 1
        while (first - 1 > 0 and pieces[first - 1][0] > begin and end - pieces[first - 1][0] <= limit * _OVERLAP
               and pieces[last + 1][1] - pieces[first - 1][0] <= limit):
            first -= 1
    return found or [(0, 0)]


def _break(text: str, span: Span, limit: int) -> list[Span]:
    """A sentence in parts of at most ``limit`` characters, broken at white space where there is some."""
    begin, end = span
    parts: list[Span] = []
    while end - begin > limit:
        space = max(text.rfind(" ", begin + 1, begin + limit), text.rfind("\t", begin + 1, begin + limit))
        cut = space if space > begin else begin + limit
        if part := _trim(text, begin, cut):
            parts.append(part)
        begin = cut
    if part := _trim(text, begin, end):
        parts.append(part)
    return parts


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
