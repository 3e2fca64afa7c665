"""The folding table: what each kind of character becomes."""

from __future__ import annotations

import string
import sys

import numpy as np
import pytest

from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.models.ngrams import BREAK, KEEP, MARK, OWN, SKIP
from toxmeter.training.fold import make_fold

EVERY = np.arange(sys.maxunicode + 1, dtype=np.uint32)


def fold(text: str) -> list[int]:
    return make_fold()(np.array([ord(character) for character in text], np.uint32)).tolist()  # type: ignore[no-any-return]


def folded(text: str) -> str:
    """The folded text, where all of it has a symbol or vanishes."""
    values = [value for value in fold(text) if value != SKIP]
    assert min(values) >= ord(" "), values
    return bytes(values).decode("ascii")


def test_every_code_point_has_a_value() -> None:
    values = make_fold()(EVERY)
    assert values.dtype == np.uint8
    symbols = {ord(letter) for letter in string.ascii_lowercase + string.digits + "@$!|+*"}
    assert set(np.unique(values).tolist()) == symbols | {BREAK, SKIP, KEEP, OWN, MARK}


def test_the_table_is_small() -> None:
    index, pages = make_fold()
    assert index.shape == (4352,)
    assert pages.shape == (len(np.unique(index)), 256)
    assert len(pages) <= 256
    assert len(np.unique(pages, axis=0)) == len(pages)
    assert index.dtype == pages.dtype == np.uint8


def test_characters_that_stay_as_they_are_take_more_than_a_byte_of_utf8() -> None:
    # the kernel relies on it: a kept byte below 0x80 would be mistaken for a symbol
    values = make_fold()(EVERY)
    for kept in (KEEP, OWN):
        where = np.flatnonzero(values == kept)
        assert len(where) > 1_000
        assert where.min() >= 0x80


def test_ascii() -> None:
    assert folded(string.ascii_lowercase) == folded(string.ascii_uppercase) == string.ascii_lowercase
    assert folded(string.digits) == string.digits
    assert folded("@$!|+*") == "@$!|+*"
    assert fold("'") == [SKIP]
    assert set(fold(" \t\n\r\v\f\0\x1b\x7f")) == {BREAK}
    assert set(fold('"#%&(),-./:;<=>?[\\]^_`{}~')) == {MARK}


@pytest.mark.parametrize(("text", "plain"), [
    ("çàéîñöüÅÉÔŠž", "caeinouaeosz"),
    ("Ｓｔｕｐｉｄ４２！", "stupid42!"),
    ("𝐬𝑡𝒖𝓹𝔦𝕕𝖘𝗍𝘂𝙥𝚒", "stupidstupi"),
    ("ⓢⓣⓤⓟⓘⓓ", "stupid"),
    ("ˢᵗᵘᵖⁱᵈ", "stupid"),
    ("ꜱᴛᴜᴘɪᴅ", "stupid"),
    ("аеорсухіјѕкмтвн", "aeopcyxijskmtbh"),
    ("АЕОРСУХІЈЅКМТВН", "aeopcyxijskmtbh"),
    ("αβεικνορτυχω", "abeikvoptuxw"),
    ("łøđßæœı", "lodsaoi"),
    ("ﬁﬂ", "ff"),
    ("²½①", "211"),
])
def test_letters_in_disguise_become_ascii(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize("letter", string.ascii_letters + string.digits + "@$!|+*.,-?\"#%&()/:;<=>[]_")
@pytest.mark.parametrize("disguise", ["homoglyphs", "full_width", "upper_case"])
def test_a_disguised_character_is_read_as_the_plain_one(letter: str, disguise: str) -> None:
    assert fold(DISGUISES[disguise](letter)) == fold(letter)


@pytest.mark.parametrize("text", [
    "\u200b\u200c\u200d\ufeff\u2060\u00ad",  # zero width, soft hyphen
    "\u202a\u202e\u2066",  # direction
    "\u0301\u0308\u0336\u20dd",  # combining marks
    "\ufe0f\u0900\u0903",  # variation selector, marks of other scripts
    "'’‘ʼ",
    "🏻🏿",  # tones of skin
])
def test_what_cannot_be_seen_alone_vanishes(text: str) -> None:
    assert set(fold(text)) == {SKIP}


def test_white_space_of_any_width_is_a_break() -> None:
    assert set(fold("\u00a0\u2003\u3000\u2028\u2029\u0085\u202f")) == {BREAK}


def test_letters_of_other_scripts_are_kept() -> None:
    assert set(fold("漢字ひらカж한שלוםمرحبا٣")) == {KEEP}


def test_emoji_are_words_of_their_own() -> None:
    assert set(fold("😀🖕🐷❤☠")) == {OWN}
    assert set(fold("…—«»€")) == {MARK}


def test_the_table_is_made_once() -> None:
    assert make_fold() is make_fold()
