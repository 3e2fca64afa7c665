"""Disguises: ways in which people write round a filter, applied to a text on purpose.

Each disguise is a pure function of the text, so that a detection rate before and after can be compared.
This module does not search for the worst case.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DISGUISES"]

_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_SYMBOLS = str.maketrans("asiASI", "@$!@$!")
_HOMOGLYPHS = str.maketrans("aceopxyisACEHKMOPTXB", "асеорхуіѕАСЕНКМОРТХВ")  # Cyrillic
_FULL_WIDTH = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
_ZERO_WIDTH = "\u200b"


def _per_word(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: " ".join(change(word) for word in text.split(" "))


def _stretch(word: str) -> str:
    """The first vowel three times more: ``stuuuupid``."""
    at = next((i for i, letter in enumerate(word) if letter in "aeiouAEIOU"), None)
    return word if at is None else word[:at] + 3 * word[at] + word[at:]


DISGUISES: Mapping[str, Callable[[str], str]] = MappingProxyType({
    "leet": lambda text: text.translate(_LEET),
    "symbols": lambda text: text.translate(_SYMBOLS),
    "homoglyphs": lambda text: text.translate(_HOMOGLYPHS),
    "full_width": lambda text: text.translate(_FULL_WIDTH),
    "zero_width": _per_word(_ZERO_WIDTH.join),
    "spaced": " ".join,
    "spaced_words": _per_word(" ".join),
    "dotted": _per_word(".".join),
    "stretched": _per_word(_stretch),
    "upper_case": str.upper,
})
"""Disguise by name; each takes a text and returns it rewritten throughout."""
