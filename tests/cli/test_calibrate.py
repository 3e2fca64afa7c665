from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from toxmeter import load
from toxmeter.artifact import Artifact
from toxmeter.cli import app

WORDS = ("friend", "fool", "stupid fool", "idiot", "neighbour", "ugly liar", "dog", "shut up", "fine day", "awful day")
TEXTS = [f"{word} number {row}" for row in range(60) for word in WORDS]


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """What another system says: nano's order on another scale, and of insults hardly anything."""
    toxic = load("nano").score(TEXTS)[:, 0]
    file = tmp_path / "scores.csv"
    file.write_text("text,TOXICITY,INSULT,other\n" + "".join(
        f"{text},{score**0.2:.6f},0.1,{score / 2:.6f}\n" for text, score in zip(TEXTS, toxic, strict=True)))
    return file


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["calibrate", *map(str, words)])


def test_thresholds_of_the_other_system_can_stay(scores: Path, tmp_path: Path) -> None:
    done = run("nano", "--against", scores, "--output", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    head, agreement, kappa, flagged, *notes, where = done.stdout.splitlines()
    assert head.split()[:4] == ["label", "threshold", "rows", "held"]
    assert agreement.startswith("toxic  0.7")
    assert kappa.split()[0] == "kappa"
    assert flagged.split()[0] == "flagged"
    assert notes[0].startswith("note: insult: 600 rows with a score; 0 of those to fit are at 0.7 or over")
    assert notes[1].startswith("note: no scores of the other system for severe_toxic, obscene, threat and identity_h")
    artifact = Artifact.open(tmp_path / "mine")
    assert where == f'{artifact.version} in {tmp_path / "mine"}: load({str(tmp_path / "mine")!r}, scale="perspective")'
    assert artifact.version != load("nano").version
    found = artifact.manifest.metrics["scales"]["perspective"]["labels"]["toxic"]["agreement"]
    assert found["after"]["value"] > 0.97
    assert found["difference"]["low"] > 0
    scaled = load(tmp_path / "mine", scale="perspective")
    theirs = load("nano").score(TEXTS)[:, 0] ** 0.2 >= 0.7
    assert ((scaled.score(TEXTS)[:, 0] >= scaled.thresholds["toxic"]) == theirs).mean() > 0.97


def test_columns_thresholds_and_the_name_are_the_users(scores: Path, tmp_path: Path) -> None:
    done = run("nano", "-a", scores, "-o", tmp_path / "mine", "--column", "insult=other", "--threshold", "insult=0.2",
               "--name", "other", "--held-out", "0.5", "--seed", "3")
    assert done.exit_code == 0, done.output
    report = Artifact.open(tmp_path / "mine").manifest.metrics["scales"]["other"]
    assert list(report["labels"]) == ["insult"]
    assert (report["held_out"], report["seed"], report["labels"]["insult"]["threshold"]) == (0.5, 3, 0.2)
    assert "toxic" in report["not_fitted"]
    assert load(tmp_path / "mine", scale="other").thresholds["insult"] == 0.2


def test_compare_judges_the_new_scale(scores: Path, tmp_path: Path) -> None:
    run("nano", "-a", scores, "-o", tmp_path / "mine", "--column", "toxic=TOXICITY")
    words = [str(scores), str(tmp_path / "mine"), str(scores), "--threshold", "toxic=0.7", "--resamples", "100"]
    columns = ["--column", "toxic=TOXICITY"]
    before = CliRunner().invoke(app, ["compare", *words, *columns])
    after = CliRunner().invoke(app, ["compare", *words, *columns, "--scale", "perspective"])
    assert (before.exit_code, after.exit_code) == (1, 0)
    assert ":perspective may replace scores.csv@1+" in after.stdout


def test_check_and_score_can_be_on_the_new_scale(scores: Path, tmp_path: Path) -> None:
    run("nano", "-a", scores, "-o", tmp_path / "mine", "--column", "toxic=TOXICITY")
    model = ["--model", str(tmp_path / "mine"), "--scale", "perspective"]
    checked = CliRunner().invoke(app, ["check", "--json", *model, TEXTS[1]])
    scaled = load(tmp_path / "mine", scale="perspective")
    assert json.loads(checked.stdout)["scores"]["toxic"] == pytest.approx(scaled.score(TEXTS[1:2])[0, 0])
    scored = CliRunner().invoke(app, ["score", *model, str(scores), "-o", str(tmp_path / "out.jsonl")])
    assert scored.exit_code == 0, scored.output
    assert scaled.version in (tmp_path / "out.jsonl").read_text()
    wrong = CliRunner().invoke(app, ["check", "--scale", "perspective", "hello"])
    assert wrong.exit_code == 2
    assert "no scale 'perspective'" in wrong.stderr


def test_an_empty_cell_is_not_known(scores: Path, tmp_path: Path) -> None:
    head, *lines = scores.read_text().splitlines()
    gaps = [line if row % 5 else ",".join([line.split(",")[0], "", "0.1", ""]) for row, line in enumerate(lines)]
    scores.write_text("\n".join([head, *gaps]))
    done = run("nano", "-a", scores, "-o", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    found = Artifact.open(tmp_path / "mine").manifest.metrics["scales"]["perspective"]["labels"]["toxic"]
    assert found["fitted_on"] + found["held_out"] == 480


def test_an_artifact_is_replaced_on_demand_only(scores: Path, tmp_path: Path, cache: Path) -> None:
    words = ("nano", "-a", scores, "-o", tmp_path / "mine", "--column", "toxic=TOXICITY")
    assert run(*words).exit_code == 0
    first = Artifact.open(tmp_path / "mine")
    files = sorted(cache.rglob("*.npy"))
    refused = run(*words, "--threshold", "toxic=0.6")
    assert refused.exit_code == 2
    assert "exists already: name another folder, or replace an artifact with --force" in refused.stderr
    assert Artifact.open(tmp_path / "mine").version == first.version
    assert run(*words, "--threshold", "toxic=0.6", "--force").exit_code == 0
    assert Artifact.open(tmp_path / "mine").version != first.version
    assert sorted(cache.rglob("*.npy")) == files  # scored once
    again = run(tmp_path / "mine", "-a", scores, "-o", tmp_path / "new")
    assert again.exit_code == 2
    assert "has one of that name (natural, perspective): choose another" in again.stderr
    assert run(tmp_path / "mine", "-a", scores, "-o", tmp_path / "new", "--name", "other").exit_code == 0


@pytest.mark.parametrize(("words", "said"), [
    (["nono", "-a", "{scores}"], "no model 'nono'"),
    (["dummy", "-a", "{scores}"], "dummy is no artifact"),
    (["{scores}", "-a", "{scores}"], "is a file of scores, which cannot score other texts: name a model"),
    (["nano", "-a", "none.csv"], "none.csv: cannot be read"),
    (["nano", "-a", "scores.xls"], "not a kind of file that can be read"),
    (["nano", "-a", "{scores}", "--text", "comment"], "Say which one holds the texts with --text COLUMN"),
    (["nano", "-a", "{bare}"], "with --column toxic=COLUMN"),
    (["nano", "-a", "{scores}", "--column", "toxic=TOX"], "no column 'TOX'; there are text, TOX"),
    (["nano", "-a", "{scores}", "--column", "toxik=other"], "--column toxik=…: no label 'toxik' (did you mean 'toxic'"),
    (["nano", "-a", "{scores}", "--column", "toxic"], "--column 'toxic': write NAME=VALUE"),
    (["nano", "-a", "{scores}", "--threshold", "toxik=0.5"], "--threshold toxik=…: no label 'toxik'"),
    (["nano", "-a", "{scores}", "--threshold", "toxic=70"], "--threshold toxic=70: a threshold is a number"),
    (["nano", "-a", "{scores}", "--threshold", "toxic=1"], "threshold toxic is 1"),
    (["nano", "-a", "{scores}", "--threshold", "INSULT=0.5"], "insult: 600 rows with a score; 0 of those to fit"),
    (["nano", "-a", "{scores}", "--column", "insult=INSULT", "--column", "toxic=TOXICITY"], "insult: 600 rows with a"),
    (["nano", "-a", "{scores}", "--threshold", "threat=0.5"], "threat: a threshold is given, but no score"),
    (["nano", "-a", "{scores}", "--held-out", "1.5"], "held-out share 1.5"),
    (["nano", "-a", "{scores}", "--name", "My Scale"], "scale 'My Scale': a name has lower-case"),
    (["nano", "-a", "{scores}", "--name", "natural"], "has one of that name"),
    (["nano", "-a", "{few}"], "toxic: 50 rows with a score"),
    (["nano", "-a", "{percent}"], "[0, 1]"),
    (["nano", "-a", "{latin}"], "line 2 is not UTF-8"),
])
def test_mistakes_are_one_line_and_nothing_is_written(
    words: list[str], said: str, scores: Path, tmp_path: Path
) -> None:
    lines = scores.read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:51]))
    (tmp_path / "bare.csv").write_text("text,x\na,1\n")
    (tmp_path / "percent.csv").write_text("text,TOXICITY\n" + "a,70\n" * 300)
    (tmp_path / "latin.csv").write_bytes(b"text,TOXICITY\ncaf\xe9,0.5\n")
    names = {f"{{{name}}}": str(tmp_path / f"{name}.csv") for name in ("scores", "few", "bare", "percent", "latin")}
    done = run(*(names.get(word, word) for word in words), "-o", tmp_path / "mine")
    assert done.exit_code == 2, done.output
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("toxmeter: "))
    assert said in line
    assert "Traceback" not in done.output
    assert not (tmp_path / "mine").exists()


def test_lone_surrogates_and_escapes_are_texts_like_others(tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    rows = [{"text": f"\ud800 \x1b[2J {text}", "toxic": float(score)}
            for text, score in zip(TEXTS, np.linspace(0, 1, 600), strict=True)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run("nano", "-a", file, "-o", tmp_path / "mi\x1b[31mne")
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.stdout
    assert load(tmp_path / "mi\x1b[31mne", scale="perspective").thresholds["toxic"] == 0.7


def test_help_teaches() -> None:
    done = CliRunner().invoke(app, ["calibrate", "--help"])
    assert done.exit_code == 0
    for taught in ("toxmeter calibrate nano --against scores.csv", "load(", "200 rows", "--threshold", "--held-out"):
        assert taught in done.stdout


def test_a_real_process(scores: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toxmeter", "calibrate", "nano", "--against", str(scores), "-o", "mine"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "load('mine', scale=\"perspective\")" in done.stdout
    refused = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("toxmeter: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "text", "column", "least"), [
    ("perspective_wikipedia_2k", "comment_text", "TOXICITY@6", 0.90),
    ("perspective_rtp", "prompt_text", "prompt_toxicity", 0.85)])
def test_scores_of_perspective(
    name: str, text: str, column: str, least: float, real_data: Path, tmp_path: Path
) -> None:
    done = run("nano", "-a", real_data / f"{name}.parquet", "-o", tmp_path / "mine", "--text", text,
               "--column", f"toxic={column}")
    assert done.exit_code == 0, done.output
    found = Artifact.open(tmp_path / "mine").manifest.metrics["scales"]["perspective"]["labels"]["toxic"]
    assert found["agreement"]["after"]["value"] > least
    assert found["kappa"]["difference"]["value"] > 0
    assert found["mean_gap"]["after"] < found["mean_gap"]["before"]
