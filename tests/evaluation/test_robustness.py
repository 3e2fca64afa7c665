"""Disguises: what they do to a text, and which of them nano reads through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.models.ngrams import words
from toxmeter.training.fold import make_fold

PLAIN = "you are stupid"
KEEP_LENGTH = ["full_width", "homoglyphs", "leet", "symbols"]
ADD_BETWEEN = ["dotted", "spaced", "spaced_words", "zero_width"]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


def read(text: str) -> list[str]:
    """The words that nano finds in a text."""
    found = words([text], make_fold())
    return [bytes(found.symbols[found.word == word]).decode() for word in range(len(found.text))]


def test_every_disguise_is_examined_here() -> None:
    assert sorted(DISGUISES) == sorted([*KEEP_LENGTH, *ADD_BETWEEN, "stretched", "upper_case"])


@pytest.mark.parametrize(("name", "expected"), [
    ("leet", "y0u 4r3 57up1d"),
    ("symbols", "you @re $tup!d"),
    ("homoglyphs", "уоu аrе ѕtuріd"),
    ("full_width", "ｙｏｕ ａｒｅ ｓｔｕｐｉｄ"),
    ("zero_width", "y\u200bo\u200bu a\u200br\u200be s\u200bt\u200bu\u200bp\u200bi\u200bd"),
    ("spaced", "y o u   a r e   s t u p i d"),
    ("spaced_words", "y o u a r e s t u p i d"),
    ("dotted", "y.o.u a.r.e s.t.u.p.i.d"),
    ("stretched", "yoooou aaaare stuuuupid"),
    ("upper_case", "YOU ARE STUPID"),
])
def test_what_a_disguise_writes(name: str, expected: str) -> None:
    assert DISGUISES[name](PLAIN) == expected


@pytest.mark.parametrize("name", DISGUISES)
@given(text=TEXTS)
def test_a_disguise_depends_on_the_text_alone(name: str, text: str) -> None:
    assert DISGUISES[name](text) == DISGUISES[name](text)
    assert DISGUISES[name]("") == ""


@pytest.mark.parametrize("name", KEEP_LENGTH)
@given(text=TEXTS)
def test_replaced_characters_keep_the_length(name: str, text: str) -> None:
    assert len(DISGUISES[name](text)) == len(text)


@given(text=TEXTS)
def test_separators_stand_between_all_characters_of_a_word(text: str) -> None:
    between = sum(max(len(word) - 1, 0) for word in text.split(" "))
    for name in ("dotted", "spaced_words", "zero_width"):
        assert len(DISGUISES[name](text)) == len(text) + between
    assert DISGUISES["spaced"](text)[::2] == text


@given(text=TEXTS)
def test_stretching_adds_three_vowels_to_each_word_with_one(text: str) -> None:
    with_vowel = sum(any(letter in "aeiouAEIOU" for letter in word) for word in text.split(" "))
    assert len(DISGUISES["stretched"](text)) == len(text) + 3 * with_vowel


@pytest.mark.parametrize(
    "name", ["leet", "symbols", "homoglyphs", "full_width", "zero_width", "upper_case", "spaced", "dotted"])
def test_nano_reads_the_plain_words(name: str) -> None:
    assert read(PLAIN) == ["you", "are", "stupid"]
    assert read(DISGUISES[name](PLAIN)) == ["you", "are", "stupid"]


def test_without_borders_of_words_nano_reads_one_word() -> None:
    # by design: nothing tells where a word ends; training sees such texts too
    assert read(DISGUISES["spaced_words"](PLAIN)) == ["youarestupid"]


def test_stretched_words_differ_in_the_stretch_alone() -> None:
    # by design: the word keeps its letters here, its features cut runs to one letter
    assert read(DISGUISES["stretched"](PLAIN)) == ["yoooou", "aaaare", "stuuuupid"]
