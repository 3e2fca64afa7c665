"""Counts of decisions against scikit-learn, and their resamples against plain ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from toxmeter.evaluation.classification import label_counts, macro_f1, micro_f1, weighted_f1
from toxmeter.evaluation.decisions import RATES, outcomes, rates, resampled, summary

SHAPE = st.tuples(st.integers(1, 12), st.integers(1, 3))
CELLS = SHAPE.flatmap(lambda shape: st.tuples(
    hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, np.nan])), hnp.arrays(np.bool_, shape)))

Cells = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]


@settings(max_examples=40)
@given(CELLS)
def test_counts_are_those_of_scikit_learn(cells: Cells) -> None:
    truth, decided = cells
    found = outcomes(truth, decided)
    for column in range(truth.shape[1]):
        known = ~np.isnan(truth[:, column])
        true, given_it = truth[known, column] == 1, decided[known, column]
        if not len(true):
            assert found.confusion(column) == [[0, 0], [0, 0]]
            continue
        assert found.confusion(column) == sk.confusion_matrix(true, given_it, labels=[False, True]).tolist()
        expected = sk.precision_recall_fscore_support(true, given_it, average="binary", zero_division=np.nan)
        for rate, value in zip(RATES[:3], expected, strict=False):
            assert found.rate(rate)[column] == pytest.approx(value, abs=1e-12, nan_ok=True)
        if not true.all():
            assert found.rate("false_positive_rate")[column] == pytest.approx(given_it[~true].mean(), abs=1e-12)
    for ours, theirs in zip(found.counts, label_counts(truth, decided), strict=True):
        assert ours.tolist() == theirs.tolist()


@given(CELLS)
def test_a_row_is_right_when_its_known_labels_are(cells: Cells) -> None:
    truth, decided = cells
    right = [all(np.isnan(true) or true == one for true, one in zip(*row, strict=True))
             for row in zip(truth, decided, strict=True) if not np.isnan(row[0]).all()]
    found = outcomes(truth, decided)
    assert (int(found.right), int(found.rows)) == (sum(right), len(right))
    assert float(found.accuracy) == pytest.approx(np.mean(right) if right else np.nan, nan_ok=True)


def test_averages_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth, decided = random.random((200, 4)) < 0.3, random.random((200, 4)) < 0.4
    counts = outcomes(truth.astype(np.float64), decided).counts
    for average, mean in (("macro", macro_f1), ("weighted", weighted_f1), ("micro", micro_f1)):
        assert float(mean(counts)) == pytest.approx(sk.f1_score(truth, decided, average=average), abs=1e-12)
    assert float(outcomes(truth.astype(np.float64), decided).accuracy) == sk.accuracy_score(truth, decided)


def test_resamples_are_spread_like_plain_ones() -> None:
    random = np.random.default_rng(1)
    truth = (random.random((150, 2)) < 0.3).astype(np.float64)
    decided = (truth == 1) ^ (random.random((150, 2)) < 0.2)
    truth[:20, 1] = np.nan
    many = resampled(truth, decided, repeats=3_000, seed=2)
    drawn = [outcomes(truth[rows], decided[rows]) for rows in random.integers(0, 150, (800, 150))]
    for rate in RATES:
        plain = np.array([each.rate(rate) for each in drawn])
        np.testing.assert_allclose(many.rate(rate).mean(axis=0), plain.mean(axis=0), atol=0.01)
        np.testing.assert_allclose(many.rate(rate).std(axis=0), plain.std(axis=0), rtol=0.15)
    np.testing.assert_allclose(many.accuracy.std(), np.std([each.accuracy for each in drawn]), rtol=0.15)


def test_no_rows_have_no_rates() -> None:
    truth, decided = np.zeros((0, 2)), np.zeros((0, 2), np.bool_)
    one, many = outcomes(truth, decided), resampled(truth, decided, repeats=5, seed=0)
    assert rates(one, many, 0) == {rate: {"value": None, "low": None, "high": None} for rate in RATES}
    assert summary(one, many, 1)["confusion"] == [[0, 0], [0, 0]]


def test_a_share_of_none_is_not_certain() -> None:
    truth, given = np.array([[1.0]] * 10 + [[0.0]] * 90), np.zeros((100, 1), np.bool_)
    found = rates(outcomes(truth, given), resampled(truth, given, repeats=50, seed=0), 0)
    assert found["recall"] == {"value": 0.0, "low": 0.0, "high": 0.2775}  # Wilson, 0 of 10
    assert found["false_positive_rate"] == {"value": 0.0, "low": 0.0, "high": 0.0409}
