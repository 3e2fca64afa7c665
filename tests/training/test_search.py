"""A search: it tries what it should, resumes to the same trials, and leaves test rows and weights alone."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from toxmeter.cli import app
from toxmeter.data.read import Rows
from toxmeter.errors import InputError, TrainingError, UnknownModel
from toxmeter.extras import need
from toxmeter.labels import LabelSet
from toxmeter.recipe import Recipe, read_recipe
from toxmeter.training import finetune
from toxmeter.training import search as searching
from toxmeter.training.parts import Parts
from toxmeter.training.search import overrides, search, with_field

RECIPE = """
name = "tiny"
seed = 3
[data]
main = "own"
[data.files.own]
file = "own.csv"
label = "label"
[labels]
names = ["kind", "rude"]
kind = "binary"
toxic = ["rude"]
[model]
format = "transformer"
base = "{base}"
max_length = 12
[train]
epochs = 2
batch_size = 16
[track]
energy = false
[search]
trials = 7
[[search.space]]
field = "train.lr"
low = 1e-5
high = 1e-1
log = true
[[search.space]]
field = "train.batch_size"
low = 4
high = 32
[[search.space]]
field = "train.schedule"
choices = ["linear", "cosine"]
"""


def recipe_in(folder: Path, base: str = "nowhere", text: str = RECIPE) -> Recipe:
    file = folder / "tiny.toml"
    file.write_text(text.format(base=base))
    return read_recipe(file)


def write_rows(folder: Path, count: int = 80) -> None:
    who = ["she", "he", "they", "we", "you", "people", "team", "family"]
    lines = [f"{who[at % 8]} {'like great music' if at % 2 else 'hate awful noise'} {at},{'kind' if at % 2 else 'rude'}"
             for at in range(count)]
    (folder / "own.csv").write_text("\n".join(["text,label", *lines]) + "\n")


class FakeFit:
    """Stands in for fitting: the best learning rate is .01, and trials do what they are told to by number."""

    def __init__(self) -> None:
        self.calls: list[tuple[Recipe, Parts, Path]] = []
        self.raising: dict[int, BaseException] = {}
        rows = Rows(["a"], np.array([[1.0, 0.0]]), {})
        self.parts = Parts(LabelSet(("kind", "rude"), "binary", ("rude",)), rows, np.ones(1), rows, rows)

    def __call__(
        self, recipe: Recipe, parts: Parts, folder: Path, *, report: Any, **_: Any
    ) -> Any:
        self.calls.append((recipe, parts, folder))
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"x")
        report("fitting", 0.5)
        if error := self.raising.pop(len(self.calls), None):
            raise error
        lr = recipe.train.lr  # type: ignore[union-attr]
        best = 1 - abs(np.log10(lr) + 2) / 4
        return finetune.Fitted(None, None, np.zeros((1, 2)), [], best, "auc", 3, {})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeFit:
    fit = FakeFit()
    monkeypatch.setattr(finetune, "fit", fit)
    monkeypatch.setattr(searching, "prepare", lambda *_: fit.parts)
    for plot in ("curves_plot", "importance_plot"):  # drawn in the tests with a real trainer
        monkeypatch.setattr(searching, plot, lambda *_, **__: b"a plot")
    return fit


def tried(result: Any) -> list[dict[str, Any]]:
    return [dict(trial.settings) for trial in result.trials]


def test_a_search_writes_what_it_finds(tmp_path: Path, fake: FakeFit) -> None:
    recipe = recipe_in(tmp_path)
    told: list[tuple[str, float]] = []
    result = search(recipe, None, tmp_path / "out", report=lambda what, share: told.append((what, share)))
    assert len(result.trials) == len(fake.calls) == 7
    assert all(1e-5 <= each["train.lr"] <= 1e-1 and each["train.batch_size"] in range(4, 33)
               and each["train.schedule"] in ("linear", "cosine") for each in tried(result))
    assert [(call[0].train.lr, call[0].train.batch_size) for call in fake.calls] == [  # type: ignore[union-attr]
        (each["train.lr"], each["train.batch_size"]) for each in tried(result)]
    assert result.best
    assert result.best.value == max(trial.value or 0 for trial in result.trials)
    assert result.monitor == "auc"
    assert max(result.importance, key=lambda name: result.importance[name]) == "train.lr"
    assert told[1] == ("trial 1 of 7: fitting", 0.5 / 7)
    assert f"best {result.best.value:.4f}" in told[-1][0]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "study.db", "trials.json", "best.toml", "history.png", "importance.png"}
    best = read_recipe(tmp_path / "out" / "best.toml")
    assert best.train.lr == result.best.settings["train.lr"]  # type: ignore[union-attr]
    assert best.data == recipe.data
    document = json.loads((tmp_path / "out" / "trials.json").read_text())
    assert [each["settings"] for each in document["trials"]] == tried(result)
    assert document["best"] == result.best.number


def test_one_seed_one_search(tmp_path: Path, fake: FakeFit) -> None:
    recipe = recipe_in(tmp_path)
    first = tried(search(recipe, None, tmp_path / "a"))
    assert tried(search(recipe, None, tmp_path / "b")) == first
    other = recipe_in(tmp_path, text=RECIPE.replace("seed = 3", "seed = 4"))
    assert tried(search(other, None, tmp_path / "c", trials=1)) != first[:1]
    assert len({each["train.lr"] for each in first}) == 7


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UnknownModel("no such model")])
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(
    error: BaseException, tmp_path: Path, fake: FakeFit
) -> None:
    recipe = recipe_in(tmp_path)
    whole = search(recipe, None, tmp_path / "whole")
    fake.raising = {len(fake.calls) + 2: error, len(fake.calls) + 6: error}
    for _ in range(2):
        with pytest.raises(type(error)):
            search(recipe, None, tmp_path / "cut")
    resumed = search(recipe, None, tmp_path / "cut")
    assert tried(resumed) == tried(whole)
    assert [trial.value for trial in resumed.trials] == [trial.value for trial in whole.trials]
    assert [trial.number for trial in resumed.trials] == [0, 2, 3, 4, 6, 7, 8]


def test_more_trials_go_on_with_those_there_are(tmp_path: Path, fake: FakeFit) -> None:
    recipe = recipe_in(tmp_path)
    assert len(search(recipe, None, tmp_path, trials=2).trials) == 2
    assert len(search(recipe, None, tmp_path, trials=5).trials) == 5
    assert len(fake.calls) == 5
    assert len(search(recipe, None, tmp_path, trials=3).trials) == 5
    assert len(fake.calls) == 5


def test_a_trial_that_learns_nothing_counts(tmp_path: Path, fake: FakeFit) -> None:
    fake.raising = {number: TrainingError(f"nothing was learnt, {number}") for number in (1, 2)}
    result = search(recipe_in(tmp_path), None, tmp_path / "out", trials=2)
    assert [(trial.state, trial.value, trial.reason) for trial in result.trials] == [
        ("failed", None, "nothing was learnt, 1"), ("failed", None, "nothing was learnt, 2")]
    assert (result.best, result.importance) == (None, {})
    assert not (tmp_path / "out" / "best.toml").exists()
    assert search(recipe_in(tmp_path), None, tmp_path / "out", trials=3).best is not None


def test_a_value_that_is_no_number_fails(tmp_path: Path, fake: FakeFit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "log10", lambda _: float("nan"))
    (trial,) = search(recipe_in(tmp_path), None, tmp_path / "out", trials=1).trials
    assert (trial.state, trial.reason) == ("failed", "auc of the validation rows is nan")


def test_other_settings_need_another_study(tmp_path: Path, fake: FakeFit) -> None:
    search(recipe_in(tmp_path), None, tmp_path / "out", trials=1)
    harmless = RECIPE.replace("trials = 7", "trials = 9").replace("energy = false", "energy = true")
    search(recipe_in(tmp_path, text=harmless), None, tmp_path / "out", trials=1)
    for text, named in ((RECIPE.replace("epochs = 2", "epochs = 3"), "train.epochs"),
                        (RECIPE.replace("low = 4", "low = 8"), "search.space")):
        with pytest.raises(InputError, match=rf"study.db holds a search for tiny with other settings \({named}\)"):
            search(recipe_in(tmp_path, text=text), None, tmp_path / "out")


@pytest.mark.parametrize(("before", "after", "named"), [
    ("[[search.space]]", "[[data.sources]]", "search.space is empty"),
    ("", "", "torchrun"),
])
def test_what_cannot_be_searched(
    before: str, after: str, named: str, tmp_path: Path, fake: FakeFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = RECIPE[: RECIPE.index(before)] if before else RECIPE
    monkeypatch.setenv("WORLD_SIZE", "1" if before else "2")
    with pytest.raises(InputError, match=named):
        search(recipe_in(tmp_path, text=text), None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_hashed_model_is_not_searched(tmp_path: Path) -> None:
    recipe = read_recipe("nano", {"search.space": [{"field": "train.penalty", "low": 0.1, "high": 1.0}]})
    with pytest.raises(InputError, match="fine-tunes networks"):
        search(recipe, None, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"no database at all, but some text"])
def test_a_file_that_is_no_study(content: bytes, tmp_path: Path, fake: FakeFit) -> None:
    (tmp_path / "study.db").write_bytes(content)
    if content:
        with pytest.raises(InputError, match=r"study\.db: no database for a search"):
            search(recipe_in(tmp_path), None, tmp_path, trials=1)
    else:
        search(recipe_in(tmp_path), None, tmp_path, trials=1)


@pytest.mark.parametrize("storage", ["nonsense", "postgresql+nothing://x/y", "sqlite:////proc/none/study.db"])
def test_a_storage_that_does_not_open(storage: str, tmp_path: Path, fake: FakeFit) -> None:
    with pytest.raises(InputError, match="no database for a search"):
        search(recipe_in(tmp_path), None, tmp_path, storage=storage)


def test_a_search_over_data_prepares_rows_for_each_trial(
    tmp_path: Path, fake: FakeFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    def prepared(recipe: Recipe, _: Path | None) -> Parts:
        asked.append(recipe.data.validation)
        return fake.parts

    monkeypatch.setattr(searching, "prepare", prepared)
    text = RECIPE + '[[search.space]]\nfield = "data.validation"\nlow = 0.1\nhigh = 0.3\n'
    result = search(recipe_in(tmp_path, text=text), None, tmp_path / "out", trials=3)
    assert asked[1:] == [trial.settings["data.validation"] for trial in result.trials]


def test_other_rows_need_another_study(tmp_path: Path, fake: FakeFit, monkeypatch: pytest.MonkeyPatch) -> None:
    search(recipe_in(tmp_path), None, tmp_path / "out", trials=1)
    fewer = dataclasses.replace(fake.parts, train=Rows(["b"], fake.parts.train.labels, {}))
    monkeypatch.setattr(searching, "prepare", lambda *_: fewer)
    with pytest.raises(InputError, match="the search for tiny was begun with other rows"):
        search(recipe_in(tmp_path), None, tmp_path / "out", trials=2)
    assert len(fake.calls) == 1


def test_a_trial_whose_data_is_of_no_use_counts(
    tmp_path: Path, fake: FakeFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepared(recipe: Recipe, _: Path | None) -> Parts:
        if recipe.data.min_words > 5:
            raise InputError("no rows left to train on")
        return fake.parts

    monkeypatch.setattr(searching, "prepare", prepared)
    text = RECIPE + '[[search.space]]\nfield = "data.min_words"\nchoices = [1, 50]\n'
    result = search(recipe_in(tmp_path, text=text), None, tmp_path / "out", trials=6)
    found = {(trial.settings["data.min_words"], trial.state, trial.reason) for trial in result.trials}
    assert found == {(1, "complete", ""), (50, "failed", "no rows left to train on")}


def test_a_trial_that_contradicts_itself_counts(tmp_path: Path, fake: FakeFit) -> None:
    text = RECIPE.replace("epochs = 2", "epochs = 2\nconsistency = 1.0")
    text = text.replace("max_length", "dropout = 0.1\nmax_length")
    text += '[[search.space]]\nfield = "model.dropout"\nchoices = [0.0, 0.1]\n'
    result = search(recipe_in(tmp_path, text=text), None, tmp_path / "out", trials=6)
    assert {(trial.settings["model.dropout"], trial.state) for trial in result.trials} == {
        (0.0, "failed"), (0.1, "complete")}
    assert "two readings without dropout" in next(trial.reason for trial in result.trials if trial.reason)
    assert read_recipe(tmp_path / "out" / "best.toml").model.dropout == 0.1  # type: ignore[union-attr]


@pytest.mark.parametrize(("path", "value", "expected"), [
    ("train.lr", 0.5, 0.5), ("train.batch_size", 8.0, 8), ("seed", 9, 9),
    ("train.class_weights", "balanced", "balanced"),
    ("data.files.own.text", "tweet", "tweet"), ("train.extra.adam_beta1", 0.8, 0.8),
])
def test_with_field(path: str, value: Any, expected: Any, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    changed = with_field(recipe, path, value)
    at: Any = changed
    for key in path.split("."):
        at = at[key] if not hasattr(at, key) else getattr(at, key)
    assert at == expected
    assert type(at) is type(expected)
    assert recipe == recipe_in(tmp_path)
    assert changed != recipe


@pytest.mark.parametrize("path", ["train.rate", "", "train.lr.x", "data.sources.0.weight", "x.y"])
def test_with_a_field_that_is_not_there(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no field of a recipe|nothing there"):
        with_field(recipe_in(tmp_path), path, 1.0)


@given(st.floats(1e-12, 1.0), st.integers(1, 100_000), st.sampled_from(["linear", "cosine", "plateau"]),
       st.text("ab c=\"'\\\t#é", min_size=1).filter(str.strip))
def test_overrides_are_read_back(lr: float, size: int, schedule: str, base: str) -> None:
    settings: dict[str, Any] = {"train.lr": lr, "train.batch_size": size, "train.schedule": schedule,
                                "model.base": base}
    recipe = read_recipe("sst2", overrides(settings))
    assert (recipe.train.lr, recipe.train.batch_size) == (lr, size)  # type: ignore[union-attr]
    assert recipe.train.schedule == schedule  # type: ignore[union-attr]
    assert recipe.model.base == base  # type: ignore[union-attr]


def test_the_command(tmp_path: Path, fake: FakeFit) -> None:
    recipe_in(tmp_path)
    fake.raising = {2: TrainingError("nothing was learnt")}
    done = CliRunner().invoke(app, ["search", str(tmp_path / "tiny.toml"), "--output", str(tmp_path / "out"), "-n", "3",
                                    "--data", "my data", "--set", "train.epochs=1"], catch_exceptions=False)
    assert done.exit_code == 0
    head, *trials, best = done.stdout.splitlines()
    assert head.split() == ["trial", "auc", "state", "seconds", "train.lr", "train.batch_size", "train.schedule"]
    assert [line.split()[-6 if "*" in line else -5] != "" for line in trials] == [True] * 3
    assert sum("*" in line for line in trials) == 1
    assert "failed" in trials[1]
    assert best.startswith(f"best: toxmeter train {tmp_path}/tiny.toml '--data=my data' --set=train.epochs=1"
                           " --set=train.lr=")
    assert "--set=train.schedule=" in best


def test_the_command_without_a_completed_trial(tmp_path: Path, fake: FakeFit) -> None:
    recipe_in(tmp_path)
    fake.raising = {1: TrainingError("nothing was learnt")}
    done = CliRunner().invoke(app, ["search", str(tmp_path / "tiny.toml"), "-o", str(tmp_path / "out"), "-n", "1"])
    assert done.exit_code == 0
    assert done.stdout.endswith("no trial was completed: nothing was learnt\n")


@pytest.mark.slow
def test_pruning_with_a_real_trainer(tmp_path: Path, tiny_encoder: Path) -> None:
    """Two good trials, then a learning rate of nought: given up after its first epoch."""
    write_rows(tmp_path)
    text = RECIPE[: RECIPE.index("[[search.space]]")].replace("epochs = 2", "epochs = 3") + (
        '[[search.space]]\nfield = "train.lr"\nchoices = [0.01, 0.0]\n')
    recipe = recipe_in(tmp_path, str(tiny_encoder), text)
    optuna = need("optuna", extra="search")
    output = tmp_path / "out"
    search(recipe, tmp_path, output, trials=1)
    storage = f"sqlite:///{output}/study.db"
    study = optuna.load_study(study_name="tiny", storage=storage)
    for lr in (0.01, 0.01, 0.0):
        study.enqueue_trial({"train.lr": lr})
    result = search(recipe, tmp_path, output, trials=4)
    assert [trial.settings["train.lr"] for trial in result.trials[1:]] == [0.01, 0.01, 0.0]
    last = result.trials[-1]
    assert last.state == "pruned"
    assert last.value is not None
    assert result.best
    assert result.best.value
    assert last.value < result.best.value
    steps = optuna.load_study(study_name="tiny", storage=storage).trials[-1].intermediate_values
    assert 1 <= len(steps) < 3
    assert not list(output.glob("trial-*"))
    assert {(output / name).read_bytes()[:4] for name in ("history.png", "importance.png")} == {b"\x89PNG"}


@pytest.mark.slow
def test_a_search_that_is_killed(tmp_path: Path, tiny_encoder: Path) -> None:
    write_rows(tmp_path)
    recipe_in(tmp_path, str(tiny_encoder), RECIPE.replace("epochs = 2", "epochs = 6"))
    output = tmp_path / "out"
    command = [sys.executable, "-m", "toxmeter", "search", str(tmp_path / "tiny.toml"), "--data", str(tmp_path),
               "--output", str(output), "--trials", "2"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    for number, name in enumerate((signal.SIGKILL, signal.SIGINT)):
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as child:
            while child.poll() is None and not list(output.glob(f"trial-{number}/checkpoint-*")):
                time.sleep(0.02)
            assert child.poll() is None
            child.send_signal(name)
            child.wait(60)
        assert child.returncode == (-9 if name is signal.SIGKILL else 130)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert not list(output.glob("trial-*"))
    trials = json.loads((output / "trials.json").read_text())["trials"]
    assert len(trials) == 2
    assert trials[0]["number"] == 2
