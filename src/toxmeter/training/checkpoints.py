"""The checkpoints of a run: which is whole, whose they are, and which was best.

A checkpoint is a folder of Hugging Face's Trainer; its ``trainer_state.json`` is written last, so one without
it was cut short and is thrown away. Importing this module imports nothing heavy.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from toxmeter.errors import InputError, TrainingError
from toxmeter.extras import need

__all__ = ["check_unused", "load_finished", "open_folder", "remember_finished"]

_RUN, _FINISHED, _STATE = "run.json", "finished.json", "trainer_state.json"


def check_unused(folder: Path) -> None:
    """Refuse to start anew where an interrupted run could go on.

    Raises:
        InputError: when the folder holds a whole checkpoint.
    """
    if _whole_checkpoints(folder):
        raise InputError(f"{folder} holds the checkpoints of an interrupted run: go on with --resume, or remove it")


def open_folder(folder: Path, digest: str, *, resume: bool) -> Path | None:
    """Make ready a folder for checkpoints.

    Args:
        folder: made if it is not there.
        digest: of what must not change between the attempts of a run.
        resume: whether a run may go on here.

    Returns:
        the last whole checkpoint, or None to start from the beginning.

    Raises:
        InputError: when there are checkpoints and resume was not asked for.
        TrainingError: when they are of another recipe or other rows.
    """
    if not resume:
        check_unused(folder)
    mark = folder / _RUN
    whole = _whole_checkpoints(folder)
    if whole and _read(mark).get("digest") != digest:
        raise TrainingError(f"{folder} holds checkpoints of another recipe, seed or data: resume with what the run"
                            " was started with, or remove the folder to start anew")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"digest": digest}))
    return whole[-1] if whole else None


def remember_finished(trainer: Any, folder: Path) -> None:  # noqa: ANN401 - a transformers Trainer
    """Note that fitting is over, so that a later attempt need not fit again. One process writes."""
    if trainer.is_world_process_zero():
        trainer.state.save_to_json(str(folder / (_FINISHED + ".part")))
        (folder / (_FINISHED + ".part")).rename(folder / _FINISHED)


def load_finished(trainer: Any, folder: Path, checkpoint: Path | None) -> bool:  # noqa: ANN401
    """Put the best weights of a finished fit into a Trainer; False if the fit is not over.

    It is also over where early stopping had spoken in the last checkpoint, and the run was killed just then.
    """
    file = folder / _FINISHED
    if not file.is_file():
        if checkpoint is None or not _stopped_early(checkpoint):
            return False
        file = checkpoint / _STATE
    trainer.state = type(trainer.state).load_from_json(str(file))
    weights = folder / f"checkpoint-{trainer.state.best_global_step}" / "model.safetensors"
    tensors = need("safetensors.torch", extra="train").load_file(weights)
    trainer.model.load_state_dict(tensors, strict=True)
    return True


def _stopped_early(checkpoint: Path) -> bool:
    saved = _read(checkpoint / _STATE).get("stateful_callbacks", {}).get("EarlyStoppingCallback")
    if not saved:
        return False
    return bool(saved["attributes"]["early_stopping_patience_counter"] >= saved["args"]["early_stopping_patience"])


def _whole_checkpoints(folder: Path) -> list[Path]:
    """Whole checkpoints by step; what was cut short while being written is removed."""
    found: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*"):
        step = re.fullmatch(r"checkpoint-(\d+)", path.name)
        if step and _read(path / _STATE).get("global_step") == int(step[1]):
            found[int(step[1])] = path
        else:
            shutil.rmtree(path, ignore_errors=True)
    return [found[step] for step in sorted(found)]


def _read(file: Path) -> dict[str, Any]:
    """A JSON object, or an empty one where the file is missing or cut short."""
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
