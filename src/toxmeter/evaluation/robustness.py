"""Disguises and perturbations: ways in which people write round a filter, or just differently.

A disguise rewrites a text throughout; a perturbation has a strength, and touches a share of the words. Both are
pure functions, so that scores before and after can be compared: ``perturbed.py`` does. This module does not search
for the worst case: that is ``attack.py``.
"""

from __future__ import annotations

import math
import re
import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from toxmeter.errors import InputError, did_you_mean
from toxmeter.text import sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Perturbation = Callable[[str, float, np.random.Generator], str]
    WordChange = Callable[[str, np.random.Generator], str]

__all__ = ["DISGUISES", "PERTURBATIONS", "perturb"]

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


# --------------------------------------------------------------------------------- perturbations of a strength

_SPACE = re.compile(r"(\s+)")
_EMOJI = ("🙂", "🌻", "⭐", "🎈", "🍀", "☕")
_PUNCTUATION = ("!", "!!!", "...", "?!", ",", " -")
_NEUTRAL = (
    "The train leaves at nine.",
    "There are apples on the table.",
    "The library opens in the morning.",
    "It may rain on Thursday.",
    "The bridge was built a long time ago.",
    "The second page shows a map.",
    "A bus stops in front of the school.",
    "The water boils after a few minutes.",
    "The meeting takes place in the small room.",
    "The path goes along the river.",
)
_NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl",
    "p": "ol", "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy", "j": "hku", "k": "jli",
    "l": "kop", "z": "xas", "x": "zcd", "c": "xvf", "v": "cbg", "b": "vnh", "n": "bmj", "m": "nk",
}


def _chosen(places: Sequence[int], strength: float, random: np.random.Generator) -> list[int]:
    """A share of places, rounded up; a larger share of the same ``random`` begins with a smaller one."""
    count = math.ceil(strength * len(places) - 1e-9)  # .3 of 10 are 3, whatever floats say
    return [int(place) for place in random.permutation(places)[:count]] if count else []


def _words(change: WordChange) -> Perturbation:
    """Change a share of the words, those with a letter or digit; white space stays as it is."""

    def perturb_words(text: str, strength: float, random: np.random.Generator) -> str:
        pieces = _SPACE.split(text)
        wordy = [place for place in range(0, len(pieces), 2) if any(map(str.isalnum, pieces[place]))]
        for place in _chosen(wordy, strength, random):
            pieces[place] = change(pieces[place], random)
        return "".join(pieces)

    return perturb_words


def _disguised(name: str) -> Perturbation:
    """The disguise of a share of the words; at strength 1, of the whole text."""
    disguise = DISGUISES[name]
    some = _words(lambda word, _: disguise(word))
    return lambda text, strength, random: disguise(text) if strength == 1 else some(text, strength, random)


def _swap(word: str, random: np.random.Generator) -> str:
    """Two different neighbouring letters change places."""
    places = [place for place in range(len(word) - 1) if word[place] != word[place + 1]]
    if not places:
        return word
    at = places[random.integers(len(places))]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _drop(word: str, random: np.random.Generator) -> str:
    """A letter after the first is left out, of words of three letters or more."""
    if len(word) < 3:
        return word
    at = int(random.integers(1, len(word)))
    return word[:at] + word[at + 1 :]


def _neighbour_key(word: str, random: np.random.Generator) -> str:
    """A letter is typed one key beside, on a QWERTY keyboard."""
    places = [place for place, letter in enumerate(word) if letter.lower() in _NEIGHBOURS]
    if not places:
        return word
    at = places[random.integers(len(places))]
    keys = _NEIGHBOURS[word[at].lower()]
    key = keys[random.integers(len(keys))]
    return word[:at] + (key.upper() if word[at].isupper() else key) + word[at + 1 :]


def _mixed_case(word: str, _: np.random.Generator) -> str:
    return "".join(letter.upper() if place % 2 else letter.lower() for place, letter in enumerate(word))


def _followed_by(marks: Sequence[str], space: str) -> WordChange:
    return lambda word, random: f"{word}{space}{marks[int(random.integers(len(marks)))]}"


def _neutral_text(text: str, strength: float, random: np.random.Generator) -> str:
    """Neutral sentences at the end, ten at strength 1."""
    return " ".join([text, *(_NEUTRAL[place] for place in _chosen(range(len(_NEUTRAL)), strength, random))])


def _negation(text: str, strength: float, random: np.random.Generator) -> str:
    """A share of the sentences is denied."""
    found = sentences(text)
    for place in sorted(_chosen(range(len(found)), strength, random), reverse=True):
        begin = found[place][0]
        text = f"{text[:begin]}It is not true that {text[begin:]}"
    return text


PERTURBATIONS: Mapping[str, Perturbation] = MappingProxyType({
    "swap": _words(_swap),
    "drop": _words(_drop),
    "neighbour_key": _words(_neighbour_key),
    **{name: _disguised(name) for name in DISGUISES},
    "lower_case": _words(lambda word, _: word.lower()),
    "mixed_case": _words(_mixed_case),
    "punctuation": _words(_followed_by(_PUNCTUATION, "")),
    "emoji": _words(_followed_by(_EMOJI, " ")),
    "neutral_text": _neutral_text,
    "negation": _negation,
})
"""Perturbation by name: text, strength and random generator to text. The strength in [0, 1] is the share of the words
that are touched, of ten neutral sentences that are appended, or of the sentences that are denied, rounded up; 0 changes
nothing, and at 1 a disguise is that of ``DISGUISES``. All but the last keep what is said."""


def perturb(name: str, text: str, strength: float, *, seed: int = 0) -> str:
    """Perturb a text; what is drawn depends on the seed, the name and the text, not on other texts.

    Args:
        name: one of ``PERTURBATIONS``.
        text: any text.
        strength: in [0, 1].
        seed: of what is drawn, 0 or more.

    Raises:
        InputError: when there is no such perturbation, or the strength is outside [0, 1].
    """
    if name not in PERTURBATIONS:
        known = list(PERTURBATIONS)
        raise InputError(f"no perturbation {name!r:.40}{did_you_mean(name, known)}: there are {', '.join(known)}")
    if not 0 <= strength <= 1:
        raise InputError(f"strength is {strength:g}: it is a share in [0, 1]")
    mark = zlib.crc32(f"{name}\0{text}".encode("utf-8", "surrogatepass"))
    return PERTURBATIONS[name](text, strength, np.random.default_rng([seed, mark]))
