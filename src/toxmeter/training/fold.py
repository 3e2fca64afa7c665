"""Making the folding table of nano: which ASCII letter a code point stands for.

Built from this Python's Unicode data and the look-alikes below, once per training; the table travels in
the artifact, so scores do not depend on the Unicode version of the machine that scores.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from toxmeter.models.ngrams import BREAK, KEEP, MARK, OWN, SKIP, Fold

__all__ = ["make_fold"]

# letters that look like an ASCII one but are not its compatibility form
_LOOK_ALIKES = {
    # Cyrillic
    "а": "a", "в": "b", "г": "r", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "м": "m", "н": "h",
    "о": "o", "п": "n", "р": "p", "с": "c", "т": "t", "у": "y", "х": "x", "ѕ": "s", "ԁ": "d", "ԍ": "g",
    "ԛ": "q", "ԝ": "w",
    # Greek
    "α": "a", "β": "b", "γ": "y", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p",
    "σ": "o", "τ": "t", "υ": "u", "χ": "x", "ω": "w",
    # Armenian
    "ց": "g", "հ": "h", "ո": "n", "ս": "u", "օ": "o",
    # Latin letters with strokes, small capitals, phonetic forms
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "s", "æ": "a", "œ": "o", "ƒ": "f", "ƅ": "b", "ɋ": "q",
    "ɑ": "a", "ɡ": "g", "ɩ": "i", "ᴀ": "a", "ʙ": "b", "ᴄ": "c", "ᴅ": "d", "ᴇ": "e", "ꜰ": "f", "ɢ": "g",
    "ʜ": "h", "ɪ": "i", "ᴊ": "j", "ᴋ": "k", "ʟ": "l", "ᴍ": "m", "ɴ": "n", "ᴏ": "o", "ᴘ": "p", "ʀ": "r",
    "ꜱ": "s", "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ʏ": "y", "ᴢ": "z",
}
_APOSTROPHES = "'’‘ʼ"
_IN_WORDS = "@$!|+*"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


@cache
def make_fold() -> Fold:
    """The folding table; see ``ngrams.Fold``."""
    values = np.array([_fold(point) for point in range(0x110000)], np.uint8).reshape(-1, 256)
    pages, index = np.unique(values, axis=0, return_inverse=True)
    if len(pages) > 256:
        raise AssertionError("the folding table has more pages than a byte can name")
    return Fold(index.reshape(-1).astype(np.uint8), pages)


def _fold(point: int) -> int:
    character = chr(point)
    category = unicodedata.category(character)
    if character in _APOSTROPHES or category in ("Cf", "Mn", "Me", "Mc") or point in _SKIN_TONES:
        return SKIP
    letter = _ascii(character)
    if letter.isascii() and (letter.isalnum() or letter in _IN_WORDS):
        return ord(letter)
    if character.isspace() or category == "Cc":
        return BREAK
    if point >= 0x80 and category[0] in "LN":
        return KEEP
    return OWN if point >= 0x80 and category == "So" else MARK


def _ascii(character: str) -> str:
    """The lower-case letter that a character is or looks like, else some other character."""
    small = character.lower()[:1]
    base = unicodedata.normalize("NFKD", small)[:1].lower()
    return _LOOK_ALIKES.get(small) or _LOOK_ALIKES.get(base) or base or " "
