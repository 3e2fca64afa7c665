"""A hashed table trained on a tiny world: what comes out, what stays out, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toxmeter import load
from toxmeter.artifact import CARD
from toxmeter.data.read import read_rows
from toxmeter.data.split import assign, essence
from toxmeter.errors import InputError, TrainingError
from toxmeter.evaluation.quality import measure
from toxmeter.labels import JIGSAW
from toxmeter.recipe.schema import Data, Source
from toxmeter.training import train

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.data.read import Rows
    from toxmeter.recipe import Recipe

KEPT_OUT = "you are stupid says the stranger on the stairs"
VALIDATION, TEST = 1, 2


def fitted(recipe: Recipe, **changes: Any) -> Any:
    """The recipe's way of fitting with other settings."""
    how: Any = recipe.train
    return replace(how, **changes)


@pytest.fixture(scope="module")
def natural(world: Path) -> Rows:
    return read_rows("jigsaw-natural", world, JIGSAW)


@pytest.fixture(scope="module")
def part(natural: Rows) -> np.ndarray[Any, np.dtype[np.int64]]:
    return assign(natural.texts, (1 - 0.15 - 0.25, 0.15), seed=5)


def test_the_artifact_loads_and_tells_toxic_from_kind(trained: Any) -> None:
    scorer = load(trained.artifact.path)
    assert scorer.version == trained.artifact.version
    assert scorer.version.startswith("tiny@3+")
    assert scorer.labels == JIGSAW
    assert scorer.thresholds == dict.fromkeys(JIGSAW.names, 0.5)
    toxic = scorer.score(["you are stupid", "i will find and pinch you", "y.o.u a.r.e s.t.u.p.i.d"])[:, 0]
    kind = scorer.score(["what a lovely day", "the train leaves at noon", ""])[:, 0]
    assert toxic.min() > 0.8
    assert kind[:2].max() < 0.2
    assert scorer.score(["i will find and pinch you"])[0].argmax() in (0, JIGSAW.id("threat"))


def test_the_manifest_says_what_was_done(trained: Any, world: Path, natural: Rows, part: Any) -> None:
    manifest = trained.artifact.manifest
    assert (manifest.name, manifest.number, manifest.format) == ("tiny", 3, "hashed")
    assert manifest.recipe["seed"] == 5
    assert manifest.recipe["train"]["main_weight"] == 1.0  # a default, filled in
    sets = manifest.data["train"]["sets"]
    assert [each["preset"] for each in sets] == ["jigsaw-natural", "jigsaw-enriched", "hate-speech-offensive-shares"]
    assert [each["weight"] for each in sets] == [1.0, 1.0, 0.1]
    assert [each["rows"] for each in sets] == [int((part == 0).sum()), 251, 60]
    assert {each["sha256"] for each in sets} == {
        natural.origin["sha256"], read_rows("hate-speech-offensive-shares", world, JIGSAW).origin["sha256"]}
    assert manifest.data["validation"]["rows"] == int((part == VALIDATION).sum())
    assert manifest.data["test"]["rows"] == manifest.metrics["test"]["rows"] == int((part == TEST).sum())
    assert {"numpy", "scipy", "pyarrow", "python", "toxmeter"} == manifest.libraries.keys()
    assert 0 < manifest.metrics["train_loss"] < manifest.metrics["chance_loss"] < 0.7


def test_the_figures_are_those_of_the_saved_model(trained: Any, natural: Rows, part: Any) -> None:
    test = natural.take(part == TEST)
    again = measure(load(trained.artifact.path), test.texts, test.labels, seed=5)
    assert trained.artifact.manifest.metrics["test"] == again
    assert again["mean_auc"]["value"] > 0.9
    assert trained.artifact.manifest.metrics["headline"]["toxic F1"] == again["labels"]["toxic"]["f1"] > 0.8


def test_scores_are_calibrated_on_validation_rows(trained: Any, natural: Rows, part: Any) -> None:
    validation = natural.take(part == VALIDATION)
    mean = load(trained.artifact.path).score(validation.texts).mean(axis=0)
    np.testing.assert_allclose(mean, validation.labels.mean(axis=0), atol=0.03)


def test_no_near_copy_of_a_measured_row_is_trained_on(trained: Any, natural: Rows, part: Any) -> None:
    seen = set(map(essence, trained.texts))
    assert len(trained.texts) > 500
    assert not seen & {essence(text) for text in natural.take(part > 0).texts}
    # the enriched rows hold upper-case copies of natural rows of all parts
    copied = {essence(text) for text, of in zip(natural.texts[:100], part, strict=False) if of == TEST}
    assert len(copied) > 10


def test_rows_that_others_evaluate_with_are_not_trained_on(trained: Any, world: Path) -> None:
    enriched = read_rows("jigsaw-enriched", world, JIGSAW)
    assert essence(KEPT_OUT) in set(map(essence, enriched.texts))
    assert essence(KEPT_OUT) not in set(map(essence, trained.texts))


def test_rows_are_trained_on_once_and_some_once_more_spaced_out(trained: Any) -> None:
    data = trained.artifact.manifest.data["train"]
    rows, spaced = trained.texts[: data["rows"]], trained.texts[data["rows"] :]
    assert len({essence(text) for text in rows}) == len(rows)
    assert data["rows"] + data["left_out_as_near_copies"] == sum(each["rows"] for each in data["sets"])
    assert len(spaced) == data["spaced_copies"]
    assert 0.1 < len(spaced) / len(rows) < 0.3
    assert all(text[1::2].isspace() for text in spaced)
    assert set(map(essence, spaced)) <= set(map(essence, rows))


def test_a_label_of_one_class_is_named(recipe: Recipe, world: Path, tmp_path: Path, change: Any) -> None:
    def no_threats(columns: dict[str, list[Any]]) -> None:
        columns["threat"] = [0] * len(columns["threat"])

    with pytest.raises(InputError, match="label 'threat' has one class only in the validation rows"):
        train(recipe, change(world, tmp_path / "data", no_threats), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_label_without_a_positive_test_row_has_no_figures(
    recipe: Recipe, world: Path, natural: Rows, part: Any, tmp_path: Path, change: Any
) -> None:
    tested = set(natural.take(part == TEST).texts)

    def no_tested_threats(columns: dict[str, list[Any]]) -> None:
        columns["threat"] = [0 if text in tested else value
                             for text, value in zip(columns["comment_text"], columns["threat"], strict=True)]

    artifact = train(recipe, change(world, tmp_path / "data", no_tested_threats), tmp_path / "out")
    figures = artifact.manifest.metrics["test"]["labels"]["threat"]
    assert figures["positives"] == 0
    assert figures["auc"] == {"value": None, "low": None, "high": None}
    assert figures["average_precision"] is figures["recall"] is None
    assert artifact.manifest.metrics["test"]["mean_auc"]["value"] is None
    assert "| `threat` | 0 | – [–, –] | – |" in (artifact.path / CARD).read_text()


@pytest.mark.parametrize(("weight", "same"), [(0.0, True), (1.0, False)])
def test_a_source_counts_by_its_weight(
    recipe: Recipe, world: Path, tmp_path: Path, change: Any, weight: float, same: bool
) -> None:
    turned = change(world, tmp_path / "data", lambda _: None)
    file = turned / "hate_speech_offensive.parquet"
    tweets = pq.read_table(file).to_pydict()
    pq.write_table(pa.table(tweets | {"offensive_language": [3 - hate for hate in tweets["hate_speech"]]}), file)
    source = Source(set="hate-speech-offensive-shares", weight=weight)
    tweeting = Data(split="hash", main="jigsaw-natural", sources=(source,))
    short = replace(recipe, data=tweeting, train=fitted(recipe, iterations=10))
    one, other = train(short, world, tmp_path / "one"), train(short, turned, tmp_path / "other")
    assert (one.fingerprint == other.fingerprint) is same


def test_a_table_has_the_labels_of_its_set(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    artifact = train(replace(recipe, data=Data(main="hate-speech-offensive-shares")), world, tmp_path / "out")
    assert artifact.manifest.labels.names == ("toxic", "identity_hate")
    assert load(artifact.path).score(["you are stupid"]).shape == (1, 2)


def test_exclusive_labels_are_for_transformers(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.format: a hashed table has .* of kind multilabel; data\.main has 2"):
        train(replace(recipe, data=Data(main="jigsaw-natural-binary")), world, tmp_path / "out")


def test_a_set_without_labels_is_refused(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'perspective-wikipedia' has no labels to train on"):
        train(replace(recipe, data=Data(main="perspective-wikipedia")), world, tmp_path / "out")


def test_rows_to_measure_on_need_every_label(recipe: Recipe, world: Path, tmp_path: Path, change: Any) -> None:
    def forget_some(columns: dict[str, list[Any]]) -> None:
        columns["insult"][:50] = [None] * 50

    with pytest.raises(InputError, match=r"\d+ of \d+ rows of 'jigsaw-natural' to measure on have no label 'insult'"):
        train(recipe, change(world, tmp_path / "data", forget_some), tmp_path / "out")


def test_labels_without_reason_cannot_be_learnt(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    hopeless = replace(recipe, train=fitted(recipe, penalty=1_000.0))
    with pytest.raises(TrainingError, match=r"did not learn: loss 0\.\d+, constant answers 0\.\d+"):
        train(hopeless, world, tmp_path / "out")


def test_the_packaged_sentences_can_be_a_source(recipe: Recipe, world: Path, tmp_path: Path) -> None:
    data = Data(split="hash", main="jigsaw-natural", sources=(Source(set="contrast", weight=0.5),))
    fast = replace(recipe, data=data, train=fitted(recipe, iterations=3, spaced=0.0))
    artifact = train(fast, world, tmp_path / "out")
    sets = artifact.manifest.data["train"]["sets"]
    assert [(each["preset"], each["file"]) for each in sets[1:]] == [("contrast", "contrast.csv")]
    assert artifact.manifest.data["train"]["spaced_copies"] == 0
