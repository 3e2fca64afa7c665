"""Words left out: Shapley values against their definition, words of many scripts, and a bounded number of scorings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, permutations
from math import factorial

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.models.occlusion import MOST_WORDS, SUSPECTS, _shapley, occlude, split_words

Floats = npt.NDArray[np.float64]


def counting(weights: dict[str, float], calls: list[int] | None = None) -> Callable[[list[str]], Floats]:
    """A logit that is a sum over distinct words."""

    def score(texts: list[str]) -> Floats:
        if calls is not None:
            calls.append(len(texts))
        return np.array([[sum(weights.get(word, 0.0) for word in set(text.casefold().split()))] for text in texts],
                        np.float64).reshape(len(texts), 1)

    return score


def either(texts: Sequence[str]) -> Floats:
    """A logit of 4 where one of two words stands, whichever."""
    return np.array([[4.0 if {"fool", "idiot"} & set(text.split()) else 0.0] for text in texts])


@given(values=st.integers(1, 4).flatmap(lambda m: st.lists(st.floats(-5, 5), min_size=2**m, max_size=2**m)))
def test_shapley_values_are_mean_falls_over_all_orders(values: list[float]) -> None:
    m = len(values).bit_length() - 1
    expected = np.zeros(m)
    for order in permutations(range(m)):
        gone = 0
        for player in order:
            expected[player] += values[gone] - values[gone | 1 << player]
            gone |= 1 << player
    np.testing.assert_allclose(_shapley(np.array(values)), expected / factorial(m), atol=1e-9)


def test_words_of_a_sum_are_worth_their_weights() -> None:
    text = "you are a stupid little fool my dear friend"
    weights = {"stupid": 2.0, "fool": 1.5, "friend": -1.0, "dear": -0.5}
    words, worth = occlude(text, counting(weights))
    assert [text[begin:end] for begin, end in words] == text.split()
    np.testing.assert_allclose(worth[:, 0], [weights.get(word, 0.0) for word in text.split()], atol=1e-9)


def test_two_words_that_each_suffice_share_the_score() -> None:
    text = "you fool and idiot there"
    words, worth = occlude(text, either)
    found = {text[begin:end]: float(each) for (begin, end), each in zip(words, worth[:, 0], strict=True)}
    assert found == {"you": 0, "fool": 2, "and": 0, "idiot": 2, "there": 0}


def test_equal_words_share_what_they_are_worth() -> None:
    words, worth = occlude("Fool says fool", counting({"fool": 3.0}))
    assert len(words) == 3
    np.testing.assert_allclose(worth[:, 0], [1.5, 0, 1.5])


@pytest.mark.parametrize(("text", "words"), [
    ("Don't, he said: (stop)!", ["Don't", "he", "said", "stop"]), ("s t u p i d cat", ["s t u p i d", "cat"]),
    ("well-known e-mail", ["well-known", "e-mail"]), ("a s$hole", ["a", "s$hole"]), ("ты дурак!", ["ты", "дурак"]),
    ("«du  bist»\nnett", ["du", "bist", "nett"]), ("", []), (" \t\n", []), ("...!?", [])])
def test_where_words_are(text: str, words: list[str]) -> None:
    assert [text[begin:end] for begin, end in split_words(text)] == words


@given(text=st.text())
def test_words_of_any_text_are_in_order_and_visible(text: str) -> None:
    words = split_words(text)
    assert all(text[begin:end].strip() for begin, end in words)
    assert all(one[1] <= other[0] for one, other in pairwise(words))


@pytest.mark.parametrize("text", ["", "   ", "?!"])
def test_a_text_without_words_has_none(text: str) -> None:
    words, worth = occlude(text, counting({}))
    assert words == []
    assert worth.shape == (0, 1)


@pytest.mark.parametrize("words", [1, 5, MOST_WORDS, MOST_WORDS + 1, 700])
def test_scorings_are_bounded(words: int) -> None:
    calls: list[int] = []
    text = " ".join(f"w{number}" for number in range(words)) + " fool"
    found, worth = occlude(text, counting({"fool": 1.0}, calls))
    assert len(calls) <= 3
    assert sum(calls) <= 1 + 2 * 32 + 1 + 2 * MOST_WORDS + 2**SUSPECTS
    assert len(found) <= MOST_WORDS
    assert text[slice(*found[int(worth[:, 0].argmax())])] == "fool"
