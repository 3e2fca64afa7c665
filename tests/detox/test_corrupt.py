"""Broken sentences: they differ, repeat by the seed, and each kind does what its name says."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.detox.corrupt import KINDS, LEAST_WORDS, corrupt, pairs_of


def drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


SENTENCE = "The old train to the coast leaves at noon, and we were waiting for it."


@given(sentence=st.text(), seed=st.integers(0, 1_000))
def test_any_text_is_broken_or_left_alone(sentence: str, seed: int) -> None:
    found = corrupt(sentence, drawn(seed))
    if found is None:
        return
    assert len(sentence.split()) >= LEAST_WORDS
    assert found[0].casefold() != " ".join(sentence.split()).casefold()
    assert found[0]
    assert found[1] in KINDS
    assert found == corrupt(sentence, drawn(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_breaks_a_plain_sentence(kind: str) -> None:
    found = [corrupt(SENTENCE, drawn(seed), kind) for seed in range(50)]
    assert {each[1] for each in found if each} == {kind}
    assert len({each[0] for each in found if each}) > 5


@pytest.mark.parametrize(("kind", "words"), [
    ("drop", (-2, -1)), ("double", (1, 1)), ("swap", (0, 0)), ("shuffle", (0, 0)), ("inflect", (0, 0)),
    ("repeat", (2, 8)), ("cut", (-13, -1)), ("misspell", (0, 0)), ("replace", (0, 0))])
def test_the_number_of_words_changes_as_the_kind_says(kind: str, words: tuple[int, int]) -> None:
    for seed in range(50):
        found = corrupt(SENTENCE, drawn(seed), kind)
        assert found is not None
        assert words[0] <= len(found[0].split()) - len(SENTENCE.split()) <= words[1]


@pytest.mark.parametrize("kind", ["swap", "shuffle"])
def test_words_out_of_order_are_the_same_words(kind: str) -> None:
    for seed in range(50):
        found = corrupt(SENTENCE, drawn(seed), kind)
        assert found is not None
        assert Counter(found[0].split()) == Counter(SENTENCE.split())


@pytest.mark.parametrize("sentence", ["", " \n", "too short here", "one"])
def test_short_sentences_are_left_alone(sentence: str) -> None:
    assert corrupt(sentence, drawn(0)) is None


def test_what_a_kind_cannot_break_is_left_alone() -> None:
    assert corrupt("no no no no", drawn(0), "swap") is None
    assert corrupt("a b c d", drawn(0), "misspell") is None


@given(sentences=st.lists(st.text(st.sampled_from("abc "), max_size=20), max_size=8),
       versions=st.integers(1, len(KINDS)), rows=st.integers(0, 4))
def test_sentences_stand_before_their_broken_versions(sentences: list[str], versions: int, rows: int) -> None:
    found = pairs_of(sentences, versions=versions, rows=rows)
    fine = [row for row in found if row[1] == 1]
    assert len(fine) <= (rows or len(sentences))
    assert {row[0] for row in fine} <= {" ".join(sentence.split()) for sentence in sentences}
    for row in fine:
        broken = [other for other in found if other[3] == row[3] and other[1] == 0]
        assert 1 <= len(broken) <= versions
        assert len({other[2] for other in broken}) == len(broken)
        assert row[0].casefold() not in {other[0].casefold() for other in broken}


def test_the_seed_draws() -> None:
    sentences = [f"{SENTENCE} {number}" for number in range(9)]
    assert pairs_of(sentences, rows=4) == pairs_of(sentences, rows=4) != pairs_of(sentences, rows=4, seed=1)
