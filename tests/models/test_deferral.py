"""The rule of a cascade: which texts are looked at, which windows are read, and rules that mean nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import LabelSet
from toxmeter.errors import LabelError
from toxmeter.models.deferral import Deferral, cut, joined
from toxmeter.models.dummy import DummyScorer

LABELS = LabelSet(("toxic", "other", "insult"), "multilabel", ("toxic", "insult"))
LOW = {"toxic": 0.2, "insult": 0.1}
SCORE = st.sampled_from([0.0, 0.05, 0.0999, 0.1, 0.15, 0.2, 0.31, 0.5, 0.9])
TEXT = st.lists(st.tuples(SCORE, SCORE, SCORE), min_size=1, max_size=5)


@given(text=TEXT, dilution=st.sampled_from([1.0, 1.75, 4.0]))
def test_a_text_is_looked_at_from_a_lower_bar_on(text: list[Any], dilution: float) -> None:
    found = Deferral(LOW, dilution).texts(np.array(text), LABELS)
    assert found.tolist() == [toxic >= 0.2 / dilution or insult >= 0.1 / dilution for toxic, _, insult in text]


@given(texts=st.lists(TEXT, max_size=4), relative=st.sampled_from([0.0, 0.3, 1.0]))
def test_windows_are_read_that_are_doubtful_beside_the_worst(texts: list[Any], relative: float) -> None:
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    scores = np.array([window for text in texts for window in text]).reshape(-1, 3)
    found = Deferral(LOW, relative=relative).windows(scores, owners, LABELS)
    expected = [any(window[column] >= low and window[column] >= relative * max(each[column] for each in text)
                    for column, low in ((0, 0.2), (2, 0.1)))
                for text in texts for window in text]
    assert found.tolist() == expected


@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_of_a_text_in_doubt_the_worst_window_is_read(texts: list[Any]) -> None:
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    scores = np.array([window for text in texts for window in text])
    read = Deferral(LOW, relative=1).windows(scores, owners, LABELS)
    every = Deferral(LOW, relative=0).windows(scores, owners, LABELS)
    for row, text in enumerate(texts):
        assert read[owners == row].any() == every[owners == row].any()
        worst = int(np.argmax([window[0] for window in text]))
        assert read[owners == row][worst] or text[worst][0] < 0.2


def test_what_is_no_number_is_in_doubt() -> None:
    scores = np.array([[np.nan, 0.0, 0.0], [0.0, np.nan, 0.0]])
    assert Deferral(LOW).texts(scores, LABELS).tolist() == [True, False]
    assert Deferral(LOW).windows(scores, np.arange(2), LABELS).tolist() == [True, False]


@pytest.mark.parametrize(("settings", "message"), [
    ({"low": {}}, "would answer every text"), ({"low": {"toxic": 1.5}}, r"low of toxic is 1.5"),
    ({"low": {"toxic": float("nan")}}, "low of toxic is nan"), ({"dilution": 0.9}, "dilution is 0.9"),
    ({"dilution": float("nan")}, "dilution is nan"), ({"dilution": float("inf")}, "dilution is inf"),
    ({"relative": -0.1}, "relative is -0.1"), ({"relative": 1.1}, "relative is 1.1"),
    ({"relative": float("nan")}, "relative is nan")])
def test_rules_that_mean_nothing_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Deferral(**{"low": LOW} | settings).check(LABELS)


def test_a_low_of_no_label_is_refused() -> None:
    with pytest.raises(LabelError, match="threat"):
        Deferral({"threat": 0.1}).check(LABELS)


def test_texts_are_whole_for_a_scorer_that_tells_no_windows() -> None:
    pieces = cut(DummyScorer(), ["one", "", "three"])
    assert pieces.texts == ["one", "", "three"]
    assert pieces.owners.tolist() == [0, 1, 2]


def test_a_text_has_the_highest_of_those_that_were_read() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.3], [0.1, 0.4], [0.5, 0.0]], np.float32)
    found, second = joined(scores, np.array([False, True, True, False]), np.array([0, 0, 0, 1]))
    np.testing.assert_array_equal(found, np.array([[0.2, 0.4], [0.5, 0.0]], np.float32))
    assert second.tolist() == [True, False]
