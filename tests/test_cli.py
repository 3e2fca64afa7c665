"""The command line as users meet it: processes, pipes, exit statuses, a terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toxmeter import __version__
from toxmeter.artifact import Manifest, write_artifact
from toxmeter.cli import app
from toxmeter.cli.check import line_batches
from toxmeter.cli.terminal import printable, shorten
from toxmeter.labels import JIGSAW
from toxmeter.models import catalog

TOXMETER = [sys.executable, "-m", "toxmeter"]
CHECK = [*TOXMETER, "check", "-m", "dummy"]


def run(*command: str, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60, **options)


def verdicts(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("arguments", "status"), [
    (["check", "-m", "dummy", "hello"], 0),
    (["check", "-m", "dummy", "hello", "insult=0.9"], 1),
    (["check", "-m", "dummy", "-q", "hello"], 0),
    (["check", "-m", "dummy", "-q", "insult=0.9"], 1),
    (["check", "-m", "dumy", "hello"], 2),
    (["check", "-m", "dummy", "-p", "nonsense", "hello"], 2),
    (["check", "-m", "dummy", "--community", "nowhere", "hello"], 2),
    (["check", "--nonsense"], 2),
    (["score", "absent.csv", "-m", "dummy"], 2),
    (["models", "absent"], 2),
    (["nonsense"], 2),
    (["--version"], 0),
    (["--help"], 0),
    (["check", "--help"], 0),
])
def test_exit_status(arguments: list[str], status: int) -> None:
    done = run(*TOXMETER, *arguments)
    assert done.returncode == status, done.stderr
    assert (b"Traceback" in done.stderr) is False
    assert bool(done.stderr) is (status == 2)
    assert bool(done.stdout) is (status != 2 and "-q" not in arguments)


def test_an_error_is_one_line_that_names_the_mend() -> None:
    done = run(*TOXMETER, "check", "-m", "dumy", "hello")
    assert done.stderr.startswith(b"toxmeter: no model 'dumy'")
    assert b"(did you mean 'dummy'?)" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_version_and_help() -> None:
    assert run(*TOXMETER, "--version").stdout.decode() == f"toxmeter {__version__}\n"
    for command in ("check", "score", "models"):
        assert f"toxmeter {command}".encode() in run(*TOXMETER, "--help").stdout
        assert run(*TOXMETER, command, "-h").stdout.count(f"  toxmeter {command}".encode()) >= 3


def test_a_table_of_verdicts() -> None:
    done = run(*CHECK, "hello", "insult=0.9 threat=0.75", "  two\n lines " + "and much more " * 20)
    header, safe, unsafe, long = done.stdout.decode().splitlines()
    assert header.split() == ["verdict", "conf.", "flagged", "text"]
    assert safe.split() == ["safe", "1.000", "-", "hello"]
    assert unsafe.split() == ["unsafe", "0.900", "threat,", "insult", "insult=0.9", "threat=0.75"]
    assert "two lines and much more" in long
    assert long.endswith("…")
    assert len(long) <= 100


def test_json_is_one_object_per_text() -> None:
    done = run(*CHECK, "--json", "hello", "insult=0.75")
    first, second = verdicts(done)
    assert (first["label"], first["text"], first["flagged"]) == ("safe", "hello", [])
    assert (second["label"], second["scores"]["insult"], second["flagged"]) == ("unsafe", 0.75, ["insult"])
    assert second["version"] == "dummy@1+00000000"


def test_texts_from_standard_input() -> None:
    stdin = "\ufefffirst\r\n\r\n \u2028insult=0.9\nlast".encode() + b" \xff\x00"
    for arguments in ([], ["-"]):
        done = run(*CHECK, "--json", *arguments, stdin=stdin)
        assert [verdict["text"] for verdict in verdicts(done)] == [
            "first", "", " \u2028insult=0.9", "last \ufffd\x00"]
        assert done.returncode == 1


def test_standard_input_among_other_texts() -> None:
    done = run(*CHECK, "--json", "before", "-", "after", stdin=b"one\ntwo\n")
    assert [verdict["text"] for verdict in verdicts(done)] == ["before", "one", "two", "after"]
    assert run(*CHECK, "--json").stdout == b""


def test_arguments_that_are_not_utf8() -> None:
    command = [*map(os.fsencode, CHECK), b"--json", b"caf\xe9"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert verdicts(done)[0]["text"] == "caf\ufffd"


def test_a_line_is_answered_before_the_next_one_comes() -> None:
    with subprocess.Popen([*CHECK, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        for word in (b"one", b"two"):
            child.stdin.write(word + b"\n")
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["text"] == word.decode()
        child.stdin.close()
        assert child.wait(10) == 0


def test_lines_are_put_together_again(tmp_path: Path) -> None:
    lines = ["x" * 600_000, "", "y", "é" * 300_000]
    file = tmp_path / "a.txt"
    file.write_bytes("\n".join(lines).encode())
    with file.open("rb") as stream:
        assert [line for batch in line_batches(stream) for line in batch] == lines


def test_a_reader_that_goes_ends_it_quietly() -> None:
    with subprocess.Popen([*CHECK, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        child.stdin.write(b"hello\n")
        child.stdin.flush()
        assert child.stdout.readline()
        child.stdout.close()
        child.stdin.write(b"hello\n" * 10_000)
        child.stdin.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


def test_output_that_cannot_be_written() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*CHECK, "hello"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr == b"toxmeter: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(("closed", "status", "message"), [
    (">&-", 1, b""), ("<&-", 2, b"toxmeter: standard input is closed: give a TEXT\n"),
])
def test_a_closed_stream(closed: str, status: int, message: bytes) -> None:
    text = "insult=0.9" if closed == ">&-" else "-"
    done = run("sh", "-c", f'"$@" {text} {closed}', "sh", *CHECK)
    assert (done.returncode, done.stderr) == (status, message)


def test_an_output_encoding_that_lacks_a_character() -> None:
    done = run(*CHECK, "é", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.endswith(b"\\xe9\n")


def _on_a_terminal(*command: str, **variables: str) -> bytes:
    """What a command writes to a terminal that is its standard input and output."""
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdin=theirs, stdout=theirs, stderr=theirs, check=False, timeout=20,
                          env=os.environ | {"NO_COLOR": "", "COLUMNS": "120"} | variables)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 10_000):
            written += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    return written + f"status {done.returncode}".encode()


def test_a_terminal_without_texts_gets_a_hint() -> None:
    written = _on_a_terminal(*CHECK)
    assert b'toxmeter: no text: toxmeter check "a text"' in written
    assert written.endswith(b"status 2")


def test_colour_on_a_terminal_and_nothing_else_that_acts_on_it() -> None:
    written = _on_a_terminal(*CHECK, "insult=0.9 \x1b[2J\x07\x9b1m\u202e!")
    assert b"\x1b[31munsafe" in written
    assert written.count(b"\x1b") == 2
    assert rb"insult=0.9 \x1b[2J\x07\x9b1m\u202e!" in written
    assert b"\x1b" not in _on_a_terminal(*CHECK, "insult=0.9", NO_COLOR="1")


@pytest.mark.parametrize(("text", "shown"), [
    ("plain é 漢字 👩\u200d🔬", "plain é 漢字 👩\u200d🔬"),
    ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
    ("a\rb\x00\x7f\x85", "a\\rb\\x00\\x7f\\x85"),
    ("\u202eabc\ud800\U000e0041", "\\u202eabc\\ud800\\U000e0041"),
])
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_shorten() -> None:
    assert shorten("a  b\n\tc", 10) == "a b c"
    assert shorten("0123456789", 10) == "0123456789"
    assert shorten("0123456789a", 10) == "012345678…"
    assert shorten("\x00" * 9, 10) == "\\x00\\x00\\…"
    assert shorten(" " * 100 + "a", 10) == "…"


def test_no_heavy_import_before_an_answer() -> None:
    heavy = ("logging", "rich", "torch", "transformers", "pandas", "pyarrow", "sklearn", "onnxruntime", "toxmeter.bulk")
    code = ("import sys; from toxmeter.cli import main; early = 'numpy' in sys.modules\n"
            "sys.argv[1:] = ['check', '-m', 'dummy', 'hello']\n"
            "try: main()\n"
            f"finally: print(early, [name for name in {heavy!r} if name in sys.modules])")
    assert run(sys.executable, "-c", code).stdout.splitlines()[-1] == b"False []"


def test_the_end_is_not_spent_on_looking_for_garbage() -> None:
    code = ("import gc, sys; from toxmeter.cli import main\n"
            "sys.argv[1:] = ['check', '-m', 'dummy', 'hello']\n"
            "try: main()\n"
            "finally: print(gc.get_freeze_count() > 0)")
    assert run(sys.executable, "-c", code).stdout.splitlines()[-1] == b"True"


def test_a_line_that_never_ends_is_given_up() -> None:
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run([*TOXMETER, "check", "-m", "dummy"], stdin=endless, capture_output=True, check=False,
                              timeout=60)
    assert (done.returncode, done.stderr) == (
        2, b"toxmeter: a line of more than 64 MiB on standard input: texts are lines\n")


def test_score_and_its_summary(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,tweet\n1,insult=0.9 you\n2\n")
    done = run(*TOXMETER, "score", str(file), "-m", "dummy", "--progress")
    assert done.returncode == 0
    scored, rejected = done.stdout.decode().splitlines()
    assert scored.startswith("1 rows of column 'tweet' scored with dummy@1+00000000 (")
    assert scored.endswith(f"{tmp_path}/a.scored.csv")
    assert rejected == f"1 rows rejected, with the reasons: {tmp_path}/a.scored.csv.rejects.jsonl"
    assert b"2 rows" in done.stderr
    again = run(*TOXMETER, "score", str(file), "-m", "dummy", "--column", "twet")
    assert (again.returncode, again.stdout) == (2, b"")
    assert b"no column 'twet' (did you mean 'tweet'?)" in again.stderr
    forced = run(*TOXMETER, "score", str(file), "-m", "dummy", "--force")
    assert (forced.returncode, forced.stderr) == (0, b"")


def test_ctrl_c_and_resume(tmp_path: Path) -> None:
    file, state = tmp_path / "a.txt", tmp_path / "a.scored.jsonl.state.json"
    file.write_text("insult=0.5 some comment\n" * 300_000)
    command = [*TOXMETER, "score", str(file), "-m", "dummy", "--batch-size", "500"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as child:
        while child.poll() is None and not state.exists():
            time.sleep(0.01)
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        assert child.stderr
        message = child.stderr.read()
    assert child.returncode == 130
    assert message == b"toxmeter: what is done is kept: go on with --resume\ntoxmeter: interrupted\n"
    assert 0 < json.loads(state.read_text())["rows"] < 300_000
    assert run(*command, "--resume").returncode == 0
    output = tmp_path / "a.scored.jsonl"
    whole = output.read_bytes()
    assert whole.count(b"\n") == 300_000
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.scored.jsonl", "a.txt"]
    assert run(*command, "--force").returncode == 0
    assert output.read_bytes() == whole


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models with one in it, and what a killed installation left behind."""
    monkeypatch.setattr(catalog, "_WEIGHTS", tmp_path)
    for name in ("tiny", ".tiny.x.part"):
        manifest = Manifest(name="tiny", number=2, format="hashed", labels=JIGSAW, licence="CC0-1.0",
                            metrics={"headline": {"AUC": 0.98765}}, data={"rows": 3, "files": {"a": 1}})
        write_artifact(tmp_path / name, manifest, {"a.npy": b"x" * 1_234_567}, card="# tiny")
    return tmp_path


def models(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_models(weights: Path) -> None:
    header, tiny = models().splitlines()
    assert header.split() == ["name", "version", "size", "licence", "labels", "metrics"]
    assert tiny.startswith("tiny  tiny@2+")
    for fact in ("1.2 MB", "CC0-1.0", "severe_toxic, obscene", "AUC 0.988"):
        assert fact in tiny


def test_one_model(weights: Path) -> None:
    facts = dict(line.split(maxsplit=1) for line in models("tiny").splitlines())
    assert facts["card"] == str(weights / "tiny" / "README.md")
    assert facts["data"] == "rows 3, files"
    assert facts["thresholds"] == "-"
    assert models("tiny") == models(str(weights / "tiny"))


def test_models_as_json(weights: Path) -> None:
    (tiny,) = json.loads(models("--json"))
    assert (tiny["name"], tiny["bytes"], tiny["headline"]) == ("tiny", 1_234_567, {"AUC": 0.98765})
    assert tiny["labels"] == list(JIGSAW.names)
    assert json.loads(models("tiny", "--json")) == tiny


def test_no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_WEIGHTS", tmp_path)
    assert models() == "no model is shipped with this installation\n"
    assert json.loads(models("--json")) == []
