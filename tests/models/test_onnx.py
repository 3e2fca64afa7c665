"""The ONNX scorer: texts of any kind and number, on a graph made by hand and on exported models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toxmeter import TextGuardrail, load
from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.errors import ArtifactError, InputError
from toxmeter.export.forms import exported
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import Scorer
from toxmeter.models.onnx import FILES, FastTokenizer, OnnxScorer
from toxmeter.models.transformer import TransformerScorer

MIXED = ["", " \n\t", "a nice day", "you are rude", "\ud800 \udfff", "\x00\x07\x1b", "é 你好 🔪", "x" * 5_000]
MULTICLASS = LabelSet(("kind", "rude", "hateful"), "multiclass", toxic=("rude", "hateful"))


def made(classifier: Callable[[int], tuple[Any, Any]], labels: LabelSet) -> TransformerScorer:
    model, tokenizer = classifier(len(labels))
    return TransformerScorer(model, tokenizer, labels=labels, thresholds={}, version="tiny@1+0", max_length=32)


@pytest.fixture(scope="module", params=[JIGSAW, MULTICLASS], ids=["multilabel", "multiclass"])
def pair(request: pytest.FixtureRequest, classifier: Callable[[int], tuple[Any, Any]]) -> tuple[Any, Any]:
    """A transformer and its export in float32."""
    original = made(classifier, request.param)
    return original, exported(original, "onnx").open({}, {})


@pytest.fixture(scope="module")
def files(classifier: Callable[[int], tuple[Any, Any]]) -> tuple[dict[str, bytes], dict[str, Any]]:
    form = exported(made(classifier, JIGSAW), "onnx")
    return dict(form.files), dict(form.settings)


@pytest.fixture
def saved(tmp_path: Path, files: tuple[dict[str, bytes], dict[str, Any]]) -> Callable[..., Artifact]:
    def save(content: dict[str, bytes] | None = None, **changes: Any) -> Artifact:
        manifest = Manifest(name="tiny", number=2, format="onnx", labels=JIGSAW, model=files[1])
        return write_artifact(tmp_path / "tiny", replace(manifest, **changes), files[0] if content is None else content,
                              card="# tiny\n", replace=True)

    return save


def test_scores_are_those_of_torch(pair: tuple[Any, Any]) -> None:
    original, scorer = pair
    assert isinstance(scorer, Scorer)
    np.testing.assert_allclose(scorer.score(MIXED), original.score(MIXED), atol=2e-3)
    assert scorer.window == original.window


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(st.text(max_size=80), max_size=6), data=st.data())
def test_order_and_company_do_not_matter(pair: tuple[Any, Any], texts: list[str], data: st.DataObject) -> None:
    scorer = pair[1]
    order = data.draw(st.permutations(range(len(texts))))
    together = scorer.score(texts)
    assert together.shape == (len(texts), len(scorer.labels))
    assert together.dtype == np.float32
    np.testing.assert_allclose(scorer.score([texts[row] for row in order]), together[order], atol=1e-5)


def test_long_text_is_read_whole(pair: tuple[Any, Any]) -> None:
    original, scorer = pair
    long = "have a nice day. " * 300 + "you are a stupid idiot."
    np.testing.assert_allclose(scorer.score([long, "x"]), original.score([long, "x"]), atol=2e-3)


def test_more_texts_than_a_block(pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"day {number}" for number in range(50)]
    at_once = pair[1].score(texts)
    monkeypatch.setattr("toxmeter.models.encoder._BLOCK", 7)
    np.testing.assert_allclose(pair[1].score(texts), at_once, atol=1e-5)


@pytest.mark.parametrize(("texts", "message"), [("bare", "one bare text"), (["a", None], r"texts\[1\] is None")])
def test_what_is_no_text_is_named(pair: tuple[Any, Any], texts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pair[1].score(texts)


def test_threads_may_share_a_scorer(pair: tuple[Any, Any]) -> None:
    scorer = pair[1]
    expected = scorer.score(MIXED)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: scorer.score(MIXED), range(8)):
            np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few texts are enough for batches side by side, on any machine."""
    monkeypatch.setattr("toxmeter.models.onnx._OWN", 24)
    monkeypatch.setattr("toxmeter.models.onnx.processors", lambda: 2)


@pytest.mark.usefixtures("small_batches")
def test_batches_side_by_side_give_the_same_scores(saved: Callable[..., Artifact]) -> None:
    path = saved().path
    graph, tokenizer = (path / name for name in FILES)
    reader = FastTokenizer(tokenizer.read_bytes(), pad=0, fields=["input_ids", "token_type_ids"])
    one, three = (OnnxScorer(graph, reader, labels=JIGSAW, thresholds={}, version="tiny@1+0", max_length=32,
                             threads=threads) for threads in (1, 3))
    texts = [*MIXED, *(f"day {number} of {number * number}" for number in range(60))]
    np.testing.assert_allclose(three.score(texts), one.score(texts), atol=1e-6)
    assert vars(three)["_single"], "three threads should have run batches of their own"
    assert "_single" not in vars(one)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("by", ["garbage", "another model", "nothing"])
def test_what_replaces_the_file_later_is_not_read(
    saved: Callable[..., Artifact], classifier: Callable[[int], tuple[Any, Any]], tmp_path: Path, by: str
) -> None:
    artifact = saved()
    scorer = load(artifact.path)
    texts = [f"day {number}" for number in range(400)]
    expected = [scorer.score([text])[0] for text in texts]
    if by == "nothing":
        (artifact.path / FILES[0]).unlink()
    else:
        other = exported(made(classifier, LabelSet(("a", "b"), "multilabel")), "onnx").files[FILES[0]]
        (tmp_path / "other").write_bytes(b"garbage" if by == "garbage" else other)
        (tmp_path / "other").replace(artifact.path / FILES[0])
    np.testing.assert_allclose(scorer.score(texts), expected, atol=1e-5)


@pytest.mark.usefixtures("small_batches")
def test_a_batch_that_fails_ends_the_others(saved: Callable[..., Artifact], monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = load(saved().path)
    seen: list[int] = []

    def fail(session: Any, inputs: Any) -> Any:
        seen.append(1)
        time.sleep(0.02)
        raise RuntimeError("out of memory")

    monkeypatch.setattr("toxmeter.models.onnx._infer", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        scorer.score([f"day {number}" for number in range(2_000)])
    assert len(seen) < 200


def test_an_artifact_loads_and_guards(saved: Callable[..., Artifact]) -> None:
    artifact = saved(thresholds={"toxic": 0.3})
    scorer = load(artifact.path)
    assert isinstance(scorer, OnnxScorer)
    assert scorer.version == artifact.version
    assert scorer.thresholds == dict.fromkeys(JIGSAW.names, 0.5) | {"toxic": 0.3}
    assert TextGuardrail(scorer).check_text("a nice day").scores.keys() == set(JIGSAW.names)


@pytest.mark.parametrize(("changes", "reason"), [
    ({"model": {"pad": 0, "fields": ["input_ids", "token_type_ids"]}}, "max_length"),
    ({"model": {"pad": 0, "fields": ["input_ids"], "max_length": 32}}, "the graph takes attention_mask, input_ids"),
    ({"labels": LabelSet(("a", "b"), "multilabel")}, "a graph of 6 outputs for 2 labels"),
    ({"calibration": {"kind": "platt"}}, "slope needs"),
])
def test_what_does_not_fit_the_manifest_is_said(
    saved: Callable[..., Artifact], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ArtifactError, match=reason):
        load(saved(**changes).path)


@pytest.mark.parametrize(("name", "content", "reason"), [
    (FILES[0], b"no graph", "onnxruntime cannot read the graph"),
    (FILES[1], b"{}", "tokenizer.json: "),
    (FILES[1], b"\xff", "tokenizer.json: "),
])
def test_a_broken_file_is_named(
    saved: Callable[..., Artifact], files: tuple[dict[str, bytes], dict[str, Any]], name: str, content: bytes,
    reason: str,
) -> None:
    with pytest.raises(ArtifactError, match=reason):
        load(saved(files[0] | {name: content}).path)


def test_a_missing_file_is_said(saved: Callable[..., Artifact], files: tuple[dict[str, bytes], dict[str, Any]]) -> None:
    with pytest.raises(ArtifactError, match="not an ONNX model of its manifest"):
        load(saved({FILES[0]: files[0][FILES[0]]}).path)


def test_padding_and_cuts_saved_with_a_tokenizer_are_dropped(
    saved: Callable[..., Artifact], files: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    table = json.loads(files[0][FILES[1]])
    table["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    cut = load(saved(files[0] | {FILES[1]: json.dumps(table).encode()}).path).score(["have a nice day you idiot"])
    np.testing.assert_array_equal(cut, load(saved().path).score(["have a nice day you idiot"]))
