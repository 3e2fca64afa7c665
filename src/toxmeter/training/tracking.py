"""Recording a run in TensorBoard, MLflow or Weights & Biases, through the callbacks of Hugging Face's Trainer.

Settings of the recipe and figures are recorded, and nothing else: no text of a row, no probe, no token, no
weights. Environment variables are as before once a run is over. A tracker that cannot be opened is an error
before the training; one that fails later is a warning. This module decides nothing about what is logged when:
that is the Trainer's.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.recipe.write import plain

if TYPE_CHECKING:
    from toxmeter.recipe import Recipe

__all__ = ["Tracker", "flattened", "settings", "tracked"]

_LATER = "tracking.json"
"""In the folder of a run: under which name its tracker knows it, so that a resumed run goes on there."""

_PRIVATE = ("evaluate.probes", "limits", "search", "track")
"""What is not recorded: texts, and what has no part in a run."""


@dataclass(frozen=True)
class Tracker:
    """An open record of a run.

    Attributes:
        callbacks: for the Trainer.
        log_final: records the figures of the finished model, as ``test/…``; anything but numbers is left out.
    """

    callbacks: list[Any]
    log_final: Callable[[Mapping[str, Any]], None]


@contextmanager
def tracked(recipe: Recipe, folder: Path, *, resume: bool = False) -> Iterator[Tracker]:
    """Record what happens inside, where ``track.to`` of the recipe says.

    Of several processes that train one model, the first alone records.

    Args:
        recipe: says where to record and what its settings are.
        folder: for records, which should outlive the run's checkpoints. TensorBoard writes below
            ``tensorboard``, W&B below ``wandb``; without either, nothing is left in it.
        resume: go on with the record of the attempt before, if there was one.

    Raises:
        InputError: when the tracker cannot be opened.
        MissingExtra: when it is not installed.
    """
    begin = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}.get(recipe.track.to)
    if begin is None or int(os.environ.get("RANK", "0")) > 0:
        yield Tracker([], lambda _metrics: None)
        return
    with _environment_kept(), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            tracker = stack.enter_context(begin(recipe, folder, _earlier(folder) if resume else None))
        except _failures(recipe.track.to) as err:
            raise InputError(f"track.to = {recipe.track.to!r}: it does not open ({err})") from err
        yield Tracker(tracker.callbacks, lambda metrics: _guarded(lambda: tracker.log_final(metrics)))
    (folder / _LATER).unlink(missing_ok=True)
    with suppress(OSError):  # there are records in it, or it is shared
        folder.rmdir()


def settings(recipe: Recipe) -> dict[str, str | float]:
    """The recipe as one level of names, ``train.lr``, apart from texts; lists are written as JSON."""
    return {name: value if isinstance(value, (str, int, float)) else json.dumps(value)
            for name, value in flattened(plain(recipe), ".").items()
            if value is not None and not name.startswith(_PRIVATE)}


def flattened(table: Mapping[str, Any], sign: str, path: str = "") -> dict[str, Any]:
    """Tables within tables as one, their names joined by a sign."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= flattened(value, sign, f"{path}{key}{sign}") if isinstance(value, Mapping) else {f"{path}{key}": value}
    return flat


def _final(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers among metrics, by names that every tracker takes."""
    return {"test/" + re.sub(r"[^0-9A-Za-z_\-. /]", "_", name): float(value)
            for name, value in flattened(metrics, "/").items()
            if isinstance(value, (int, float)) and math.isfinite(value)}


@contextmanager
def _tensorboard(recipe: Recipe, folder: Path, _earlier: str | None) -> Iterator[Tracker]:
    writer = need("torch.utils.tensorboard", extra="track").SummaryWriter(str(folder / "tensorboard"))
    writer.add_text("recipe", "\n".join(f"    {name} = {value}" for name, value in settings(recipe).items()))

    def log_final(metrics: Mapping[str, Any]) -> None:
        for name, value in _final(metrics).items():
            writer.add_scalar(name, value)
        writer.flush()

    try:
        yield Tracker([need("transformers.integrations", extra="train").TensorBoardCallback(writer)], log_final)
    finally:
        _guarded(writer.close)


@contextmanager
def _mlflow(recipe: Recipe, folder: Path, earlier: str | None) -> Iterator[Tracker]:
    # transformers would record its hundred arguments under names of its own; the recipe says more
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_MAX_LOG_PARAMS="0")
    mlflow = need("mlflow", extra="track")
    own_store = not mlflow.is_tracking_uri_set()
    with _quiet("mlflow", "alembic"), ExitStack() as stack:
        if own_store:
            mlflow.set_tracking_uri(f"sqlite:///{Path('mlruns.db').absolute()}")
            stack.callback(mlflow.set_tracking_uri, None)
        run = _mlflow_run(mlflow, recipe, os.environ.pop("MLFLOW_RUN_ID", earlier))
        status = "FAILED"
        try:
            _remember(folder, run.info.run_id)
            if not run.data.params:  # a resumed run has them
                mlflow.log_params(settings(recipe))
            callback = need("transformers.integrations", extra="train").MLflowCallback()
            yield Tracker([callback], lambda metrics: mlflow.log_metrics(_final(metrics)))
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            _guarded(mlflow.flush_async_logging)
            _guarded(lambda: mlflow.end_run(status))


def _mlflow_run(mlflow: Any, recipe: Recipe, earlier: str | None) -> Any:  # noqa: ANN401 - mlflow's own
    """The run of the attempt before where the store still has it, else a new one."""
    client = mlflow.MlflowClient()
    if earlier is not None:
        try:
            if client.get_run(earlier).info.lifecycle_stage == "active":
                return mlflow.start_run(run_id=earlier)
        except mlflow.exceptions.MlflowException:
            pass  # the store is another one now
    name = recipe.track.project or recipe.name
    experiment = client.get_experiment_by_name(name)  # not set_experiment, which outlives the run
    return mlflow.start_run(experiment_id=experiment.experiment_id if experiment else client.create_experiment(name),
                            run_name=f"{recipe.name}@{recipe.number}")


@contextmanager
def _wandb(recipe: Recipe, folder: Path, earlier: str | None) -> Iterator[Tracker]:
    os.environ.setdefault("WANDB_MODE", "offline")
    os.environ["WANDB_ERROR_REPORTING"] = "false"
    wandb = need("wandb", extra="track")
    # its copies of the console, the code and the command line could hold texts
    discreet = wandb.Settings(console="off", save_code=False, disable_git=True, x_disable_meta=True, silent=True)
    run = wandb.init(project=recipe.track.project or recipe.name, name=f"{recipe.name}@{recipe.number}",
                     dir=str(folder), config=settings(recipe), id=earlier, resume="allow" if earlier else None,
                     settings=discreet)
    code = 1
    try:
        _remember(folder, run.id)
        callback = need("transformers.integrations", extra="train").WandbCallback()
        yield Tracker([callback], lambda metrics: run.summary.update(_final(metrics)))
        code = 0
    finally:
        _guarded(lambda: run.finish(exit_code=code))


def _earlier(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / _LATER).read_text("utf-8"))["run"])
    except (OSError, ValueError, LookupError, TypeError):
        return None  # none was recorded, or not by this tracker


def _remember(folder: Path, run: str) -> None:
    (folder / _LATER).write_text(json.dumps({"run": run}) + "\n", "utf-8")


def _failures(tracker: str) -> tuple[type[Exception], ...]:
    """What a tracker raises when it does not open."""
    if tracker == "mlflow":
        return OSError, ValueError, need("mlflow.exceptions", extra="track").MlflowException
    return (OSError, ValueError, need("wandb.errors", extra="track").Error) if tracker == "wandb" else (OSError,)


def _guarded(action: Callable[[], object]) -> None:
    """Do what must not cost a trained model its end."""
    try:
        action()
    except Exception as err:  # noqa: BLE001 - whatever a store far away may answer
        warnings.warn(f"the tracker failed: {err}", stacklevel=3)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Put back the variables that trackers set for themselves and for processes that they start."""
    before = {name: value for name, value in os.environ.items() if name.startswith(("MLFLOW_", "WANDB_"))}
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_")) and name not in before]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Without the notes of other packages; their warnings are shown."""
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
