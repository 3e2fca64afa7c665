"""Finding a scorer by name or folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from toxmeter import load
from toxmeter.artifact import Manifest, write_artifact
from toxmeter.errors import ArtifactError, InputError, LabelError, UnknownModel
from toxmeter.labels import JIGSAW
from toxmeter.models import DummyScorer, shipped
from toxmeter.models.catalog import artifact_of


def test_shipped_models_load_by_name() -> None:
    assert "nano" in shipped()
    assert load().version == load("nano").version == artifact_of("nano").version


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
    with pytest.raises(ArtifactError, match=r"'crystal' is unknown here \(hashed, transformer\): upgrade"):
        load(tmp_path / "new")


def test_a_folder_without_any_model(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no toxmeter\.json"):
        load(tmp_path)
