from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter import load
from toxmeter.errors import InputError
from toxmeter.evaluation import cache as module
from toxmeter.evaluation.cache import CachedScorer, cache_folder
from toxmeter.evaluation.recorded import RecordedScorer
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer, Scorer
from toxmeter.models.scorer import FloatArray

TEXTS = [f"{row} toxic=0.{row % 10} insult=0.{row % 7}" for row in range(3_000)]
ODD = ["", "toxic=1 \ud800", "toxic=1 ?", "toxic=1 \ufffd", "\x00", "e\u0301 toxic=0.5", "\u00e9 toxic=0.5"]


class Failing(DummyScorer):
    """Is interrupted in the call after so many."""

    def __init__(self, calls: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        super().__init__()
        self.left, self.error = calls, error

    def score(self, texts: Any) -> FloatArray:
        if not self.left:
            raise self.error
        self.left -= 1
        return super().score(texts)


class Exact(DummyScorer):
    """Gives every text scores of its own, with all the digits that float32 has, down to the smallest numbers."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        self.calls.append(len(texts))
        marks = np.array([zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in texts], np.uint32)
        turned = (marks[:, None] >> np.arange(6, dtype=np.uint32)) % np.uint32(0x3F800001)  # the bits of 1.0 at most
        return turned.astype(np.uint32).view(np.float32)


def count(scorer: DummyScorer) -> int:
    return sum(scorer.calls)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.npy"))


def fill(folder: Path, texts: list[str] = TEXTS) -> FloatArray:
    with CachedScorer(DummyScorer(), folder) as cached:
        return cached.score(texts)


def rescored(folder: Path, texts: list[str] = TEXTS) -> int:
    """How many texts are scored anew; checks that all scores are right."""
    inner = DummyScorer()
    with CachedScorer(inner, folder) as cached:
        np.testing.assert_array_equal(cached.score(texts), DummyScorer().score(texts))
    return count(inner)


@pytest.mark.parametrize("texts", [TEXTS, ODD, [], TEXTS[:1]])
def test_scores_are_those_of_the_scorer_and_asked_for_once(texts: list[str], tmp_path: Path) -> None:
    assert rescored(tmp_path, texts) == len(texts)
    assert rescored(tmp_path, texts[::-1]) == 0
    kept = fill(tmp_path, texts)
    assert kept.dtype == np.float32
    assert kept.shape == (len(texts), 6)


ANY = st.lists(st.text(st.characters(exclude_categories=()), max_size=3), max_size=12)  # lone surrogates too


@settings(max_examples=40)
@given(batches=st.lists(st.tuples(ANY, st.booleans()), max_size=5), first=st.integers(1, 4), chunk=st.integers(1, 6))
def test_any_texts_in_any_batches(batches: list[tuple[list[str], bool]], first: int, chunk: int) -> None:
    inner = Exact()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FIRST", first)
        patch.setattr(module, "_CHUNK", chunk)
        cached = CachedScorer(inner, Path(folder))
        for texts, reopened in batches:
            if reopened:
                cached.flush()
                cached = CachedScorer(inner, Path(folder))
            np.testing.assert_array_equal(cached.score(texts), Exact().score(texts))
    assert count(inner) == len({text for texts, _ in batches for text in texts})
    assert max(inner.calls, default=0) <= max(first, chunk)


def test_it_is_a_scorer_with_what_the_other_has() -> None:
    inner = DummyScorer()
    cached = CachedScorer(inner)
    assert isinstance(cached, Scorer)
    assert (cached.labels, cached.version, cached.thresholds, cached.window, cached.live) == (
        inner.labels, inner.version, inner.thresholds, inner.window, True)
    with pytest.raises(InputError, match="one bare text"):
        cached.score("text")
    cached.score(["a"])[:] = 1  # what is given away is not what is kept
    assert not cached.score(["a"]).any()


def test_windows_are_those_of_the_scorer() -> None:
    text = "You are kind. " * 100
    assert CachedScorer(load("mini")).spans([text, ""]) == load("mini").spans([text, ""])  # type: ignore[attr-defined]
    assert CachedScorer(DummyScorer()).spans([text, ""]) == [[(0, len(text))], [(0, 0)]]


def test_no_text_is_written(tmp_path: Path) -> None:
    fill(tmp_path, ["the secret word"])
    assert all(b"secret" not in file.read_bytes() for file in files(tmp_path))


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with CachedScorer(DummyScorer()) as cached:
        cached.score(TEXTS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_was_scored_before_an_interruption_is_kept(error: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(error), CachedScorer(Failing(2, error), tmp_path) as cached:
        cached.score(TEXTS)
    done = 256 + 512  # the first two calls
    assert rescored(tmp_path) == 3_000 - done


def test_after_kill_9_what_has_a_file_is_kept(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from toxmeter.evaluation import cache
from toxmeter.models import DummyScorer
class Killed(DummyScorer):
    def score(self, texts):
        if len(self.calls) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().score(texts)
cache._CHUNK = 512
with cache.CachedScorer(Killed(), Path({str(tmp_path)!r})) as cached:
    cached.score([f"{{row}} toxic=0.{{row % 10}} insult=0.{{row % 7}}" for row in range(3_000)])
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert rescored(tmp_path) == 3_000 - (256 + 4 * 512)  # a file is full after the second call, then after each


def test_two_processes_at_once(tmp_path: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
import numpy as np
from toxmeter.evaluation.cache import CachedScorer
from toxmeter.models import DummyScorer
texts = [f"{{row}} toxic=0.{{row % 10}} insult=0.{{row % 7}}" for row in range(3_000)]
begin = int(sys.argv[1])
while time.time() < float(sys.argv[2]):
    pass
for _ in range(3):
    with CachedScorer(DummyScorer(), Path({str(tmp_path)!r})) as cached:
        part = texts[begin : begin + 2_000]
        assert np.array_equal(cached.score(part), DummyScorer().score(part))
"""
    at = str(time.time() + 1.5)
    both = [subprocess.Popen([sys.executable, "-c", program, begin, at]) for begin in ("0", "1000")]
    assert [process.wait() for process in both] == [0, 0]
    assert rescored(tmp_path) == 0
    assert not [file for file in tmp_path.rglob("*") if file.suffix == ".part"]


@pytest.mark.parametrize("harm", [
    lambda content: content[:-1], lambda content: content[:100], lambda content: content[:0],
    lambda content: content + b"\0", lambda content: content[:-4] + b"\x00\x00\x80\x3f",
    lambda content: b"PK" + content[2:]])
def test_a_damaged_file_is_scored_again(harm: Any, tmp_path: Path) -> None:
    fill(tmp_path)
    whole, *_ = files(tmp_path)
    lost = len(np.load(whole))
    content = whole.read_bytes()
    whole.write_bytes(harm(content))
    assert rescored(tmp_path) == lost
    assert rescored(tmp_path) == 0


def test_foreign_files_are_passed_over(tmp_path: Path) -> None:
    fill(tmp_path)
    first, *_ = files(tmp_path)
    np.save(first.parent / "other.npy", np.zeros(3))
    (first.parent / ("0" * 64 + ".npy")).write_bytes(first.read_bytes())
    (first.parent / ".abc.part").write_bytes(b"half")
    (first.parent / "folder.npy").mkdir()
    assert rescored(tmp_path) == 0


def test_a_file_of_another_version_does_not_count(tmp_path: Path) -> None:
    class Newer(DummyScorer):
        version = "dummy@1+00000001"

        def _score_short(self, texts: list[str]) -> FloatArray:
            return (super()._score_short(texts) / 2).astype(np.float32)

    fill(tmp_path)
    with CachedScorer(newer := Newer(), tmp_path) as cached:
        np.testing.assert_array_equal(cached.score(TEXTS), DummyScorer().score(TEXTS) / 2)
    assert count(newer) == 3_000
    one, other = tmp_path.iterdir()
    for file in files(tmp_path):  # even where somebody copies them over
        ((other if file.parent == one else one) / file.name).write_bytes(file.read_bytes())
    with CachedScorer(Newer(), tmp_path) as cached:
        np.testing.assert_array_equal(cached.score(TEXTS), DummyScorer().score(TEXTS) / 2)
    assert rescored(tmp_path) == 0


def test_other_labels_are_kept_apart(tmp_path: Path) -> None:
    fill(tmp_path)
    two = DummyScorer(LabelSet(("insult", "toxic"), "multilabel"))
    with CachedScorer(two, tmp_path) as cached:
        np.testing.assert_array_equal(cached.score(TEXTS), DummyScorer(two.labels).score(TEXTS))
    assert count(two) == 3_000


def test_another_version_of_toxmeter_scores_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    monkeypatch.setattr(module, "__version__", "99.0")
    assert rescored(tmp_path) == 3_000


def test_scores_that_are_none_are_asked_for_again(tmp_path: Path) -> None:
    class Shaky(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            scores = super()._score_short(texts)
            scores[0] = np.nan
            return scores

    with CachedScorer(Shaky(), tmp_path) as cached:
        assert np.isnan(cached.score(TEXTS[:10])[0]).all()
    assert rescored(tmp_path, TEXTS[:10]) == 1


def test_a_folder_that_cannot_be_written_is_told_before_scoring(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inner = DummyScorer()
    for name in ("file", "x" * 300):  # one that is no folder, and one that cannot even be looked at
        with pytest.raises(InputError, match=r"scores cannot be kept there .*; set XDG_CACHE_HOME"):
            CachedScorer(inner, tmp_path / name).score(TEXTS)
        assert count(inner) == 0
        assert CachedScorer(inner, tmp_path / name).score([]).shape == (0, 6)


def test_an_error_is_not_hidden_by_one_of_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(RuntimeError), CachedScorer(Failing(1, RuntimeError), tmp_path) as cached:
        cached.score(TEXTS)
    with pytest.raises(InputError, match="No space left"), CachedScorer(DummyScorer(), tmp_path) as cached:
        cached.score(TEXTS[:10])


def test_recorded_scores_are_asked_directly(tmp_path: Path) -> None:
    given = RecordedScorer(["a"], np.ones((1, 1), np.float32), labels=LabelSet(("toxic",), "multilabel"),
                           version="theirs@1", thresholds={}, source="theirs.csv")
    cached = CachedScorer(given, tmp_path)
    assert not cached.live
    assert cached.score(["a"]).tolist() == [[1.0]]
    assert cached.knows(["a", "b"]).tolist() == [True, False]
    assert CachedScorer(DummyScorer()).knows(["a", "b"]).all()
    assert not list(tmp_path.iterdir())


def test_progress_counts_distinct_texts(tmp_path: Path) -> None:
    fill(tmp_path, TEXTS[:1_000])
    told: list[tuple[int, int]] = []
    with CachedScorer(DummyScorer(), tmp_path, progress=lambda *counts: told.append(counts)) as cached:
        cached.score(TEXTS + TEXTS)
    assert told[0] == (1_000, 3_000)
    assert told[-1] == (3_000, 3_000)
    assert told == sorted(told)


def test_where_scores_are_kept_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "toxmeter" / "scores"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "toxmeter" / "scores"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # a user without an entry
    with pytest.raises(InputError, match="no home folder; set XDG_CACHE_HOME"):
        cache_folder()
