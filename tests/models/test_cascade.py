"""A cascade: whose scores a text has, on what that depends, and artifacts that are not what they were."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import LabelSet, load
from toxmeter.errors import ArtifactError, InputError
from toxmeter.models.cascade import CascadeScorer
from toxmeter.models.catalog import BULK, DEFAULT, artifact_of
from toxmeter.models.deferral import Deferral
from toxmeter.models.scorer import Staged

LABELS = LabelSet(("toxic", "insult"), "multilabel", ("toxic", "insult"))
LOW = {"toxic": 0.2, "insult": 0.1}
RULE = Deferral(LOW, dilution=2, relative=0.5)


class Numbers:
    """Scores a text of numbers by them: ``"0.1 0.3"``; remembers what it was asked."""

    window = 500

    def __init__(self, name: str, add: float = 0.0, labels: LabelSet = LABELS) -> None:
        self.labels, self.version = labels, f"{name}@1+00000000"
        self.thresholds: Mapping[str, float] = dict.fromkeys(labels.names, 0.5)
        self.asked: list[list[str]] = []
        self._add = add

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked.append(list(texts))
        rows = [[float(number) + self._add for number in text.split()] for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), len(self.labels))


class Lines(Numbers):
    """The same, a window a line: a text having the largest of its lines."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        lines = [line for text in texts for line in text.split("\n")]
        owners = np.repeat(np.arange(len(texts)), [text.count("\n") + 1 for text in texts])
        scores = super().score(lines)
        self.asked[-1] = list(texts)
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        return np.maximum.reduceat(scores, starts, axis=0) if len(texts) else scores

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        found = []
        for text in texts:
            ends = [place for place, sign in enumerate(text) if sign == "\n"]
            found.append(list(zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)))
        return found


def by_lines() -> CascadeScorer:
    return CascadeScorer(Lines("fast"), Lines("slow", 0.05), RULE)


def cascade(rule: Deferral = RULE, **settings: Any) -> CascadeScorer:
    return CascadeScorer(Numbers("fast"), Numbers("slow", 0.05), rule, **settings)


SCORE = st.sampled_from([0.0, 0.05, 0.0999, 0.1, 0.15, 0.2, 0.5, 0.9])
TEXTS = st.lists(st.tuples(SCORE, SCORE).map(lambda pair: f"{pair[0]} {pair[1]}"), max_size=12)


@given(texts=TEXTS)
def test_each_text_has_the_scores_of_one_model(texts: list[str]) -> None:
    made = cascade()
    scores, stage = made.score_staged(texts)
    fast, slow = Numbers("fast").score(texts), Numbers("slow", 0.05).score(texts)
    expected = ~((fast[:, 0] < 0.2) & (fast[:, 1] < 0.1))
    assert stage.dtype == np.uint8
    assert stage.tolist() == expected.astype(int).tolist()
    np.testing.assert_array_equal(scores, np.where(expected[:, None], slow, fast))
    np.testing.assert_array_equal(made.score(texts), scores)


@given(texts=TEXTS)
def test_a_text_has_the_same_scores_in_any_batch(texts: list[str]) -> None:
    made = cascade()
    alone = [made.score([text]) for text in texts]
    np.testing.assert_array_equal(made.score(texts), np.concatenate([np.empty((0, 2), np.float32), *alone]))


def test_the_second_is_asked_once_and_for_the_unsure_only() -> None:
    made = cascade()
    made.score(["0.1 0.0", "0.3 0.0", "0.0 0.0", "0.0 0.4"])
    assert isinstance(made.second, Numbers)
    assert made.second.asked == [["0.3 0.0", "0.0 0.4"]]
    made.score(["0.0 0.0"])
    assert len(made.second.asked) == 1


@given(texts=st.lists(st.lists(st.tuples(SCORE, SCORE), min_size=1, max_size=5), max_size=6))
def test_of_a_long_text_the_second_reads_the_windows_that_are_unsure(texts: list[list[tuple[float, float]]]) -> None:
    made = by_lines()
    scores, stage = made.score_staged(["\n".join(f"{one} {other}" for one, other in text) for text in texts])
    for text, found, place in zip(texts, scores, stage, strict=True):
        worst = np.max(text, axis=0) / 2
        unsure = [line for line in text if (line[0] >= np.float32(0.2) and line[0] >= worst[0])
                  or (line[1] >= np.float32(0.1) and line[1] >= worst[1])]
        expected = np.max(unsure or text, axis=0) + (0.05 if unsure else 0)
        assert place == bool(unsure)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_second_reads_no_window_of_a_text_that_is_low_as_a_whole() -> None:
    class Diluted(Lines):
        def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            return super().score(texts) * np.array([[1 + ("\n" not in text)] for text in texts], np.float32)

    slow = Lines("slow")
    made = CascadeScorer(Diluted("fast"), slow, RULE)
    _, stage = made.score_staged(["0.09 0.0\n0.0 0.0", "0.11 0.0\n0.0 0.0", "0.11 0.0"])
    assert stage.tolist() == [0, 1, 1]
    assert slow.asked == [["0.11 0.0", "0.11 0.0"]]


def test_labels_without_a_low_are_not_looked_at() -> None:
    made = CascadeScorer(Numbers("fast"), Numbers("slow"), Deferral({"toxic": 0.2}))
    assert made.score_staged(["0.1 0.9", "0.3 0.0"])[1].tolist() == [0, 1]


def test_stages_have_names_that_tell_them_apart() -> None:
    made = cascade()
    assert isinstance(made, Staged)
    assert made.stages == ("fast", "slow")
    assert CascadeScorer(Numbers("m"), Numbers("m", 0.1), RULE).stages == ("m@1+00000000", "m@1+00000000")


def test_the_version_depends_on_models_and_the_rule() -> None:
    rules = [Deferral({"toxic": 0.3}), Deferral(LOW, dilution=3, relative=0.5), Deferral(LOW, dilution=2, relative=0.4)]
    versions = {cascade().version, CascadeScorer(Numbers("other"), Numbers("slow"), RULE).version,
                cascade(version="mine@1").version, *(cascade(rule).version for rule in rules)}
    assert len(versions) == 6
    assert cascade().version == cascade().version


def test_a_rule_that_cannot_be_followed_is_refused() -> None:
    with pytest.raises(ValueError, match="would answer every text"):
        cascade(Deferral({}))


def test_models_of_other_labels_are_refused() -> None:
    other = LabelSet(("insult", "toxic"), "multilabel", ("toxic",))
    with pytest.raises(ValueError, match="both must have the same in the same order"):
        CascadeScorer(Numbers("fast", labels=other), Numbers("slow"), RULE)


@pytest.mark.parametrize("texts", [["a", None], "bare text", [b"bytes"]])
def test_what_is_no_text_is_refused(texts: Any) -> None:
    with pytest.raises(InputError):
        cascade().score(texts)


def test_threads_do_not_mix_texts_up() -> None:
    made = load("cascade")
    texts = [f"you are {'a fool' if number % 3 else 'kind'}, said number {number}" for number in range(40)]
    expected = [made.score([text]) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(pool.map(lambda text: made.score([text]), texts), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_shipped_one_answers_as_its_models() -> None:
    made = load("cascade")
    assert isinstance(made, CascadeScorer)
    insult = "You are a stupid idiot!"
    texts = ["The meeting is at noon.", insult, "It rained. " * 400, "It rained. " * 400 + insult]
    scores, stage = made.score_staged(texts)
    by_stage = [load("nano").score(texts), load("mini").score(texts)]
    np.testing.assert_allclose(scores, [by_stage[place][row] for row, place in enumerate(stage)], atol=1e-6)
    assert stage.tolist() == [0, 1, 0, 1]
    assert made.thresholds == load("mini").thresholds


def test_a_named_scale_keeps_the_stages() -> None:
    made = load("cascade", scale="balanced")
    assert isinstance(made, Staged)
    texts = ["The meeting is at noon.", "You are a stupid idiot!"]
    scores, stage = made.score_staged(texts)
    natural, same = load("cascade").score_staged(texts)  # type: ignore[attr-defined]
    assert stage.tolist() == same.tolist()
    assert scores[1, 0] > natural[1, 0]
    np.testing.assert_allclose(scores[1], load("mini", scale="balanced").score(texts)[1], atol=1e-6)


def test_defaults_are_shipped() -> None:
    assert (DEFAULT, BULK) == ("mini", "cascade")
    assert load().version == load("mini").version


def copied(tmp_path: Path, change: Any) -> Path:
    """The shipped cascade with another manifest, whose digest is right."""
    from toxmeter.artifact import Artifact, write_artifact

    found: Artifact = artifact_of("cascade")
    from dataclasses import replace
    model = json.loads(json.dumps(dict(found.manifest.model)))
    change(model)
    return write_artifact(tmp_path / "mine", replace(found.manifest, model=model), {}, card="# mine\n").path


@pytest.mark.parametrize(("change", "message"), [
    (lambda model: model.pop("second"), "not a cascade of its manifest"),
    (lambda model: model.pop("low"), "not a cascade of its manifest"),
    (lambda model: model.pop("dilution"), "not a cascade of its manifest"),
    (lambda model: model.pop("relative"), "not a cascade of its manifest"),
    (lambda model: model.update(dilution=0.5), "not a cascade of its models"),
    (lambda model: model.update(low={"toxic": "high"}), "not a cascade of its manifest"),
    (lambda model: model.update(low={"toxic": 7}), "not a cascade of its models"),
    (lambda model: model["first"].update(name="nanu"), "its first model 'nanu' cannot be had"),
    (lambda model: model["second"].update(version="mini@9+12345678"), "the cascade was made for mini@9.12345678"),
    (lambda model: model["first"].update(name="./"), "its first model './' is"),
])
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        load(copied(tmp_path, change))


def test_models_in_folders_are_found_from_the_cascade(tmp_path: Path) -> None:
    shutil.copytree(artifact_of("nano").path, tmp_path / "fast")
    folder = copied(tmp_path, lambda model: model["first"].update(name="../fast"))
    assert load(folder).score(["You are kind."]).shape == (1, 6)
    shutil.rmtree(tmp_path / "fast")
    with pytest.raises(ArtifactError, match=r"'\.\./fast' cannot be had"):
        load(folder)
