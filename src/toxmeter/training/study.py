"""The memory of a search: an Optuna study in a database, which survives whatever ends the search.

All that touches Optuna is here. This module knows what a trial tries and what came of it, and nothing about
training.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.recipe.schema import Dimension, Recipe
from toxmeter.recipe.values import locate
from toxmeter.recipe.write import plain
from toxmeter.training.tracking import flattened

__all__ = ["Settings", "Study", "Trial", "pruning"]

Settings = Mapping[str, str | float | bool]
"""Values of recipe fields, by path."""

_FREE = ("search.trials", "track", "evaluate", "limits", "licence", "number")
"""What may change between the runs of a search, since no trial depends on it."""

_RANDOM_TRIALS = 5  # before the sampler learns from what there is
_UNPRUNED_TRIALS = 3  # before there is a median to speak of


@dataclass(frozen=True)
class Trial:
    """One attempt.

    Attributes:
        number: from 0 on; a trial that was interrupted is repeated under another one.
        state: complete, pruned (given up early) or failed (nothing was learnt).
        value: validation metric at its best, higher is better; None if it failed.
        settings: what was tried.
        seconds: by the clock.
        reason: why it failed.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    value: float | None
    settings: Settings
    seconds: float
    reason: str = ""


class Study:
    """Trials that were made, and the next one to make."""

    def __init__(self, optuna: Any, study: Any, recipe: Recipe) -> None:  # noqa: ANN401 - optuna's own
        self._optuna, self._study, self._recipe = optuna, study, recipe
        self._current: Any = None

    @classmethod
    @contextmanager
    def open(cls, recipe: Recipe, storage: str) -> Iterator[Study]:
        """The study with the name of the recipe, made if there is none.

        Raises:
            InputError: when the database does not open, or the study was begun with other settings.
            MissingExtra: without optuna.
        """
        optuna = need("optuna", extra="search")
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(logging.WARNING)
        try:
            database = _database(optuna, storage)
            try:
                pruner = optuna.pruners.MedianPruner(_UNPRUNED_TRIALS) if recipe.search.prune else None
                study = optuna.create_study(
                    storage=database, study_name=recipe.name, direction="maximize", load_if_exists=True,
                    pruner=pruner or optuna.pruners.NopPruner())
                _check_settings(study, recipe, storage)
                yield cls(optuna, study, recipe)
            finally:
                database.remove_session()
                database.engine.dispose()
        finally:
            optuna.logging.set_verbosity(verbosity)

    def check_rows(self, digest: str) -> None:
        """Remember the rows that trials fit and are valued by.

        Raises:
            InputError: when the study was begun with others: values would not be comparable.
        """
        before = self._study.user_attrs.get("rows")
        if before is None:
            self._study.set_user_attr("rows", digest)
        elif before != digest:
            raise InputError(f"the search for {self._recipe.name} was begun with other rows: go back to them, or begin"
                             " anew with another --output")

    @property
    def finished(self) -> int:
        """Trials that are over: completed, pruned or failed; not those that were interrupted."""
        return len(self.trials())

    @property
    def monitor(self) -> str:
        """What values are; empty before the first trial is over."""
        return str(self._study.user_attrs.get("monitor", ""))

    def trials(self) -> tuple[Trial, ...]:
        """Those that are over, in their order."""
        return tuple(_trial(each) for each in self._study.get_trials(deepcopy=False) if _is_over(each))

    def best(self) -> Trial | None:
        """The completed trial with the highest value, the first of equals."""
        complete = [trial for trial in self.trials() if trial.state == "complete"]
        return max(complete, key=lambda trial: trial.value or 0.0) if complete else None

    def importance(self) -> dict[str, float]:
        """Per field, its share in the variance of the values; empty where too little was tried to tell."""
        complete = [trial for trial in self.trials() if trial.state == "complete"]
        if len(complete) < 2 or len({trial.value for trial in complete}) < 2:
            return {}
        evaluator = self._optuna.importance.FanovaImportanceEvaluator(seed=self._recipe.seed)
        found: dict[str, float] = self._optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return found

    def interrupted(self) -> list[int]:
        """Close the trials that were running when a search ended, and have their settings tried again."""
        running = self._study.get_trials(deepcopy=False, states=[self._optuna.trial.TrialState.RUNNING])
        for trial in running:
            self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)
            self._study.enqueue_trial(trial.params)
        return [trial.number for trial in running]

    def ask(self) -> tuple[int, Settings]:
        """Begin a trial: its number and what it tries."""
        # a sampler for each trial, so that what it draws does not depend on when the search was begun
        self._study.sampler = self._optuna.samplers.TPESampler(
            seed=self._recipe.seed + self.finished, n_startup_trials=_RANDOM_TRIALS)
        self._current = self._study.ask()
        for dimension in self._recipe.search.space:
            _suggest(self._current, dimension, self._recipe)
        return self._current.number, dict(self._current.params)

    def callback(self) -> Any:  # noqa: ANN401 - of transformers
        """The callback that reports the running trial to the pruner, and ends it on its advice."""
        return pruning(self._current)

    def tell(self, value: float, monitor: str, *, pruned: bool) -> None:
        """End the running trial."""
        if not math.isfinite(value):
            self.fail(f"{monitor} of the validation rows is {value}")
            return
        self._study.set_user_attr("monitor", monitor)
        self._current.set_user_attr("value", value)
        if pruned:
            self._study.tell(self._current, state=self._optuna.trial.TrialState.PRUNED)
        else:
            self._study.tell(self._current, value)

    def fail(self, reason: str) -> None:
        """End the running trial: its settings are of no use."""
        self._current.set_user_attr("reason", reason)
        self._study.tell(self._current, state=self._optuna.trial.TrialState.FAIL)


def pruning(trial: Any) -> Any:  # noqa: ANN401 - an optuna trial; a transformers callback
    """A callback of the Trainer that stops a trial which its pruner gives up; ``pruned`` says so afterwards."""

    class Pruning(need("transformers", extra="train").TrainerCallback):  # type: ignore[misc]
        pruned = False
        evaluations = 0

        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Mapping[str, float], **_: Any) -> None:  # noqa: ANN401
            # evaluations are counted, since trials with other batch sizes make other numbers of steps
            self.evaluations += 1
            value = metrics[f"eval_{args.metric_for_best_model.removeprefix('eval_')}"]
            trial.report(value if args.greater_is_better else -value, self.evaluations)
            if state.global_step < state.max_steps and trial.should_prune():
                self.pruned = control.should_training_stop = True

    return Pruning()


def _database(optuna: Any, storage: str) -> Any:  # noqa: ANN401
    try:
        return optuna.storages.RDBStorage(storage)
    except (ValueError, RuntimeError, optuna.exceptions.OptunaError,
            need("sqlalchemy.exc", extra="search").SQLAlchemyError) as err:
        raise InputError(f"{storage}: no database for a search ({str(err).splitlines()[0]})") from err


def _check_settings(study: Any, recipe: Recipe, storage: str) -> None:  # noqa: ANN401
    """A study with other settings has values that cannot be compared."""
    now = {name: value for name, value in flattened(plain(recipe), ".").items() if not name.startswith(_FREE)}
    before = study.user_attrs.get("recipe")
    if before is None:
        study.set_user_attr("recipe", now)
        return
    changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    if changed:
        raise InputError(f"{storage} holds a search for {recipe.name} with other settings ({', '.join(changed[:5])}"
                         f"{' and more' if len(changed) > 5 else ''}): go back to them, or begin anew with another"
                         " --output")


def _suggest(trial: Any, dimension: Dimension, recipe: Recipe) -> None:  # noqa: ANN401
    found = locate(Recipe, dimension.field.split("."), (type(recipe.model), type(recipe.train)))
    if dimension.choices:
        trial.suggest_categorical(dimension.field, dimension.choices)
    elif dimension.low is None or dimension.high is None or found is None:
        raise InputError(f"search.space: {dimension.field} needs low and high, or choices")
    elif found[0] is int:
        trial.suggest_int(dimension.field, int(dimension.low), int(dimension.high), log=dimension.log)
    else:
        trial.suggest_float(dimension.field, dimension.low, dimension.high, log=dimension.log)


def _is_over(trial: Any) -> bool:  # noqa: ANN401
    return trial.state.name in ("COMPLETE", "PRUNED") or (trial.state.name == "FAIL" and "reason" in trial.user_attrs)


def _trial(trial: Any) -> Trial:  # noqa: ANN401
    state: Any = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}[trial.state.name]
    return Trial(trial.number, state, trial.user_attrs.get("value"), dict(trial.params),
                 round(trial.duration.total_seconds(), 1), trial.user_attrs.get("reason", ""))
