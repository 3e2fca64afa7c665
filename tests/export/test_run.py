"""The story of an export: forms that agree, what is written, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toxmeter import load
from toxmeter.artifact import Artifact
from toxmeter.errors import ArtifactError, ExportError, InputError
from toxmeter.export import Tolerance, export
from toxmeter.extras import need
from toxmeter.models.onnx import OnnxScorer
from toxmeter.models.pretrained import quiet
from toxmeter.models.transformer import TransformerScorer

LOOSE = Tolerance(mean=0.05, flips=0.2)  # a random network is all noise


@pytest.mark.parametrize("form", ["int8", "onnx", "torchscript"])
def test_every_form_scores_as_the_original(tiny_artifact: Artifact, tmp_path: Path, form: Any) -> None:
    artifact, parity = export(tiny_artifact.path, tmp_path / form, form=form, tolerance=LOOSE)
    assert parity.mean < {"int8": 0.05, "onnx": 1e-3, "torchscript": 1e-6}[form]
    about = artifact.manifest.metrics["export"]
    assert (about["form"], about["of"], about["texts"]) == (form, tiny_artifact.version, 1_012)
    kept = tiny_artifact.manifest
    assert artifact.manifest.thresholds == kept.thresholds
    assert artifact.manifest.calibration == kept.calibration
    assert artifact.version != tiny_artifact.version


@pytest.mark.parametrize("form", ["int8", "onnx"])
def test_an_export_is_loaded_without_torch(
    tiny_artifact: Artifact, tiny: TransformerScorer, tmp_path: Path, form: Any, texts: list[str]
) -> None:
    artifact, _ = export(tiny_artifact.path, tmp_path / "out", form=form, tolerance=LOOSE)
    scorer = load(artifact.path)
    assert isinstance(scorer, OnnxScorer)
    np.testing.assert_allclose(scorer.score(texts), tiny.score(texts), atol=0.25 if form == "int8" else 2e-3)
    assert sorted(file.name for file in artifact.path.iterdir()) == [
        "README.md", "model.onnx", "tokenizer.json", "toxmeter.json"]


def test_torchscript_is_for_other_programs(tiny_artifact: Artifact, tmp_path: Path) -> None:
    artifact, _ = export(tiny_artifact.path, tmp_path / "out", form="torchscript")
    with pytest.raises(ArtifactError, match="for other programs; load the model that it was made of"):
        load(artifact.path)


def test_the_card_of_a_model_without_a_recipe_says_so(tiny_artifact: Artifact, tmp_path: Path) -> None:
    artifact, parity = export(tiny_artifact.path, tmp_path / "out", form="onnx")
    card = (artifact.path / "README.md").read_text()
    assert "its own card says" in card
    assert f"ONNX in float32, made of `{tiny_artifact.version}`" in card
    assert f"off the original's by {parity.mean:.4f}" in card


def test_an_export_beyond_the_tolerance_is_not_written(tiny_artifact: Artifact, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="does not score as its original"):
        export(tiny_artifact.path, tmp_path / "out", form="int8", tolerance=Tolerance(mean=0.0))
    assert list(tmp_path.iterdir()) == []


def test_texts_of_the_user_show_and_compare(tiny_artifact: Artifact, tmp_path: Path, texts: list[str]) -> None:
    _, parity = export(tiny_artifact.path, tmp_path / "out", texts=texts * 5, tolerance=LOOSE)
    assert parity.texts == 20


@pytest.mark.parametrize(("changes", "message"), [
    ({"form": "tflite"}, "form 'tflite': it is int8, onnx, torchscript"),
    ({"texts": ["a"] * 19}, "19 are too few"),
    ({"data": Path("absent")}, "not made by a recipe"),
    ({"model": "nano"}, "nano is not run by torch"),
])
def test_what_cannot_be_exported_is_said(
    tiny_artifact: Artifact, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        export(**{"model": tiny_artifact.path, "output": tmp_path / "out"} | changes)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_replaced_only_when_asked(tiny_artifact: Artifact, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, _ = export(tiny_artifact.path, out, form="onnx")
    with pytest.raises(InputError, match="exists already"):
        export(tiny_artifact.path, out, form="onnx")
    again, _ = export(tiny_artifact.path, out, form="onnx", replace_output=True)
    assert again.version == first.version, "an export is the same each time"


def test_a_tokenizer_that_gives_more_than_the_model_reads(tiny_encoder: Path, tmp_path: Path, texts: list[str]) -> None:
    transformers = need("transformers", extra="train")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_encoder)
    assert "token_type_ids" in tokenizer.model_input_names
    config = transformers.DistilBertConfig(vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=2, hidden_dim=64)
    with quiet():
        transformers.DistilBertForSequenceClassification(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    artifact, found = export(tmp_path / "model", tmp_path / "out", form="onnx", texts=texts * 4)
    assert found.mean < 1e-3
    assert load(artifact.path).score(texts).shape == (len(texts), 2)
