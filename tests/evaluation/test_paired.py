from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

from toxmeter.evaluation.metrics import expected_calibration_error
from toxmeter.evaluation.paired import MEASURED, Pair, PairedFigures
from toxmeter.evaluation.rule import Figure

Floats = npt.NDArray[np.float64]


def pair(name: str = "toxic", rows: int = 60, seed: int = 0, digits: int = 1, unknown: int = 0) -> Pair:
    """Scores with many ties; the last rows are not known."""
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < 0.4).astype(np.float64)
    truth[:20] = np.arange(20) % 2
    truth[rows - unknown :] = np.nan
    old, new = (np.clip(0.35 * np.nan_to_num(truth) + random.random(rows) * 0.65, 0, 1).round(digits) for _ in "on")
    return Pair(name, old, new, 0.5, 0.4, truth)


def by_sklearn(truth: Floats, score: Floats, threshold: float) -> dict[str, float]:
    known = ~np.isnan(truth)
    true, score = truth[known] == 1, score[known]
    flagged = score >= threshold
    return {"auc": roc_auc_score(true, score), "average_precision": average_precision_score(true, score),
            "f1": f1_score(true, flagged, zero_division=0), "accuracy": accuracy_score(true, flagged),
            "ece": expected_calibration_error(true, score)}


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), digits=st.sampled_from([1, 2, 12]), unknown=st.integers(0, 15))
def test_figures_are_those_of_scikit_learn(seed: int, digits: int, unknown: int) -> None:
    one = pair(rows=50, seed=seed, digits=digits, unknown=unknown)
    found = PairedFigures([one], 50, resamples=0)
    old, new = (by_sklearn(one.truth, score, at) for score, at in ((one.old, 0.5), (one.new, 0.4)))
    for name in MEASURED:
        assert found.sides(name, "toxic") == pytest.approx((old[name], new[name]))
        figure = found.figure(name, "toxic")
        assert figure is not None
        assert figure.value == pytest.approx(new[name] - old[name])


def test_intervals_are_those_of_a_plain_loop_over_resamples() -> None:
    one, other = pair(unknown=5), pair("insult", seed=1)
    random = np.random.default_rng(7)
    drawn = [random.integers(0, 60, 60) for _ in range(50)]
    found = PairedFigures([one, other], 60, resamples=50, seed=7)

    def gain(each: Pair, rows: Any, name: str) -> float:
        old, new = (by_sklearn(each.truth[rows], score[rows], at)[name]
                    for score, at in ((each.old, 0.5), (each.new, 0.4)))
        return new - old

    for name in MEASURED:
        alone = np.quantile([gain(one, rows, name) for rows in drawn], [0.025, 0.975])
        mean = np.quantile([(gain(one, rows, name) + gain(other, rows, name)) / 2 for rows in drawn], [0.025, 0.975])
        assert ends(found.figure(name, "toxic")) == pytest.approx(alone)
        assert ends(found.figure(name)) == pytest.approx(mean)
    flipped = [np.mean((one.flips[rows] != 0) | (other.flips[rows] != 0)) for rows in drawn]
    assert ends(found.figure("flips")) == pytest.approx(np.quantile(flipped, [0.025, 0.975]))
    moved = [np.abs(one.new - one.old)[rows].mean() for rows in drawn]
    assert ends(found.figure("shift", "toxic")) == pytest.approx(np.quantile(moved, [0.025, 0.975]))


def ends(figure: Figure | None) -> tuple[float, float]:
    assert figure is not None
    return figure.low, figure.high


@pytest.mark.parametrize("name", [*MEASURED, "flips", "shift"])
def test_a_scorer_beside_itself_has_no_difference_at_all(name: str) -> None:
    one = pair()
    same = Pair("toxic", one.old, one.old, 0.5, 0.5, one.truth)
    found = PairedFigures([same], 60, resamples=100)
    for label in ("toxic", ""):
        assert found.figure(name, label) == Figure(0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", [*MEASURED[:4], "flips"])
def test_rows_without_a_difference_show_no_more_than_so_many_can(name: str) -> None:
    truth = np.repeat([0.0, 1.0], 30)
    old, new = np.linspace(0, 1, 60), np.linspace(0.01, 1, 60)
    other = Pair("toxic", old, np.concatenate([new[:30][::-1], new[30:]]), 0.5, 0.5, truth)  # both are always right
    figure = PairedFigures([other], 60, resamples=100).figure(name, "toxic")
    most = 1.959964**2 / (60 + 1.959964**2)  # the upper end of Wilson's interval for none of 60
    assert figure == Figure(0.0, 0.0 if name == "flips" else -most, most)


@pytest.mark.parametrize("name", MEASURED[:2])
def test_a_curve_moves_no_ranks(name: str) -> None:
    one = pair()
    bent = Pair("toxic", one.old, one.old**2, 0.5, 0.25, one.truth)
    assert PairedFigures([bent], 60, resamples=100).figure(name, "toxic") == Figure(0.0, 0.0, 0.0)


def test_pairing_makes_intervals_narrower() -> None:
    one = pair(rows=400, digits=12)
    slightly = Pair("toxic", one.old, np.clip(one.old + 0.01, 0, 1), 0.5, 0.5, one.truth)
    paired = ends(PairedFigures([slightly], 400, resamples=200).figure("accuracy", "toxic"))
    # the spread of a difference of accuracies of two independent samples, which is about that of a coin toss
    assert paired[1] - paired[0] < 0.5 * 2 * 1.96 * np.sqrt(2 * 0.25 / 400)


def test_flips_by_hand() -> None:
    one = Pair("a", np.array([0.5, 0.4, 0.6]), np.array([0.4, 0.3, 0.39]), 0.5, 0.4, np.full(3, np.nan))
    other = Pair("b", np.array([0.1, 0.1, 0.1]), np.array([0.1, 0.9, 0.1]), 0.5, 0.5, np.full(3, np.nan))
    assert one.flips.tolist() == [0, 0, -1]
    assert other.flips.tolist() == [0, 1, 0]
    found = PairedFigures([one, other], 3, resamples=10)
    values = [found.figure("flips", label) for label in ("a", "b", "")]
    assert [figure.value for figure in values if figure] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    shift = found.figure("shift")
    assert shift is not None
    assert shift.value == pytest.approx((0.1 + 0.1 + 0.21 + 0.8) / 6)


@pytest.mark.parametrize("truth", [np.nan, 0.0, 1.0])
def test_without_rows_of_both_kinds_nothing_is_measured(truth: float) -> None:
    whole = pair()
    lacking = Pair("insult", whole.old, whole.new, 0.5, 0.5, np.full(60, truth))
    assert not lacking.measured
    alone = PairedFigures([lacking], 60, resamples=10)
    assert alone.figure("auc", "insult") is None
    assert alone.figure("auc") is None
    assert alone.figure("flips") is not None
    both = PairedFigures([whole, lacking], 60, resamples=10)
    assert both.figure("auc") == both.figure("auc", "toxic")
    assert np.isnan(both.sides("auc", "insult")).all()


def test_nine_rows_of_a_kind_are_too_few() -> None:
    one = pair()
    truth = np.zeros(60)
    for count in (9, 10):
        truth[:count] = 1
        assert Pair("toxic", one.old, one.new, 0.5, 0.5, truth).measured is (count == 10)


def test_nothing_to_measure() -> None:
    found = PairedFigures([], 3, resamples=10)
    assert found.figure("flips") is None
    assert found.figure("auc") is None
    assert np.isnan(found.sides("auc")).all()


def test_progress_is_told_and_a_seed_is_the_whole_chance() -> None:
    told: list[float] = []
    one = PairedFigures([pair()], 60, resamples=20, seed=3, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 21
    assert one.figure("auc") == PairedFigures([pair()], 60, resamples=20, seed=3).figure("auc")
    assert one.figure("auc") != PairedFigures([pair()], 60, resamples=20, seed=4).figure("auc")
