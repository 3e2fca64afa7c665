"""Saved models: whole or not at all, and every damage is noticed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from toxmeter.artifact import CARD, MANIFEST, Artifact, Manifest, write_artifact
from toxmeter.errors import ArtifactError, InputError
from toxmeter.labels import JIGSAW

PLAIN = Manifest(name="tiny", number=3, format="hashed", labels=JIGSAW, thresholds={"insult": 0.4},
                 calibration={"plain": [1.0, 0.0]}, metrics={"headline": {"auc": 0.9}})
FILES = {"table.npy": b"weights" * 100, "bias.npy": b"\x00\x01"}


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def saved(tmp_path: Path) -> Artifact:
    return write_artifact(tmp_path / "tiny", PLAIN, FILES, card="# tiny\n")


def test_what_was_written_is_read_back(saved: Artifact) -> None:
    again = Artifact.open(saved.path)
    assert again == saved
    assert again.manifest == PLAIN
    assert again.size == 702
    assert again.version == f"tiny@3+{again.fingerprint[:8]}"
    assert (saved.path / CARD).read_text() == "# tiny\n"
    assert names(saved.path.parent) == ["tiny"]


@pytest.mark.parametrize(("change", "same"), [
    ({"metrics": {"headline": {"auc": 0.1}}}, True),
    ({"thresholds": {"insult": 0.9}}, True),
    ({"calibration": {"plain": [2.0, 0.0]}}, False),
    ({"model": {"ngrams": [1, 2]}}, False),
    ({"labels": replace(JIGSAW, aliases={})}, False),
])
def test_the_fingerprint_changes_with_what_decides_scores(
    saved: Artifact, change: dict[str, object], same: bool
) -> None:
    other = write_artifact(saved.path.parent / "other", replace(PLAIN, **change), FILES, card="")  # type: ignore[arg-type]
    assert (other.fingerprint == saved.fingerprint) is same


def test_a_manifest_keeps_its_digest_through_json(tmp_path: Path) -> None:
    # as numbers 9 < 10, as text "10" < "9": a digest over the numbers would not fit what is read
    manifest = replace(PLAIN, model={"sizes": {9: "a", 10: ("b", "ü")}})
    opened = write_artifact(tmp_path / "tiny", manifest, FILES, card="")
    assert opened.manifest.model == {"sizes": {"9": "a", "10": ["b", "ü"]}}


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800"])
def test_a_manifest_that_is_no_json_writes_nothing(tmp_path: Path, value: object) -> None:
    with pytest.raises(InputError, match="manifest of tiny"):
        write_artifact(tmp_path / "tiny", replace(PLAIN, metrics={"x": value}), FILES, card="")
    assert names(tmp_path) == []


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is no folder"):
        Artifact.open(tmp_path / "absent")


def test_half_written(saved: Artifact) -> None:
    (saved.path / MANIFEST).unlink()
    with pytest.raises(ArtifactError, match="half-written"):
        Artifact.open(saved.path)


@pytest.mark.parametrize("keep", [0, 1, 100, -2])
def test_truncated_manifest(saved: Artifact, keep: int) -> None:
    file = saved.path / MANIFEST
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="truncated perhaps"):
        Artifact.open(saved.path)


def test_a_manifest_that_is_not_utf8(saved: Artifact) -> None:
    (saved.path / MANIFEST).write_bytes(b"\xff\xfe{}")
    with pytest.raises(ArtifactError, match="unreadable"):
        Artifact.open(saved.path)


@pytest.mark.parametrize(("content", "message"), [
    ("[]", "not a manifest"),
    ("{}", "not a manifest"),
    ('{"schema": 2}', "schema 2 instead of 1: upgrade"),
    ('{"schema": 1}', "edited"),
    ('{"schema": 1, "x": NaN}', "edited"),
    ('{"schema": 1, "x": "\\ud800"}', "edited"),
    ("[" * 100_000, "unreadable"),
])
def test_something_else_in_place_of_the_manifest(saved: Artifact, content: str, message: str) -> None:
    (saved.path / MANIFEST).write_text(content)
    with pytest.raises(ArtifactError, match=message):
        Artifact.open(saved.path)


@pytest.mark.parametrize(("old", "new"), [
    ('"insult": 0.4', '"insult": 0.1'),
    ('"licence": "Apache-2.0"', '"licence": "MIT"'),
    ('"auc": 0.9', '"auc": 0.99'),
    ('"auc": 0.9', '"auc": NaN'),
])
def test_edited_manifest(saved: Artifact, old: str, new: str) -> None:
    file = saved.path / MANIFEST
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
    with pytest.raises(ArtifactError, match="edited"):
        Artifact.open(saved.path)


def test_truncated_file(saved: Artifact) -> None:
    (saved.path / "table.npy").write_bytes(FILES["table.npy"][:-1])
    with pytest.raises(ArtifactError, match=r"table\.npy has 699 bytes instead of 700"):
        Artifact.open(saved.path)


def test_edited_file_of_the_same_size(saved: Artifact) -> None:
    (saved.path / "bias.npy").write_bytes(b"\x00\x02")
    with pytest.raises(ArtifactError, match=r"bias\.npy was edited"):
        Artifact.open(saved.path)


def test_missing_file(saved: Artifact) -> None:
    (saved.path / "bias.npy").unlink()
    with pytest.raises(ArtifactError, match=r"bias\.npy is missing"):
        Artifact.open(saved.path)


def test_a_model_is_replaced_only_when_told(saved: Artifact) -> None:
    newer = replace(PLAIN, number=4)
    with pytest.raises(InputError, match="exists already"):
        write_artifact(saved.path, newer, FILES, card="")
    assert Artifact.open(saved.path) == saved
    assert write_artifact(saved.path, newer, FILES, card="", replace=True).manifest.number == 4
    assert names(saved.path.parent) == ["tiny"]


def test_a_folder_that_is_no_model_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(InputError, match="exists already"):
        write_artifact(tmp_path / "photos", PLAIN, FILES, card="", replace=True)
    assert (tmp_path / "photos" / "cat.jpg").exists()


def test_a_failed_move_leaves_the_old_model(saved: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no"):
        write_artifact(saved.path, replace(PLAIN, number=4), FILES, card="", replace=True)
    assert Artifact.open(saved.path) == saved
    assert names(saved.path.parent) == ["tiny"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc/x", MANIFEST, CARD])
def test_file_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="plain name"):
        write_artifact(tmp_path / "tiny", PLAIN, {name: b"x"}, card="")


def test_attachments_lie_beside_and_count_for_nothing(saved: Artifact) -> None:
    plots = {"loss.png": b"plot", "history.json": b"[]"}
    other = write_artifact(saved.path.parent / "other", PLAIN, FILES, card="", attachments=plots)
    assert names(other.path) == sorted([*FILES, *plots, CARD, MANIFEST])
    assert other.version == saved.version
    assert other.files == saved.files
    (other.path / "loss.png").write_bytes(b"another plot")
    (other.path / "history.json").unlink()
    assert Artifact.open(other.path) == other


@pytest.mark.parametrize(("name", "message"), [
    ("table.npy", r"attachments table\.npy: files of the model have these names"),
    ("a/b", "plain name"), ("..", "plain name"), (MANIFEST, "plain name"), (CARD, "plain name"),
])
def test_attachments_have_names_of_their_own(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_artifact(tmp_path / "tiny", PLAIN, FILES, card="", attachments={name: b"x"})
    assert names(tmp_path) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from toxmeter import artifact
from toxmeter.labels import JIGSAW
write, left = artifact._write, [int(sys.argv[2])]
def deadly(file, content):
    left[0] -= 1
    if left[0] == 0:
        file.write_bytes(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    write(file, content)
artifact._write = deadly
manifest = artifact.Manifest(name="tiny", number=1, format="hashed", labels=JIGSAW)
artifact.write_artifact(sys.argv[1], manifest, {"a.npy": b"a" * 99, "b.npy": b"b" * 99}, card="# card")
"""


@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_a_kill_while_writing_leaves_no_loadable_folder(tmp_path: Path, moment: int) -> None:
    target = tmp_path / "tiny"
    done = subprocess.run([sys.executable, "-c", _KILLED, target, str(moment)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    for folder in tmp_path.iterdir():
        with pytest.raises(ArtifactError):
            Artifact.open(folder)
    assert write_artifact(target, PLAIN, FILES, card="").manifest == PLAIN


def test_a_crafted_manifest_cannot_reach_outside_its_folder(saved: Artifact) -> None:
    from toxmeter import artifact

    file = saved.path / MANIFEST
    document = json.loads(file.read_text())
    document["files"]["../secret"] = document["files"].pop("bias.npy")
    (saved.path.parent / "secret").write_bytes(FILES["bias.npy"])
    del document["digest"]
    document["digest"] = artifact._digest(document)
    file.write_text(json.dumps(document))
    with pytest.raises(ArtifactError, match="secret is missing"):
        Artifact.open(saved.path)
