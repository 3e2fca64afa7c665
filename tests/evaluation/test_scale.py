from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toxmeter import artifact as artifacts
from toxmeter import load
from toxmeter.artifact import CARD, MANIFEST, Artifact, Manifest, write_artifact
from toxmeter.errors import InputError
from toxmeter.evaluation.scale import check_scale, write_scale
from toxmeter.evaluation.transfer import fit_transfer
from toxmeter.labels import LabelSet
from toxmeter.models.catalog import artifact_of

Fitted = tuple[dict[str, Any], dict[str, Any]]
"""A calibration and its report."""

TEXTS = [f"{word} number {row}" for row in range(150) for word in ("you fool", "dear friend")]


@pytest.fixture(scope="module")
def nano() -> Artifact:
    return artifact_of("nano")


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    """A scale on which fools are toxic from .7 on, and friends are not."""
    scorer = load("nano")
    reference = np.full((len(TEXTS), len(scorer.labels)), np.nan)
    reference[:, 0] = np.tile([0.9, 0.1], 150)
    return fit_transfer(scorer, TEXTS, reference, resamples=20)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_copy_has_both_scales_and_another_fingerprint(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    before = snapshot(nano.path)
    written = write_scale(nano, "perspective", *fitted, tmp_path / "mine")
    assert snapshot(nano.path) == before
    assert written.fingerprint != nano.fingerprint
    assert written.files == nano.files
    natural, scaled = load(tmp_path / "mine"), load(tmp_path / "mine", scale="perspective")
    np.testing.assert_array_equal(natural.score(TEXTS), load("nano").score(TEXTS))
    assert natural.thresholds == load("nano").thresholds
    assert scaled.version == f"{written.version}:perspective"
    assert scaled.thresholds == {**natural.thresholds, "toxic": 0.7}
    assert ((scaled.score(TEXTS)[:, 0] >= np.float32(0.7)) == np.tile([True, False], 150)).all()
    np.testing.assert_array_equal(scaled.score(TEXTS)[:, 1:], natural.score(TEXTS)[:, 1:])


def test_the_figures_go_into_manifest_and_card(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    written = write_scale(nano, "perspective", *fitted, tmp_path / "mine")
    assert written.manifest.metrics["scales"]["perspective"] == fitted[1]
    assert {key: value for key, value in written.manifest.metrics.items() if key != "scales"} == nano.manifest.metrics
    card = (tmp_path / "mine" / CARD).read_text("utf-8")
    assert card.startswith((nano.path / CARD).read_text("utf-8").rstrip())
    assert "## Scale `perspective`" in card
    assert "| toxic | 0.7 |" in card
    assert "no scores of the other system for severe_toxic" in card
    (rule,) = (line for line in card.splitlines() if line.count("---") == 12)
    (row,) = (line for line in card.splitlines() if line.startswith("| toxic | 0.7"))
    assert row.count("|") == rule.count("|")


def test_a_second_scale_keeps_the_first_and_its_name_is_taken(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    first = write_scale(nano, "perspective", *fitted, tmp_path / "one")
    calibration, report = fitted
    second = write_scale(first, "ours-2", calibration, {**report, "version": first.version}, tmp_path / "two")
    assert list(second.manifest.metrics["scales"]) == ["perspective", "ours-2"]
    for name in ("perspective", "ours-2"):
        assert load(tmp_path / "two", scale=name).score(["you fool"])[0, 0] >= np.float32(0.7)
    for taken in ("perspective", "natural"):
        with pytest.raises(InputError, match=f"scale '{taken}': .* has one of that name .*choose another"):
            write_scale(second, taken, calibration, {**report, "version": second.version}, tmp_path / "three")
    assert not (tmp_path / "three").exists()


def test_another_fit_of_the_same_name_has_another_fingerprint(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    calibration, report = fitted
    first = write_scale(nano, "perspective", *fitted, tmp_path / "mine")
    other = {**calibration, "y": [[each / 2 for each in curve] for curve in calibration["y"]]}
    again = write_scale(nano, "perspective", other, report, tmp_path / "mine", replace_output=True)
    same = write_scale(nano, "perspective", *fitted, tmp_path / "same")
    assert again.fingerprint != first.fingerprint == same.fingerprint


def test_an_artifact_can_be_replaced_by_itself_with_a_scale(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    calibration, report = fitted
    first = write_scale(nano, "one", *fitted, tmp_path / "mine")
    second = write_scale(first, "two", calibration, {**report, "version": first.version}, tmp_path / "mine",
                         replace_output=True)
    assert Artifact.open(tmp_path / "mine").fingerprint == second.fingerprint
    assert load(tmp_path / "mine", scale="one").thresholds["toxic"] == 0.7


@pytest.mark.parametrize("name", ["", "Big", "a b", "-x", "../x", "naïve", "a:b", "x\n"])
def test_names_of_a_scale(name: str, nano: Artifact, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a name has lower-case letters"):
        check_scale(nano, name, tmp_path / "new")


def test_only_an_artifact_is_replaced_and_only_on_demand(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    write_scale(nano, "one", *fitted, tmp_path / "mine")
    for output, forced in ((tmp_path / "mine", False), (tmp_path, True)):
        with pytest.raises(InputError, match="exists already: name another folder, or replace an artifact with --for"):
            check_scale(nano, "one", output, replace_output=forced)
        with pytest.raises(InputError, match="exists already"):
            write_scale(nano, "one", *fitted, output, replace_output=forced)
    check_scale(nano, "one", tmp_path / "mine", replace_output=True)


def test_a_scale_of_another_model_is_refused(nano: Artifact, fitted: Fitted, tmp_path: Path) -> None:
    calibration, report = fitted
    with pytest.raises(InputError, match=r"fitted for other@1\+0, .* is nano@1"):
        write_scale(nano, "one", calibration, {**report, "version": "other@1+0"}, tmp_path / "new")


@pytest.mark.parametrize("when", [0, 1, 3])
def test_an_interrupted_write_leaves_the_old_artifact(
    when: int, nano: Artifact, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scale(nano, "one", *fitted, tmp_path / "mine")
    before, write = snapshot(tmp_path / "mine"), artifacts._write
    written: list[Path] = []

    def interrupted(file: Path, content: bytes) -> None:
        if len(written) == when:
            raise KeyboardInterrupt
        written.append(file)
        write(file, content)

    monkeypatch.setattr(artifacts, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_scale(nano, "two", *fitted, tmp_path / "mine", replace_output=True)
    assert snapshot(tmp_path / "mine") == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert load(tmp_path / "mine", scale="one").version.endswith(":one")


def test_attachments_and_an_odd_card_are_kept(fitted: Fitted, tmp_path: Path) -> None:
    calibration, report = fitted
    odd = Manifest(name="odd", number=2, format="none", labels=LabelSet(("a|b",), "multilabel"))
    artifact = write_artifact(tmp_path / "odd", odd, {".w": b"1"}, card="", attachments={"plot.png": b"2"})
    (tmp_path / "odd" / CARD).write_bytes(b"caf\xe9")
    (tmp_path / "odd" / ".hidden").write_bytes(b"3")
    mine = {**report, "version": artifact.version, "labels": {"a|b": report["labels"]["toxic"]}}
    written = write_scale(artifact, "one", calibration, mine, tmp_path / "new")
    assert sorted(snapshot(tmp_path / "new")) == [".w", CARD, "plot.png", MANIFEST]
    assert written.version.startswith("odd@2+")
    assert r"| a\|b | 0.7 |" in (tmp_path / "new" / CARD).read_text("utf-8")
