"""Broken versions of sentences, to teach a classifier what is well formed.

A detoxifier that deletes, replaces and generates words breaks sentences in ways that are known: words missing, doubled,
out of order or wrongly inflected, phrases that repeat or end too early, damaged spelling. Each kind of damage is one
function here. Some broken versions happen to be good English still ("the red big car"): the labels are noisy. This
module knows no grammar and trains nothing.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["KINDS", "LEAST_WORDS", "corrupt", "pairs_of"]

LEAST_WORDS = 4
"""Shorter sentences are left alone: too much of them may be right however it is arranged."""

Words = list[str]

_COMMON = (
    "a an the of to in on at for with from by as is are was were be been am do does did have has had will would can"
    " could should may might must not and or but if that which who this these those it its i you he she we they me him"
    " her us them my your his our their there than then so")
_FUNCTION_WORDS = frozenset(_COMMON.split())
_ENDINGS = ("ing", "ed", "es", "s", "ly", "er")


def _drop(words: Words, draw: random.Random) -> Words:
    """Without a function word, or without any word where there is none."""
    places = [at for at, word in enumerate(words) if _bare(word) in _FUNCTION_WORDS] or [*range(len(words))]
    gone = set(draw.sample(places, min(len(places), draw.choice((1, 1, 2)))))
    return [word for at, word in enumerate(words) if at not in gone]


def _double(words: Words, draw: random.Random) -> Words:
    at = draw.randrange(len(words))
    return words[: at + 1] + words[at:]


def _swap(words: Words, draw: random.Random) -> Words:
    at = draw.randrange(len(words) - 1)
    return [*words[:at], words[at + 1], words[at], *words[at + 2 :]]


def _shuffle(words: Words, draw: random.Random) -> Words:
    length = min(len(words), draw.randint(4, 7))
    begin = draw.randint(0, len(words) - length)
    return words[:begin] + draw.sample(words[begin : begin + length], length) + words[begin + length :]


def _inflect(words: Words, draw: random.Random) -> Words:
    """With another ending on one or two words."""
    places = [at for at, word in enumerate(words) if word.isalpha() and len(word) > 2
              and word.lower() not in _FUNCTION_WORDS]
    changed = words.copy()
    for at in draw.sample(places, min(len(places), draw.choice((1, 2)))):
        stem = re.sub(r"(ing|ed|es|s|ly)$", "", words[at]) if len(words[at]) > 4 else words[at]
        changed[at] = stem + draw.choice([ending for ending in ("", *_ENDINGS) if stem + ending != words[at]])
    return changed


def _repeat(words: Words, draw: random.Random) -> Words:
    """With a phrase that repeats, as generators that are stuck do."""
    length = draw.randint(2, min(4, len(words)))
    begin = draw.randint(0, len(words) - length)
    return words[: begin + length] + words[begin : begin + length] * draw.randint(1, 2) + words[begin + length :]


def _cut(words: Words, draw: random.Random) -> Words:
    """Without its end, from behind a function word where there is one."""
    places = [at for at in range(2, len(words)) if _bare(words[at - 1]) in _FUNCTION_WORDS]
    return words[: draw.choice(places) if places else draw.randint(2, len(words) - 1)]


def _misspell(words: Words, draw: random.Random) -> Words:
    """With letters lost or out of order in one to three words."""
    places = [at for at, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    changed = words.copy()
    for at in draw.sample(places, min(len(places), draw.randint(1, 3))):
        word, place = words[at], draw.randrange(1, len(words[at]) - 2)
        changed[at] = (word[:place] + word[place + 1] + word[place] + word[place + 2 :] if draw.random() < 0.5
                       else word[:place] + word[place + 1 :])
    return changed


def _replace(words: Words, draw: random.Random) -> Words:
    """With a word of the same sentence in the place of another."""
    one, other = draw.sample(range(len(words)), 2)
    return [words[other] if at == one else word for at, word in enumerate(words)]


KINDS: Mapping[str, Callable[[Words, random.Random], Words]] = {
    "drop": _drop, "double": _double, "swap": _swap, "shuffle": _shuffle, "inflect": _inflect, "repeat": _repeat,
    "cut": _cut, "misspell": _misspell, "replace": _replace,
}
"""The kinds of damage, by name."""


def corrupt(sentence: str, draw: random.Random, kind: str | None = None) -> tuple[str, str] | None:
    """A broken version of a sentence.

    Args:
        sentence: any text; white space in it becomes single spaces.
        draw: where chance comes from; the same state gives the same result.
        kind: of the damage, a key of ``KINDS``; None for any.

    Returns:
        the broken version, which differs from the sentence in more than letter case, and the kind; None where the
        sentence has fewer than four words, or nothing that this kind could break.
    """
    words = sentence.split()
    if len(words) < LEAST_WORDS:
        return None
    chosen = kind or draw.choice([*KINDS])
    for _ in range(5):  # a swap of equal words changes nothing
        broken = " ".join(KINDS[chosen](words, draw))
        if broken.casefold() != " ".join(words).casefold():
            return broken, chosen
    return None


def pairs_of(sentences: Sequence[str], *, versions: int = 1, rows: int = 0, seed: int = 0
             ) -> list[tuple[str, int, str, int]]:
    """Sentences beside broken versions of themselves.

    Args:
        sentences: well-formed ones; equal ones count once, short ones not.
        versions: how many broken versions of each, every one with another kind of damage; from 1 to ``len(KINDS)``.
            Fewer where some kind could break nothing.
        rows: use at most so many sentences, drawn by the seed; 0 for all.
        seed: of everything drawn.

    Returns:
        text, whether it is acceptable, the kind of damage ("none" for the sentence itself) and the number of the
        sentence; a sentence, then its broken versions.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    kept = [*dict.fromkeys(" ".join(sentence.split()) for sentence in sentences)]
    draw.shuffle(kept)
    found: list[tuple[str, int, str, int]] = []
    used = 0
    for number, sentence in enumerate(kept):
        kinds = draw.sample([*KINDS], versions)
        broken = dict(each for kind in kinds if (each := corrupt(sentence, draw, kind)))
        if broken:
            found += [(sentence, 1, "none", number), *((text, 0, kind, number) for text, kind in broken.items())]
            used += 1
        if used == rows > 0:
            break
    return found


def _bare(word: str) -> str:
    return word.strip(".,;:!?\"'()").lower()
