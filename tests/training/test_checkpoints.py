"""The folder of checkpoints: what is whole, whose it is, and what was cut short."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from toxmeter.errors import InputError, TrainingError
from toxmeter.training.checkpoints import open_folder

if TYPE_CHECKING:
    from pathlib import Path


def checkpoint(folder: Path, step: int, state: str | None = None) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"weights")
    if state is None:
        state = json.dumps({"global_step": step})
    if state:
        (path / "trainer_state.json").write_text(state)
    return path


def test_a_new_folder_is_made_and_starts_from_the_beginning(tmp_path: Path) -> None:
    assert open_folder(tmp_path / "deep" / "run", "a", resume=False) is None
    assert open_folder(tmp_path / "deep" / "run", "a", resume=True) is None


def test_the_last_checkpoint_by_number_is_gone_on_from(tmp_path: Path) -> None:
    open_folder(tmp_path, "a", resume=False)
    checkpoint(tmp_path, 900)
    last = checkpoint(tmp_path, 1_000)
    assert open_folder(tmp_path, "a", resume=True) == last


@pytest.mark.parametrize("state", ["", "{", '{"global_step": 7}', "[]", "null"])
def test_a_checkpoint_that_was_cut_short_is_removed(tmp_path: Path, state: str) -> None:
    open_folder(tmp_path, "a", resume=False)
    whole = checkpoint(tmp_path, 10)
    half = checkpoint(tmp_path, 20, state)
    assert open_folder(tmp_path, "a", resume=True) == whole
    assert not half.exists()


def test_a_half_written_mark_is_another_run(tmp_path: Path) -> None:
    open_folder(tmp_path, "a", resume=False)
    checkpoint(tmp_path, 10)
    (tmp_path / "run.json").write_text('{"dig')
    with pytest.raises(TrainingError, match="another recipe, seed or data"):
        open_folder(tmp_path, "a", resume=True)


def test_checkpoints_are_never_overwritten_unasked(tmp_path: Path) -> None:
    open_folder(tmp_path, "a", resume=False)
    kept = checkpoint(tmp_path, 10)
    with pytest.raises(InputError, match="--resume"):
        open_folder(tmp_path, "a", resume=False)
    with pytest.raises(TrainingError, match="another recipe"):
        open_folder(tmp_path, "b", resume=True)
    assert kept.is_dir()
