from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.export.rounding import rounded

Array = npt.NDArray[Any]
LARGEST = 64


def steps(weights: Array) -> Array:
    found: Array = np.maximum(np.abs(weights).max(axis=0) / LARGEST, 1e-12)
    return found


def nearest(weights: Array) -> Array:
    return np.rint(weights / steps(weights)).astype(np.int8)


def activations(seed: int, rows: int, channels: int) -> Array:
    """That go together, as those of a network do."""
    rng = np.random.default_rng(seed)
    causes, loadings, noise = (rng.normal(size=size) for size in ((rows, 6), (6, channels), (rows, channels)))
    found: Array = causes @ loadings + 0.3 * noise + 0.5
    return found


def test_products_are_nearer_than_by_plain_rounding() -> None:
    x, weights = activations(1, 6_000, 300), np.random.default_rng(0).normal(size=(300, 40))
    x, other = x[:4_000], x[4_000:]
    found = rounded(weights, steps(weights), x.T @ x, LARGEST)

    def error(integers: Array) -> float:
        return float(np.sqrt(np.mean((other @ (integers * steps(weights)) - other @ weights) ** 2)))

    assert error(found) < 0.5 * error(nearest(weights))


def test_of_channels_that_have_nothing_to_do_with_each_other_each_weight_is_rounded() -> None:
    weights = np.random.default_rng(0).normal(size=(150, 8))
    np.testing.assert_array_equal(rounded(weights, steps(weights), np.diag(np.arange(1.0, 151.0)), LARGEST),
                                  nearest(weights))


@given(st.integers(0, 99), st.integers(1, 140), st.integers(1, 5), st.integers(0, 50))
def test_integers_stay_in_their_range(seed: int, channels: int, outputs: int, rows: int) -> None:
    x, weights = activations(seed, rows, channels), np.random.default_rng(seed).standard_cauchy((channels, outputs))
    found = rounded(weights, steps(weights), x.T @ x, LARGEST)
    assert found.shape == weights.shape
    assert np.abs(found).max() <= LARGEST


@pytest.mark.parametrize("silent", [slice(0, 3), slice(None)])
def test_channels_that_never_speak_are_rounded_as_well(silent: slice) -> None:
    x, weights = activations(2, 100, 20), np.random.default_rng(0).normal(size=(20, 4))
    x[:, silent] = 0
    found = rounded(weights, steps(weights), x.T @ x, LARGEST)
    np.testing.assert_array_equal(found[silent], nearest(weights)[silent])
