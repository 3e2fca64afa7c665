"""Knowledge distillation: whose labels the training rows have, that a teacher is asked once, and who is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from toxmeter.data.read import Rows
from toxmeter.errors import InputError, UnknownModel
from toxmeter.evaluation.metrics import roc_auc
from toxmeter.extras import need
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models.dummy import DummyScorer
from toxmeter.recipe.fitting import FineTuning
from toxmeter.training import teacher
from toxmeter.training.finetune import fit
from toxmeter.training.parts import Parts, prepare
from toxmeter.training.run import train
from toxmeter.training.teacher import taught

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.artifact import Artifact
    from toxmeter.recipe import Recipe
    from toxmeter.training.finetune import Fitted

NAN = float("nan")
TWO = LabelSet(("insult", "toxic"), "multilabel", ("toxic",))
TEXTS = ["toxic=0.9 insult=0.25 a", "nothing at all", "toxic=0.5 and insult=1.0"]

Callback: Any = need("transformers", extra="train").TrainerCallback


class Stop(Callback):  # type: ignore[misc]
    """Ends a run in the middle, as a crash would."""

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        if state.global_step == 12:
            raise KeyboardInterrupt


def parts_of(labels: LabelSet, rows: list[list[float]]) -> Parts:
    one = Rows(TEXTS, np.array(rows), {})
    return Parts(labels, one, np.ones(len(TEXTS)), one, one)


def ask(parts: Parts, file: Path, share: float = 1.0, digest: str = "a", name: str = "dummy") -> tuple[Parts, str]:
    return taught(parts, name, share, file, digest, lambda _what, _share: None)


def test_training_rows_have_the_labels_of_the_teacher(tmp_path: Path) -> None:
    parts = parts_of(TWO, [[0, 1], [1, 0], [1, 1]])
    found, version = ask(parts, tmp_path / "new" / "teacher.npz")
    np.testing.assert_allclose(found.train.labels, [[0.25, 0.9], [0.0, 0.0], [1.0, 0.5]], atol=1e-7)
    assert version == "dummy@1+00000000"
    assert found.validation is parts.validation
    assert found.test is parts.test
    assert parts.train.labels[0, 0] == 0  # what was given is as it was


def test_a_share_lies_between_teacher_and_label_and_a_missing_label_is_the_teachers(tmp_path: Path) -> None:
    found, _ = ask(parts_of(TWO, [[0, 1], [1, NAN], [NAN, 0]]), tmp_path / "teacher.npz", share=0.8)
    np.testing.assert_allclose(found.train.labels, [[0.2, 0.92], [0.2, 0.0], [1.0, 0.4]], atol=1e-7)


def test_the_teacher_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, file = parts_of(TWO, [[0, 1], [1, 0], [1, 1]]), tmp_path / "teacher.npz"
    asked: list[str] = []

    def listening(name: str) -> DummyScorer:
        asked.append(name)
        return DummyScorer()

    monkeypatch.setattr(teacher, "load", listening)
    first = ask(parts, file)
    again = ask(parts, file)
    assert asked == ["dummy"]
    assert np.array_equal(first[0].train.labels, again[0].train.labels)
    assert first[1] == again[1]
    ask(parts, file, digest="of other rows")
    assert asked == ["dummy", "dummy"]
    assert [each.name for each in tmp_path.iterdir()] == ["teacher.npz"]


@pytest.mark.parametrize("labels", [
    LabelSet(("insult", "toxic"), "binary", ("toxic",)),  # other kind
    LabelSet(("insult", "rude"), "multilabel", ("rude",)),  # other names
])
def test_a_teacher_of_other_labels_is_refused(tmp_path: Path, labels: LabelSet) -> None:
    told = (f"train.teacher: dummy is multilabel with the labels {', '.join(JIGSAW.names)}, while what is trained is"
            f" {labels.kind} with {', '.join(labels.names)}: name a teacher of the same labels")
    with pytest.raises(InputError, match=re.escape(told)):
        ask(parts_of(labels, [[0, 1]] * 3), tmp_path / "teacher.npz")
    assert not list(tmp_path.iterdir())


def test_a_teacher_of_more_classes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three classes that exclude each other, two do not add up to 1."""
    three = LabelSet(("insult", "toxic", "other"), "multiclass", ("toxic",))
    monkeypatch.setattr(teacher, "load", lambda _: DummyScorer(three))
    with pytest.raises(InputError, match="is multiclass with the labels insult, toxic, other"):
        ask(parts_of(LabelSet(("insult", "toxic"), "multiclass", ("toxic",)), [[0, 1]] * 3), tmp_path / "teacher.npz")


def test_an_unknown_teacher(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="nobody"):
        ask(parts_of(TWO, [[0, 1]] * 3), tmp_path / "teacher.npz", name="nobody")


@pytest.fixture(scope="module")
def schooled(fine_tuning: Recipe, sayings: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A teacher, trained on the right labels."""
    return train(fine_tuning, sayings, tmp_path_factory.mktemp("teacher") / "teacher")


@pytest.fixture(scope="module")
def misled(fine_tuning: Recipe, sayings: Path) -> Parts:
    """Rows of which those to train on have each other's labels."""
    parts = prepare(fine_tuning, sayings)
    return replace(parts, train=replace(parts.train, labels=1 - parts.train.labels))


def student(recipe: Recipe, schooled: Artifact, **fields: Any) -> Recipe:
    assert isinstance(recipe.train, FineTuning)
    return replace(recipe, train=replace(recipe.train, teacher=str(schooled.path), **fields))


def auc(fitted: Fitted, parts: Parts) -> float:
    logits = fitted.validation_logits
    return roc_auc(parts.validation.labels[:, 1] >= 0.5, logits[:, 1] - logits[:, 0])


def test_a_student_learns_what_its_teacher_says(
    fine_tuning: Recipe, schooled: Artifact, misled: Parts, tmp_path: Path
) -> None:
    told: list[str] = []
    recipe = student(fine_tuning, schooled)
    found = fit(recipe, misled, tmp_path / "whole", report=lambda what, _: told.append(what))
    assert auc(found, misled) > 0.9
    assert auc(fit(fine_tuning, misled, tmp_path / "alone"), misled) < 0.5
    assert auc(fit(student(fine_tuning, schooled, teacher_share=0.01), misled, tmp_path / "deaf"), misled) < 0.5
    assert found.facts["teacher"] == schooled.version
    assert told[:2] == ["loading the teacher", "asking the teacher"]


def test_an_interrupted_student_goes_on_to_the_same_weights(
    fine_tuning: Recipe, schooled: Artifact, misled: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = student(fine_tuning, schooled, soup=2, epochs=1.0)
    whole = fit(recipe, misled, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, misled, tmp_path / "cut", callbacks=[Stop()])
    with pytest.raises(InputError, match="go on with --resume"):
        fit(recipe, misled, tmp_path / "cut")
    monkeypatch.setattr(teacher, "load", lambda _: pytest.fail("it asks again"))
    again = fit(recipe, misled, tmp_path / "cut", resume=True)
    for one, other in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert again.facts == whole.facts
    assert again.facts.keys() >= {"teacher", "best_of_each_run"}


def test_manifest_and_card_name_the_teacher(
    fine_tuning: Recipe, schooled: Artifact, sayings: Path, tmp_path: Path
) -> None:
    artifact = train(student(fine_tuning, schooled), sayings, tmp_path / "student")
    assert artifact.manifest.metrics["fit"]["teacher"] == schooled.version
    assert f"It was trained on the scores of `{schooled.version}`." in (artifact.path / "README.md").read_text()
    assert "It was trained on the scores" not in (schooled.path / "README.md").read_text()
    assert artifact.manifest.metrics["test"]["mean_auc"]["value"] > 0.9
