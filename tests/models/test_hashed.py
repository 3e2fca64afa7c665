from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import load
from toxmeter.artifact import Artifact, write_artifact
from toxmeter.errors import ArtifactError, InputError
from toxmeter.evaluation.everyday import everyday
from toxmeter.labels import JIGSAW
from toxmeter.models import Scorer
from toxmeter.models.catalog import artifact_of
from toxmeter.models.hashed import HashedScorer, NumpyKernel
from toxmeter.models.ngrams import Fold
from toxmeter.training.fold import make_fold

NANO = load("nano")


@pytest.fixture
def scorer(table: npt.NDArray[np.uint8], fold: Fold) -> Callable[..., HashedScorer]:
    def make(window: int = 200, threads: int | None = None) -> HashedScorer:
        return HashedScorer(table, fold, [0.001] * 6, [-1.0] * 6, labels=JIGSAW, thresholds={}, version="test@1+0",
                            window=window, threads=threads)

    return make


def test_is_a_scorer() -> None:
    assert isinstance(NANO, Scorer)
    assert NANO.version.startswith("nano@1+")
    assert NANO.labels == JIGSAW


@pytest.mark.parametrize("texts", [[], ["one"], ["one", "", " \n", "\ud800", "x" * 10_000]])
def test_shape_and_range(texts: list[str]) -> None:
    scores = NANO.score(texts)
    assert scores.shape == (len(texts), 6)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


@given(st.lists(st.text(max_size=50), min_size=1, max_size=20), st.randoms())
def test_score_does_not_depend_on_the_batch(texts: list[str], random: object) -> None:
    together = NANO.score(texts)
    alone = np.concatenate([NANO.score([text]) for text in texts])
    assert (together == alone).all()
    assert (NANO.score(tuple(texts)) == together).all()


@given(st.lists(st.text(max_size=80), max_size=10))
def test_numpy_and_kernel_give_equal_scores(texts: list[str]) -> None:
    fold = make_fold()
    table = np.random.default_rng(1).integers(0, 256, (1 << 10, 8), np.uint8)
    table[:, 7] = 1
    compiled = HashedScorer(table, fold, [0.01] * 6, [-1.0] * 6, labels=JIGSAW, thresholds={}, version="", window=100)
    plain = NumpyKernel(table, fold, [0.01] * 6, [-1.0] * 6, 100).score(texts)
    assert plain is not None
    np.testing.assert_allclose(compiled.score(texts), plain, rtol=3e-7)


def test_long_text_has_the_largest_score_of_its_windows(scorer: Callable[..., HashedScorer]) -> None:
    from toxmeter.text import windows

    text = "You are kind. " * 10 + "You are a fool. " + "Have a nice day. " * 20
    model = scorer(window=100)
    pieces = [text[begin:end] for begin, end in windows(text, 100)]
    assert len(pieces) > 3
    assert (model.score([text])[0] == model.score(pieces).max(axis=0)).all()


def test_nothing_of_a_long_text_is_cut() -> None:
    quiet = "The weather is nice today. " * 2_000
    assert NANO.score([quiet])[0, 0] < 0.1
    assert NANO.score([quiet + "You are a stupid worthless idiot."])[0, 0] > 0.5


def test_ten_megabytes() -> None:
    assert NANO.score(["word " * 2_000_000, "x" * 10_000_000]).shape == (2, 6)


@pytest.mark.parametrize(("texts", "named"), [
    ([None], r"texts\[0\] is None"), (["a", float("nan")], r"texts\[1\] is nan"), (["a", 3], r"texts\[1\] is 3"),
    ("one bare text", "bare text"), ([b"x"], "bytes"),
])
def test_what_is_no_text_is_named(texts: list[str], named: str) -> None:
    with pytest.raises(InputError, match=named):
        NANO.score(texts)


def test_threads_give_the_same_scores(scorer: Callable[..., HashedScorer]) -> None:
    texts = [f"text {i} " + "word " * (i % 40) for i in range(10_000)]
    assert (scorer(threads=4).score(texts) == scorer(threads=1).score(texts)).all()


def test_one_scorer_serves_many_threads() -> None:
    texts = [f"you are number {i} of many" for i in range(2_000)]
    expected = NANO.score(texts)
    wrong: list[int] = []

    def work() -> None:
        wrong.extend(1 for _ in range(30) if not (NANO.score(texts) == expected).all())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_forked_process_scores_too() -> None:
    code = ("import os, toxmeter; s = toxmeter.load('nano'); texts = ['hello'] * 9000; s.score(texts)\n"
            "child = os.fork()\n"
            "if child == 0: os._exit(0 if s.score(texts).shape == (9000, 6) else 1)\n"
            "assert os.waitpid(child, 0)[1] == 0")
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_without_a_kernel_there_is_one_visible_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toxmeter.models._hashed", None)
    with pytest.warns(RuntimeWarning, match="without its compiled kernel") as seen:
        slow = load("nano")
    assert len(seen) == 1
    texts = everyday()[:50]
    np.testing.assert_allclose(slow.score(texts), NANO.score(texts), rtol=3e-7)


@pytest.mark.parametrize("change", [
    {"model": {}}, {"calibration": {}}, {"model": {"scale": [1.0], "bias": [1.0], "window": 9, "bits": 4}},
])
def test_an_artifact_with_missing_settings_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    nano = artifact_of("nano")
    files = {name: (nano.path / name).read_bytes() for name in nano.files}
    broken = write_artifact(tmp_path / "broken", dataclasses.replace(nano.manifest, **change), files, card="")  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="hashed model"):
        load(broken.path)


@pytest.mark.parametrize("name", ["table.npy", "fold_index.npy", "fold_pages.npy"])
def test_a_damaged_copy_of_nano_is_refused(name: str, tmp_path: Path) -> None:
    shutil.copytree(artifact_of("nano").path, tmp_path / "nano")
    file = tmp_path / "nano" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ArtifactError, match=name):
        load(tmp_path / "nano")


def test_nano_is_small_and_whole() -> None:
    artifact: Artifact = artifact_of("nano")
    assert artifact.size < 6_000_000
    assert artifact.version == NANO.version


def test_nano_leaves_everyday_sentences_alone() -> None:
    thresholds = np.array([NANO.thresholds[name] for name in JIGSAW.names])
    assert (NANO.score(everyday()) >= thresholds).any(axis=1).mean() <= 0.02


@pytest.mark.parametrize(("text", "label"), [
    ("You're so stupid and worthless", "insult"), ("I will kill you tomorrow", "threat"),
    ("I hate everyone here", "toxic"), ("y0u 4re s0 5tup1d and w0rthle55", "insult"),
    ("you are so s t u p i d and w o r t h l e s s", "insult"),
])
def test_nano_sees(text: str, label: str) -> None:
    assert NANO.score([text])[0, JIGSAW.id(label)] > 0.5


@pytest.mark.parametrize("text", ["Hello, how are you today?", "The weather is nice today", "", " ", "?!", "12345",
                                  "I am a gay man.", "My Muslim neighbours invited us for dinner.",
                                  "How do I kill a process on port 80?"])
def test_nano_does_not_mind(text: str) -> None:
    assert NANO.score([text])[0].max() < 0.5


@pytest.mark.parametrize("wrong", [None, 3.5])
def test_what_is_no_text_is_named_in_a_large_batch(wrong: str) -> None:
    with pytest.raises(InputError, match=r"texts\[9000\]"):
        NANO.score(["fine"] * 9_000 + [wrong] + ["fine"] * 9_000)


def test_a_long_text_in_a_large_batch_changes_no_other_score() -> None:
    texts = [f"you are number {i}" for i in range(5_000)]
    long = "You are a fool. " * 1_000
    mixed = NANO.score([*texts[:2_500], long, *texts[2_500:]])
    assert (np.delete(mixed, 2_500, axis=0) == NANO.score(texts)).all()
    assert (mixed[2_500] == NANO.score([long])[0]).all()
