"""Parsers of the columns of known data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from toxmeter.data.parse import (
    always,
    annotator_shares,
    any_of,
    as_they_are,
    index_of,
    score_of,
    values_of,
    votes,
    where_any,
)
from toxmeter.errors import InputError
from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxmeter.data.tables import Table

    MakeTable = Callable[..., Table]

ANYTHING = LabelSet(("unused",), "multilabel")


def test_columns_as_they_are(make_table: MakeTable) -> None:
    made = as_they_are("a", "b")(make_table(a=[1, None], b=[0.25, True], c=["x", "y"]), ANYTHING)
    assert list(made) == ["a", "b"]
    np.testing.assert_array_equal([made["a"], made["b"]], [[1, np.nan], [0.25, 1]])


def test_every_row_says_the_same(make_table: MakeTable) -> None:
    made = always({"toxic": 1.0, "insult": 0.5})(make_table(text=["x", None, "y"]), ANYTHING)
    np.testing.assert_array_equal([made["toxic"], made["insult"]], [[1] * 3, [0.5] * 3])


def test_any_of_the_labels_is_their_maximum(make_table: MakeTable) -> None:
    made = any_of(("a", "b"), ("safe", "toxic"))(make_table(a=[0, 1, 0.2, 0], b=[0, 0, 0.7, None]), ANYTHING)
    np.testing.assert_allclose(made["toxic"], [0, 1, 0.7, np.nan])
    np.testing.assert_allclose(made["safe"], [1, 0, 0.3, np.nan])


def test_a_score_is_the_probability_of_the_second_name(make_table: MakeTable) -> None:
    made = score_of("level", ("neutral", "toxic"))(make_table(level=[0.0, 0.875, None]), ANYTHING)
    np.testing.assert_array_equal([made["neutral"], made["toxic"]], [[1, 0.125, np.nan], [0, 0.875, np.nan]])


def test_values_say_what_they_say_and_no_more(make_table: MakeTable) -> None:
    parse = values_of("kind", {"none": {"toxic": 0, "hate": 0}, "threat": {"toxic": 1, "threat": 1}})
    made = parse(make_table(kind=["none", "threat"]), ANYTHING)
    np.testing.assert_array_equal([made[name] for name in ("toxic", "hate", "threat")],
                                  [[0, 1], [0, np.nan], [np.nan, 1]])
    with pytest.raises(InputError, match=r"row 11: column 'kind' is 'threats', which is not one of none, threat"):
        parse(make_table(kind=["none", "threats"]), ANYTHING)


def test_nothing_counted_is_not_known(make_table: MakeTable) -> None:
    made = where_any("marks", "toxic")(make_table(marks=[3, 0, None]), ANYTHING)
    np.testing.assert_array_equal(made["toxic"], [1, np.nan, np.nan])


def test_an_index_names_one_of_the_classes(make_table: MakeTable) -> None:
    made = index_of("class", ("a", "b", "c"))(make_table(**{"class": [2, 0, None]}), ANYTHING)
    np.testing.assert_array_equal([made[name] for name in "abc"], [[0, 1, np.nan], [0, 0, np.nan], [1, 0, np.nan]])


@pytest.mark.parametrize("value", [3, -1, 0.5, float("inf")])
def test_an_index_of_no_class_is_named(make_table: MakeTable, value: float) -> None:
    with pytest.raises(InputError) as caught:
        index_of("class", ("a", "b", "c"))(make_table(**{"class": [0, value]}), ANYTHING)
    assert str(caught.value) == (
        f"t.parquet: row 11: column 'class' is {value:g}, which is not one of 0 to 2 for a, b, c")


def test_votes_are_shares_of_those_who_voted(make_table: MakeTable) -> None:
    made = votes("hate", "fine")(make_table(hate=[0, 1, 6, 0], fine=[3, 2, 0, 0]), ANYTHING)
    # a text that nobody has seen has no labels
    np.testing.assert_allclose(made["hate"], [0, 1 / 3, 1, np.nan])
    np.testing.assert_allclose(made["fine"], [1, 2 / 3, 0, np.nan])


def test_tweets_have_the_shares_of_their_annotators_as_labels(make_table: MakeTable) -> None:
    made = annotator_shares(make_table(
        count=[3, 3, 6, 9, 0], hate_speech=[0, 1, 6, 1, 0], offensive_language=[0, 2, 0, 2, 0]), ANYTHING)
    assert sorted(made) == ["identity_hate", "toxic"]
    # a tweet that nobody has seen has no labels
    np.testing.assert_allclose(made["toxic"], [0, 1, 1, 1 / 3, np.nan])
    np.testing.assert_allclose(made["identity_hate"], [0, 1 / 3, 1, 1 / 9, np.nan])
