"""``toxmeter export``: what it prints and writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from toxmeter import load
from toxmeter.cli import app

if TYPE_CHECKING:
    from toxmeter.artifact import Artifact


def export(model: Any, output: Path, *more: Any) -> Any:
    return CliRunner().invoke(app, ["export", str(model), "--output", str(output), *map(str, more)])


def test_it_says_how_far_it_is_off_and_where_it_is(tiny_artifact: Artifact, tmp_path: Path) -> None:
    done = export(tiny_artifact.path, tmp_path / "out", "--form", "onnx")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["label", "decisions", "flipped", "change", "of", "ROC-AUC"]
    assert [line.split()[0] for line in lines[1:7]] == list(tiny_artifact.manifest.labels.names)
    assert lines[-2].startswith("probabilities off by 0.0000 on average")
    assert lines[-1].startswith(f"{load(tmp_path / 'out').version} in {tmp_path / 'out'}, ")


def test_texts_of_the_user(tiny_artifact: Artifact, tmp_path: Path) -> None:
    file = tmp_path / "comments.csv"
    file.write_text("comment\n" + "".join(f"comment number {row} is good\n" for row in range(40)), "utf-8")
    done = export(tiny_artifact.path, tmp_path / "out", "--texts", file, "--text", "comment", "--flips", 0.3, "--mean",
                  0.1)
    assert done.exit_code == 0, done.output
    assert "(20 texts)" in done.stdout
    missing = export(tiny_artifact.path, tmp_path / "other", "--texts", file)
    assert missing.exit_code == 2
    assert "no column 'text'" in missing.output


def test_beyond_the_tolerance_nothing_is_written(tiny_artifact: Artifact, tmp_path: Path) -> None:
    done = export(tiny_artifact.path, tmp_path / "out", "--mean", 0)
    assert done.exit_code == 2
    assert "mean" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("model", "more", "message"), [
    ("nano", (), "nano is not run by torch"), ("nanoo", (), "nanoo"),
    ("nano", ("--form", "tensorrt"), "form 'tensorrt'"),
    ("nano", ("--data", ".", "--texts", "a.csv"), "--data and --texts: give one of them")])
def test_what_cannot_be_exported_is_refused(model: str, more: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = export(model, tmp_path / "out", *more)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()
