"""Decisions are counted as scikit-learn counts them, for every kind of label set."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from toxmeter.evaluation.classification import (
    accuracy,
    bootstrap_confusion,
    class_counts,
    confusion_matrix,
    hard_labels,
    label_counts,
    macro_f1,
    micro_f1,
    positive_column,
    precision_recall_f1,
    validation_metrics,
    weighted_f1,
)
from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from toxmeter.labels import Kind

Floats = npt.NDArray[np.float64]

DECIDED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)
MARKS = st.lists(st.tuples(*[st.booleans()] * 6), min_size=1, max_size=40)


@given(DECIDED)
def test_classes_are_counted_as_scikit_learn_does(rows: list[tuple[int, int]]) -> None:
    truth, decided = (np.array(column) for column in zip(*rows, strict=True))
    matrix = confusion_matrix(truth, decided, 4)
    np.testing.assert_array_equal(matrix, sk.confusion_matrix(truth, decided, labels=range(4)))
    counts = class_counts(matrix)
    expected = sk.precision_recall_fscore_support(truth, decided, labels=range(4), zero_division=np.nan)
    for found, wanted in zip(precision_recall_f1(counts), expected[:3], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    np.testing.assert_array_equal(counts.true, expected[3])
    assert accuracy(matrix) == micro_f1(counts) == pytest.approx(sk.accuracy_score(truth, decided))
    # by default scikit-learn averages over the classes that occur
    assert macro_f1(counts) == pytest.approx(sk.f1_score(truth, decided, average="macro"), abs=1e-12)
    assert weighted_f1(counts) == pytest.approx(sk.f1_score(truth, decided, average="weighted"), abs=1e-12)


@given(MARKS)
def test_labels_are_counted_as_scikit_learn_does(rows: list[tuple[bool, ...]]) -> None:
    marks = np.array(rows, np.bool_)
    truth, decided = marks[:, :3], marks[:, 3:]
    counts = label_counts(truth.astype(np.float64), decided)
    for found, wanted in ((macro_f1(counts), "macro"), (micro_f1(counts), "micro")):
        expected = sk.f1_score(truth, decided, average=wanted, zero_division=np.nan)
        assert float(found) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    if truth.any():
        expected = sk.f1_score(truth, decided, average="weighted", zero_division=0)
        assert weighted_f1(counts) == pytest.approx(expected, abs=1e-12)
    else:
        assert math.isnan(weighted_f1(counts))


def test_what_is_not_known_is_not_counted() -> None:
    truth = np.array([[1, np.nan], [0, 1], [np.nan, 0]])
    counts = label_counts(truth, np.ones((3, 2), np.bool_))
    assert [column.tolist() for column in counts] == [[1, 1], [2, 2], [1, 1]]


def test_soft_labels_become_decisions() -> None:
    soft = np.array([[0.5, 0.49, 0.01], [0.2, 0.4, 0.4], [np.nan, 1.0, 0.0]])
    assert str(hard_labels("multilabel", soft).tolist()) == "[[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [nan, 1.0, 0.0]]"
    assert str(hard_labels("multiclass", soft).tolist()) == "[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [nan, nan, nan]]"
    assert hard_labels("binary", np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(("toxic", "column"), [((), 1), (("bad",), 1), (("good",), 0)])
def test_the_positive_column_is_the_toxic_one(toxic: tuple[str, ...], column: int) -> None:
    assert positive_column(LabelSet(("good", "bad"), "binary", toxic)) == column


def test_resampled_matrices_are_those_of_resampled_rows() -> None:
    random = np.random.default_rng(0)
    truth, decided = random.integers(0, 3, (2, 200))
    matrix = confusion_matrix(truth, decided, 3)
    drawn = bootstrap_confusion(matrix, repeats=4_000, seed=1)
    assert (drawn.sum(axis=(1, 2)) == 200).all()
    rows = random.integers(0, 200, (4_000, 200))
    plain = np.array([confusion_matrix(truth[each], decided[each], 3) for each in rows])
    for figure in (accuracy, lambda m: macro_f1(class_counts(m)), lambda m: weighted_f1(class_counts(m))):
        np.testing.assert_allclose(np.quantile(figure(drawn), [0.025, 0.5, 0.975]),
                                   np.quantile(figure(plain), [0.025, 0.5, 0.975]), atol=0.006)
    np.testing.assert_array_equal(drawn, bootstrap_confusion(matrix, repeats=4_000, seed=1))
    assert bootstrap_confusion(np.zeros((2, 2), np.int64), repeats=3).sum() == 0


def scored(rows: int, labels: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Classes as one-hot rows, and probabilities that know something of them."""
    random = np.random.default_rng(seed)
    truth = np.eye(labels)[random.integers(0, labels, rows)]
    return truth, random.dirichlet(np.ones(labels), rows) * 0.7 + 0.3 * truth


def test_validation_metrics_of_classes_are_those_of_scikit_learn() -> None:
    truth, probability = scored(300, 4)
    true, decided = truth.argmax(axis=1), probability.argmax(axis=1)
    assert validation_metrics("multiclass", truth, probability) == pytest.approx({
        "auc": sk.roc_auc_score(true, probability, multi_class="ovr", average="macro"),
        "accuracy": sk.accuracy_score(true, decided),
        "f1": sk.f1_score(true, decided, average="macro"),
        "macro_f1": sk.f1_score(true, decided, average="macro"),
        "weighted_f1": sk.f1_score(true, decided, average="weighted"),
    })


@pytest.mark.parametrize("positive", [0, 1, -1])
def test_validation_metrics_of_a_binary_set_are_of_its_positive_column(positive: int) -> None:
    truth, probability = scored(300, 2)
    true, decided = truth.argmax(axis=1), probability.argmax(axis=1)
    assert validation_metrics("binary", truth, probability, positive=positive) == pytest.approx({
        "auc": sk.roc_auc_score(true, probability[:, 1]),
        "accuracy": sk.accuracy_score(true, decided),
        "f1": sk.f1_score(true, decided, pos_label=positive % 2),
        "macro_f1": sk.f1_score(true, decided, average="macro"),
        "weighted_f1": sk.f1_score(true, decided, average="weighted"),
    })


def test_validation_metrics_of_labels_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    probability = random.random((300, 3))
    truth = (random.random((300, 3)) < probability**2).astype(np.float64)
    decided = probability >= 0.5
    assert validation_metrics("multilabel", truth, probability) == pytest.approx({
        "auc": sk.roc_auc_score(truth, probability, average="macro"),
        "accuracy": sk.accuracy_score(truth, decided),
        **{f"{name}f1": sk.f1_score(truth, decided, average=average)
           for name, average in (("", "micro"), ("macro_", "macro"), ("weighted_", "weighted"))},
    })


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_validation_metrics_leave_out_what_is_not_known(kind: Kind) -> None:
    truth, probability = scored(100, 2)
    unknown = np.tile([np.nan, np.nan] if kind == "multilabel" else [np.nan, 1.0], (50, 1))
    more = validation_metrics(kind, np.concatenate([truth, unknown]), np.concatenate([probability, probability[:50]]))
    assert more == validation_metrics(kind, truth, probability)


def test_a_row_that_is_known_in_part_is_right_where_it_is_known() -> None:
    truth = np.array([[1.0, np.nan], [np.nan, np.nan], [1.0, 1.0], [0.0, 1.0]])
    probability = np.array([[0.9, 0.9], [0.9, 0.9], [0.9, 0.1], [0.1, 0.5]])
    found = validation_metrics("multilabel", truth, probability)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["auc"] == 1.0  # of the first label; all known rows of the other have it
    assert found["f1"] == pytest.approx(2 * 3 / (3 + 4))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_validation_metrics_of_no_rows_are_nan(kind: Kind) -> None:
    found = validation_metrics(kind, np.zeros((0, 2)), np.zeros((0, 2)))
    assert list(found) == ["auc", "accuracy", "f1", "macro_f1", "weighted_f1"]
    assert all(math.isnan(value) for value in found.values())


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_validation_metrics_cost_next_to_nothing(kind: Kind) -> None:
    truth, probability = scored(5_000, 6)
    taken = []
    for _ in range(5):
        begin = time.process_time()
        validation_metrics(kind, truth, probability)
        taken.append(time.process_time() - begin)
    assert min(taken) < 0.03
