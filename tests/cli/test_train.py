"""``toxmeter train`` as a user types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from toxmeter.artifact import Artifact
from toxmeter.cli import app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def recipe(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe beside its data, in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    lines = [f"{'you are stupid' if row % 2 else 'what a nice day'} {row},{row % 2}" for row in range(60)]
    (tmp_path / "posts.csv").write_text("text,rude\n" + "\n".join(lines) + "\n")
    file = tmp_path / "posts.toml"
    file.write_text(f"""
name = "posts"
[data]
main = "posts"
[data.files.posts]
file = "posts.csv"
labels = ["rude"]
[labels]
names = ["rude"]
kind = "multilabel"
toxic = ["rude"]
[model]
format = "transformer"
base = "{tiny_encoder}"
[train]
lr = 5e-3
max_steps = 6
evaluate_every = 3
[evaluate]
resamples = 20
[track]
energy = false
""")
    return file


def test_the_artifact_goes_to_a_folder_of_its_name(recipe: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(recipe), "--data", "."])
    assert done.exit_code == 0, done.output
    artifact = Artifact.open("runs/posts")
    assert f"{artifact.version} in runs/posts: rude AUC " in done.stdout


def test_fields_are_set_and_the_upload_is_only_shown(recipe: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(recipe), "-d", ".", "-o", "out", "-s", "train.max_steps=3", "-s",
                                    "seed=7", "--keep-checkpoints", "--push-to-hub", "somebody/posts"])
    assert done.exit_code == 0, done.output
    manifest = Artifact.open("out").manifest
    assert (manifest.recipe["seed"], manifest.metrics["fit"]["steps"]) == (7, 3)
    assert (tmp_path / "out.checkpoints" / "checkpoint-3").is_dir()
    assert "somebody/posts" in done.stdout
    assert "model.safetensors" in done.stdout


def test_all_mistakes_are_told_before_any_work(recipe: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(recipe), "--set", "train.lr=7", "--set", "train.epoch=1"])
    assert done.exit_code == 2
    assert "--set train.lr: 7 is not a number from 0 to 1" in done.stderr
    assert "train.epoch: no such field (did you mean 'epochs'?)" in done.stderr
    assert "Traceback" not in done.output


def test_without_the_data_folder_the_hub_is_asked_for_presets_only(recipe: Path) -> None:
    done = CliRunner().invoke(app, ["train", "toxicity-levels"])
    assert done.exit_code == 2
    assert "not on the Hugging Face hub" in done.stderr
    assert "--data" in done.stderr
