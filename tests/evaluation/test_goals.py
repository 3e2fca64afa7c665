"""Thresholds for goals against trying all of them."""

from __future__ import annotations

import contextlib
import json
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.goals import Goal, _drawn_thresholds, goal_threshold, goals, parse_goal
from toxmeter.evaluation.thresholds import best_f1_thresholds

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

BOUNDS = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]) | st.floats(0, 1)
GOALS = st.just(Goal("f1")) | st.builds(Goal, st.sampled_from(["precision", "recall", "false-positive-rate"]), BOUNDS)
SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 1.0]) | st.floats(0, 1)), min_size=1,
                  max_size=30)


def reached(truth: Bools, score: Floats, threshold: float) -> dict[str, float]:
    flagged = score >= threshold
    hits = int((flagged & truth).sum())
    return {"precision": hits / flagged.sum() if flagged.any() else math.nan, "recall": hits / truth.sum(),
            "f1": 2 * hits / (flagged.sum() + truth.sum()),
            "false-positive-rate": (flagged & ~truth).sum() / (~truth).sum() if not truth.all() else math.nan}


def best(truth: Bools, score: Floats, goal: Goal) -> tuple[float, float] | None:
    """What the best of all thresholds reaches: the figure that counts, and the one that decides between equals."""
    found, bound = [], goal.bound or 0.0
    for threshold in np.unique(score) if truth.any() else []:
        figures = reached(truth, score, threshold)
        if not figures["recall"]:
            continue
        if goal.kind == "f1":
            found.append((figures["f1"], 0.0))
        elif goal.kind == "precision" and figures["precision"] >= bound:
            found.append((figures["recall"], figures["precision"]))
        elif goal.kind == "recall" and figures["recall"] >= bound:
            found.append((figures["precision"], figures["recall"]))
        elif goal.kind == "false-positive-rate" and figures["false-positive-rate"] <= bound:
            found.append((figures["recall"], -figures["false-positive-rate"]))
    return max(found, default=None)


@given(SCORED, GOALS)
def test_no_threshold_serves_the_goal_better(rows: list[tuple[bool, float]], goal: Goal) -> None:
    truth, score = (np.array(column) for column in zip(*rows, strict=True))
    threshold, wanted = goal_threshold(truth, score, goal), best(truth, score, goal)
    if wanted is None:
        assert threshold is None
        return
    assert threshold is not None
    assert 0 <= threshold <= 1
    figures = reached(truth, score, threshold)
    merit = {"f1": ("f1", None), "precision": ("recall", "precision"), "recall": ("precision", "recall"),
             "false-positive-rate": ("recall", "false-positive-rate")}[goal.kind]
    assert figures[merit[0]] == pytest.approx(wanted[0], abs=1e-12)
    if merit[1]:
        assert figures[merit[1]] == pytest.approx(abs(wanted[1]), abs=1e-12)


@given(SCORED.filter(lambda rows: len({true for true, _ in rows}) == 2))
def test_the_best_f1_is_that_of_training(rows: list[tuple[bool, float]]) -> None:
    truth, score = (np.array(column) for column in zip(*rows, strict=True))
    expected = best_f1_thresholds(truth[:, None].astype(np.float64), score[:, None], ["one"])["one"]
    assert goal_threshold(truth, score, Goal("f1")) == expected


def test_resampled_thresholds_are_chosen_anew() -> None:
    random = np.random.default_rng(0)
    truth = random.random(40) < 0.3
    score = (random.random(40) * 0.5 + truth * 0.3).round(1)
    wanted = [Goal("f1"), Goal("precision", 0.9), Goal("recall", 0.8), Goal("false-positive-rate", 0.05)]
    found = _drawn_thresholds(truth, score, wanted, 50, 7)
    again = np.random.default_rng(7)
    for repeat in range(50):
        rows = again.integers(0, 40, 40)
        for each, goal in zip(found, wanted, strict=True):
            expected = goal_threshold(truth[rows], score[rows], goal)
            assert each[repeat] == pytest.approx(math.nan if expected is None else expected, nan_ok=True)


@pytest.mark.parametrize(("text", "goal"), [
    ("f1", Goal("f1")), ("F1", Goal("f1")), ("precision>=0.9", Goal("precision", 0.9)),
    (" recall >= .8 ", Goal("recall", 0.8)), ("fpr<=1e-2", Goal("false-positive-rate", 0.01)),
    ("false-positive-rate<=0.01", Goal("false-positive-rate", 0.01)),
])
def test_goals_are_read(text: str, goal: Goal) -> None:
    assert parse_goal(text) == parse_goal(str(goal)) == goal


@pytest.mark.parametrize(("text", "problem"), [
    ("", "goal ''"), ("precison>=0.9", "did you mean 'precision'"), ("precision", "takes >= and a number"),
    ("precision<=0.9", "takes >= and"), ("fpr>=0.1", "takes <= and"), ("f1>=0.9", "has no bound"),
    ("recall>=90%", "'90%' is no number"), ("recall>=90", "'90' is no number in"), ("recall>=nan", "no number in"),
    ("recall>0.5", "takes >= and"), ("recall>=0.5 0.6", "a goal is f1"),
])
def test_other_goals_are_refused_with_the_mend(text: str, problem: str) -> None:
    with pytest.raises(InputError, match="for instance precision>=") as caught:
        parse_goal(text)
    assert problem in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_goal_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        parse_goal(text)


@pytest.mark.parametrize(("kind", "bound"), [("f1", 0.5), ("precision", None), ("recall", 2.0), ("speed", 0.5)])
def test_goals_that_contradict_themselves_are_refused(kind: str, bound: float | None) -> None:
    with pytest.raises(InputError, match="a goal is"):
        Goal(kind, bound)  # type: ignore[arg-type]


def test_the_section_has_thresholds_and_what_they_reach() -> None:
    random = np.random.default_rng(1)
    true = random.random(300) < 0.3
    score = np.clip(true * 0.3 + random.random(300) * 0.7, 0, 1)
    truth = np.stack([true, true, np.arange(300) < 3], axis=1).astype(np.float64)
    probability = np.stack([score, random.random(300), score], axis=1)
    probability[5, 0] = np.nan
    wanted = [parse_goal("f1"), parse_goal("precision>=0.99"), parse_goal("recall>=0.8")]
    found = goals(truth, probability, ["good", "chance", "rare"], wanted, resamples=40)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["goals"] == ["f1", "precision>=0.99", "recall>=0.8"]
    good = found["labels"]["good"]["recall>=0.8"]
    assert good["recall"]["value"] >= 0.8
    assert good["threshold"]["low"] <= good["threshold"]["value"] <= good["threshold"]["high"]
    assert good["precision"]["low"] < good["precision"]["value"] < good["precision"]["high"]
    assert good["reachable"] == 1.0
    flagged = np.nan_to_num(probability[:, 0]) >= good["threshold"]["value"]
    assert good["false_positive_rate"]["value"] == pytest.approx(flagged[~true].mean(), abs=0.01)
    assert found["labels"]["rare"] is None
    assert "rare: 3 rows with the label and 297 without: to choose a threshold takes 10 of either" in found["notes"]


def test_a_goal_out_of_reach_is_said_so() -> None:
    truth = np.array([[0.0]] * 20 + [[1.0]] * 20)
    probability = np.linspace(1, 0, 40)[:, None]
    found = goals(truth, probability, ["upside down"], [Goal("precision", 0.9)], resamples=20)
    assert found["labels"]["upside down"]["precision>=0.9"]["threshold"]["value"] is None
    assert found["labels"]["upside down"]["precision>=0.9"]["recall"]["value"] is None
    assert found["notes"] == ["upside down: no threshold reaches precision>=0.9"]
