"""Finding a scorer by name or folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toxmeter import TextGuardrail, load
from toxmeter.artifact import Manifest, write_artifact
from toxmeter.errors import ArtifactError, InputError, LabelError, UnknownModel
from toxmeter.labels import JIGSAW
from toxmeter.models import DummyScorer, shipped
from toxmeter.models.catalog import artifact_of


def test_shipped_models_load_by_name() -> None:
    assert {"nano", "mini", "cascade", "hate-speech-offensive"} <= set(shipped())
    for name in shipped():
        assert load(name).version == artifact_of(name).version
    assert load().version == load("mini").version


@pytest.mark.parametrize(("text", "label"), [
    ("I hate all immigrants, they are vermin", "hate_speech"),
    ("this fucking bus is late again", "offensive_language"),
    ("The meeting is at noon.", "neither"),
])
def test_a_second_task_ships(text: str, label: str) -> None:
    scorer = load("hate-speech-offensive")
    scores = scorer.score([text])
    assert scores.sum() == pytest.approx(1)
    assert scorer.labels.names[scores[0].argmax()] == label
    verdict = TextGuardrail(scorer).check_text(text)
    assert (verdict.label == "unsafe") == (label != "neither")
    assert verdict.flagged == (() if label == "neither" else (label,))


@pytest.mark.parametrize("name", ["nanoo", "/nowhere", "./nowhere", "no/such/folder"])
def test_an_unknown_name_lists_what_was_tried(name: str) -> None:
    for find in (load, artifact_of):
        with pytest.raises(UnknownModel, match=r"not shipped \(.*nano.*\), and no folder"):
            find(name)


def test_toxic_labels_of_any_model_can_be_declared_anew() -> None:
    nano = load("nano", toxic=["threat", "insult"])
    assert nano.labels.toxic == ("threat", "insult")
    assert nano.version == load("nano").version
    dummy = load("dummy", toxic=["threat"])
    assert isinstance(dummy, DummyScorer)
    assert dummy.labels.toxic == ("threat",)
    for name in ("nano", "dummy"):
        with pytest.raises(LabelError, match=r"'treat' is not among .*did you mean 'threat'"):
            load(name, toxic=["treat"])


def test_a_shipped_model_has_no_revisions() -> None:
    with pytest.raises(InputError, match="revision 'main'"):
        load("nano", revision="main")


def test_a_format_that_is_not_known_here(tmp_path: Path) -> None:
    manifest = Manifest(name="new", number=1, format="crystal", labels=JIGSAW)
    write_artifact(tmp_path / "new", manifest, {}, card="")
    known = r"\(bag, cascade, hashed, onnx, transformer\)"
    with pytest.raises(ArtifactError, match=rf"'crystal' is unknown here {known}: upgrade"):
        load(tmp_path / "new")


def test_a_folder_without_any_model(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no toxmeter\.json"):
        load(tmp_path)


@pytest.fixture
def scaled(tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of nano with a scale on which toxic scores are halved, or whatever else it is told."""
    nano = artifact_of("nano")

    def make(**changes: Any) -> Path:
        line = [[0.0, 1.0]] * 6
        calibration = {"kind": "isotonic", "after": "natural", "x": line, "y": [[0.0, 0.5], *line[1:]],
                       "thresholds": {"toxic": 0.25}, **changes}
        manifest = replace(nano.manifest, calibration={**nano.manifest.calibration, "half": calibration})
        files = {name: (nano.path / name).read_bytes() for name in nano.files}
        return write_artifact(tmp_path / "scaled", manifest, files, card="").path

    return make


TEXTS = ["You are all wonderful.", "You are all idiots.", "idiots \ud800", ""]


def test_scores_on_a_named_scale(scaled: Callable[..., Path]) -> None:
    folder = scaled()
    natural, half = load(folder), load(folder, scale="half")
    np.testing.assert_array_equal(natural.score(TEXTS), load("nano").score(TEXTS))
    np.testing.assert_allclose(half.score(TEXTS)[:, 0], natural.score(TEXTS)[:, 0] / 2, rtol=1e-6)
    np.testing.assert_array_equal(half.score(TEXTS)[:, 1:], natural.score(TEXTS)[:, 1:])
    assert half.thresholds == {**natural.thresholds, "toxic": 0.25}
    assert half.version == f"{natural.version}:half"
    assert natural.version != load("nano").version
    assert (half.labels, half.window) == (natural.labels, natural.window)


def test_dummy_is_no_artifact() -> None:
    with pytest.raises(UnknownModel, match="dummy is no artifact"):
        artifact_of("dummy")


@pytest.mark.parametrize("scale", [None, "natural"])
def test_the_natural_scale_is_there_always(scale: str | None, scaled: Callable[..., Path]) -> None:
    assert load("nano", scale=scale).version == load("nano").version
    assert load("dummy", scale=scale).version == load("dummy").version
    folder = scaled()
    assert load(folder, scale=scale).version == artifact_of(folder).version


def test_toxic_labels_of_a_named_scale_can_be_declared_anew(scaled: Callable[..., Path]) -> None:
    half = load(scaled(), scale="half", toxic=["threat"])
    assert half.labels.toxic == ("threat",)
    assert half.version.endswith(":half")


def test_a_guardrail_of_a_named_scale(scaled: Callable[..., Path]) -> None:
    verdict = TextGuardrail(load(scaled(), scale="half")).check_text("You are all stupid idiots.")
    assert verdict.label == "unsafe"
    assert verdict.scores["toxic"] <= 0.5
    assert verdict.version.endswith(":half")


def test_a_scale_that_is_not_there(scaled: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"no scale 'hal' \(did you mean 'half'\?\): there is natural, half; "):
        load(scaled(), scale="hal")
    with pytest.raises(InputError, match=r"nano: no scale 'perspective': there is natural; toxmeter calibrate adds"):
        load("nano", scale="perspective")
    with pytest.raises(InputError, match=r"scale 'perspective': only artifacts .* dummy is none"):
        load("dummy", scale="perspective")


@pytest.mark.parametrize("changes", [
    {"kind": "platt"}, {"after": "other"}, {"x": [[0.0, 1.0]]}, {"y": None}, {"x": [[1.0, 0.0]] * 6},
    {"thresholds": 0.5}])
def test_a_scale_that_cannot_be_used(changes: dict[str, Any], scaled: Callable[..., Path]) -> None:
    folder = scaled(**changes)
    assert load(folder).labels == JIGSAW
    with pytest.raises(ArtifactError, match="scale 'half' is unusable"):
        load(folder, scale="half")


def test_a_checkpoint_holds_no_scales_nor_is_it_an_artifact(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="scale 'half': only artifacts of toxmeter hold named scales"):
        load(tmp_path, scale="half")
    with pytest.raises(ArtifactError, match=r"is a checkpoint without toxmeter\.json, which cannot hold calibrations"):
        artifact_of(tmp_path)
