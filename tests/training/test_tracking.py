"""Trackers: what a real Trainer logs is read back from real stores, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toxmeter.errors import InputError, MissingExtra
from toxmeter.extras import need
from toxmeter.recipe import Recipe
from toxmeter.recipe.fitting import FineTuning, TransformerModel
from toxmeter.recipe.schema import Data, Evaluation, Source, Tracking
from toxmeter.training.tracking import Tracker, flattened, settings, tracked

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:DeprecationWarning",  # of mlflow's own tables
    "ignore:.*torch.jit:DeprecationWarning",
)
FINAL = {"headline": {"macro F1": 0.75, "nothing": None}, "test": {"rows": 20, "name": "x", "bad": float("nan")}}
SENTENCE = "somebody wrote this sentence"


def recipe_for(to: Any, project: str = "") -> Recipe:
    return Recipe(
        name="tiny", data=Data(main="sst2", sources=(Source(set="jigsaw-natural", weight=0.5),)),
        model=TransformerModel(base="b"), train=FineTuning(lr=0.125), limits=(SENTENCE,),
        evaluate=Evaluation(probes=(SENTENCE,)), track=Tracking(to=to, project=project))


def train(folder: Path, tracker: Tracker, steps: int = 3) -> None:
    """A Trainer with a model of two numbers."""
    torch, transformers = need("torch", extra="train"), need("transformers", extra="train")

    class Line(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.line = torch.nn.Linear(1, 1)

        def forward(self, x: Any, labels: Any) -> dict[str, Any]:
            return {"loss": ((self.line(x) - labels) ** 2).mean()}

    rows = [{"x": torch.tensor([1.0]), "labels": torch.tensor([2.0])}] * 8
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=steps, logging_steps=1, report_to="none", disable_tqdm=True, use_cpu=True,
        save_strategy="no", dataloader_pin_memory=False)
    trainer = transformers.Trainer(model=Line(), args=arguments, train_dataset=rows, callbacks=tracker.callbacks)
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of mlflow without runs, since making its tables takes seconds."""
    file = tmp_path_factory.mktemp("store") / "mlruns.db"
    need("mlflow", extra="track").MlflowClient(f"sqlite:///{file}").get_experiment("0")
    return file


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def own_store(empty_store: Path, tmp_path: Path) -> Path:
    """The store that is used where nothing else is said."""
    return Path(shutil.copy(empty_store, tmp_path))


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def store(file: Path) -> Any:
    return need("mlflow", extra="track").MlflowClient(f"sqlite:///{file}")


def runs_of(client: Any, name: str) -> list[Any]:
    found: list[Any] = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    return found


def test_settings_hold_no_text() -> None:
    found = settings(recipe_for("none"))
    assert found["train.lr"] == 0.125
    assert found["model.base"] == "b"
    assert found["data.sources"] == '[{"set": "jigsaw-natural", "weight": 0.5, "diluted": 0.0}]'
    assert SENTENCE not in str(found)
    assert {type(value) for value in found.values()} <= {str, int, float, bool}


def test_flattened() -> None:
    assert flattened({"a": {"b": {"c": 1}, "d": [2]}, "e": None, "f": {}}, "/") == {"a/b/c": 1, "a/d": [2], "e": None}


@pytest.mark.parametrize("rank", ["0", "1"])
def test_nothing_is_recorded_unless_asked_for(rank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", rank)
    with tracked(recipe_for("none" if rank == "0" else "mlflow"), tmp_path / "run") as tracker:
        assert tracker.callbacks == []
        tracker.log_final(FINAL)
    assert list(tmp_path.iterdir()) == []


def test_tensorboard(tmp_path: Path) -> None:
    with tracked(recipe_for("tensorboard"), tmp_path / "run") as tracker:
        train(tmp_path / "run", tracker)
        tracker.log_final(FINAL)
    module = need("tensorboard.backend.event_processing.event_accumulator", extra="track")
    events = module.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2, 3]
    assert events.Scalars("test/headline/macro F1")[0].value == 0.75
    assert not {"test/headline/nothing", "test/test/bad", "test/test/name"} & set(events.Tags()["scalars"])
    assert b"train.lr = 0.125" in everything_in(tmp_path)
    assert SENTENCE.encode() not in everything_in(tmp_path)


def test_mlflow_beside_the_user(own_store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mlflow = need("mlflow", extra="track")
    with tracked(recipe_for("mlflow"), tmp_path / "run") as tracker:
        train(tmp_path / "run", tracker)
        tracker.log_final(FINAL)
    assert mlflow.active_run() is None
    assert not mlflow.is_tracking_uri_set()
    client = store(own_store)
    (run,) = runs_of(client, "tiny")
    assert (run.info.status, run.info.run_name) == ("FINISHED", "tiny@1")
    assert run.data.params == {name: str(value) for name, value in settings(recipe_for("mlflow")).items()}
    assert run.data.metrics["test/headline/macro F1"] == 0.75
    assert run.data.metrics["test/test/rows"] == 20
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [1, 2, 3]
    assert SENTENCE.encode() not in everything_in(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"mlruns.db"}  # nothing is left of the run
    assert capfd.readouterr().err == ""


def test_mlflow_where_the_environment_says(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path(shutil.copy(empty_store, tmp_path / "elsewhere.db"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{elsewhere}")
    monkeypatch.setenv("MLFLOW_MAX_LOG_PARAMS", "7")
    before = dict(os.environ)
    with tracked(recipe_for("mlflow", project="toxic things"), tmp_path / "run") as tracker:
        tracker.log_final(FINAL)
    assert dict(os.environ) == before
    assert len(runs_of(store(elsewhere), "toxic things")) == 1
    assert not (tmp_path / "mlruns.db").exists()


@pytest.mark.slow
def test_mlflow_makes_a_store(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with tracked(recipe_for("mlflow"), tmp_path / "run"):
        pass
    assert len(runs_of(store(tmp_path / "mlruns.db"), "tiny")) == 1
    assert capfd.readouterr().err == ""
    assert not [name for name in os.environ if name.startswith("MLFLOW_")]


@pytest.mark.parametrize(("error", "status"), [(RuntimeError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_mlflow_closes_a_run_that_fails_and_resumes_it(
    error: type[BaseException], status: str, own_store: Path, tmp_path: Path
) -> None:
    recipe = recipe_for("mlflow")

    def attempt(resume: bool, fail: bool) -> None:
        with tracked(recipe, tmp_path / "run", resume=resume) as tracker:
            tracker.log_final(FINAL)
            if fail:
                raise error("away")

    with pytest.raises(error):
        attempt(resume=False, fail=True)
    client = store(own_store)
    assert [run.info.status for run in runs_of(client, "tiny")] == [status]
    assert need("mlflow", extra="track").active_run() is None
    recipe = replace(recipe, evaluate=Evaluation(resamples=20))
    attempt(resume=True, fail=False)
    assert [run.info.status for run in runs_of(client, "tiny")] == ["FINISHED"]
    attempt(resume=False, fail=False)
    assert len(runs_of(client, "tiny")) == 2


@pytest.mark.parametrize("noted", ['{"run": "0123"}', '{"run"', "[]", None])
def test_mlflow_begins_anew_where_the_run_is_gone(noted: str | None, own_store: Path, tmp_path: Path) -> None:
    if noted is not None:
        (tmp_path / "tracking.json").write_text(noted)
    with tracked(recipe_for("mlflow"), tmp_path, resume=True):
        pass
    assert len(runs_of(store(own_store), "tiny")) == 1


@pytest.mark.parametrize("uri", ["nonsense://x", "sqlite:////proc/no/such/place.db"])
def test_a_store_that_does_not_open(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InputError, match=r"track\.to = 'mlflow': it does not open"), tracked(
            recipe_for("mlflow"), tmp_path):
        pass


def test_a_tracker_that_fails_later_is_a_warning(
    own_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    with tracked(recipe_for("mlflow"), tmp_path) as tracker:
        monkeypatch.setattr(need("mlflow", extra="track"), "log_metrics", fail)
        with pytest.warns(UserWarning, match="the tracker failed: no route to host"):
            tracker.log_final(FINAL)


def test_wandb_offline(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    for _ in range(2):  # its background process must not be missed by the next run
        with tracked(recipe_for("wandb"), tmp_path / "run") as tracker:
            train(tmp_path / "run", tracker)
            tracker.log_final(FINAL)
    runs = [path for path in (tmp_path / "run" / "wandb").iterdir() if path.is_dir() and not path.is_symlink()]
    assert len(runs) == 2
    assert all(path.name.startswith("offline-run-") for path in runs)
    written = b"".join(file.read_bytes() for path in runs for file in path.glob("*.wandb"))
    assert b"train.lr" in written
    assert b"macro F1" in written
    assert SENTENCE.encode() not in everything_in(tmp_path)
    assert need("wandb", extra="track").run is None
    assert {name for name in os.environ if os.environ[name] != before.get(name)} <= {"PYTEST_CURRENT_TEST"}
    assert capfd.readouterr().err == ""


def test_a_tracker_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match=r"toxmeter\[track\]"), tracked(recipe_for("wandb"), tmp_path):
        pass
