"""Batches: every row once an epoch, like lengths together, the same plan for the same seed."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.training.batches import Batches

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=300)


def plan(lengths: list[int], batching: str = "tokens", **changes: Any) -> Batches:
    settings: dict[str, Any] = {"batching": batching, "size": 8, "tokens": 256, "seed": 7} | changes
    return Batches(lengths, **settings)


def padded(lengths: list[int], batch: list[int]) -> int:
    return len(batch) * max(lengths[row] for row in batch)


@given(LENGTHS, st.sampled_from(["tokens", "length", "random"]), st.integers(0, 5))
def test_every_row_comes_once_an_epoch(lengths: list[int], batching: str, epoch: int) -> None:
    batches = plan(lengths, batching)
    batches.set_epoch(epoch)
    assert sorted(chain.from_iterable(batches)) == list(range(len(lengths)))
    assert len(list(batches)) == len(batches)


@given(LENGTHS)
def test_batches_of_tokens_fit(lengths: list[int]) -> None:
    for batch in plan(lengths, tokens=256):
        assert padded(lengths, batch) <= 256 or len(batch) == 1


@given(LENGTHS, st.integers(1, 20))
def test_other_batches_have_the_size_but_for_one(lengths: list[int], size: int) -> None:
    for batching in ("length", "random"):
        sizes = sorted(len(batch) for batch in plan(lengths, batching, size=size))
        assert set(sizes[1:]) <= {size}
        assert sizes[0] <= size


def test_an_epoch_has_its_own_order_and_the_same_number_of_batches() -> None:
    lengths = list(np.random.default_rng(0).integers(4, 60, 500))
    batches = plan(lengths)
    seen = []
    for epoch in range(3):
        batches.set_epoch(epoch)
        seen.append(list(batches))
    assert len({len(each) for each in seen}) == 1
    assert seen[0] != seen[1] != seen[2]
    assert {frozenset(batch) for batch in seen[0]} != {frozenset(batch) for batch in seen[1]}


def test_the_seed_and_the_epoch_alone_decide() -> None:
    lengths = list(range(1, 100))
    assert list(plan(lengths)) == list(plan(lengths))
    assert list(plan(lengths)) != list(plan(lengths, seed=8))


def test_like_lengths_share_a_batch_and_little_is_padding() -> None:
    lengths = list(np.random.default_rng(1).integers(4, 128, 3_000))
    for batching, most in (("tokens", 1.1), ("length", 1.1)):
        batches = plan(lengths, batching, tokens=1_024, size=16)
        assert sum(padded(lengths, batch) for batch in batches) < most * sum(lengths)
    scattered = plan(lengths, "random", size=16)
    assert sum(padded(lengths, batch) for batch in scattered) > 1.5 * sum(lengths)


@pytest.mark.parametrize("batching", ["tokens", "length", "random"])
def test_processes_share_the_rows_and_have_equally_many_batches(batching: str) -> None:
    lengths = list(np.random.default_rng(2).integers(4, 60, 501))
    shares = [plan(lengths, batching, process=process, processes=3) for process in range(3)]
    assert len({len(share) for share in shares}) == 1
    rows = [row for share in shares for batch in share for row in batch]
    assert len(rows) == len(set(rows))
    assert len(rows) > len(lengths) - 3 * 64


def test_too_few_rows_for_the_processes_are_an_error() -> None:
    with pytest.raises(ValueError, match="less than a batch for each of 2 processes"):
        plan([5, 5], processes=2)
