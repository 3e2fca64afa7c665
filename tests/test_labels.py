"""Label sets: what they refuse, how they find columns, and how toxic a row of scores is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toxmeter.errors import LabelError
from toxmeter.labels import JIGSAW, LabelSet

HATE = LabelSet(("hate", "offensive", "neither"), "multiclass", ("hate", "offensive"), {"HATE": "hate"})
SENTIMENT = LabelSet(("NEGATIVE", "POSITIVE"), "binary")


@pytest.mark.parametrize(("fields", "message"), [
    ({"names": ("a", "b"), "kind": "plural"}, "binary, multiclass, multilabel"),
    ({"names": ("a",), "kind": "binary"}, "it needs 2"),
    ({"names": ("a", "b", "c"), "kind": "binary"}, "binary label set of 3 names"),
    ({"names": ("a",), "kind": "multiclass"}, "it needs 2"),
    ({"names": (), "kind": "multilabel"}, "it needs 1"),
    ({"names": ("a", " "), "kind": "multilabel"}, "blank"),
    ({"names": ("a", 3), "kind": "multilabel"}, "3 is blank or no text"),
    ({"names": ("a", "b", "a"), "kind": "multilabel"}, "twice: a"),
    ({"names": ("insult",), "kind": "multilabel", "toxic": ("insul",)}, "did you mean 'insult'"),
    ({"names": ("a",), "kind": "multilabel", "aliases": {"A": "c"}}, "'c' is not among a"),
    ({"names": ("a", "b"), "kind": "multilabel", "aliases": {"a": "b"}}, "alias 'a' is itself a label"),
    ({"names": ("a", "b"), "kind": "binary", "toxic": ("a", "b")}, "leave one for harmless text"),
    ({"names": ("a", "b"), "kind": "multiclass", "toxic": ("a", "b")}, "leave one for harmless text"),
])
def test_contradictions_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        LabelSet(**fields)


def test_all_labels_of_a_multilabel_set_may_be_toxic() -> None:
    assert JIGSAW.toxic == JIGSAW.names


def test_columns_are_found_by_name_and_alias() -> None:
    assert JIGSAW.id("insult") == JIGSAW.id("INSULT") == 4
    assert HATE.ids == {"hate": 0, "offensive": 1, "neither": 2, "HATE": 0}


def test_an_unknown_label_is_named_with_a_hint() -> None:
    with pytest.raises(LabelError, match=r"no label 'insolt'.*did you mean 'insult'"):
        JIGSAW.id("insolt")


def test_toxic_columns_are_in_column_order() -> None:
    assert LabelSet(("a", "b", "c"), "multilabel", ("c", "a")).toxic_ids == (0, 2)
    assert SENTIMENT.toxic_ids == ()


def test_len_is_the_number_of_columns() -> None:
    assert len(JIGSAW) == 6


def test_toxicity_of_a_multilabel_set_is_the_largest_toxic_column() -> None:
    labels = LabelSet(("insult", "praise"), "multilabel", ("insult",))
    np.testing.assert_array_equal(labels.toxicity(np.array([[0.25, 0.75]], np.float32)), [0.25])
    scores = np.array([[0, 0, 0, 0.5, 0.25, 0]], np.float32)
    np.testing.assert_array_equal(JIGSAW.toxicity(scores), [0.5])


def test_toxicity_of_classes_is_their_sum() -> None:
    scores = np.array([[0.25, 0.5, 0.25], [0, 0, 1]], np.float32)
    np.testing.assert_array_equal(HATE.toxicity(scores), [0.75, 0])


def test_toxicity_of_no_rows() -> None:
    assert HATE.toxicity(np.empty((0, 3), np.float32)).shape == (0,)


def test_toxicity_needs_a_toxic_label() -> None:
    with pytest.raises(LabelError, match="none of NEGATIVE, POSITIVE"):
        SENTIMENT.toxicity(np.zeros((1, 2), np.float32))


@given(arrays(np.float32, (5, 3), elements=st.floats(0, 1, width=32)))
def test_toxicity_is_a_probability_and_never_less_than_a_toxic_column(scores: np.ndarray[Any, Any]) -> None:
    toxicity = HATE.toxicity(scores)
    assert toxicity.dtype == np.float32
    assert ((toxicity >= scores[:, :2].max(axis=1)) & (toxicity <= 1)).all()


@pytest.mark.parametrize("labels", [JIGSAW, HATE, SENTIMENT])
def test_a_set_survives_its_plain_form(labels: LabelSet) -> None:
    copy = LabelSet.from_dict(labels.to_dict())
    assert copy == labels
    assert hash(copy) == hash(labels)


@pytest.mark.parametrize(("data", "message"), [
    ({"names": ["a"]}, "'kind' is missing"),
    ({"kind": "multilabel"}, "'names' is missing"),
    ({"names": ["a"], "kind": "multilabel", "colour": 1}, "'colour' is unknown"),
    ({"names": "ab", "kind": "multilabel"}, "names and toxic are lists"),
    ({"names": ["a"], "kind": "multilabel", "toxic": "a"}, "names and toxic are lists"),
    ({"names": ["a"], "kind": "multilabel", "aliases": ["b"]}, "aliases is a table"),
])
def test_a_broken_plain_form_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        LabelSet.from_dict(data)


def test_a_set_does_not_change_with_what_it_was_made_from() -> None:
    aliases = {"A": "a"}
    labels = LabelSet(("a",), "multilabel", ("a",), aliases)
    aliases["B"] = "a"
    assert dict(labels.aliases) == {"A": "a"}
    with pytest.raises(TypeError):
        labels.aliases["B"] = "a"  # type: ignore[index]
