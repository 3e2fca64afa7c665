"""``toxmeter cascade``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toxmeter import load
from toxmeter.cli import app

NAMES = ["anna", "bert", "carla", "dan", "ella", "fred", "gina", "hugo", "ida", "jon"]
SAYINGS = ["{} went to the station", "what a lovely garden, {}", "thank you for the tea, {}", "{} is a stupid idiot",
           "the report of {} is on page two", "is {} at home?", "{} likes the sea", "shut up, {}, you fool",
           "we met {} in the rain", "the recipe of {} needs no salt"]
WHEN = ["today", "on monday", "in the morning", "after lunch"]


def run(*words: Any) -> Any:
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.fixture(scope="module")
def comments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("comments") / "comments.csv"
    rows = [f"{saying.format(name)} {when}" for name in NAMES for saying in SAYINGS for when in WHEN]
    file.write_text("comment\n" + "\n".join(f'"{row}"' for row in rows) + "\n", "utf-8")
    return file


@pytest.fixture(scope="module")
def made(comments: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of the command, and the folder that it wrote."""
    output = tmp_path_factory.mktemp("runs") / "both"
    return run("cascade", "nano", "mini", comments, "-o", output, "--text", "comment", "--confidence", 0.5), output


def test_it_says_what_it_measured_and_where_it_is(made: Any) -> None:
    done, output = made
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split()[:2] == ["decision", "texts"]
    assert any(line.startswith("nano answers ") and "texts held out, mini reads " in line for line in lines)
    assert any("times mini alone" in line for line in lines)
    assert lines[-1] == f"{load(output).version} in {output}"
    manifest = json.loads((output / "toxmeter.json").read_text("utf-8"))["manifest"]
    assert manifest["data"]["file"] == "comments.csv"
    assert manifest["data"]["rows"] == 400
    assert manifest["data"]["column"] == "comment"


def test_files_are_scored_with_it(made: Any, comments: Path, tmp_path: Path) -> None:
    output = tmp_path / "scored.csv"
    done = run("score", comments, "--model", made[1], "--output", output, "--column", "comment")
    assert done.exit_code == 0, done.output
    with output.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["stage"] for row in rows} == {"nano", "mini"}
    assert {row["stage"] for row in rows if "idiot" in row["comment"]} == {"mini"}


@pytest.mark.parametrize(("words", "message"), [
    (("nano", "nano2"), "nano2"), (("nano", "mini", "--confidence", 0.95), "998"),
    (("nano", "mini", "--held-out", 2), "held-out share"), (("nano", "mini", "--name", "a b"), "name 'a b'")])
def test_what_cannot_be_made_is_refused(words: tuple[Any, ...], message: str, comments: Path, tmp_path: Path) -> None:
    done = run("cascade", *words[:2], comments, "-o", tmp_path / "out", "--text", "comment", *words[2:])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_a_missing_column_and_an_output_that_is_there(comments: Path, made: Any, tmp_path: Path) -> None:
    done = run("cascade", "nano", "mini", comments, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "no column 'text'" in done.output
    again = run("cascade", "nano", "mini", comments, "-o", made[1], "--text", "comment", "--confidence", 0.5)
    assert again.exit_code == 2
    assert "exists already" in again.output
