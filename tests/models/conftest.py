"""A random table: the scores mean nothing, but every feature moves them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from toxmeter.models.ngrams import Fold
from toxmeter.training.fold import make_fold

BITS = 12


@pytest.fixture(scope="session")
def fold() -> Fold:
    return make_fold()


@pytest.fixture(scope="session")
def table() -> npt.NDArray[np.uint8]:
    rows = np.random.default_rng(0).integers(0, 256, (1 << BITS, 8), np.uint8)
    rows[:, 7] = 1  # no weight of zero
    return rows
