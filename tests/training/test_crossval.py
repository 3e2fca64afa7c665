"""Cross-validation: each row is tested once, what is done is kept, and the figures are those of the folds."""

from __future__ import annotations

import dataclasses
import json
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.cli import app
from toxmeter.data.read import Rows
from toxmeter.errors import InputError, TrainingError
from toxmeter.files import write_whole
from toxmeter.labels import JIGSAW
from toxmeter.recipe import to_toml
from toxmeter.training import crossval as crossing
from toxmeter.training.crossval import crossval, summary_table
from toxmeter.training.energy import Cost
from toxmeter.training.parts import Parts, fold_parts

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.recipe import Recipe

F1 = {1: 0.5, 2: 0.75, 3: 0.625}


class FakeBuild:
    """Stands in for training: the macro F1 of a fold is a constant, and a fold may fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, bool]] = []
        self.raising: dict[int, BaseException] = {}
        self.undefined = False

    def __call__(self, recipe: Recipe, parts: Parts, folder: Path, *, resume: bool, report: Any) -> Artifact:
        fold = int(parts.test.texts[0])
        self.calls.append((fold, resume))
        report("fitting", 0.5)
        checkpoints = folder.with_name(f"{folder.name}.checkpoints")
        checkpoints.mkdir(parents=True, exist_ok=True)
        if error := self.raising.pop(fold, None):
            raise error
        checkpoints.rmdir()
        headline = {"macro F1": F1[fold], "AUC": None if self.undefined and fold == 2 else 0.9}
        cost = Cost(seconds=60.0, energy_kwh=0.25, co2_kg=0.125)
        manifest = Manifest(name=recipe.name, number=1, format="hashed", labels=JIGSAW, metrics={
            "headline": headline, "test": {"rows": 10 * fold}, "cost": cost.to_dict()})
        return write_artifact(folder, manifest, {"a.npy": b"x" * 1_000}, card="# card")


def parts_of(*folds: int) -> list[Parts]:
    rows = [Rows([str(fold)], np.ones((1, 6)), {}) for fold in folds]
    return [Parts(JIGSAW, each, np.ones(1), each, each) for each in rows]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBuild:
    build = FakeBuild()

    monkeypatch.setattr(crossing, "build", build)
    monkeypatch.setattr(crossing, "fold_parts", lambda _recipe, _data, folds: parts_of(*range(1, folds + 1)))
    return build


def test_figures_and_files(recipe: Recipe, fake: FakeBuild, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    result = crossval(recipe, None, tmp_path / "out", folds=3, report=lambda what, share: told.append((what, share)))
    assert [fold["headline"]["macro F1"] for fold in result["folds"]] == [0.5, 0.75, 0.625]
    assert [fold["rows"] for fold in result["folds"]] == [10, 20, 30]
    assert result["mean"]["macro F1"] == 0.625
    assert result["sd"]["macro F1"] == statistics.stdev([0.5, 0.75, 0.625]) == 0.125
    assert (result["cost"]["seconds"], result["cost"]["energy_kwh"]) == (180.0, 0.75)
    assert told[1:] == [(f"fold {fold} of 3: fitting", (fold - 0.5) / 3) for fold in (1, 2, 3)]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "crossval.json", "crossval.md", "fold-1.json", "fold-2.json", "fold-3.json"}
    assert json.loads((tmp_path / "out" / "crossval.json").read_text()) == result
    page = (tmp_path / "out" / "crossval.md").read_text()
    assert "| 2 | 20 | 0.7500 | 0.9000 |\n" in page
    assert "| mean ± sd |  | 0.6250 ± 0.1250 | 0.9000 ± 0.0000 |\n" in page
    assert "180 s, 0.75 kWh, 0.375 kg CO2" in page


def test_models_are_kept_on_request(recipe: Recipe, fake: FakeBuild, tmp_path: Path) -> None:
    crossval(recipe, None, tmp_path, folds=2, keep_models=True)
    assert Artifact.open(tmp_path / "fold-2").manifest.metrics["headline"]["macro F1"] == 0.75
    crossval(recipe, None, tmp_path, folds=2, resume=True)
    assert (tmp_path / "fold-2").exists()
    assert len(fake.calls) == 2


def test_models_that_were_not_kept_are_not_there(recipe: Recipe, fake: FakeBuild, tmp_path: Path) -> None:
    crossval(recipe, None, tmp_path, folds=2)
    with pytest.raises(InputError, match=r"fold-1\.json was made without --keep-models"):
        crossval(recipe, None, tmp_path, folds=2, resume=True, keep_models=True)
    (tmp_path / "fold-1.json").unlink()
    (tmp_path / "fold-2.json").unlink()
    crossval(recipe, None, tmp_path, folds=2, resume=True, keep_models=True)
    assert (tmp_path / "fold-1").exists()


def test_folds_of_other_rows_are_not_averaged(
    recipe: Recipe, fake: FakeBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crossval(recipe, None, tmp_path, folds=2)
    monkeypatch.setattr(crossing, "fold_parts", lambda *_: parts_of(1, 3))
    with pytest.raises(InputError, match="of another recipe, number of folds or data"):
        crossval(recipe, None, tmp_path, folds=2, resume=True)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TrainingError("nothing was learnt")])
def test_an_interrupted_run_goes_on(
    error: BaseException, recipe: Recipe, fake: FakeBuild, tmp_path: Path
) -> None:
    whole = crossval(recipe, None, tmp_path / "whole", folds=3)
    fake.calls, fake.raising = [], {2: error}
    with pytest.raises(type(error)):
        crossval(recipe, None, tmp_path / "cut", folds=3)
    with pytest.raises(InputError, match="go on with --resume"):
        crossval(recipe, None, tmp_path / "cut", folds=3)
    assert crossval(recipe, None, tmp_path / "cut", folds=3, resume=True) == whole
    assert fake.calls == [(1, False), (2, False), (2, True), (3, True)]


def test_a_fold_that_was_saved_but_not_reported(
    recipe: Recipe, fake: FakeBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = write_whole, iter([OSError("no space left")])

    def write(file: Path, text: str) -> None:
        for error in broken:
            raise error
        real(file, text)

    monkeypatch.setattr(crossing, "write_whole", write)
    with pytest.raises(OSError, match="no space left"):
        crossval(recipe, None, tmp_path, folds=2)
    assert len(crossval(recipe, None, tmp_path, folds=2, resume=True)["folds"]) == 2
    assert [fold for fold, _ in fake.calls] == [1, 2]


def test_folds_of_another_run_are_not_averaged(recipe: Recipe, fake: FakeBuild, tmp_path: Path) -> None:
    crossval(recipe, None, tmp_path, folds=2)
    with pytest.raises(InputError, match="of another recipe, number of folds or data"):
        crossval(recipe, None, tmp_path, folds=3, resume=True)
    with pytest.raises(InputError, match="of another recipe, number of folds or data"):
        crossval(dataclasses.replace(recipe, seed=1), None, tmp_path, folds=2, resume=True)
    (tmp_path / "fold-1.json").write_text('{"recipe"')
    with pytest.raises(InputError, match=r"fold-1\.json: no report of a fold"):
        crossval(recipe, None, tmp_path, folds=2, resume=True)


def test_a_metric_that_a_fold_does_not_have(recipe: Recipe, fake: FakeBuild, tmp_path: Path) -> None:
    fake.undefined = True
    result = crossval(recipe, None, tmp_path, folds=3)
    assert (result["mean"]["AUC"], result["sd"]["AUC"]) == (None, None)
    assert [row[3] for row in summary_table(result)] == ["AUC", "0.9000", "–", "0.9000", "– ± –"]


def test_it_runs_in_one_process(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="without torchrun"):
        crossval(recipe, None, tmp_path)


def test_too_few_folds(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--folds 1"):
        crossval(recipe, world, tmp_path / "out", folds=1)
    assert not (tmp_path / "out").exists()


def test_each_row_is_tested_once_by_the_command(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    file = tmp_path / "tiny.toml"
    file.write_text(to_toml(recipe))
    done = CliRunner().invoke(app, ["crossval", str(file), "--data", str(world), "--folds", "2", "--output",
                                    str(tmp_path / "out"), "--set", "train.iterations=20"], catch_exceptions=False)
    assert done.exit_code == 0
    head, first, second, both = done.stdout.splitlines()
    assert head.split()[:3] == ["fold", "test", "rows"]
    assert both.startswith("mean ± sd")
    result = json.loads((tmp_path / "out" / "crossval.json").read_text())
    assert first.split()[1] == str(result["folds"][0]["rows"])
    assert second.split()[1] == str(result["folds"][1]["rows"])
    parts = fold_parts(recipe, world, 2)
    texts = [text for each in parts for text in each.test.texts]
    assert sum(fold["rows"] for fold in result["folds"]) == len(texts) == len(set(texts))
    assert json.loads((tmp_path / "out" / "fold-1.json").read_text())["recipe"]["train"]["iterations"] == 20
    assert result["mean"]["mean AUC"] > 0.8
