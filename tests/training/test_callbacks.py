"""What watches a run: progress in words, and a stop where nothing is learnt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from toxmeter.errors import TrainingError
from toxmeter.training.callbacks import OnSave, ShowProgress, Watchdog, numbered


def state(step: int, losses: dict[int, float]) -> Any:
    return SimpleNamespace(global_step=step, max_steps=100,
                           log_history=[{"step": at, "loss": loss} for at, loss in losses.items()])


def look(dog: Watchdog, step: int, losses: dict[int, float]) -> None:
    dog.on_log(None, state(step, losses), None, logs={"loss": losses[step]})


def test_a_loss_at_the_chance_level_is_stopped_in_time() -> None:
    dog = Watchdog(0.693, 40)
    look(dog, 30, {10: 0.9, 20: 0.7, 30: 0.69})
    with pytest.raises(TrainingError, match=r"nothing was learnt in 40 steps: the loss is 0\.6915, .* reach 0\.6930"):
        look(dog, 40, {10: 0.9, 20: 0.7, 30: 0.69, 40: 0.693})


def test_only_the_latest_half_counts() -> None:
    look(Watchdog(0.693, 40), 40, {10: 3.0, 20: 1.0, 30: 0.5, 40: 0.5})


def test_it_looks_once() -> None:
    dog = Watchdog(0.693, 40)
    look(dog, 40, {40: 0.3})
    look(dog, 80, {80: 0.8})


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_stopped_at_once(loss: float) -> None:
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step 10: lower train\.lr"):
        look(Watchdog(0.693, 0), 10, {10: loss})


def test_validation_figures_are_no_loss() -> None:
    Watchdog(0.693, 1).on_log(None, state(10, {}), None, logs={"eval_loss": 5.0})


def test_progress_is_told_in_words() -> None:
    told: list[Any] = []
    show = ShowProgress(lambda *what: told.append(what), "auc")
    show.on_step_end(None, state(1, {}), None)
    show.on_log(None, None, None, logs={"loss": 0.25})
    show.on_log(None, None, None, logs={"eval_auc": 0.875, "eval_f1": 0.5})
    show.on_step_end(None, state(50, {}), None)
    assert told == [("training, step 1 of 100", 0.01),
                    ("training, step 50 of 100, loss 0.2500, auc 0.8750", 0.5)]


def test_one_of_several_runs_tells_which_it_is() -> None:
    told: list[tuple[str, float]] = []
    tell = numbered(lambda what, share: told.append((what, share)), 2, 4)
    tell("training", 0.0)
    tell("training", 1.0)
    assert told == [("run 2 of 4: training", 0.25), ("run 2 of 4: training", 0.5)]


def test_a_single_run_has_no_number() -> None:
    told: list[tuple[str, float]] = []
    numbered(lambda what, share: told.append((what, share)), 1, 1)("training", 0.5)
    assert told == [("training", 0.5)]


def test_something_is_done_on_saving() -> None:
    done: list[int] = []
    OnSave(lambda: done.append(1)).on_save(None, None, None)
    assert done == [1]
