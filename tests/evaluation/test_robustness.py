"""Disguises and perturbations: what they do to a text, and which disguises nano reads through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.robustness import DISGUISES, PERTURBATIONS, perturb
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


# perturbations

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates as well
STRENGTHS = st.floats(0, 1)
WORDWISE = sorted(set(PERTURBATIONS) - {"neutral_text", "negation"})
SENTENCE = "Alpha beta gamma delta epsilon zeta eta theta iota kappa"


@pytest.mark.parametrize("name", PERTURBATIONS)
@given(text=ANY_TEXT, strength=STRENGTHS, seed=st.integers(0, 9))
def test_any_text_can_be_perturbed_and_again(name: str, text: str, strength: float, seed: int) -> None:
    assert perturb(name, text, strength, seed=seed) == perturb(name, text, strength, seed=seed)


@pytest.mark.parametrize("name", PERTURBATIONS)
@given(text=ANY_TEXT, seed=st.integers(0, 9))
def test_strength_zero_changes_nothing(name: str, text: str, seed: int) -> None:
    assert perturb(name, text, 0.0, seed=seed) == text


@pytest.mark.parametrize("name", DISGUISES)
@given(text=ANY_TEXT)
def test_at_full_strength_a_disguise_is_the_disguise(name: str, text: str) -> None:
    assert perturb(name, text, 1.0) == DISGUISES[name](text)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_huge_texts_are_perturbed(name: str) -> None:
    huge = "You are STUPID. " * 5_000
    assert perturb(name, huge, 0.5) != huge
    assert name == "neutral_text" or perturb(name, "", 1.0) == ""


@pytest.mark.parametrize("name", sorted(set(WORDWISE) - {"spaced", "spaced_words", "emoji", "punctuation"}))
@pytest.mark.parametrize(("strength", "touched"), [(0.1, 1), (0.3, 3), (0.31, 4)])
def test_the_strength_is_the_share_of_words_that_are_touched(name: str, strength: float, touched: int) -> None:
    text = SENTENCE.upper() if name == "lower_case" else SENTENCE
    pairs = list(zip(text.split(), perturb(name, text, strength, seed=1).split(), strict=True))
    assert sum(old != new for old, new in pairs) <= touched
    # letters that a disguise spares, or a swap of equal ones, leave a word as it was
    assert sum(old != new for old, new in pairs) >= touched - 1


@pytest.mark.parametrize("name", ["stretched", "full_width", "neighbour_key", "drop"])
def test_a_stronger_one_touches_more_of_the_same_words(name: str) -> None:
    def touched(strength: float) -> set[int]:
        words = zip(SENTENCE.split(), perturb(name, SENTENCE, strength).split(), strict=True)
        return {place for place, (old, new) in enumerate(words) if old != new}

    assert touched(0.2) < touched(0.5) < touched(1.0)


@pytest.mark.parametrize("name", WORDWISE)
@given(text=ANY_TEXT, strength=st.floats(0, 0.99))
def test_white_space_stays_inside_perturbed_texts(name: str, text: str, strength: float) -> None:
    kept = [char for char in text if char.isspace()]
    found = [char for char in perturb(name, text, strength) if char.isspace()]
    if name in ("spaced", "spaced_words", "emoji", "punctuation"):  # these add spaces
        assert len(found) >= len(kept)
    else:
        assert found == kept


@pytest.mark.parametrize(("name", "word", "expected"), [
    ("swap", "ab", {"ba"}),
    ("swap", "aaa", {"aaa"}),
    ("drop", "abc", {"ac", "ab"}),
    ("drop", "ab", {"ab"}),
    ("neighbour_key", "Q", {"W", "A"}),
    ("neighbour_key", "42", {"42"}),
    ("lower_case", "ABc", {"abc"}),
    ("mixed_case", "stupid", {"sTuPiD"}),
    ("emoji", "...", {"..."}),
])
def test_what_a_perturbation_writes(name: str, word: str, expected: set[str]) -> None:
    found = {perturb(name, word, 1.0, seed=seed) for seed in range(40)}
    assert found == expected


def test_neutral_sentences_stand_at_the_end() -> None:
    for strength, count in ((0.1, 1), (0.3, 3), (1.0, 10)):
        found = perturb("neutral_text", "You fool", strength)
        assert found.startswith("You fool ")
        assert found.count(".") == count


def test_a_share_of_the_sentences_is_denied() -> None:
    assert perturb("negation", "You fool.", 0.1) == "It is not true that You fool."
    assert perturb("negation", "One. Two. Three.", 1.0).count("It is not true that ") == 3
    assert perturb("negation", "One. Two. Three.", 0.5).count("It is not true that ") == 2


def test_emoji_and_marks_follow_words() -> None:
    assert perturb("emoji", "you fool", 1.0).split()[::2] == ["you", "fool"]
    assert perturb("punctuation", "you fool", 1.0).startswith("you")


def test_other_texts_seeds_and_names_draw_otherwise() -> None:
    assert len({perturb("swap", SENTENCE, 0.3, seed=seed) for seed in range(20)}) > 10
    assert perturb("swap", SENTENCE, 0.3) != perturb("swap", f"{SENTENCE} ", 0.3).strip()


@pytest.mark.parametrize(("name", "strength", "problem"), [
    ("swop", 0.5, "did you mean 'swap'"),
    ("swap", 1.1, r"share in \[0, 1\]"),
    ("swap", -0.1, r"share in \[0, 1\]"),
    ("swap", float("nan"), r"share in \[0, 1\]"),
])
def test_what_cannot_be_done_is_named(name: str, strength: float, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        perturb(name, "text", strength)
