from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toxmeter.cli import app

ROWS = [(f"you {'fool' if row % 2 else 'friend'} number {row}", row % 2, row % 3 == 0) for row in range(60)]


@pytest.fixture
def comments(tmp_path: Path) -> Path:
    file = tmp_path / "comments.csv"
    file.write_text("text,toxic,kin\n" + "".join(f"{text},{toxic},{int(kin)}\n" for text, toxic, kin in ROWS))
    return file


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


FAST = ("--suite", "none", "--skip", "attack", "--skip", "robustness", "--resamples", "100")


def test_it_writes_the_report_and_says_what_stands_out(comments: Path, tmp_path: Path) -> None:
    done = run("nano", comments, "--report", tmp_path / "report", "--group", "kin", *FAST)
    assert done.exit_code == 0, done.output
    assert "toxic" in done.stdout
    assert "ROC-AUC" in done.stdout
    assert "bad: " in done.stdout or "good: " in done.stdout
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert list(report["sections"]) == ["quality", "goals", "lengths", "groups", "bias", "speed"]
    assert report["data"]["columns"] == {"toxic": "toxic"}
    assert (tmp_path / "report" / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert "![" in (tmp_path / "report" / "report.md").read_text()


def test_without_a_report_nothing_is_written_here(
    comments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.glob("*.*"))
    assert run("nano", comments, *FAST).exit_code == 0
    assert sorted(tmp_path.glob("*.*")) == before


def test_suites_alone(tmp_path: Path) -> None:
    file = tmp_path / "hatecheck.csv"
    file.write_text("functionality,test_case,label_gold\n" + "slur_h,You fool,hateful\n" * 12)
    done = run("nano", "--suite", file, "--resamples", "100")
    assert done.exit_code == 0, done.output
    assert "suite hatecheck: accuracy" in done.stdout


def test_scores_of_another_system(tmp_path: Path, comments: Path) -> None:
    scores = tmp_path / "theirs.csv"
    scores.write_text("text,TOXICITY\n" + "".join(f"{text},{0.9 if toxic else 0.2}\n" for text, toxic, _ in ROWS))
    done = run(scores, comments, "--column", "toxic=TOXICITY", *FAST)
    assert done.exit_code == 0, done.output
    assert "theirs.csv@1+" in done.stdout


def test_labels_by_one_column_of_names(tmp_path: Path) -> None:
    file = tmp_path / "named.jsonl"
    file.write_text("".join(json.dumps({"tweet": text, "class": ["toxic"] if toxic else []}) + "\n"
                            for text, toxic, _ in ROWS))
    done = run("nano", file, "--text", "tweet", "--label", "class", *FAST)
    assert done.exit_code == 0, done.output


def test_spans_of_a_file(tmp_path: Path) -> None:
    data = tmp_path / "posts.jsonl"
    data.write_text("".join(json.dumps({"text": text, "toxic": toxic, "spans": [[4, 8]] if toxic else []}) + "\n"
                            for text, toxic, _ in ROWS))
    predicted = tmp_path / "predicted.jsonl"
    predicted.write_text("".join(json.dumps({"spans": [[4, 8]]}) + "\n" for _ in ROWS))
    done = run("nano", data, "--spans", predicted, "--report", tmp_path / "report", *FAST)
    assert done.exit_code == 0, done.output
    spans = json.loads((tmp_path / "report" / "report.json").read_text())["sections"]["spans"]
    assert spans["f1"]["value"] == 0.5


@pytest.mark.parametrize(("words", "said"), [
    (["nano"], "nothing to measure on"),
    (["nano", "none.csv"], "none.csv"),
    (["nano", "{comments}", "--label", "toxic"], "toxic"),
    (["nano", "{comments}", "--group", "kind"], "kind"),
    (["nano", "{comments}", "--skip", "robust"], "no part 'robust'"),
    (["nano", "{comments}", "--goal", "f2"], "goal 'f2'"),
    (["nano", "{comments}", "--suite", "genral"], "genral"),
    (["nano", "{comments}", "--suite", "none", "--suite", "general"], "--suite none stands alone"),
    (["nano", "--spans", "x.jsonl", "--suite", "general"], "--spans are predictions for DATA"),
    (["nono", "{comments}"], "nono"),
])
def test_mistakes_are_one_line(words: list[str], said: str, comments: Path) -> None:
    options = [] if "--suite" in words else ["--suite", "none"]
    done = run(*(word.replace("{comments}", str(comments)) for word in words), *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_a_real_process_scores_once(comments: Path, cache: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toxmeter", "evaluate", "nano", str(comments), *FAST]
    first = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    files = sorted(cache.rglob("*.npy"))
    again = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert files
    assert sorted(cache.rglob("*.npy")) == files
    assert first.stdout == again.stdout
