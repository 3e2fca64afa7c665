"""nano's own explanation: parts sum to the logit, and lie where the words are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import load
from toxmeter.models.attribution import attribute
from toxmeter.models.catalog import artifact_of
from toxmeter.models.hashed import HashedScorer

_TEXTS = st.one_of(st.text(max_size=80), st.text(
    alphabet=st.sampled_from("aeiou stpdlfn!1$.@*-_\u200b\u0301ｆооль😀İß"), max_size=60))


@pytest.fixture(scope="module")
def nano() -> HashedScorer:
    found = load("nano")
    assert isinstance(found, HashedScorer)
    return found


@given(text=_TEXTS)
def test_parts_sum_to_the_logit_less_the_bias(nano: HashedScorer, text: str) -> None:
    traced = attribute(text, nano._fold, nano._table, nano._scale)
    assert traced.characters.shape == (len(text), 6)
    scores = nano.score([text])[0].astype(np.float64)
    if (scores == 0).all():  # without a visible character it has no logits
        return
    manifest = artifact_of("nano").manifest
    natural = manifest.calibration["natural"]
    bias = np.array(natural["slope"]) * manifest.model["bias"] + natural["intercept"]
    logits = np.log(scores) - np.log1p(-scores)
    np.testing.assert_allclose(traced.characters.sum(axis=0) + bias, logits, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(traced.by_word().sum(axis=0), traced.characters.sum(axis=0), atol=1e-9)


@given(text=_TEXTS)
def test_words_are_in_order_within_the_text(nano: HashedScorer, text: str) -> None:
    words = attribute(text, nano._fold, nano._table, nano._scale).words
    assert all(0 <= begin < end <= len(text) for begin, end in words)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(words))


@pytest.mark.parametrize("text", [
    "you are such an idiot my friend", "you are such an 1d10t my friend", "you are such an i d i o t my friend",
    "YOU ARE SUCH AN IDIOT MY FRIEND"])
def test_the_telling_word_has_the_largest_part(nano: HashedScorer, text: str) -> None:
    traced = attribute(text, nano._fold, nano._table, nano._scale)
    begin, end = traced.words[int(traced.by_word()[:, 0].argmax())]
    assert text[begin:end].casefold().replace(" ", "").replace("1", "i").replace("0", "o") == "idiot"


def test_a_text_without_words_has_no_parts(nano: HashedScorer) -> None:
    traced = attribute("  ", nano._fold, nano._table, nano._scale)
    assert traced.words == []
    assert traced.by_word().shape == (0, 6)
    assert not traced.characters.any()
