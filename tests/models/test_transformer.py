"""The transformer scorer: probabilities of a torch model, for texts of any kind and length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from toxmeter.extras import need
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import Scorer, TransformerScorer
from toxmeter.models.deferral import cut
from toxmeter.models.pretrained import quiet, transformer_files
from toxmeter.models.scorer import Windowed

MIXED = ["", " \n\t", "a nice day", "you are rude", "\ud800 \udfff", "\x00\x07\x1b", "é 你好 🔪", "x" * 5_000]
MULTICLASS = LabelSet(("kind", "rude", "hateful"), "multiclass", toxic=("rude", "hateful"))
SENTIMENT = LabelSet(("negative", "positive"), "binary")
ALL = [JIGSAW, MULTICLASS, SENTIMENT]

Make = Callable[..., TransformerScorer]


@pytest.fixture(scope="module")
def scorer(classifier: Callable[[int], tuple[Any, Any]]) -> Make:
    def make(labels: LabelSet = JIGSAW, max_length: int = 32, **calibration: Any) -> TransformerScorer:
        model, tokenizer = classifier(len(labels))
        return TransformerScorer(model, tokenizer, labels=labels, thresholds={}, version="tiny@1+0",
                                 max_length=max_length, calibration=calibration)

    return make


@pytest.fixture
def saved(tmp_path: Path, classifier: Callable[[int], tuple[Any, Any]]) -> Callable[..., Artifact]:
    def save(labels: LabelSet = JIGSAW, **changes: Any) -> Artifact:
        manifest = Manifest(name="tiny", number=2, format="transformer", labels=labels, model={"max_length": 32})
        files = transformer_files(*classifier(len(labels)), labels)
        return write_artifact(tmp_path / "tiny", replace(manifest, **changes), files, card="# tiny\n", replace=True)

    return save


def by_hand(scorer: TransformerScorer, text: str) -> np.ndarray[Any, Any]:
    """The score of one text, by the plainest use of torch and transformers."""
    import torch

    with torch.inference_mode():
        inputs = scorer.tokenizer(text, return_tensors="pt").to(scorer.network.device)
        logits = scorer.network(**inputs).logits
        found = torch.sigmoid(logits) if scorer.labels.kind == "multilabel" else torch.softmax(logits, -1)
    row: np.ndarray[Any, Any] = found.cpu().numpy()[0]
    return row


def test_it_is_a_scorer(scorer: Make) -> None:
    tiny = scorer()
    assert isinstance(tiny, Scorer)
    assert tiny.thresholds == dict.fromkeys(JIGSAW.names, 0.5)
    assert tiny.window >= tiny.max_length == 32


@pytest.mark.parametrize("labels", ALL)
@pytest.mark.parametrize("texts", [[], ["one"], MIXED])
def test_shape_and_range(scorer: Make, labels: LabelSet, texts: list[str]) -> None:
    scores = scorer(labels).score(texts)
    assert scores.shape == (len(texts), len(labels))
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    if labels.kind != "multilabel":
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("labels", ALL)
def test_scores_are_those_of_the_model_in_the_order_of_the_texts(scorer: Make, labels: LabelSet) -> None:
    tiny = scorer(labels)
    texts = [" ".join(["you are not", *["very"] * (7 * i % 20), "nice"]) for i in range(20)]
    expected = [by_hand(tiny, text) for text in texts]
    assert np.ptp(expected, axis=0).min() > 0.01  # the texts can be told apart
    np.testing.assert_allclose(tiny.score(texts), expected, atol=1e-5)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=60) | st.sampled_from(MIXED), min_size=1, max_size=8))
def test_a_score_does_not_depend_on_the_batch(scorer: Make, texts: list[str]) -> None:
    tiny = scorer()
    np.testing.assert_allclose(tiny.score(texts), np.concatenate([tiny.score([text]) for text in texts]), atol=1e-5)


def windows_of(tiny: TransformerScorer, text: str) -> np.ndarray[Any, Any]:
    rows, _ = tiny._reader.read([text])
    assert len(rows) > 3
    decoded = tiny._reader._tokenizer.batch_decode([row[0] for row in rows], skip_special_tokens=True)
    return tiny.score(decoded)


LONG = "You are kind. " * 8 + "You stupid, ugly fool! " + "Have a nice day, my friend. " * 12


def test_long_text_has_the_largest_score_of_its_windows(scorer: Make) -> None:
    tiny = scorer()
    np.testing.assert_allclose(tiny.score(["a", LONG, "b"])[1], windows_of(tiny, LONG).max(axis=0), atol=1e-5)


def test_it_tells_its_windows(scorer: Make) -> None:
    tiny = scorer()
    assert isinstance(tiny, Windowed)
    texts = ["a", LONG, ""]
    spans = tiny.spans(texts)
    assert (spans[0], spans[2]) == ([(0, 1)], [(0, 0)])
    assert len(spans[1]) > 2
    np.testing.assert_array_equal(cut(tiny, texts).owners, [0, *[1] * len(spans[1]), 2])
    windows = tiny.score([LONG[begin:end] for begin, end in spans[1]])
    np.testing.assert_allclose(tiny.score([LONG])[0], windows.max(axis=0), atol=1e-5)


@pytest.mark.parametrize("labels", [MULTICLASS, SENTIMENT])
def test_windows_of_classes_are_not_told_since_the_maximum_does_not_join_them(scorer: Make, labels: LabelSet) -> None:
    assert scorer(labels).spans([LONG, "a"]) == [[(0, len(LONG))], [(0, 1)]]


def test_long_text_of_classes_has_the_row_of_its_most_toxic_window(scorer: Make) -> None:
    tiny = scorer(MULTICLASS)
    windows = windows_of(tiny, LONG)
    expected = windows[MULTICLASS.toxicity(windows).argmax()]
    np.testing.assert_allclose(tiny.score([LONG, "a"])[0], expected, atol=1e-5)


def test_long_text_without_toxic_classes_has_the_mean_of_its_windows(scorer: Make) -> None:
    tiny = scorer(SENTIMENT)
    np.testing.assert_allclose(tiny.score(["a", LONG])[1], windows_of(tiny, LONG).mean(axis=0), atol=1e-5)


def test_a_text_that_fits_in_tokens_is_read_whole_though_it_has_many_characters(scorer: Make) -> None:
    tiny = scorer(max_length=128)
    text = "people would should " * 40
    assert len(text) > 6 * 128
    np.testing.assert_allclose(tiny.score([text])[0], by_hand(tiny, text), atol=1e-5)


@pytest.mark.parametrize(("calibration", "change"), [
    ({"kind": "temperature", "temperature": 4.0}, lambda logits: logits / 4),
    ({"kind": "platt", "slope": [2.0] * 6, "intercept": [1.0] * 6}, lambda logits: 2 * logits + 1),
])
def test_logits_are_calibrated(scorer: Make, calibration: dict[str, Any],
                               change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    plain = scorer().score(["a nice day", "rude"]).astype(np.float64)
    expected = 1 / (1 + np.exp(-change(np.log(plain / (1 - plain)))))
    np.testing.assert_allclose(scorer(**calibration).score(["a nice day", "rude"]), expected, atol=1e-5)


@pytest.mark.parametrize("wrong", ["bare", [None], ["a", 1], None])
def test_what_is_no_text_is_refused(scorer: Make, wrong: Sequence[str]) -> None:
    with pytest.raises(InputError):
        scorer().score(wrong)


def test_several_threads_may_score(scorer: Make) -> None:
    tiny = scorer()
    batches = [[f"text {i} " * j for j in range(5)] for i in range(12)]
    alone = [tiny.score(batch) for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        for one, other in zip(alone, threads.map(tiny.score, batches), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_tokenizer_without_padding_scores_as_one_with(scorer: Make) -> None:
    texts = ["a", "a nice day, my friend", "you"]
    tiny, other = scorer(), scorer()
    other._budget = 0
    np.testing.assert_allclose(tiny.score(texts), other.score(texts), atol=1e-5)


@pytest.mark.parametrize(("labels", "max_length", "message"), [
    (SENTIMENT, 32, "6 outputs for 2 labels"), (JIGSAW, 129, "reads 3 to 128 tokens"), (JIGSAW, 2, "reads 3 to 128"),
])
def test_a_model_that_does_not_fit(classifier: Callable[[int], tuple[Any, Any]], labels: LabelSet, max_length: int,
                                   message: str) -> None:
    model, tokenizer = classifier(6)
    with pytest.raises(ValueError, match=message):
        TransformerScorer(model, tokenizer, labels=labels, thresholds={}, version="", max_length=max_length)


@pytest.mark.parametrize("labels", ALL)
def test_a_saved_model_scores_as_before(saved: Callable[..., Artifact], scorer: Make, labels: LabelSet) -> None:
    artifact = saved(labels, thresholds={labels.names[0]: 0.25})
    again = load(artifact.path)
    assert again.labels == labels
    assert again.version == artifact.version
    assert again.thresholds[labels.names[0]] == 0.25
    assert again.thresholds[labels.names[1]] == 0.5
    np.testing.assert_allclose(again.score(MIXED), scorer(labels).score(MIXED), atol=1e-6)


@pytest.mark.parametrize("changes", [
    {"model": {}}, {"model": {"max_length": "many"}}, {"model": {"max_length": 4_096}}, {"model": {"max_length": None}},
    {"calibration": {"kind": "platt"}}, {"calibration": {"kind": "magic"}},
    {"labels": LabelSet(("a", "b"), "multilabel")},
])
def test_a_manifest_that_does_not_fit(saved: Callable[..., Artifact], changes: dict[str, Any]) -> None:
    artifact = replace(opened := saved(), manifest=replace(opened.manifest, **changes))
    with pytest.raises(ArtifactError, match="not a transformer of its manifest"):
        TransformerScorer.from_artifact(artifact)


@pytest.mark.parametrize("labels", ALL)
def test_hugging_face_opens_a_saved_model_with_equal_scores(saved: Callable[..., Artifact], labels: LabelSet) -> None:
    transformers = need("transformers", extra="train")
    path = saved(labels).path
    with quiet():
        model = transformers.AutoModelForSequenceClassification.from_pretrained(path)
        pipeline = transformers.pipeline("text-classification", str(path), top_k=None)
        texts = ["a nice day", "you are rude", ""]
        found = [{each["label"]: each["score"] for each in row} for row in pipeline(texts)]
    assert [model.config.id2label[column] for column in range(len(labels))] == list(labels.names)
    for row, expected in zip(load(path).score(texts), found, strict=True):
        np.testing.assert_allclose(row, [expected[name] for name in labels.names], atol=1e-5)


def test_a_saved_model_guards(saved: Callable[..., Artifact]) -> None:
    verdict = TextGuardrail(saved(thresholds=dict.fromkeys(JIGSAW.names, 0.0)).path).check_text("a nice day")
    assert verdict.label == "unsafe"
    assert verdict.version.startswith("tiny@2+")
