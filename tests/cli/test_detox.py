"""``toxmeter detox``: rankings, tables and JSON of real files, data for a judge, and files that do not fit."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from toxmeter.cli import app
from toxmeter.extras import need
from toxmeter.models.pretrained import quiet

INPUTS = ["you are a stupid idiot", "shut up you fool", "this is a nice day"]
MINE = ["you are not nice", "please be quiet", "this is a nice day"]


@pytest.fixture(scope="module")
def judge(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint that finds everything acceptable."""
    transformers = need("transformers", extra="train")
    folder = tmp_path_factory.mktemp("judge") / "cola"
    with quiet(), torch.random.fork_rng(devices=[]):
        model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=2)
        torch.nn.init.zeros_(model.classifier.weight)
        model.classifier.bias.data = torch.tensor([-1.0, 1.0])
        model.save_pretrained(folder)
        transformers.AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, lines in (("in", INPUTS), ("mine", MINE), ("copy", INPUTS), ("empty", ["", "", ""])):
        (tmp_path / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return tmp_path


def run(*words: Any) -> Any:
    return CliRunner().invoke(app, ["detox", *map(str, words)])


def judged(files: Path, judge: str, encoder: Path, *more: Any, inputs: str = "in.txt") -> Any:
    return run("evaluate", files / inputs, files / "mine.txt", *more, "--sta", "nano", "--sim", encoder, "--fl", judge)


def test_systems_are_ranked_and_judges_named(files: Path, judge: str, tiny_encoder: Path) -> None:
    done = judged(files, judge, tiny_encoder, files / "copy.txt", files / "empty.txt")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["mine", "copy", "empty"]
    assert "3 sentences; BLEU and chrF against the inputs" in lines
    assert any(line.startswith("STA: nano@1+") for line in lines)
    assert any(line.startswith("FL: cola@0+") and "LABEL_1" in line for line in lines)
    assert lines[-1] == "Js by other judges cannot be compared with these."


def test_json_and_table(files: Path, judge: str, tiny_encoder: Path) -> None:
    table = files / "sentences.csv"
    done = judged(files, judge, tiny_encoder, "--json", "--table", table, "--references", files / "copy.txt", "--soft")
    (found,) = json.loads(done.stdout)
    assert (found["system"], found["sentences"], found["against"]) == ("mine", 3, "references")
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert [row["output"] for row in rows] == MINE
    assert found["j"]["value"] == pytest.approx(sum(float(row["j"]) for row in rows) / 3, abs=1e-4)
    for row in rows:
        assert float(row["j"]) == pytest.approx(float(row["sta"]) * float(row["sim"]) * float(row["fl"]), abs=1e-4)


@pytest.mark.parametrize(("content", "message"), [
    (b"one\ntwo\n", "outputs has 3 sentences, inputs 2"), (b"", "outputs has 3 sentences, inputs 0"),
    (b"a\n\xff\xfe\nb\n", "in.txt, line 2: no UTF-8")])
def test_files_that_do_not_fit_are_refused(
    files: Path, judge: str, tiny_encoder: Path, content: bytes, message: str
) -> None:
    (files / "in.txt").write_bytes(content)
    done = judged(files, judge, tiny_encoder)
    assert done.exit_code == 2
    assert message in done.output


def test_lines_end_by_line_feeds_only(files: Path, judge: str, tiny_encoder: Path) -> None:
    (files / "in.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\xe2\x80\xa8still two\r\nthree")
    assert judged(files, judge, tiny_encoder).exit_code == 0


def test_what_is_missing_is_named(files: Path, judge: str, tiny_encoder: Path) -> None:
    assert "twice" in judged(files, judge, tiny_encoder, files / "mine.txt").output
    assert judged(files, judge, tiny_encoder, inputs="none.txt").exit_code == 2
    done = judged(files, "nano", tiny_encoder)
    assert "name the one that means well formed" in done.output
    assert run("evaluate", files / "in.txt", files / "mine.txt").exit_code == 2


def test_data_for_a_judge(tmp_path: Path) -> None:
    sentences = [f"we saw {number} trains at the old station by the sea" for number in range(30)]
    (tmp_path / "in.csv").write_text("text\n" + "\n".join([*sentences, *sentences, "too short"]) + "\n", "utf-8")
    done = run("corrupt", tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert "30 sentences and 90 broken versions of them" in done.stdout
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 120
    assert {row["text"] for row in rows if row["acceptable"] == "1"} == set(sentences)
    for at in range(0, 120, 4):
        assert len({row["sentence"] for row in rows[at : at + 4]}) == 1
        assert len({row["damage"] for row in rows[at : at + 4]}) == len({row["text"] for row in rows[at : at + 4]}) == 4
    assert run("corrupt", tmp_path / "in.csv", "-o", tmp_path / "out.csv").exit_code == 2
    again = (tmp_path / "out.csv").read_bytes()
    assert run("corrupt", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--force").exit_code == 0
    assert (tmp_path / "out.csv").read_bytes() == again
    few = run("corrupt", tmp_path / "in.csv", "-o", tmp_path / "few.csv", "--rows", "5", "--versions", "1")
    assert "5 sentences and 5 broken" in few.stdout
    done = run("corrupt", tmp_path / "in.csv", "-o", tmp_path / "x.csv", "--text", "words")
    assert "no column 'words'" in done.output


def test_no_file_is_written_over(files: Path, judge: str, tiny_encoder: Path, tmp_path: Path) -> None:
    for table, message in ((files / "mine.txt", "is an input"), (files, "in a folder that exists"),
                           (files / "none" / "t.csv", "in a folder that exists")):
        done = judged(files, judge, tiny_encoder, "--table", table, "--force")
        assert (done.exit_code, message in done.output) == (2, True), done.output
    (files / "there.csv").write_text("mine")
    assert "use --force" in judged(files, judge, tiny_encoder, "--table", files / "there.csv").output
    assert (files / "there.csv").read_text() == "mine"
    file = tmp_path / "words.csv"
    file.write_text("text\nwe saw many trains today\n")
    assert "is an input" in run("corrupt", file, "-o", file, "--force").output
    assert "in a folder that exists" in run("corrupt", file, "-o", tmp_path / "none" / "x.csv").output


def test_half_a_character_does_not_spoil_the_data(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "we \\ud800 saw many trains today"}\n')
    assert run("corrupt", tmp_path / "in.jsonl", "-o", tmp_path / "out.csv").exit_code == 0
    assert "we ? saw many trains today" in (tmp_path / "out.csv").read_text("utf-8")
