"""Iterative stratification: sizes, shares of labels, units that stay whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.data.stratify import stratify

SHARES = [0.6, 0.15, 0.25]


def single(labels: npt.NDArray[np.int64], shares: list[float], seed: int) -> npt.NDArray[np.int64]:
    """Parts of rows that are units of their own."""
    return stratify(np.ones(len(labels), np.int64), labels, shares, seed)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(0, 300), st.integers(1, 5))
def test_classes_and_parts_come_close_to_their_shares(seed: int, n: int, k: int) -> None:
    labels = np.eye(k + 1, dtype=np.int64)[np.random.default_rng(seed).integers(k + 1, size=n), :k]  # or none of them
    part = single(labels, SHARES, seed)
    assert part.shape == (n,)
    for label in range(k):
        dealt = [labels[part == each, label].sum() for each in range(3)]
        np.testing.assert_allclose(dealt, np.multiply(SHARES, labels[:, label].sum()), atol=1)
    np.testing.assert_allclose(np.bincount(part, minlength=3), np.multiply(SHARES, n), atol=k + 1)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 5))
def test_the_rarest_of_many_labels_has_its_share(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, 1)) < rng.random(k)).astype(np.int64)  # a row of a rare label has the others as well
    part = single(labels, SHARES, seed)
    rarest = labels.sum(axis=0).argmin()
    dealt = [labels[part == each, rarest].sum() for each in range(3)]
    np.testing.assert_allclose(dealt, np.multiply(SHARES, labels[:, rarest].sum()), atol=1)


def test_rare_labels_are_in_every_part() -> None:
    labels = np.zeros((1_000, 3), np.int64)
    labels[:100, 0], labels[90:130, 1], labels[120:132, 2] = 1, 1, 1
    part = single(labels, SHARES, 7)
    for label in range(3):
        dealt = [labels[part == each, label].sum() for each in range(3)]
        np.testing.assert_allclose(dealt, np.multiply(SHARES, labels[:, label].sum()), atol=1.01)


def test_the_seed_decides() -> None:
    labels = np.eye(4, dtype=np.int64)[np.arange(400) % 4]
    one, again, other = (single(labels, SHARES, seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert 0.2 < (one == other).mean() < 0.7


@pytest.mark.parametrize("shares", [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
def test_a_part_of_no_share_gets_nothing(shares: list[float]) -> None:
    part = single(np.ones((100, 1), np.int64), shares, 3)
    assert np.bincount(part, minlength=3).tolist() == [100 * share for share in shares]


def test_large_units_are_dealt_first_so_that_small_ones_can_level() -> None:
    sizes = np.array([1] * 100 + [60, 40, 20])
    part = stratify(sizes, np.zeros((len(sizes), 1), np.int64), [0.5, 0.5], 5)
    assert [sizes[part == each].sum() for each in (0, 1)] == [110, 110]
    assert {part[100], *part[101:]} == {0, 1}


def test_small_units_go_to_every_part() -> None:
    sizes = np.array([2] * 50 + [1] * 20_000)
    part = stratify(sizes, np.ones((len(sizes), 1), np.int64), SHARES, 5)
    # copies are not all dealt to the largest part because they come first
    assert (np.bincount(part[:50], minlength=3) > 2).all()
