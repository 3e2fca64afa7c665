"""The model card holds what the manifest knows, and nothing else, for every kind of model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from toxmeter.artifact import CARD, Manifest
from toxmeter.evaluation.quality import measure
from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.catalog import artifact_of
from toxmeter.training.card import model_card

LEVELS = LabelSet(("kind", "rude", "hateful"), "multiclass", ("rude", "hateful"))
FILM = LabelSet(("bad", "good"), "binary")
COST = {"seconds": 5_432.1, "energy_kwh": 0.0605, "co2_kg": 0.0211, "peak_memory_mb": 3_000.4, "peak_gpu_mb": None,
        "hardware": "two slow cores", "method": "estimated"}


@pytest.fixture(scope="module")
def nano() -> Manifest:
    return artifact_of("nano").manifest


def origin(preset: str, rows: int) -> dict[str, Any]:
    return {"preset": preset, "file": f"{preset}.csv", "rows": rows, "licence": "MIT", "source": "our own | desk",
            "sha256": preset.encode().hex() * 8, "citation": "Anna and Bert 2020, https://example.org/a_b"}


def fine_tuned(labels: LabelSet, **changes: Any) -> Manifest:
    """The manifest of a fine-tuned model."""
    texts = [f"{name}=0.{digit}" for name in labels.names for digit in range(1, 10)]
    truth = np.eye(len(labels))[np.arange(len(texts)) * len(labels) // len(texts)]
    truth[3] = truth[0, ::-1]
    test = measure(DummyScorer(labels), texts, truth, seed=0, resamples=50,
                   probes=["such a *dear* | <b>friend</b>", f"{labels.names[0]}=0.00006"])
    recipe = {
        "name": "talk", "seed": 7, "limits": [],
        "model": {"format": "transformer", "base": "some/encoder", "revision": "abc123", "max_length": 64},
        "train": {"lr": 2e-5, "class_weights": [1.0, 2.0], "extra": {}},
        "evaluate": {"thresholds": "f1", "probes": ["such a friend"]},
    }
    data = {"train": {"rows": 80, "left_out_as_near_copies": 3, "sets": [origin("talk", 80) | {"weight": 1.0}]},
            "validation": origin("talk", 10), "test": origin("talk", 9) | {"hub": "talkers/talk@123"}}
    made = Manifest(name="talk", number=2, format="transformer", labels=labels, recipe=recipe, data=data,
                    thresholds=dict.fromkeys(labels.names, 0.5), metrics={"test": test},
                    calibration={"natural": {"kind": "temperature", "temperature": 1.234}},
                    libraries={"torch": "2.13"})
    return replace(made, **changes)


@pytest.fixture(scope="module")
def levels() -> Manifest:
    return fine_tuned(LEVELS)


def test_the_card_of_a_run_follows_from_its_manifest(trained: Any) -> None:
    card = (trained.artifact.path / CARD).read_text("utf-8")
    assert model_card(trained.artifact.manifest) == card
    assert "# tiny, release 3" in card


def test_the_head_says_what_it_is(nano: Manifest, levels: Manifest) -> None:
    card = model_card(nano)
    assert card.startswith("---\nlicense: apache-2.0\npipeline_tag: text-classification\n")
    assert f"# nano, release {nano.number}\n\nA multilabel classifier, any number of labels per text: `toxic`," in card
    assert "Fine-tuned" not in card
    other = model_card(replace(levels, licence="NOASSERTION"))
    assert other.startswith("---\nlicense: unknown\nlibrary_name: transformers\n")
    assert ("A multiclass classifier, one label per text: `kind`, `rude`, `hateful`. Declared toxic: `rude`,"
            " `hateful`. Format `transformer`. Fine-tuned from `some/encoder`, revision `abc123`.\n") in other
    assert "A binary classifier, one label per text: `bad`, `good`. Declared toxic: none." in model_card(
        fine_tuned(FILM))


def test_it_says_how_to_load_the_model(nano: Manifest, levels: Manifest) -> None:
    assert 'load("nano")  # or the path of this folder' in model_card(nano)
    assert "transformers import" not in model_card(nano)
    card = model_card(levels)
    assert 'load("path/to/this/folder")\n' in card
    assert 'pipeline("text-classification", "path/to/this/folder"' in card
    assert "TextGuardrail(scorer)" in card
    # a guardrail would refuse it
    assert "TextGuardrail" not in model_card(fine_tuned(FILM))


@pytest.mark.parametrize("label", JIGSAW.names)
def test_every_label_has_its_row_of_figures(nano: Manifest, label: str) -> None:
    figures = nano.metrics["test"]["labels"][label]
    auc = figures["auc"]
    assert (f"| `{label}` | {figures['positives']} | {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}] |"
            f" {figures['average_precision']:.3f} |") in model_card(nano)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_every_disguise_has_its_share(nano: Manifest, disguise: str) -> None:
    share = nano.metrics["test"]["disguises"]["kept"][disguise]
    assert f"| {disguise.replace('_', ' ')} | {100 * share:.1f} % |" in model_card(nano)


@pytest.mark.parametrize(("key", "name"), [
    ("accuracy", "accuracy"), ("macro_f1", "macro F1"), ("weighted_f1", "weighted F1"),
    ("mean_auc", "mean ROC-AUC, one against the rest"),
])
def test_figures_of_classes_have_intervals(levels: Manifest, key: str, name: str) -> None:
    figure = levels.metrics["test"][key]
    assert f"| {name} | {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}] |" in model_card(levels)


def test_classes_have_a_confusion_matrix_and_f1_at_the_threshold(levels: Manifest) -> None:
    card = model_card(levels)
    assert "|  | `kind` | `rude` | `hateful` |\n| --- | --- | --- | --- |\n| `kind` | " in card
    for name, counts in zip(LEVELS.names, levels.metrics["test"]["confusion"], strict=True):
        assert f"| `{name}` | {counts[0]} | {counts[1]} | {counts[2]} |" in card
    assert "| threshold | F1 at the threshold |" in card
    assert "F1 of the positive label" not in card
    assert "| F1 of the positive label | " in model_card(fine_tuned(FILM))


def test_soft_and_missing_labels_are_told(levels: Manifest) -> None:
    test = levels.metrics["test"]
    spearman = {"spearman": {"value": 0.5, "low": 0.4, "high": 0.6}}
    some = test["labels"] | {"kind": test["labels"]["kind"] | {"rows": 27}}
    card = model_card(replace(levels, metrics={"test": test | spearman | {"labels": some}}))
    assert "Spearman's correlation of the toxic score with soft labels | 0.500 [0.400, 0.600] |" in card
    assert f"| `kind` | {some['kind']['positives']} of 27 known |" in card


def test_probes_are_shown_as_they_are(levels: Manifest) -> None:
    card = model_card(levels)
    assert "| such a \\*dear\\* \\| \\<b\\>friend\\</b\\> | 0 | 0 | 0 |" in card
    assert "| kind=0.00006 | 6e-05 | 0 | 0 |" in card


@pytest.mark.parametrize(("calibration", "told"), [
    ({}, "not calibrated"),
    ({"kind": "none"}, "not calibrated"),
    ({"natural": {"kind": "none"}}, "not calibrated"),
    ({"kind": "temperature", "temperature": 1.234}, "calibrated by one temperature (1.23) on 10 validation rows"),
    ({"natural": {"kind": "isotonic", "x": [], "y": []}}, "calibrated by a rising curve per label on 10 validation"),
])
def test_calibration_is_told(levels: Manifest, calibration: dict[str, Any], told: str) -> None:
    assert f"Scores are probabilities, {told}" in model_card(replace(levels, calibration=calibration))


def test_how_it_decides_is_told(nano: Manifest, levels: Manifest) -> None:
    best = "The thresholds are those of the best F1 on the validation rows."
    assert "A text has a label from its threshold on.\n" in model_card(nano)
    card = model_card(levels)
    assert "The label with the largest score is the answer; by thresholds, which is fairer to rare labels," in card
    assert f"A guardrail adds up the toxic ones, and goes by their smallest threshold. {best}\n" in card
    assert "| macro F1, by thresholds |" in card
    fixed = {**levels.recipe, "evaluate": {"thresholds": "fixed"}}
    assert best not in model_card(replace(levels, recipe=fixed))
    high = {**levels.recipe, "evaluate": {"thresholds": "f1", "f1_slack": 0.02}}
    assert "The thresholds are the highest whose F1 on the validation rows is within 0.02 of the best.\n" \
        in model_card(replace(levels, recipe=high))


@pytest.mark.parametrize("which", ["nano", "levels"])
def test_the_data_are_named_with_rows_licences_and_hashes(which: str, request: pytest.FixtureRequest) -> None:
    manifest: Manifest = request.getfixturevalue(which)
    card = model_card(manifest)
    for each in [*manifest.data["train"]["sets"], manifest.data["validation"], manifest.data["test"]]:
        row = next(line for line in card.splitlines()
                   if f"`{each['preset']}` | {each['rows']} |" in line and each["sha256"][:16] in line)
        assert each["licence"] in row
        assert each["source"].replace("|", "\\|") in row
        assert each.get("hub", "") in row
    train = manifest.data["train"]
    assert f"Trained on {train['rows']} rows; {train['left_out_as_near_copies']} were left out" in card
    assert f"On {manifest.metrics['test']['rows']} test rows" in card


def test_every_work_is_cited_once(levels: Manifest) -> None:
    assert model_card(levels).count("- Anna and Bert 2020, https://example.org/a_b\n") == 1


def test_limits_and_settings_are_stated(nano: Manifest) -> None:
    card = model_card(nano)
    limits = nano.recipe["limits"]
    assert "## What it is bad at\n\n" + "\n".join(f"- {limit}" for limit in limits) in card
    for part in ("model", "train"):
        for key, value in nano.recipe[part].items():
            assert f"{key} {value}" in card
    assert f"- seed: {nano.recipe['seed']}\n" in card
    assert f"numpy {nano.libraries['numpy']}" in card


def test_settings_that_are_not_set_are_not_stated(levels: Manifest) -> None:
    assert "- train: lr 2e-05, class_weights [1.0, 2.0]\n" in model_card(levels)


def test_the_cost_is_stated_as_far_as_it_is_known(levels: Manifest) -> None:
    card = model_card(replace(levels, metrics={**levels.metrics, "cost": COST}))
    assert ("## What the training cost\n\n- time: 5,432 s\n- energy: 0.0605 kWh\n- CO2 equivalents: 0.0211 kg\n"
            "- peak memory: 3,000 MiB\n- hardware: two slow cores\n- how energy was found: estimated\n\n"
            "Energy and CO2 are codecarbon's estimate") in card
    unmeasured = {**COST, "energy_kwh": None, "co2_kg": None}
    assert "codecarbon" not in model_card(replace(levels, metrics={**levels.metrics, "cost": unmeasured}))
    assert "cost" not in model_card(levels)


def test_plots_that_lie_beside_the_card_are_shown(levels: Manifest) -> None:
    card = model_card(replace(levels, metrics={**levels.metrics, "plots": ["loss.png", "confusion.png"]}))
    assert "![loss](loss.png)\n\n![confusion](confusion.png)" in card
    assert "![" not in model_card(levels)


@pytest.mark.parametrize("labels", [LEVELS, FILM, JIGSAW], ids=lambda labels: labels.kind)
def test_no_section_is_empty_and_no_table_broken(labels: LabelSet) -> None:
    card = model_card(fine_tuned(labels))
    assert "\n\n\n" not in card
    assert "bad at" not in card
    assert "None" not in card.replace("top_k=None", "")
    assert "nan" not in card
    width = 0
    for line in card.splitlines():
        bars = line.replace("\\|", "").count("|")
        assert not line.startswith("|") or width in (0, bars)
        width = bars if line.startswith("|") else 0


def test_what_was_not_measured_is_a_dash(nano: Manifest) -> None:
    test = nano.metrics["test"]
    disguises = {**test["disguises"], "kept": {**test["disguises"]["kept"], "leet": None}}
    card = model_card(replace(nano, metrics={"test": {**test, "disguises": disguises}}))
    assert "| leet | – |" in card
    assert "None" not in card
