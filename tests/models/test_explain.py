"""Explanations of any scorer: words with weights, windows of long text, toxic spans, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import LabelSet, load
from toxmeter.errors import InputError, LabelError, ToxmeterError
from toxmeter.models.explain import Evidence, Explains, explain, toxic_spans

LABELS = LabelSet(("toxic", "threat", "calm"), "multilabel", ("toxic", "threat"), {"TOXICITY": "toxic"})
WEIGHTS = {"toxic": {"fool": 4.0, "idiot": 3.0, "friend": -2.0}, "threat": {"hit": 5.0}, "calm": {"tea": 2.0}}


class Words:
    """Adds up the weights of distinct words."""

    version = "words@1+00000000"
    window = 200

    def __init__(self, labels: LabelSet = LABELS, broken: bool = False) -> None:
        self.labels, self._broken = labels, broken
        self.thresholds = dict.fromkeys(labels.names, 0.5)
        self.longest = 0

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.longest = max([self.longest, *map(len, texts)])
        logits = np.array([[-3 + sum(WEIGHTS[name].get(word.strip(".,"), 0.0) for word in set(text.split()))
                            for name in self.labels.names] for text in texts]).reshape(-1, len(self.labels))
        scores = 1 / (1 + np.exp(-logits)) * (np.nan if self._broken else 1)
        return np.asarray(scores, np.float32)


TEXT = "my friend is a fool and will hit me"


def weights(evidence: Sequence[Evidence], text: str = TEXT) -> dict[tuple[str, str], float]:
    return {(each.label, text[each.begin : each.end]): round(each.weight, 2) for each in evidence
            if abs(each.weight) > 0.01}


def test_words_have_their_weights_for_toxic_labels() -> None:
    assert weights(explain(Words(), TEXT)) == {
        ("toxic", "friend"): -2, ("toxic", "fool"): 4, ("threat", "hit"): 5}


def test_labels_and_aliases_can_be_named() -> None:
    assert {each.label for each in explain(Words(), TEXT, labels=["TOXICITY", "calm", "toxic"])} == {"toxic", "calm"}
    with pytest.raises(LabelError, match="insult"):
        explain(Words(), TEXT, labels=["insult"])
    with pytest.raises(InputError):
        explain(Words(), TEXT, labels="toxic")


def test_without_toxic_labels_all_are_explained() -> None:
    plain = LabelSet(LABELS.names, "multilabel")
    assert {each.label for each in explain(Words(plain), TEXT)} == set(LABELS.names)
    with pytest.raises(LabelError):
        toxic_spans(Words(plain), TEXT)


def test_of_a_long_text_the_window_with_the_score_is_explained() -> None:
    text = "We had tea. " * 60 + "You fool. " + "We had tea. " * 60
    scorer = Words()
    found = weights(explain(scorer, text, labels=["toxic"]), text)
    assert found == {("toxic", "fool"): 4}
    assert scorer.longest <= scorer.window


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_text_has_no_evidence(text: str) -> None:
    for scorer in (Words(), load("nano")):
        assert explain(scorer, text) == []
        assert toxic_spans(scorer, text) == []


@pytest.mark.parametrize("call", [explain, toxic_spans])
def test_what_is_no_text_or_no_score_is_refused(call: Any) -> None:
    for text in (None, 3, b"bytes"):
        with pytest.raises(InputError):
            call(Words(), text)
    with pytest.raises(ToxmeterError, match=r"words@1\+00000000 answers NaN"):
        call(Words(broken=True), TEXT)


def test_strong_words_are_spans_and_neighbours_are_joined() -> None:
    scorer = Words()
    text = "you fool idiot are my friend"
    assert [text[begin:end] for begin, end in toxic_spans(scorer, text)] == ["fool idiot"]
    assert toxic_spans(scorer, "you idiot, my friend") == []
    assert toxic_spans(scorer, "you idiot, my friend", threshold=0) == [(4, 9)]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold is"):
        toxic_spans(Words(), TEXT, threshold=threshold)


def test_spans_of_several_windows_are_offsets_into_the_text() -> None:
    text = "You fool. " + "We had tea. " * 60 + "You idiot fool. "
    found = [text[begin:end] for begin, end in toxic_spans(Words(), text)]
    assert found == ["fool", "idiot fool"]


@given(text=st.text(max_size=60))
def test_any_text_has_evidence_within_it(text: str) -> None:
    for each in explain(load("nano"), text):
        assert 0 <= each.begin < each.end <= len(text)
        assert np.isfinite(each.weight)
    spans = toxic_spans(load("nano"), text, threshold=0)
    assert all(begin < end for begin, end in spans)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))


@pytest.mark.parametrize("name", ["nano", "mini", "cascade"])
def test_shipped_models_point_at_the_insult(name: str) -> None:
    scorer = load(name)
    text = "Honestly, you are such an idiot, my dear."
    found = explain(scorer, text, labels=["insult"])
    strongest = max(found, key=lambda each: each.weight)
    assert text[strongest.begin : strongest.end] == "idiot"
    assert [text[begin:end] for begin, end in toxic_spans(scorer, text)] == ["idiot"]


def test_nano_knows_itself_why() -> None:
    assert isinstance(load("nano"), Explains)
    assert not isinstance(load("mini"), Explains)


def test_a_named_scale_points_at_the_same_word() -> None:
    text = "Honestly, you are such an idiot, my dear."
    found = explain(load("mini", scale="balanced"), text, labels=["insult"])
    strongest = max(found, key=lambda each: each.weight)
    assert text[strongest.begin : strongest.end] == "idiot"


def test_lone_surrogates_are_explained() -> None:
    text = "you \ud800 idiot"
    assert explain(load("nano"), text)
    assert explain(load("mini"), text, labels=["toxic"])
