"""Fitting a table: it learns, soft and missing labels count as they should, the bytes have their ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from toxmeter.models.ngrams import features
from toxmeter.training.fold import make_fold
from toxmeter.training.hashed import Table, fit_table, matrix

Floats = npt.NDArray[np.float64]
BITS = 10


def present(rows: list[list[int]]) -> Any:
    """Texts that have these slots."""
    owner = [row for row, slots in enumerate(rows) for _ in slots]
    slots = [slot for slots in rows for slot in slots]
    return sparse.csr_matrix((np.ones(len(slots), np.float32), (owner, slots)), shape=(len(rows), 1 << BITS))


def fit(rows: list[list[int]], labels: Any, weight: Any = None, **options: Any) -> Table:
    matrix_of = np.array(labels, np.float64).reshape(len(rows), -1)
    count = np.ones(len(rows)) if weight is None else np.array(weight, np.float64)
    return fit_table(present(rows), matrix_of, count, **{"penalty": 0.01, "iterations": 200} | options)


def answer(table: Table, slots: list[int]) -> Floats:
    """The probabilities of a text, as ``HashedScorer`` is specified."""
    rows = table.rows[slots].astype(np.int64)
    norm = np.sqrt(max((rows[:, 6] + 256 * rows[:, 7]).sum(), 1))
    logit = table.scale * (rows[:, : len(table.scale)] - 128).sum(axis=0) / norm + table.bias
    probability: Floats = 1 / (1 + np.exp(-logit))
    return probability


def same(one: Table, other: Table) -> bool:
    return (np.array_equal(one.rows, other.rows) and np.array_equal(one.scale, other.scale)
            and np.array_equal(one.bias, other.bias))


TOXIC, KIND, COMMON = 7, 300, 1_000
TWO_WORDS = [[TOXIC, COMMON], [KIND, COMMON]] * 50


def test_what_can_be_separated_is() -> None:
    table = fit(TWO_WORDS, [1, 0] * 50)
    assert answer(table, [TOXIC, COMMON])[0] > 0.95
    assert answer(table, [KIND, COMMON])[0] < 0.05
    assert 0.2 < answer(table, [COMMON])[0] < 0.8
    assert answer(table, [TOXIC])[0] > answer(table, [TOXIC, COMMON, 5])[0]
    assert table.loss < 0.1 < table.chance


def test_labels_are_fitted_each_for_itself() -> None:
    table = fit([[1], [2], [3], [4]] * 30, [[1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 1, 0]] * 30)
    expected = [[1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 1, 0]]
    np.testing.assert_allclose([answer(table, [slot]) for slot in (1, 2, 3, 4)], expected, atol=0.15)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.5, 0.9, 1.0])
def test_a_soft_label_is_the_answer(share: float) -> None:
    table = fit([[TOXIC], [KIND], [COMMON]] * 200, [share, 0.0, 1.0] * 200, penalty=1e-3)
    assert answer(table, [TOXIC])[0] == pytest.approx(share, abs=0.03)
    assert answer(table, [KIND])[0] < 0.05 < 0.95 < answer(table, [COMMON])[0]


def test_a_soft_label_is_a_share_of_hard_ones() -> None:
    soft = fit([[TOXIC], [KIND]] * 100, [0.25, 0.5] * 100)
    hard = fit([[TOXIC], [KIND]] * 100, [1, 1, 0, 1, 0, 0, 0, 0] * 25)
    for slot in (TOXIC, KIND):
        assert answer(hard, [slot])[0] == pytest.approx(answer(soft, [slot])[0], abs=0.002)


def test_labels_of_rows_without_weight_do_not_matter() -> None:
    rows = [[TOXIC, COMMON], [KIND], [TOXIC], [KIND, COMMON]] * 20
    weight = [1.0, 1.0, 0.0, 0.0] * 20
    one = fit(rows, [1, 0, 0, 1] * 20, weight)
    other = fit(rows, [1, 0, 1, 0] * 20, weight)
    assert same(one, other)
    assert (one.loss, one.chance) == (other.loss, other.chance)


def test_a_missing_label_has_no_influence() -> None:
    rows = [[TOXIC, COMMON], [KIND], [TOXIC], [KIND, COMMON]] * 20
    missing = fit(rows, [1, 0, np.nan, np.nan] * 20)
    for value in (0.0, 0.7, 1.0):
        assert same(missing, fit(rows, [1, 0, value, value] * 20, [1, 1, 0, 0] * 20))
    assert not same(missing, fit(rows, [1, 0, 0, 1] * 20))


def test_a_label_missing_in_one_column_still_counts_in_the_other() -> None:
    table = fit([[TOXIC], [KIND]] * 50, [[1, np.nan], [0, 1]] * 25 + [[np.nan, 0], [np.nan, 1]] * 25)
    np.testing.assert_allclose(answer(table, [TOXIC]), [1, 0], atol=0.1)
    np.testing.assert_allclose(answer(table, [KIND]), [0, 1], atol=0.1)


def test_a_row_of_weight_two_is_the_row_twice() -> None:
    random = np.random.default_rng(3)
    rows = [sorted({int(slot) for slot in random.integers(0, 8, 3)}) for _ in range(3_000)]
    labels = (random.random(3_000) < [0.2 + 0.5 * (0 in slots) for slots in rows]).astype(float)
    labels[:2] = 1.0
    # few rows of many, so that how rare each feature is stays the same once it is rounded
    twice = fit(rows + rows[:2], [*labels, *labels[:2]], penalty=1.0)
    weighted = fit(rows, labels, [2.0, 2.0, *[1.0] * 2_998], penalty=1.0)
    once = fit(rows, labels, penalty=1.0)
    np.testing.assert_array_equal(twice.rows[:8, 6:], weighted.rows[:8, 6:])
    for slots in ([0], [1, 2], [0, 3, 5]):
        assert answer(weighted, slots)[0] == pytest.approx(answer(twice, slots)[0], abs=2e-4)
    assert weighted.chance == pytest.approx(twice.chance, abs=1e-9)
    assert abs(once.chance - twice.chance) > 1e-5


def test_heavier_rows_win() -> None:
    rows, labels = [[TOXIC], [TOXIC]] * 40, [1, 0] * 40
    assert answer(fit(rows, labels, [3, 1] * 40), [TOXIC])[0] == pytest.approx(0.75, abs=0.02)
    assert answer(fit(rows, labels, [1, 3] * 40), [TOXIC])[0] == pytest.approx(0.25, abs=0.02)


def test_chance_is_the_entropy_of_the_rate() -> None:
    table = fit([[1], [2], [3], [4]] * 10, [[1, 0], [0, 0], [0, 0], [0, 1]] * 10, iterations=1)
    assert table.chance == pytest.approx(-(0.25 * np.log(0.25) + 0.75 * np.log(0.75)), abs=1e-6)
    assert table.loss <= table.chance


def test_a_stronger_penalty_gives_milder_answers() -> None:
    answers = [answer(fit(TWO_WORDS, [1, 0] * 50, penalty=penalty), [TOXIC])[0] for penalty in (0.01, 1, 30, 1_000)]
    assert answers == sorted(answers, reverse=True)
    assert answers[-1] == pytest.approx(0.5, abs=0.05)


def test_the_fit_can_be_repeated() -> None:
    random = np.random.default_rng(0)
    rows = [sorted({int(slot) for slot in random.integers(0, 1 << BITS, 12)}) for _ in range(400)]
    labels = random.random((400, 6)) < 0.3
    assert same(fit(rows, labels, iterations=20), fit(rows, labels, iterations=20))


@pytest.mark.parametrize("columns", [1, 3, 6])
def test_the_bytes_have_their_ranges(columns: int) -> None:
    random = np.random.default_rng(1)
    rows = [[0, *sorted({int(slot) for slot in random.integers(1, 900, 12)})] for _ in range(500)]
    table = fit(rows, random.random((500, columns)) < 0.3, iterations=20)
    packed, seen = table.rows, np.bincount(np.concatenate(rows), minlength=1 << BITS)
    assert packed.shape == (1 << BITS, 8)
    assert packed.dtype == np.uint8
    labels = packed[:, :columns].astype(np.int64) - 128
    # the largest weight of each label is as large as a signed byte can say
    assert np.abs(labels).max(axis=0).tolist() == [127] * columns
    assert (labels[seen == 0] == 0).all()
    assert (packed[:, columns:6] == 0).all()
    # squared weights in units of 1/64, low byte first: (ln((1 + n) / (1 + df)) + 1)²
    squared = packed[:, 6] + 256.0 * packed[:, 7]
    np.testing.assert_allclose(squared, (np.log(501 / (1 + seen)) + 1) ** 2 * 64, atol=0.51)
    assert squared[0] == 64  # what all texts have weighs one
    assert table.scale.shape == table.bias.shape == (columns,)
    assert (table.scale > 0).all()


def test_progress_is_reported_while_the_loss_falls() -> None:
    told: list[tuple[int, float]] = []
    table = fit(TWO_WORDS, [1, 0] * 50, iterations=7, progress=lambda step, loss: told.append((step, loss)))
    assert [step for step, _ in told] == list(range(1, len(told) + 1))
    assert 1 < len(told) <= 7
    losses = [loss for _, loss in told]
    assert losses[-1] == pytest.approx(table.loss, abs=1e-6)
    assert losses[0] < table.chance
    assert losses[-1] < losses[0]


def test_a_matrix_holds_the_features_of_each_text() -> None:
    texts = ["you are stupid", "", "what a lovely day", "you are stupid"] * 1_100  # more than one chunk
    made = matrix(texts, make_fold(), BITS)
    assert made.shape == (4_400, 1 << BITS)
    assert set(made.data) == {1.0}
    for row in (0, 2, 4_399):
        _, slots = features([texts[row]], make_fold(), BITS)
        assert sorted(made[row].indices) == slots.tolist()
        assert len(slots) > 5
    assert made[1].nnz == made[4_397].nnz == 0
