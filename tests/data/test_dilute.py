"""Harmless beginnings: what follows them is untouched, and how many get one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.data.dilute import JOINTS, WORDS, dilute

HARMLESS = ["one two three four five six seven eight", "hello"]
TEXTS = [f"text number {number}" for number in range(2_000)]


@given(texts=st.lists(st.text(max_size=20), max_size=20), share=st.floats(0, 1), seed=st.integers(0, 5))
def test_every_text_is_there_in_its_place(texts: list[str], share: float, seed: int) -> None:
    found = dilute(texts, HARMLESS, share, seed)
    assert len(found) == len(texts)
    for text, longer in zip(texts, found, strict=True):
        assert longer == text or longer.endswith(f" {text}")
    assert dilute(texts, HARMLESS, share, seed) == found


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_so_many_get_a_beginning(share: float) -> None:
    found = dilute(TEXTS, HARMLESS, share, 0)
    assert sum(one != other for one, other in zip(found, TEXTS, strict=True)) == pytest.approx(share * 2_000, abs=60)


def test_beginnings_are_of_harmless_texts_and_of_all_lengths() -> None:
    begun = [longer.removesuffix(f" {text}").split() for text, longer in zip(
        TEXTS, dilute(TEXTS, HARMLESS[:1], 1.0, 0), strict=True)]
    lengths = {len([word for word in words if word not in JOINTS]) for words in begun}
    assert lengths == set(range(WORDS[0], WORDS[1] + 1))
    assert {words[-1] for words in begun if words[-1] in JOINTS} == {joint for joint in JOINTS if joint}
    assert all(" ".join(words).startswith("one two") for words in begun)


def test_the_seed_decides() -> None:
    assert dilute(TEXTS, HARMLESS, 0.5, 0) != dilute(TEXTS, HARMLESS, 0.5, 1)


def test_what_is_chosen_is_not_changed() -> None:
    texts = list(TEXTS)
    dilute(texts, HARMLESS, 1.0, 0)
    assert texts == TEXTS
