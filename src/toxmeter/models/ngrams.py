"""How nano reads text: normalisation, words, hashed features – in vectorised numpy.

This is the readable specification of the compiled kernel (``_hashed.pyx``), its test oracle, the feature
extractor of training, and – announced by a warning – what scores where the kernel was not compiled. Both
give the same sums of integers. In order:

1. Each code point is folded through a table that the artifact carries: to a lower-case ASCII letter where
   it is one in disguise (accents, full-width and mathematical letters, look-alikes of other alphabets), to
   a break, to nothing (zero-width characters, accents of their own, apostrophes), or kept (letters of other
   scripts, emoji – each emoji a word of its own).
2. Words are runs of letters and digits. ``@ $ ! | +`` belong to a word where a letter or digit follows,
   ``@`` and ``$`` also after one (``a$$``); ``*`` where letters stand on both sides of its run (``f**l``).
3. Three or more one-character words with single breaks between them are one word (``s t u p i d``); the
   breaks are all white space, or all other signs (``y.o.u a.r.e`` is two words).
4. In a word with a letter, digits and symbols stand for letters (``5tup1d``); a word of digits alone
   becomes zeros.
5. Features of a word: itself, with runs of three or more of one letter cut to one; itself after its
   predecessor; and its 4-grams of bytes with a space at both ends, all runs cut to one (``stuuupid``).
6. A feature is a slot of a table of ``2**bits`` rows. Each slot counts once per text; the rows are summed.

It does not know labels, weights or calibration, and does not read files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.text import encode

__all__ = ["BREAK", "COLUMNS", "KEEP", "MARK", "OWN", "SKIP", "Fold", "UInt8", "Words", "features", "places", "pool",
           "words"]

BREAK, SKIP, KEEP, OWN, MARK = 0, 1, 2, 3, 4
"""Folded values that are no ASCII symbol: white space, nothing, letter kept as UTF-8, emoji kept, other sign."""

COLUMNS = 8
"""Bytes in a row of the table: up to six labels (biased by 128), then the squared weight as two bytes."""

_LEET_SYMBOLS = np.frombuffer(b"@$!|+", np.uint8)
_TAILS = np.frombuffer(b"@$", np.uint8)
_STAR, _SPACE, _ZERO = ord("*"), ord(" "), ord("0")
_LEET = np.arange(256, dtype=np.uint8)
_LEET[np.frombuffer(b"013456789@$!|+", np.uint8)] = np.frombuffer(b"oieasgtbgasiit", np.uint8)
_GRAM = 4
_SPACED = 3  # so many one-character words in a row make one word

# odd constants of multiplicative hashing; the kernel has the same ones
_MIX = np.uint64(0x9E3779B97F4A7C15)
_PAIR = np.uint64(0x517CC1B727220A95)
_HALF = np.uint64(32)

UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Fold(NamedTuple):
    """The folding table in two steps, so that it is small: ``pages[page_of[cp >> 8], cp & 255]``.

    Attributes:
        page_of: ``[4352]`` uint8, the page of each block of 256 code points.
        pages: ``[p, 256]`` uint8, the folded value of each code point: BREAK, SKIP, KEEP, OWN, MARK or ASCII.
    """

    page_of: UInt8
    pages: UInt8

    def __call__(self, code_points: npt.NDArray[np.uint32]) -> UInt8:
        """Folded values, ``[m] -> [m]``."""
        folded: UInt8 = self.pages[self.page_of[code_points >> 8], code_points & 255]
        return folded


class Words(NamedTuple):
    """The words of many texts, flat.

    Attributes:
        symbols: ``[m]`` bytes of all words, one after another.
        word: ``[m]`` which word each byte belongs to.
        text: ``[w]`` which text each word belongs to.
        source: ``[m]`` the code point of its text that each byte was read from.
    """

    symbols: UInt8
    word: Int64
    text: Int64
    source: Int64


def words(texts: Sequence[str], fold: Fold) -> Words:
    """Steps 1 to 4: the normalised words of the texts."""
    code_points, text, source = _code_points(texts)
    folded = fold(code_points)
    visible = folded != SKIP
    code_points, text, source, folded = code_points[visible], text[visible], source[visible], folded[visible]
    member = _in_word(folded)
    emoji = folded == OWN
    token = member | emoji
    after = np.concatenate(([False], (token & ~emoji)[:-1]))
    first = np.flatnonzero(token & (~after | emoji))
    position = np.flatnonzero(token)
    word = np.searchsorted(first, position, side="right") - 1
    single = (np.bincount(word, minlength=len(first)) == 1) & ~emoji[first]
    starts_word = ~_joins_predecessor(first, position, word, single, folded)
    word = (np.cumsum(starts_word) - 1)[word]
    symbols = _unleet(folded[position], word, int(starts_word.sum()))
    return _spell(Words(symbols, word, text[first][starts_word], source[position]), code_points[position])


def _code_points(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], Int64, Int64]:
    """Code points of all texts, two line breaks after each, the text that each belongs to, and its offset there."""
    cleaned = [encode(text).decode() for text in texts]
    joined = "\n\n".join([*cleaned, ""])
    code_points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    lengths = np.array([len(text) + 2 for text in cleaned], np.int64)
    owner = np.repeat(np.arange(len(cleaned)), lengths)
    return code_points, owner, np.arange(len(owner)) - (np.cumsum(lengths) - lengths)[owner]


def _in_word(folded: UInt8) -> Bool:
    """Step 2: which folded symbols belong to a word (emoji apart)."""
    letter_or_digit = _is_letter(folded) | _is_digit(folded)
    followed = np.concatenate((letter_or_digit[1:], [False]))
    member: Bool = letter_or_digit | (np.isin(folded, _LEET_SYMBOLS) & followed)
    here = np.arange(len(folded))
    tail = np.isin(folded, _TAILS)
    if tail.any():
        member |= tail & letter_or_digit[np.maximum.accumulate(np.where(tail, 0, here))]
    star = folded == _STAR
    if star.any():
        before = np.maximum.accumulate(np.where(star, 0, here))
        behind = np.minimum.accumulate(np.where(star, len(folded) - 1, here)[::-1])[::-1]
        member |= star & member[before] & letter_or_digit[behind]
    return member


def _joins_predecessor(first: Int64, position: Int64, word: Int64, single: Bool, folded: UInt8) -> Bool:
    """Step 3: which words are a further letter of a spaced-out word.

    Runs of one-character words are formed from the left: one joins the run before it if a single break lies
    between, of the same kind as the run's first break.
    """
    if not len(first):
        return np.zeros(0, np.bool_)
    last = position[np.flatnonzero(np.diff(word, append=len(first)))]
    gap = first[1:] - last[:-1] - 1
    near = np.concatenate(([False], single[1:] & single[:-1] & (gap == 1)))
    blank = folded[first - 1] == BREAK
    change = np.concatenate(([False], near[1:] & near[:-1] & (blank[1:] != blank[:-1])))
    # after a change a new run begins, whose first break may be of any kind: every second of several changes
    here = np.arange(len(first))
    earlier = here - np.maximum.accumulate(np.where(change, 0, here))
    starts = ~near | (change & (earlier % 2 == 1))
    run = np.cumsum(starts) - 1
    joins: Bool = ~starts & (np.bincount(run)[run] >= _SPACED)
    return joins


def _unleet(symbols: UInt8, word: Int64, count: int) -> UInt8:
    """Step 4: digits and symbols as letters in words that have a letter, zeros for the digits of others."""
    has_letter = np.bincount(word, weights=_is_letter(symbols), minlength=count) > 0
    zeros = np.where(_is_digit(symbols), _ZERO, symbols)
    return np.where(has_letter[word], _LEET[symbols], zeros).astype(np.uint8)


def _spell(found: Words, code_points: npt.NDArray[np.uint32]) -> Words:
    """Kept code points as the bytes of their UTF-8, all others as their one symbol."""
    symbols = found.symbols
    kept = (symbols == KEEP) | (symbols == OWN)
    if not kept.any():
        return found
    length = np.where(kept, 2 + (code_points >= 0x800) + (code_points >= 0x10000), 1)
    of = np.repeat(np.arange(len(symbols)), length)
    offset = np.arange(len(of)) - (np.cumsum(length) - length)[of]
    shifted = code_points[of].astype(np.int64) >> (6 * (length[of] - 1 - offset))
    lead = np.array([0, 0, 0xC0, 0xE0, 0xF0])[length[of]] | shifted
    spelled = np.where(offset == 0, lead, 0x80 | (shifted & 0x3F))
    spelled = np.where(kept[of], spelled, symbols[of]).astype(np.uint8)
    return Words(spelled, found.word[of], found.text, found.source[of])


def _is_letter(folded: UInt8) -> Bool:
    letter: Bool = ((folded >= ord("a")) & (folded <= ord("z"))) | (folded == KEEP)
    return letter


def _is_digit(folded: UInt8) -> Bool:
    digit: Bool = (folded >= _ZERO) & (folded <= ord("9"))
    return digit


def features(texts: Sequence[str], fold: Fold, bits: int) -> tuple[Int64, Int64]:
    """Steps 1 to 6 up to the sum: which slots each text has.

    Args:
        texts: any number of texts.
        fold: the folding table.
        bits: the table has ``2**bits`` rows, 10 to 24.

    Returns:
        ``text [m]`` and ``slot [m]``, sorted by both, each pair once.
    """
    found = words(texts, fold)
    slot, begin, _ = places(found, bits)
    text = found.text[found.word[begin]]
    pair = np.unique((text.astype(np.uint64) << np.uint64(bits)) | slot.astype(np.uint64)).astype(np.int64)
    return pair >> bits, pair & ((1 << bits) - 1)


def places(found: Words, bits: int) -> tuple[Int64, Int64, Int64]:
    """Step 5: the slots of words, of pairs of words and of 4-grams, each as often as it stands there.

    Returns:
        slot ``[f]``, and the bytes of ``found.symbols`` that it was made of: begin ``[f]`` and end ``[f]``.
    """
    if not len(found.text):
        return (np.zeros(0, np.int64),) * 3
    count = len(found.text)
    before, length = _runs(found)
    keys, owner, place = _keys(found.symbols[before == 0], found.word[before == 0], count)
    mixed = keys * _MIX
    inside = (place > 0) & np.concatenate((owner[1:] == owner[:-1], [False]))
    # a word's hash: a term for each run, and another one where it is a double letter
    hashes = _total(np.where(inside, (mixed >> _HALF) * mixed, 0), owner, count)
    place_of_byte = np.flatnonzero(inside)[np.cumsum(before == 0) - 1]
    hashes += _total(np.where((before == 1) & (length == 2), mixed[place_of_byte] * _PAIR, 0), found.word, count)
    follows = found.text[1:] == found.text[:-1]
    gram = np.flatnonzero(place >= _GRAM - 1)
    slot = np.concatenate((_scatter(hashes), _scatter(hashes[:-1] * _PAIR + hashes[1:])[follows], mixed[gram]))
    word = np.searchsorted(found.word, np.arange(count + 1))
    # a 4-gram begins and ends with the runs that its keys stand for; a space at its end is none
    run, keyed = np.append(np.flatnonzero(before == 0), len(before)), np.flatnonzero(inside)
    first, last = np.searchsorted(keyed, gram - (_GRAM - 1)), np.searchsorted(keyed, gram, side="right")
    begin = np.concatenate((word[:-1], word[:-2][follows], run[first]))
    end = np.concatenate((word[1:], word[2:][follows], run[last]))
    return (slot >> np.uint64(64 - bits)).astype(np.int64), begin, end


def _runs(found: Words) -> tuple[Int64, Int64]:
    """How many equal bytes of the same word stand right before each byte, and how many its run has."""
    symbols, word = found.symbols, found.word
    begins = np.concatenate(([True], (symbols[1:] != symbols[:-1]) | (word[1:] != word[:-1])))
    start = np.flatnonzero(begins)
    run = np.cumsum(begins) - 1
    return np.arange(len(symbols)) - start[run], np.bincount(run)[run]


def _keys(symbols: UInt8, word: Int64, count: int) -> tuple[UInt64, Int64, Int64]:
    """The four bytes that end at each place of each word, a space at both ends of it, as 32-bit keys.

    Returns:
        keys ``[p]``, the word of each, and its place in the word: 0 for the leading space.
    """
    length = np.bincount(word, minlength=count) + 2
    owner = np.repeat(np.arange(count), length)
    place = np.arange(len(owner)) - (np.cumsum(length) - length)[owner]
    padded = np.full(len(owner), _SPACE, np.uint64)
    padded[np.arange(len(word)) + 1 + 2 * word] = symbols
    keys = np.zeros(len(owner), np.uint64)
    for back in range(_GRAM):
        earlier = np.concatenate((np.zeros(back, np.uint64), padded[:len(padded) - back]))
        keys |= np.where(place >= back, earlier, 0).astype(np.uint64) << np.uint64(8 * (_GRAM - 1 - back))
    return keys, owner, place


def _total(terms: UInt64, word: Int64, count: int) -> UInt64:
    """The sum of each word's terms, modulo 2**64."""
    start = np.searchsorted(word, np.arange(count))
    return np.add.reduceat(terms.astype(np.uint64), start)


def _scatter(hashes: UInt64) -> UInt64:
    mixed = hashes * _MIX
    scattered: UInt64 = (mixed ^ (mixed >> _HALF)) * _MIX
    return scattered


def pool(texts: Sequence[str], fold: Fold, table: UInt8) -> tuple[Int64, Int64]:
    """Step 6: the rows of each text's slots, summed.

    Args:
        texts: any number of texts.
        fold: the folding table.
        table: ``[2**bits, 8]`` uint8.

    Returns:
        sums ``[n, 8]`` and numbers of distinct features ``[n]``.
    """
    bits = len(table).bit_length() - 1
    text, slot = features(texts, fold, bits)
    count = np.bincount(text, minlength=len(texts))
    columns = [np.bincount(text, weights=table[slot, column], minlength=len(texts)) for column in range(COLUMNS)]
    return np.stack(columns, axis=1).astype(np.int64).reshape(len(texts), COLUMNS), count
