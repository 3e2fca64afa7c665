"""A recipe for an embedding bag: it learns, is watched, and is exported in forms that agree."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from toxmeter import load
from toxmeter.errors import TrainingError
from toxmeter.export import export
from toxmeter.extras import need
from toxmeter.recipe import read_recipe, to_toml
from toxmeter.training import train

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.artifact import Artifact
    from toxmeter.recipe import Recipe

TEXTS = ["you are stupid anna", "thank you my friend", "", "what an ugly fool " * 40, "\ud800 what a day"]
BAG = """[model]
format = "bag"
base = "BASE"
size = 32
width = 3
filters = 16
layers = [8]
max_length = 32
"""


@pytest.fixture(scope="module")
def recipe(fine_tuning: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """That of the sayings, for a bag on the tiny encoder's tokenizer."""
    model: Any = fine_tuning.model
    file = tmp_path_factory.mktemp("recipe") / "bag.toml"
    head, rest = to_toml(fine_tuning).split("[model]\n")
    file.write_text(head + BAG.replace("BASE", model.base) + rest[rest.index("[train]"):])
    return read_recipe(file, {"train.lr": 2e-2, "train.epochs": 8, "train.monitor": "loss"})


@pytest.fixture(scope="module")
def artifact(recipe: Recipe, sayings: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return train(recipe, sayings, tmp_path_factory.mktemp("runs") / "bag")


def test_it_learns_without_an_encoder(artifact: Artifact) -> None:
    scores = load(artifact.path).score(["what an ugly fool anna bert 7", "the city is nice anna bert 7"])
    assert scores[0, 1] > 0.7 > 0.3 > scores[1, 1]
    assert artifact.manifest.format == "bag"
    assert artifact.manifest.metrics["headline"]["AUC"] > 0.9
    card = (artifact.path / "README.md").read_text("utf-8")
    assert "Format `bag`. Trained on the tokenizer of `" in card
    assert "library_name" not in card
    assert 'load("path/to/this/folder")' in card


@pytest.mark.parametrize(("form", "format_", "off"), [("onnx", "onnx", 1e-5), ("torchscript", "torchscript", 1e-6)])
def test_forms_agree(artifact: Artifact, tmp_path: Path, form: Any, format_: str, off: float) -> None:
    made, parity = export(artifact.path, tmp_path / "out", form=form)
    assert made.manifest.format == format_
    assert parity.largest < off
    assert not any(parity.flips.values())


def test_onnx_scores_any_text_as_torch_does(artifact: Artifact, tmp_path: Path) -> None:
    made, _ = export(artifact.path, tmp_path / "out", form="onnx")
    np.testing.assert_allclose(load(made.path).score(TEXTS), load(artifact.path).score(TEXTS), atol=1e-5)


def test_torchscript_gives_the_same_logits(artifact: Artifact, tmp_path: Path) -> None:
    transformers = need("transformers", extra="train")
    made, _ = export(artifact.path, tmp_path / "out", form="torchscript")
    with pytest.warns(DeprecationWarning, match="torch.export"):  # what users of TorchScript call all the same
        script = torch.jit.load(str(made.path / "model.pt"))  # type: ignore[no-untyped-call]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(artifact.path).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(artifact.path)
    batch = tokenizer(TEXTS[:2], padding=True, return_tensors="pt")
    with torch.inference_mode():
        found = script(batch["input_ids"], batch["attention_mask"])
        torch.testing.assert_close(found, model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits)


def test_a_bag_that_learns_nothing_is_stopped(recipe: Recipe, sayings: Path, tmp_path: Path) -> None:
    how: Any = recipe.train
    blind = replace(recipe, train=replace(how, lr=1e-9, watchdog=20, epochs=10.0))
    with pytest.raises(TrainingError, match="learn"):
        train(blind, sayings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_training_again_gives_the_same_model(artifact: Artifact, recipe: Recipe, sayings: Path, tmp_path: Path) -> None:
    again = train(recipe, sayings, tmp_path / "again")
    assert again.fingerprint == artifact.fingerprint
    assert json.loads((again.path / "config.json").read_text())["width"] == 3
