"""The band of a cascade: flips counted exactly, lows that keep the promise, and what cannot be chosen on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import LabelSet
from toxmeter.errors import InputError, LabelError
from toxmeter.evaluation.band import ANY, Seen, choose_band, share_limits, simulate, worst_flips
from toxmeter.models.deferral import Deferral

LABELS = LabelSet(("toxic", "insult", "other"), "multilabel", ("toxic", "insult"))
AT = (0.3, 0.9)
Floats = npt.NDArray[np.float32]

SCORES = st.sampled_from([0.0, 0.1, 0.29, 0.3, 0.31, 0.5, 0.50001, 0.7, 0.9, 0.91, 1.0])
PAIRS = st.lists(st.tuples(*[SCORES] * 6), min_size=1, max_size=15).map(
    lambda rows: np.array(rows, np.float32).reshape(-1, 2, 3))


def brute(one: Floats, other: Floats) -> int:
    """Flips at the worst threshold, by trying all that could differ."""
    tried = [threshold for threshold in np.unique(np.concatenate([one, other, np.array(AT, np.float32)]))
             if np.float32(AT[0]) <= threshold <= np.float32(AT[1])]
    return max(int(((one >= threshold) != (other >= threshold)).sum()) for threshold in tried)


@given(pairs=PAIRS)
def test_flips_are_those_at_the_worst_threshold(pairs: Floats) -> None:
    one, other = pairs[:, 0], pairs[:, 1]
    found = worst_flips(one, other, LABELS, at=AT)
    assert [*found] == ["toxic", "insult", ANY]
    for name, columns in (("toxic", [0]), ("insult", [1]), (ANY, [0, 1])):
        mine, theirs = one[:, columns].max(axis=1), other[:, columns].max(axis=1)
        each = found[name]
        assert each.count == brute(mine, theirs)
        assert each.texts == len(pairs)
        if each.threshold is None:
            assert each.count == 0
        else:
            cut = np.float32(each.threshold)
            assert ((mine >= cut) != (theirs >= cut)).sum() == each.count


def test_scorers_that_agree_flip_nothing() -> None:
    scores = np.random.default_rng(0).random((50, 3))
    assert {each.count for each in worst_flips(scores, scores, LABELS).values()} == {0}


def whole(first: Any, second: Any) -> Seen:
    """Texts of one window each."""
    return Seen(first, first, second, np.arange(len(first)))


def sure(first: Any, low: Mapping[str, float]) -> Any:
    """Which texts of one window each the first answers."""
    return ~Deferral(low).windows(first.astype(np.float32), np.arange(len(first)), LABELS)


def noisy(rows: int, seed: int) -> tuple[Any, Any]:
    """A fast scorer, and a better one that mostly agrees."""
    random = np.random.default_rng(seed)
    second = random.beta(0.15, 1.5, (rows, 3))
    return (second + random.normal(0, 0.08, second.shape)).clip(0, 1), second


@given(seed=st.integers(0, 30))
def test_the_band_keeps_the_promise_on_the_texts_that_chose(seed: int) -> None:
    first, second = noisy(1_500, seed)
    band = choose_band(whole(first, second), LABELS, flips=0.01, confidence=0.5)
    answered = sure(first, band.deferral.low)
    assert band.answered == answered.sum()
    found = worst_flips(np.where(answered[:, None], first, second), second, LABELS)
    assert found == band.flips
    assert max(each.share for each in found.values()) == band.limit <= 0.01
    assert all(0 <= low <= AT[0] for low in band.deferral.low.values())


def windowed(texts: int, seed: int) -> Seen:
    """Texts of one to four windows each, which the first scorer dilutes."""
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(texts), random.integers(1, 5, texts))
    first, second = (scores.astype(np.float32) for scores in noisy(len(owners), seed))
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    diluted = np.maximum.reduceat(first, starts, axis=0) * random.uniform(0.5, 1, (texts, 1)).astype(np.float32)
    return Seen(diluted, first, second, owners)


@given(seed=st.integers(0, 30))
def test_the_promise_holds_for_texts_of_several_windows(seed: int) -> None:
    seen = windowed(1_200, seed)
    band = choose_band(seen, LABELS, flips=0.01, confidence=0.5)
    scores, read, by_second = simulate(seen, band.deferral, LABELS)
    assert worst_flips(scores, seen.truth, LABELS) == band.flips
    assert max(each.share for each in band.flips.values()) <= 0.01
    assert band.answered == 1_200 - by_second.sum()
    assert not read[~by_second[seen.owners]].any()
    assert (scores[by_second] <= seen.truth[by_second]).all()


@given(seed=st.integers(0, 30))
def test_of_several_windows_slightly_higher_lows_would_have_been_too_much(seed: int) -> None:
    seen = windowed(1_200, seed)
    rule = choose_band(seen, LABELS, flips=0.01, confidence=0.5).deferral
    higher = {name: low * 1.01 for name, low in rule.low.items()}
    scores, *_ = simulate(seen, replace(rule, low=higher), LABELS)
    assert max(each.share for each in worst_flips(scores, seen.truth, LABELS).values()) > 0.01


def test_windows_save_reading() -> None:
    seen = windowed(3_000, 1)
    rule = choose_band(seen, LABELS, flips=0.01, confidence=0.5).deferral
    _, read, by_second = simulate(seen, rule, LABELS)
    assert read.sum() < 0.8 * by_second[seen.owners].sum()


def test_windows_that_are_not_of_the_texts_are_refused() -> None:
    seen = windowed(1_200, 0)
    for owners in (seen.owners + 1, seen.owners[::-1]):
        with pytest.raises(InputError, match="owners of windows are not the 1,200 texts"):
            choose_band(seen._replace(owners=owners), LABELS)


def test_more_flips_or_less_confidence_answer_more() -> None:
    first, second = noisy(3_000, 1)
    answered = [choose_band(whole(first, second), LABELS, flips=flips, confidence=confidence).answered
                for flips, confidence in ((0.003, 0.95), (0.01, 0.95), (0.01, 0.5), (0.03, 0.5))]
    assert answered == sorted(answered)
    assert len(set(answered)) > 2


def test_the_next_text_would_have_been_too_much() -> None:
    first, second = noisy(2_000, 2)
    band = choose_band(whole(first, second), LABELS, flips=0.005, confidence=0.5)
    answered = sure(first, {name: low * 1.2 for name, low in band.deferral.low.items()})
    found = worst_flips(np.where(answered[:, None], first, second), second, LABELS)
    assert max(each.share for each in found.values()) > 0.005


def test_a_scorer_that_knows_nothing_answers_nothing() -> None:
    random = np.random.default_rng(0)
    band = choose_band(whole(np.full((2_000, 3), 0.1), random.random((2_000, 3))), LABELS, flips=0.003)
    assert band.answered == 0
    assert set(band.deferral.low.values()) == {0}


def test_an_equal_scorer_answers_all_that_is_low() -> None:
    second = np.random.default_rng(0).beta(0.2, 2, (2_000, 3))
    band = choose_band(whole(second, second), LABELS)
    assert band.answered > 0.5 * len(second)
    assert {each.count for each in band.flips.values()} == {0}


@pytest.mark.parametrize(("rows", "settings", "message"), [
    (100, {}, "100 texts to choose on: .* Give more texts"), (2_000, {"flips": 0}, "flips 0"),
    (2_000, {"flips": 1}, "flips 1"), (2_000, {"confidence": 0.4}, "confidence 0.4"),
    (2_000, {"confidence": 1}, "confidence 1"), (2_000, {"at": (0.9, 0.3)}, "thresholds from 0.9 to 0.3"),
    (2_000, {"at": (0.0, 0.3)}, "thresholds from 0 to 0.3")])
def test_what_cannot_be_chosen_by_is_refused(rows: int, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_band(whole(*noisy(rows, 0)), LABELS, **settings)


def test_broken_scores_are_refused_by_row() -> None:
    first, second = noisy(2_000, 0)
    second[7, 1] = np.nan
    with pytest.raises(InputError, match="row 7 has a score that is NaN, as 1 of 2,000 rows have"):
        choose_band(whole(first, second), LABELS)
    with pytest.raises(InputError, match="scores of shapes"):
        worst_flips(first[:5], second[:6], LABELS)
    with pytest.raises(LabelError, match="means toxic"):
        worst_flips(first, first, LabelSet(LABELS.names, "multilabel"))


@pytest.mark.parametrize(("count", "total", "low", "high"), [
    (0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (3, 1_000, 0.0006, 0.0087)])
def test_limits_are_those_of_clopper_and_pearson(count: int, total: int, low: float, high: float) -> None:
    assert share_limits(count, total) == pytest.approx((low, high), abs=1e-4)
