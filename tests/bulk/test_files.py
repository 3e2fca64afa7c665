"""Scoring a file from end to end."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from tests.bulk.conftest import Recorder

from toxmeter.bulk import Progress, score_file
from toxmeter.errors import InputError, ToxmeterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.scorer import FloatArray


def write(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_bytes(content.encode())
    return file


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_csv(tmp_path: Path, recorder: Recorder) -> None:
    file = write(tmp_path, "comments.csv", 'id,text\r\n01,"a ""b"",\r\nc"\r\nbad\r\n 2 ,\r\n')
    summary = score_file(file, recorder)
    assert recorder.texts == ['a "b",\r\nc', ""]
    assert (tmp_path / "comments.scored.csv").read_bytes() == (
        b"id,text,rude,worse,model_version\r\n"
        b'01,"a ""b"",\r\nc",0.125000,1.000000,recorder@1+00000000\r\n'
        b" 2 ,,0.000000,1.000000,recorder@1+00000000\r\n")
    assert summary.output == tmp_path / "comments.scored.csv"
    assert summary.rejects == tmp_path / "comments.scored.csv.rejects.jsonl"
    reject = json.loads(summary.rejects.read_text())
    assert reject.pop("reason") == "number of fields is 1, that of the header 2"
    assert reject == {"row": 2, "offset": 27, "bytes": 5, "raw": "bad\r\n"}
    assert (summary.scored, summary.rejected, summary.resumed_at, summary.column) == (2, 1, 0, "text")
    assert summary.rate > 0
    assert names(tmp_path) == ["comments.csv", "comments.scored.csv", "comments.scored.csv.rejects.jsonl"]


def test_jsonl(tmp_path: Path, recorder: Recorder) -> None:
    row = '{"tweet": "hi", "deep": {"n": [1e3, null]}, "big": 123456789012345678901'
    score_file(write(tmp_path, "posts.ndjson", row + "}\n"), recorder)
    assert (tmp_path / "posts.scored.ndjson").read_text() == (
        row + ',"rude":0.250000,"worse":1.000000,"model_version":"recorder@1+00000000"}\n')
    assert names(tmp_path) == ["posts.ndjson", "posts.scored.ndjson"]


class Staged(Recorder):
    """A recorder of two stages: the second answers texts of an even length."""

    stages = ("fast", "slow")

    def score_staged(self, texts: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
        return self.score(texts), np.array([len(text) % 2 == 0 for text in texts], np.uint8)


def test_a_cascade_says_which_model_gave_the_scores(tmp_path: Path) -> None:
    score_file(write(tmp_path, "a.csv", "text,n\nab,1\nbad\na,2\n"), Staged(), prefix="m_")
    with (tmp_path / "a.scored.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [*rows[0]][-2:] == ["m_stage", "m_model_version"]
    assert [(row["text"], row["m_stage"]) for row in rows] == [("ab", "slow"), ("a", "fast")]
    score_file(write(tmp_path, "b.jsonl", '{"text": "a"}\n{"text": ""}\n'), Staged())
    lines = (tmp_path / "b.scored.jsonl").read_text().splitlines()
    assert [json.loads(line)["stage"] for line in lines] == ["fast", "slow"]


@pytest.mark.parametrize("fail_at", [1, 2, 3])
def test_a_resumed_cascade_writes_the_same_bytes(tmp_path: Path, fail_at: int) -> None:
    content = "text,n\n" + "".join(f"{'x' * (row % 5)},{row}\n" for row in range(10))
    whole, cut = (write(tmp_path, name, content) for name in ("whole.csv", "cut.csv"))
    score_file(whole, Staged(), batch_size=4)
    with pytest.raises(KeyboardInterrupt):
        score_file(cut, Staged(fail_at), batch_size=4)
    score_file(cut, Staged(), batch_size=4, resume=True)
    assert (tmp_path / "cut.scored.csv").read_bytes() == (tmp_path / "whole.scored.csv").read_bytes()


def test_text_becomes_jsonl(tmp_path: Path, recorder: Recorder) -> None:
    score_file(write(tmp_path, "posts.txt", 'say "é"\n\n'), recorder)
    rows = [json.loads(line) for line in (tmp_path / "posts.scored.jsonl").read_text().splitlines()]
    assert [(row["text"], row["rude"]) for row in rows] == [('say "é"', 0.875), ("", 0.0)]


@pytest.mark.parametrize(("name", "options", "output"), [
    ("a.csv", {}, "a.scored.csv"),
    ("a.b.TSV", {}, "a.b.scored.TSV"),
    ("a.txt", {}, "a.scored.jsonl"),
    ("a.dat", {"format": "jsonl"}, "a.scored.jsonl"),
    ("a.dat", {"format": "txt"}, "a.scored.jsonl"),
    ("a.txt", {"format": "csv"}, "a.scored.txt"),
    ("a.csv", {"output": "b.out"}, "b.out"),
])
def test_name_of_the_output(
    tmp_path: Path, recorder: Recorder, name: str, options: dict[str, str], output: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    content = '{"text": "a"}\n' if options.get("format") == "jsonl" else "text\na\n"
    write(tmp_path, name, content)
    assert score_file(name, recorder, **options).output == Path(output)  # type: ignore[arg-type]
    assert (tmp_path / output).stat().st_size > 0


def test_new_columns_may_have_a_prefix(tmp_path: Path, recorder: Recorder) -> None:
    file = write(tmp_path, "a.csv", "text,rude\nx,1\n")
    with pytest.raises(InputError, match="--prefix"):
        score_file(file, recorder)
    score_file(file, recorder, prefix="m_")
    with (tmp_path / "a.scored.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == [{
            "text": "x", "rude": "1", "m_rude": "0.125000", "m_worse": "1.000000",
            "m_model_version": "recorder@1+00000000"}]


def test_batches_and_progress(tmp_path: Path, recorder: Recorder) -> None:
    file = write(tmp_path, "a.csv", "text,n\n" + "ab,1\nbad\n" * 5)
    seen: list[Progress] = []
    score_file(file, recorder, batch_size=4, progress=seen.append)
    assert recorder.batches == [2, 2, 1]
    assert [(now.rows, now.rejected, now.bytes_read) for now in seen] == [(4, 2, 25), (8, 4, 43), (10, 5, 52)]
    assert {now.bytes_total for now in seen} == {52}


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv", "text\n"), ("b.csv", "text"), ("a.jsonl", ""), ("a.txt", ""),
])
def test_a_file_without_rows(tmp_path: Path, recorder: Recorder, name: str, content: str) -> None:
    summary = score_file(write(tmp_path, name, content), recorder)
    assert (summary.scored, summary.rejected) == (0, 0)
    assert summary.output.read_text() == ("text,rude,worse,model_version\n" if content else "")
    assert recorder.texts == []


def test_an_output_is_replaced_only_when_told(tmp_path: Path, recorder: Recorder) -> None:
    file = write(tmp_path, "a.csv", "text,n\nbad\n")
    score_file(file, recorder)
    file.write_text("text,n\na,1\n")
    with pytest.raises(InputError, match=r"a\.scored\.csv exists already: .*--force"):
        score_file(file, recorder)
    assert score_file(file, recorder, force=True).scored == 1
    assert names(tmp_path) == ["a.csv", "a.scored.csv"]  # the rejects of the first run would mislead


@pytest.mark.parametrize(("name", "options", "message"), [
    ("absent.csv", {}, "no file absent.csv"),
    (".", {"format": "csv"}, "no plain file"),
    ("a.dat", {}, "a.dat: its ending tells no format; name one of csv, .*txt with --format"),
    ("a.csv", {"format": "cvs"}, r"no format 'cvs' \(did you mean 'csv'\?\)"),
    ("a.csv", {"column": "txt"}, r"no column 'txt' \(did you mean 'text'\?\)"),
    ("a.csv", {"output": "a.csv"}, "is a file that this run would write"),
    ("a.csv", {"output": "-"}, "'-': the name of a file"),
    ("a.csv", {"output": "none/a.csv"}, "in a folder that exists"),
    ("a.csv", {"output": "/dev/null", "force": True}, "exists already"),
    ("a.csv", {"batch_size": 0}, "batch size 0"),
    ("a.csv", {"resume": True, "force": True}, "choose one"),
])
def test_options_that_cannot_be_used(
    tmp_path: Path, recorder: Recorder, name: str, options: dict[str, object], message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for each in ("a.csv", "a.dat"):
        write(tmp_path, each, "text\nx\n")
    with pytest.raises(InputError, match=message):
        score_file(name, recorder, **options)  # type: ignore[arg-type]
    assert names(tmp_path) == ["a.csv", "a.dat"]


@pytest.mark.parametrize("name", ["o.csv.part", "o.csv.rejects.jsonl", "o.csv.rejects.jsonl.part", "o.csv.state.json",
                                  "o.csv.state.json.new"])
def test_the_input_is_none_of_the_files_of_the_run(tmp_path: Path, recorder: Recorder, name: str) -> None:
    file = write(tmp_path, name, "text\nx\n")
    with pytest.raises(InputError, match="is a file that this run would write"):
        score_file(file, recorder, format="csv", output=tmp_path / "o.csv", force=True)
    assert file.read_text() == "text\nx\n"


def test_a_model_that_breaks_its_contract_spoils_no_file(tmp_path: Path, recorder: Recorder) -> None:
    recorder.score = lambda texts: np.full((len(texts), 2), np.nan, np.float32)  # type: ignore[method-assign]
    with pytest.raises(ToxmeterError, match="NaN"):
        score_file(write(tmp_path, "a.csv", "text\nx\n"), recorder)
    assert not (tmp_path / "a.scored.csv").exists()


_BLOCK = "".join(f'{n},"comment, {n} says ""hello"" to the others\nand goes on",note\n' for n in range(1000))


def _peak(file: Path) -> float:
    """Peak memory of a process that scores a file, in MB."""
    # what wait4 says of a child begins with the memory of the process that started it
    program = ("import re, sys; from pathlib import Path; from toxmeter.cli import app;"
               "app(['score', sys.argv[1], '-m', 'dummy'], standalone_mode=False);"
               "print(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])")
    done = subprocess.run([sys.executable, "-c", program, str(file)], check=True, capture_output=True, text=True)
    return int(done.stdout.splitlines()[-1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs /proc")
def test_memory_is_flat_in_the_size_of_the_file(tmp_path: Path) -> None:
    small = write(tmp_path, "10.csv", "id,text,note\n" + _BLOCK * 10)
    large = write(tmp_path, "1000.csv", "id,text,note\n" + _BLOCK * 1000)
    at_ten_thousand, at_a_million = _peak(small), _peak(large)
    assert at_a_million < min(400, at_ten_thousand + 10)
    with (tmp_path / "1000.scored.csv").open(newline="") as stream:
        assert sum(1 for _ in csv.reader(stream)) == 1_000_001
