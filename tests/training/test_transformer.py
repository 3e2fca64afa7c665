"""The story of a transformer: an artifact that we, transformers and its pipeline read alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from toxmeter import TextGuardrail, load
from toxmeter.errors import InputError
from toxmeter.evaluation.quality import measure
from toxmeter.extras import need
from toxmeter.recipe.write import to_toml
from toxmeter.training import train
from toxmeter.training.parts import prepare
from toxmeter.training.transformer import checkpoint_folder

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.artifact import Artifact
    from toxmeter.recipe import Recipe


RUDE, FRIENDLY = "what an ugly fool anna bert 7", "the city is nice anna bert 7"


@pytest.fixture(scope="module")
def artifact(fine_tuning: Recipe, sayings: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return train(fine_tuning, sayings, tmp_path_factory.mktemp("runs") / "sayings")


def command(recipe: Path, data: Path, output: Path, *more: str) -> list[str]:
    return ["-m", "toxmeter", "train", str(recipe), "--data", str(data), "--output", str(output), *more]


def test_it_tells_rude_from_friendly(artifact: Artifact) -> None:
    scorer = load(artifact.path)
    scores = scorer.score([RUDE, FRIENDLY])
    assert scores[0, 1] > 0.7 > 0.3 > scores[1, 1]
    assert TextGuardrail(scorer).check_text(RUDE).label == "unsafe"


def test_the_manifest_says_what_was_done(artifact: Artifact, fine_tuning: Recipe) -> None:
    manifest = artifact.manifest
    assert manifest.format == "transformer"
    assert manifest.recipe["train"]["lr"] == 5e-3
    assert manifest.calibration["kind"] == "temperature"
    assert manifest.metrics["fit"]["steps"] > 20
    assert manifest.metrics["fit"]["chance_loss"] == pytest.approx(0.69, abs=0.01)
    assert manifest.metrics["cost"]["seconds"] > 0
    assert manifest.metrics["cost"]["peak_memory_mb"] > 100
    assert {probe["text"] for probe in manifest.metrics["test"]["probes"]} == set(fine_tuning.evaluate.probes)
    assert {"torch", "transformers"} <= manifest.libraries.keys()


def test_the_figures_are_those_of_the_saved_model(artifact: Artifact, fine_tuning: Recipe, sayings: Path) -> None:
    test = prepare(fine_tuning, sayings).test
    again = measure(load(artifact.path), test.texts, test.labels, seed=3, resamples=50, disguised=200)
    stored = artifact.manifest.metrics["test"]
    assert again["confusion"] == stored["confusion"]
    assert again["accuracy"] == stored["accuracy"]
    assert again["accuracy"]["value"] > 0.85


def test_plots_and_card_lie_beside_the_weights(artifact: Artifact) -> None:
    for plot in ("loss.png", "confusion.png"):
        assert (artifact.path / plot).read_bytes().startswith(b"\x89PNG")
        assert plot in (artifact.path / "README.md").read_text()
    assert "It knows ten sayings." in (artifact.path / "README.md").read_text()
    assert not checkpoint_folder(artifact.path).exists()


def test_transformers_and_its_pipeline_open_it(artifact: Artifact) -> None:
    transformers = need("transformers", extra="train")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(artifact.path)
    assert model.config.id2label == {0: "friendly", 1: "rude"}
    classify = transformers.pipeline("text-classification", str(artifact.path))
    assert [found["label"] for found in classify([RUDE, FRIENDLY])] == \
        ["rude", "friendly"]


@pytest.mark.parametrize("calibration", ["platt", "isotonic", "none"])
def test_calibrations_and_fixed_thresholds(
    fine_tuning: Recipe, sayings: Path, tmp_path: Path, calibration: Any
) -> None:
    choice = replace(fine_tuning.evaluate, calibration=calibration, thresholds="fixed", threshold=0.4)
    how: Any = fine_tuning.train
    quick = replace(fine_tuning, evaluate=choice, train=replace(how, max_steps=12))
    artifact = train(quick, sayings, tmp_path / "out")
    assert artifact.manifest.calibration["kind"] == calibration
    assert artifact.manifest.thresholds == {"friendly": 0.4, "rude": 0.4}
    scores = load(artifact.path).score(["you are stupid"])
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-5)


def test_a_balanced_scale_is_refused_before_the_work(fine_tuning: Recipe, sayings: Path, tmp_path: Path) -> None:
    balanced = replace(fine_tuning, evaluate=replace(fine_tuning.evaluate, balanced=True))
    with pytest.raises(InputError, match=r"evaluate\.balanced: labels of a binary set exclude each other"):
        train(balanced, sayings, tmp_path / "out")


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_artifact(
    artifact: Artifact, fine_tuning: Recipe, sayings: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "sayings.toml"
    recipe.write_text(to_toml(fine_tuning))
    output = tmp_path / "out"
    running = subprocess.Popen([sys.executable, *command(recipe, sayings, output)], stderr=subprocess.DEVNULL)
    while not (checkpoint_folder(output) / "checkpoint-10" / "trainer_state.json").is_file():
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not output.exists()
    refused = subprocess.run([sys.executable, *command(recipe, sayings, output)], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    subprocess.run([sys.executable, *command(recipe, sayings, output, "--resume")], check=True, capture_output=True)
    resumed = json.loads((output / "toxmeter.json").read_text())
    assert resumed["fingerprint"] == artifact.fingerprint


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--set", "train.consistency=1")])
def test_two_processes_train_one_model(
    fine_tuning: Recipe, sayings: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    recipe = tmp_path / "sayings.toml"
    recipe.write_text(to_toml(fine_tuning))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*launch, *command(recipe, sayings, tmp_path / "out", *more)], capture_output=True, text=True,
                          env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, timeout=300)
    assert done.returncode == 0, done.stderr[-3_000:]
    assert done.stdout.count("sayings@1+") == 1
    found = json.loads((tmp_path / "out" / "toxmeter.json").read_text())["manifest"]["metrics"]
    assert found["fit"]["processes"] == 2
    assert found["test"]["accuracy"]["value"] > 0.8
    assert not checkpoint_folder(tmp_path / "out").exists()
