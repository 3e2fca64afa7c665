"""What watches a run: progress for the user, and a stop where nothing is learnt.

Callbacks of Hugging Face's Trainer, one concern each. Importing this module imports transformers. Early
stopping, schedules and checkpoints are the Trainer's own; trackers live in ``tracking.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from toxmeter.errors import TrainingError
from toxmeter.extras import need

__all__ = ["AfterStep", "OnSave", "ShowProgress", "Watchdog", "numbered"]

_Callback: Any = need("transformers", extra="train").TrainerCallback


def numbered(tell: Callable[[str, float], None], number: int, runs: int) -> Callable[[str, float], None]:
    """A listener to one of several runs that tells which it is, and the share of all of them.

    Args:
        tell: listens to all runs.
        number: of this run, from 1.
        runs: how many there are; of a single one, what it tells is left as it is.
    """
    if runs == 1:
        return tell
    return lambda what, share: tell(f"run {number} of {runs}: {what}", (number - 1 + share) / runs)


class AfterStep(_Callback):  # type: ignore[misc]  # transformers is optional here
    """Does something after every optimizer step, which it is told."""

    def __init__(self, action: Callable[[int], None]) -> None:
        self._action = action

    def on_optimizer_step(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Do it; the state still counts the steps before."""
        self._action(state.global_step + 1)


class OnSave(_Callback):  # type: ignore[misc]
    """Does something whenever a checkpoint has been written."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action

    def on_save(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Do it."""
        self._action()


class ShowProgress(_Callback):  # type: ignore[misc]
    """Tells a listener the step, the loss, the latest validation metric and which share is done."""

    def __init__(self, tell: Callable[[str, float], None], monitor: str) -> None:
        self._tell, self._monitor = tell, monitor
        self._loss = self._metric = ""

    def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:  # noqa: ANN401
        """Remember what was logged."""
        if "loss" in logs:
            self._loss = f", loss {logs['loss']:.4f}"
        if f"eval_{self._monitor}" in logs:
            self._metric = f", {self._monitor} {logs[f'eval_{self._monitor}']:.4f}"

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Tell how far the run is."""
        self._tell(f"training, step {state.global_step} of {state.max_steps}{self._loss}{self._metric}",
                   state.global_step / state.max_steps)


class Watchdog(_Callback):  # type: ignore[misc]
    """Stops a run whose training loss stays at the level of constant answers, or is no number.

    A model whose optimizer holds other weights than the ones that answer, a learning rate of a hundred times
    too much, shuffled labels: all of these show as a loss that never leaves the chance level.
    """

    def __init__(self, chance: float, steps: int) -> None:
        """Watch.

        Args:
            chance: loss of the best constant answer.
            steps: optimizer steps until the loss must have left it; 0 to look for numbers only.
        """
        self._chance, self._steps = chance, steps

    def on_log(
        self, _args: Any, state: Any, _control: Any, *, logs: dict[str, float], **_: Any  # noqa: ANN401
    ) -> None:
        """Look at the loss of the latest steps.

        Raises:
            TrainingError: when it is not finite, or still at the chance level after the given steps.
        """
        if "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise TrainingError(f"the loss is {logs['loss']} at step {state.global_step}: lower train.lr, or set"
                                " train.precision = \"fp32\"")
        if self._steps and state.global_step >= self._steps:
            recent = [entry["loss"] for entry in state.log_history
                      if "loss" in entry and entry["step"] > state.global_step - self._steps / 2]
            self._steps = 0  # once it has learnt something, slow progress is not our business
            if sum(recent) / len(recent) > 0.98 * self._chance:
                raise TrainingError(
                    f"nothing was learnt in {state.global_step} steps: the loss is {sum(recent) / len(recent):.4f},"
                    f" and constant answers reach {self._chance:.4f}. Look at the labels, at train.lr and at"
                    " train.warmup; train.watchdog = 0 goes on all the same")
