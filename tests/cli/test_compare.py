from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toxmeter.cli import app
from toxmeter.cli.options import pairs, thresholds_of
from toxmeter.errors import InputError

ROWS = [(f"{row} toxic={row / 60:.2f} insult=0.{row % 9}", int(row > 25)) for row in range(60)]


@pytest.fixture
def comments(tmp_path: Path) -> Path:
    file = tmp_path / "comments.csv"
    file.write_text("text,toxic\n" + "".join(f"{text},{toxic}\n" for text, toxic in ROWS))
    return file


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Perspective's scores of the same texts but the last: a little higher than those of dummy."""
    file = tmp_path / "perspective.csv"
    file.write_text("text,TOXICITY\n" + "".join(f"{text},{min(1, row / 60 + 0.1):.2f}\n"
                                                for row, (text, _) in enumerate(ROWS[:-1])) + f"{ROWS[-1][0]},\n")
    return file


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["compare", *map(str, words), "--resamples", "100"])


def test_a_model_may_replace_itself(comments: Path) -> None:
    done = run("dummy", "dummy", comments)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "dummy@1+00000000 may replace dummy@1+00000000 (60 texts)"
    assert "auc                1.0000  1.0000  +0.0000 [+0.0000, +0.0000]" in done.stdout
    assert "flips<=0.05  0.0000 [0.0000, 0.0000]  holds" in done.stdout
    assert "labels read from: toxic ← toxic\n" in done.stdout
    assert "note: not known of any text: severe_toxic, obscene, threat, insult and identity_hate; of" in done.stdout


def test_another_may_not_and_the_status_says_so(comments: Path) -> None:
    done = run("dummy", "nano", comments)
    assert done.exit_code == 1, done.output
    assert "may not replace dummy@1+00000000" in done.stdout
    assert "does not hold" in done.stdout


def test_the_rule_is_the_users(comments: Path) -> None:
    assert run("dummy", "nano", comments, "--rule", "flips<=1, toxic.shift<=1").exit_code == 0
    assert run("dummy", "nano", comments, "--rule", "flips<=1, toxic.shift<=0.1").exit_code == 1


def test_the_report_has_three_formats(comments: Path, tmp_path: Path) -> None:
    done = run("dummy", "nano", comments, "--report", tmp_path / "new" / "report")
    assert done.exit_code == 1, done.output
    folder = tmp_path / "new" / "report"
    assert f"{folder / 'report.html'}, report.md and report.json are written" in done.stdout
    report = json.loads((folder / "report.json").read_text())
    assert report["data"]["file"] == "comments.csv"
    assert report["data"]["columns"] == {"toxic": "toxic"}
    assert report["verdict"]["replace"] is False
    assert report["new"].startswith("nano@")
    assert report["labels"]["toxic"]["flips"]["no_longer_flagged"]["examples"][0]["text"] == ROWS[-1][0]
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert "(figures/compare-differences.svg)" in (folder / "report.md").read_text()
    assert (folder / "figures" / "compare-differences.svg").is_file()


def test_without_a_report_nothing_is_written(comments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("dummy", "dummy", comments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "comments.csv"]


def test_scores_of_a_file_are_no_truth_about_themselves(scores: Path) -> None:
    done = run(scores, "dummy", scores, "--threshold", "toxic=0.7")
    assert done.exit_code == 1, done.output
    assert "note: the texts have no labels: only scores and decisions are compared" in done.stdout
    assert "note: 1 of 60 texts are left out: a file of scores has none for them" in done.stdout
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("toxic "))
    assert line.split()[-2:] == ["0", "6"]  # of 36 to 41


def test_but_a_column_of_truth_can_be_named_beside_them(tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text("text,TOXICITY,INSULT,bad\n" + "".join(f"{text},0.{row % 9},0.{row % 7},{bad}\n"
                                                           for row, (text, bad) in enumerate(ROWS)))
    done = run(file, "dummy", file, "--label", "toxic=bad", "--report", tmp_path / "report", "--rule", "toxic.auc>=0")
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["labels"]["toxic"]["figures"]["auc"]["new"] == 1.0
    assert report["labels"]["insult"]["figures"] is None
    assert done.exit_code == 0, done.output


def test_thresholds_of_both_and_of_the_old_one(comments: Path, scores: Path, tmp_path: Path) -> None:
    run(scores, "dummy", comments, "--threshold", "TOXICITY=0.6", "--old-threshold", "toxic=0.7",
        "--report", tmp_path / "report")
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["labels"]["toxic"]["thresholds"] == {"old": 0.7, "new": 0.6}


def test_labels_by_one_column_of_names(tmp_path: Path) -> None:
    file = tmp_path / "named.jsonl"
    file.write_text("".join(json.dumps({"tweet": text, "class": ["toxic"] if toxic else []}) + "\n"
                            for text, toxic in ROWS))
    done = run("dummy", "dummy", file, "--text", "tweet", "--label", "class")
    assert done.exit_code == 0, done.output
    assert "mean of labels" in done.stdout


def test_texts_of_strangers_do_not_act(tmp_path: Path) -> None:
    file = tmp_path / "odd\x1b[31m.jsonl"
    texts = [f"\ud800 \x1b[2J\u202e {row} toxic=0.{row % 9}" for row in range(40)]
    file.write_text("".join(json.dumps({"text": text, "toxic": row % 2}) + "\n" for row, text in enumerate(texts)))
    done = run("dummy", "nano", file, "--report", tmp_path / "report", "--threshold", "toxic=0.4")
    assert done.exit_code == 1, done.output
    written = [(tmp_path / "report" / name).read_text("utf-8") for name in ("report.md", "report.html")]
    for shown in (done.stdout, done.stderr, *written):
        assert "\x1b[2J" not in shown
        assert "\x1b[31m" not in shown
        assert "\u202e" not in shown
    examples = json.loads((tmp_path / "report" / "report.json").read_text())["labels"]["toxic"]["flips"]
    assert examples["no_longer_flagged"]["examples"][0]["text"].startswith("? \x1b[2J")


@pytest.mark.parametrize(("words", "said"), [
    (["dummy", "nono", "{comments}"], "no model 'nono'"),
    (["dummy", "dummy", "none.csv"], "none.csv: cannot be read"),
    (["none.csv", "dummy", "{comments}"], "none.csv: cannot be read"),
    (["dummy", "dummy", "{comments}", "--text", "txt"], "no column 'txt' (did you mean 'text'?); there are text"),
    (["{scores}", "dummy", "{comments}", "--text", "txt"], "Say which one holds the texts with --text COLUMN"),
    (["dummy", "dummy", "{comments}", "--rule", "auk>=0"], "rule: 'auk>=0': no figure 'auk' (did you mean 'auc'?)"),
    (["dummy", "dummy", "{scores}", "--rule", ""], "has no term"),
    (["dummy", "dummy", "{comments}", "--label", "toxik=toxic"], "--label toxik=…: no label 'toxik' (did you mean"),
    (["dummy", "dummy", "{comments}", "--label", "toxic=bad"], "no column 'bad'"),
    (["dummy", "dummy", "{comments}", "--threshold", "toxic"], "--threshold 'toxic': write NAME=VALUE"),
    (["dummy", "dummy", "{comments}", "--threshold", "toxic=high"], "--threshold toxic=high: a threshold is a number"),
    (["dummy", "dummy", "{comments}", "--old-threshold", "toxic=2"], "--old-threshold toxic=2: a threshold is"),
    (["dummy", "dummy", "{comments}", "--threshold", "toxik=.5"], "threshold of 'toxik': no label that both have"),
    (["{scores}", "dummy", "{comments}", "--column", "toxic=TOX"], "no column 'TOX'"),
    (["{scores}", "dummy", "{comments}", "--rule", "insult.flips<=1"], "no label 'insult'"),
    (["dummy", "dummy", "{comments}", "--scale", "perspective"], "scale 'perspective': only artifacts"),
    (["dummy", "{scores}", "{comments}", "--scale", "perspective"], "is a file of scores"),
    (["dummy", "nano", "{comments}", "--scale", "perspectiv"], "no scale 'perspectiv'"),
    (["dummy", "dummy", "{comments}", "--report", "{comments}"], "no report can be written here"),
])
def test_mistakes_are_one_line(words: list[str], said: str, comments: Path, scores: Path) -> None:
    done = run(*(word.replace("{comments}", str(comments)).replace("{scores}", str(scores)) for word in words))
    assert done.exit_code == 2, done.output
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("toxmeter: "))
    assert said in line
    assert "Traceback" not in done.output


def test_all_mistakes_of_a_rule_are_told(comments: Path) -> None:
    done = run("dummy", "dummy", comments, "--rule", "auk>=0, f1<=0")
    assert done.exit_code == 2
    assert "rule: 2 mistakes\n  - 'auk>=0': no figure" in done.stderr
    assert "\n  - 'f1<=0': f1 is bounded" in done.stderr


def test_an_empty_file_passes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("text,toxic\n")
    done = run("dummy", "dummy", tmp_path / "empty.csv")
    assert done.exit_code == 1, done.output
    assert "0 texts: nothing is measured on fewer than 10" in done.stdout


def test_help_teaches() -> None:
    done = CliRunner().invoke(app, ["compare", "--help"])
    assert done.exit_code == 0
    for taught in ("toxmeter compare nano runs/my comments.csv", "Exit status: 0", "--rule", "95 % interval"):
        assert taught in done.stdout


def test_options_of_pairs() -> None:
    assert pairs("--label", ["a = b=c", "d=e"]) == {"a": "b=c", "d": "e"}
    assert thresholds_of("--threshold", None) == {}
    assert thresholds_of("--threshold", ["a=0", "b=1e-1"]) == {"a": 0.0, "b": 0.1}
    for wrong in (["a"], ["=b"], ["a="], ["a=b", "a=c"]):
        with pytest.raises(InputError, match="--label"):
            pairs("--label", wrong)
    for number in ("nan", "-0.1", "1.1", "x", "inf"):
        with pytest.raises(InputError, match="a threshold is a number from 0 to 1"):
            thresholds_of("--threshold", [f"a={number}"])


def test_a_real_process_resumes(comments: Path, cache: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toxmeter", "compare", "nano", "dummy", str(comments), "--resamples", "100"]
    first = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    files = sorted(cache.rglob("*.npy"))
    again = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert first.returncode == again.returncode == 1
    assert len(files) == 2
    assert sorted(cache.rglob("*.npy")) == files
    assert first.stdout == again.stdout


def test_an_interrupted_process_leaves_no_report(comments: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toxmeter", "compare", "nano", "dummy", str(comments), "--resamples", "9999999",
               "--report", str(tmp_path / "report")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    while len(list((tmp_path / "cache").rglob("scores/*"))) < 2 and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)  # both are scored, and the bootstrap has begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert out == ""
    assert not (tmp_path / "report").exists()
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2
