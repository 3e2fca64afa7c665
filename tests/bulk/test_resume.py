"""Interrupted runs: whatever happens, what comes out in the end is the same, byte for byte."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bulk.conftest import GARBAGE, Recorder

from toxmeter.bulk import resume, score_file
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 'a,1\n"two\nlines ""x""",2\nbad\n\xe9,3\n'.encode("latin-1")


def leftover(folder: Path, scorer: Recorder, content: bytes = b"text,n\n" + ROWS * 3) -> Path:
    """An input of which the first batches are scored, and the part files of that run."""
    file = folder / "a.csv"
    file.write_bytes(content)
    with pytest.raises(KeyboardInterrupt):
        score_file(file, scorer, batch_size=4)
    return file


def results(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if ".scored." in file.name}


@given(GARBAGE, st.integers(1, 4), st.sampled_from(["csv", "jsonl", "txt"]), st.integers(1, 5))
def test_resumed_after_any_batch(garbage: bytes, size: int, kind: str, fail_at: int) -> None:
    content = {"csv": b"text,n\n", "jsonl": b'{"text": "a"}\n' * 3, "txt": b"a\n"}[kind] + garbage
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / f"a.{kind}"
        file.write_bytes(content)
        whole = Recorder()
        score_file(file, whole, batch_size=size)
        expected = results(folder)
        first, second = Recorder(fail_at=fail_at), Recorder()
        try:
            score_file(file, first, batch_size=size, force=True)
        except KeyboardInterrupt:
            score_file(file, second, batch_size=size, resume=True)
        assert results(folder) == expected
        assert first.texts + second.texts == whole.texts


def test_what_lies_beyond_the_state_is_cut_off(tmp_path: Path, interrupted: type[Recorder]) -> None:
    file = leftover(tmp_path, interrupted(fail_at=3))
    for name in ("a.scored.csv.part", "a.scored.csv.rejects.jsonl.part"):
        with (tmp_path / name).open("ab") as stream:
            stream.write(b"written, but not certified")
    summary = score_file(file, interrupted(), batch_size=4, resume=True)
    found = results(tmp_path)
    assert (summary.scored, summary.rejected, summary.resumed_at) == (6, 6, 8)
    assert score_file(file, interrupted(), batch_size=4, force=True).resumed_at == 0
    assert results(tmp_path) == found


def test_a_leftover_is_neither_used_nor_lost_unasked(tmp_path: Path, interrupted: type[Recorder]) -> None:
    file = leftover(tmp_path, interrupted(fail_at=2))
    before = results(tmp_path)
    with pytest.raises(InputError, match=r"a\.scored\.csv\.part is there: .*--resume.*--force"):
        score_file(file, interrupted(), batch_size=4)
    assert results(tmp_path) == before
    assert score_file(file, interrupted(), batch_size=4, force=True).scored == 6


def test_nothing_to_resume_is_a_new_run(tmp_path: Path, interrupted: type[Recorder]) -> None:
    (tmp_path / "a.csv").write_bytes(b"text\nx\n")
    assert score_file(tmp_path / "a.csv", interrupted(), resume=True).scored == 1


@pytest.mark.parametrize(("change", "options", "reason"), [
    (b"text,n\n" + ROWS * 4, {}, "had 103 bytes, has 135"),
    (b"text,n\nA" + (ROWS * 3)[1:], {}, "was modified since"),
    (None, {"batch_size": 5}, "batch size was 4, is 5"),
    (None, {"column": "n"}, "column was 'text', is 'n'"),
    (None, {"prefix": "x"}, "columns was"),
])
def test_what_has_changed_cannot_be_resumed(
    tmp_path: Path, interrupted: type[Recorder], change: bytes | None, options: dict[str, object], reason: str
) -> None:
    file = leftover(tmp_path, interrupted(fail_at=2))
    stat = file.stat()
    if change:
        file.write_bytes(change)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    before = results(tmp_path)
    with pytest.raises(InputError, match=f"cannot resume the interrupted run: .*{reason}.*--force"):
        score_file(file, interrupted(), resume=True, **{"batch_size": 4} | options)  # type: ignore[arg-type]
    assert results(tmp_path) == before


def test_another_model_cannot_resume(tmp_path: Path, interrupted: type[Recorder]) -> None:
    file = leftover(tmp_path, interrupted(fail_at=2))
    other = interrupted()
    other.version = "recorder@2+00000000"
    with pytest.raises(InputError, match="model version was 'recorder@1"):
        score_file(file, other, batch_size=4, resume=True)


def test_a_touched_input_cannot_be_resumed(tmp_path: Path, interrupted: type[Recorder]) -> None:
    file = leftover(tmp_path, interrupted(fail_at=2))
    os.utime(file, (1, 1))
    with pytest.raises(InputError, match="was modified since"):
        score_file(file, interrupted(), batch_size=4, resume=True)


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.scored.csv.state.json", b"{", "is damaged"),
    ("a.scored.csv.state.json", b'{"x": 1}', "is damaged"),
    ("a.scored.csv.state.json", b"[]", "is damaged"),
    ("a.scored.csv.state.json", None, r"without a\.scored\.csv\.state\.json"),
    ("a.scored.csv.part", b"short", "has lost some"),
    ("a.scored.csv.rejects.jsonl.part", None, "has lost some"),
])
def test_damaged_leftovers(
    tmp_path: Path, interrupted: type[Recorder], name: str, content: bytes | None, message: str
) -> None:
    file = leftover(tmp_path, interrupted(fail_at=2))
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{message}.*--force"):
        score_file(file, interrupted(), batch_size=4, resume=True)
    assert score_file(file, interrupted(), batch_size=4, force=True).scored == 6


@pytest.mark.parametrize("moment", range(3))
def test_interrupted_between_the_last_renames(
    tmp_path: Path, interrupted: type[Recorder], moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = leftover(tmp_path, interrupted(fail_at=1))
    replace, calls = Path.replace, [0]

    def fail(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            calls[0] += 1
            if calls[0] > moment:
                raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        if moment < 2:
            with pytest.raises(KeyboardInterrupt):
                score_file(file, interrupted(), batch_size=4, resume=True)
    summary = score_file(file, interrupted(), batch_size=4, resume=True)
    assert (summary.scored, summary.rejected) == (6, 6)
    assert sorted(results(tmp_path)) == ["a.scored.csv", "a.scored.csv.rejects.jsonl"]


_CHILD = """
import sys, time
from toxmeter.bulk import resume, score_file
from toxmeter.models import DummyScorer
class Slow(DummyScorer):
    def score(self, texts):
        time.sleep(.005)
        return super().score(texts)
resume._INTERVAL = float(sys.argv[2])
score_file(sys.argv[1], Slow(), batch_size=200, resume=True)
"""


def _rows(state: Path) -> int:
    rows: int = json.loads(state.read_text())["rows"] if state.exists() else 0
    return rows


def _spawn(file: Path, interval: float, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _CHILD, file, str(interval)], **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("interval", [0.0, 0.05])
def test_killed_at_random_moments(tmp_path: Path, interval: float) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"text,n\n" + ROWS * 10_000)
    score_file(file, _dummy(), batch_size=200)
    expected = results(tmp_path)
    for name in expected:
        (tmp_path / name).unlink()
    chance, state = random.Random(7), tmp_path / "a.scored.csv.state.json"  # noqa: S311 - no secret
    progress: list[int] = []
    for _ in range(4):
        with _spawn(file, interval) as child:
            begun = progress[-1] if progress else 0
            while child.poll() is None and _rows(state) <= begun:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.1))
            child.send_signal(signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL
        progress.append(_rows(state))
    assert 0 < progress[0] < progress[-1] < 40_000  # really killed midway, and really resumed
    with _spawn(file, interval) as child:
        pass
    assert child.returncode == 0
    assert results(tmp_path) == expected


def test_a_full_disk(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"text,n\n" + ROWS * 500)
    command = [sys.executable, "-m", "toxmeter", "score", str(file), "-m", "dummy", "--batch-size", "100"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    failed = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert failed.stderr.startswith(f"toxmeter: writing {tmp_path}/a.scored.csv failed: File too large.")
    assert "--resume" in failed.stderr
    assert failed.stderr.count("\n") == 1
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert "of them before" in done.stdout
    found = results(tmp_path)
    score_file(file, _dummy(), batch_size=100, force=True)
    assert results(tmp_path) == found


def test_the_state_never_runs_ahead_of_the_data(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, dump = os.fsync, json.dump

    def noting(name: str, function: Callable[..., None]) -> Callable[..., None]:
        def noted(*given: Any, **options: Any) -> None:
            order.append(name)
            function(*given, **options)

        return noted

    monkeypatch.setattr(resume, "_INTERVAL", 0.0)
    monkeypatch.setattr(os, "fsync", noting("fsync", fsync))
    monkeypatch.setattr(json, "dump", noting("state", dump))
    (tmp_path / "a.csv").write_bytes(b"text\nx\n")
    score_file(tmp_path / "a.csv", recorder)
    # begin: the state alone; then head, batch and end: both parts, then the state, which is synced itself
    assert order == ["state", "fsync"] + ["fsync", "fsync", "state", "fsync"] * 3


def _dummy() -> Recorder:
    from toxmeter.models import DummyScorer

    return DummyScorer()  # type: ignore[return-value]
