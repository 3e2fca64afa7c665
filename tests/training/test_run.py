"""A training run as a whole: where it writes, what it refuses before any work, what repeats it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from toxmeter.artifact import CARD, Artifact
from toxmeter.errors import InputError
from toxmeter.recipe.schema import Data
from toxmeter.training import train

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.recipe import Recipe


def test_progress_is_told(trained: Any) -> None:
    told = trained.told
    steps = [what for what, _ in told if not what.startswith("fitting")]
    assert steps == ["reading data", "finding features", "calibrating and testing"]
    shares = [share for what, share in told if what.startswith("fitting, loss 0.")]
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for _, share in told)


def test_the_seed_decides_everything(trained: Any, recipe: Recipe, world: Path, tmp_path: Path) -> None:
    again = train(recipe, world, tmp_path / "again")
    assert again.fingerprint == trained.artifact.fingerprint
    assert again.manifest == trained.artifact.manifest
    assert (again.path / CARD).read_bytes() == (trained.artifact.path / CARD).read_bytes()
    other = train(replace(recipe, seed=6), world, tmp_path / "other")
    assert other.fingerprint != trained.artifact.fingerprint


def test_an_existing_folder_is_refused_before_any_work(trained: Any, recipe: Recipe, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(InputError, match="exists already: name another folder"):
        train(recipe, tmp_path / "no data", trained.artifact.path, report=lambda what, _: told.append(what))
    (tmp_path / "plain").mkdir()
    (tmp_path / "file").touch()
    for output in (tmp_path / "plain", tmp_path / "file"):
        with pytest.raises(InputError, match="exists already"):
            train(recipe, tmp_path / "no data", output, replace=True, report=lambda what, _: told.append(what))
    assert told == []
    assert Artifact.open(trained.artifact.path) == trained.artifact


def test_an_artifact_is_replaced_on_demand(trained: Any, recipe: Recipe, world: Path, tmp_path: Path) -> None:
    target = tmp_path / "tiny"
    shutil.copytree(trained.artifact.path, target)
    train(replace(recipe, number=4), world, target, replace=True)
    assert Artifact.open(target).manifest.number == 4


def test_too_few_rows_are_named(recipe: Recipe, world: Path, tmp_path: Path, change: Any) -> None:
    def keep_three(columns: dict[str, list[Any]]) -> None:
        for name, values in columns.items():
            columns[name] = values[:3]

    few = change(world, tmp_path / "data", keep_three)
    alone = replace(recipe, data=Data(split="hash", main="jigsaw-natural", validation=0.01, test=0.01))
    with pytest.raises(InputError, match="no rows left for validation: name more data"):
        train(alone, few, tmp_path / "out")


def test_missing_data_is_named(recipe: Recipe, world: Path, tmp_path: Path, change: Any) -> None:
    with pytest.raises(InputError, match=r"jigsaw_toxic\.parquet is missing"):
        train(recipe, tmp_path, tmp_path / "out")
    lost = change(world, tmp_path / "data", lambda _: None)
    (lost / "perspective_wikipedia_2k.parquet").unlink()
    with pytest.raises(InputError, match=r"perspective_wikipedia_2k\.parquet is missing"):
        train(recipe, lost, tmp_path / "out")
