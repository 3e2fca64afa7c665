"""The model card holds what the manifest knows, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from toxmeter.artifact import CARD, Manifest
from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.labels import JIGSAW
from toxmeter.training.card import model_card


@pytest.fixture(scope="module")
def manifest(trained: Any) -> Manifest:
    made: Manifest = trained.artifact.manifest
    return made


@pytest.fixture(scope="module")
def card(trained: Any) -> str:
    text: str = (trained.artifact.path / CARD).read_text("utf-8")
    return text


def test_the_card_follows_from_the_manifest(manifest: Manifest, card: str) -> None:
    assert model_card(manifest) == card
    assert card.startswith("---\nlicense: apache-2.0\nlanguage: en\n")
    assert "# tiny, release 3" in card


@pytest.mark.parametrize("label", JIGSAW.names)
def test_every_label_has_its_row_of_figures(manifest: Manifest, card: str, label: str) -> None:
    figures = manifest.metrics["test"]["labels"][label]
    auc = figures["auc"]
    assert (f"| `{label}` | {figures['positives']} | {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}] |"
            f" {figures['average_precision']:.3f} |") in card


@pytest.mark.parametrize("disguise", DISGUISES)
def test_every_disguise_has_its_share(manifest: Manifest, card: str, disguise: str) -> None:
    share = manifest.metrics["test"]["disguises"]["kept"][disguise]
    assert f"| {disguise.replace('_', ' ')} | {100 * share:.1f} % |" in card


def test_the_data_are_named_with_rows_licences_and_hashes(manifest: Manifest, card: str) -> None:
    used = [*manifest.data["train"]["sets"], manifest.data["validation"], manifest.data["test"]]
    assert len(used) == 5
    for each in used:
        row = next(line for line in card.splitlines()
                   if f"`{each['preset']}` | {each['rows']} |" in line and each["sha256"][:16] in line)
        assert each["licence"] in row
        assert each["source"] in row
    train = manifest.data["train"]
    assert f"Trained on {train['rows']} rows; {train['left_out_as_near_copies']} were left out" in card
    assert f"On {manifest.metrics['test']['rows']} test rows at their natural rate" in card


def test_limits_and_settings_are_stated(manifest: Manifest, card: str) -> None:
    limits = manifest.recipe["limits"]
    assert "## What it is bad at\n\n" + "\n".join(f"- {limit}" for limit in limits) in card
    assert len(limits) == 2
    for part in ("model", "train"):
        for key, value in manifest.recipe[part].items():
            assert f"{key} {value}" in card
    assert "- seed: 5\n" in card
    assert f"numpy {manifest.libraries['numpy']}" in card


def test_without_limits_there_is_no_empty_section(manifest: Manifest) -> None:
    card = model_card(replace(manifest, recipe={**manifest.recipe, "limits": []}))
    assert "bad at" not in card
    assert "\n\n\n" not in card


def test_what_was_not_measured_is_a_dash(manifest: Manifest) -> None:
    test = manifest.metrics["test"]
    kept = {**test["disguises"]["kept"], "leet": None}
    disguises = {**test["disguises"], "kept": kept}
    card = model_card(replace(manifest, metrics={"test": {**test, "disguises": disguises}}))
    assert "| leet | – |" in card
    assert "None" not in card
    assert "nan" not in card
