"""Baselines: what little effort reaches, on every kind of rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from toxmeter.evaluation import baselines as module
from toxmeter.evaluation.baselines import baselines
from toxmeter.labels import LabelSet

TWO = LabelSet(("rude", "threat"), "multilabel", ("rude", "threat"))
SAFE = LabelSet(("safe", "toxic"), "binary", ("toxic",))
LEVELS = LabelSet(("kind", "rude", "hateful"), "multiclass", ("rude", "hateful"))
WORDS = ("garden", "idiot", "punch")


def spoken(rows: int = 60) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Texts whose class stands in a word."""
    true = np.random.default_rng(0).integers(0, 3, rows)
    return [f"you {WORDS[each]} number{n}" for n, each in enumerate(true)], true


@pytest.mark.parametrize("labels", [TWO, SAFE, LEVELS], ids=lambda labels: labels.kind)
def test_words_are_learned_and_the_majority_knows_none(labels: LabelSet) -> None:
    texts, true = spoken()
    truth = {"multilabel": np.eye(3)[true][:, 1:], "binary": np.eye(2)[true.clip(0, 1)],
             "multiclass": np.eye(3)[true]}[labels.kind]
    found = baselines(texts, truth, labels, seed=0, resamples=20)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["rows"] == 60
    assert found["notes"] == []
    assert found["tf-idf"]["mean_auc"]["value"] == 1.0
    assert found["tf-idf"]["accuracy"]["value"] > 0.9
    majority = found["majority"]
    assert majority["mean_auc"]["value"] == 0.5
    most = np.full(60, truth.mean(axis=0).argmax())
    expected = (sk.accuracy_score(truth.argmax(axis=1), most) if labels.kind != "multilabel"
                else (truth == (truth.mean(axis=0) >= 0.5)).all(axis=1).mean())
    assert majority["accuracy"]["value"] == pytest.approx(expected, abs=1e-4)
    assert found == baselines(texts, truth, labels, seed=0, resamples=20)


def test_near_copies_are_no_help() -> None:
    # labels at random: only the copy of a text could tell
    random = np.random.default_rng(1)
    texts = [f"word{n // 2}{'!' * (n % 2)}" for n in range(80)]
    truth = np.repeat(random.random(40) < 0.5, 2)[:, None].astype(np.float64)
    found = baselines(texts, truth, LabelSet(("toxic",), "multilabel", ("toxic",)), seed=0, resamples=20)
    assert found["tf-idf"]["mean_auc"]["value"] < 0.75


@pytest.mark.parametrize("labels", [TWO, LEVELS], ids=lambda labels: labels.kind)
def test_blank_texts_and_unknown_labels_are_no_trouble(labels: LabelSet) -> None:
    texts, true = spoken()
    truth = np.eye(3)[true] if labels.kind == "multiclass" else np.eye(3)[true][:, 1:]
    texts = [*texts, "", "  ", "!?", "\ud800", "\x00"]
    truth = np.concatenate([truth, np.full((5, truth.shape[1]), np.nan)])
    found = baselines(texts, truth, labels, seed=0, resamples=5)
    assert found["tf-idf"]["mean_auc"]["value"] == 1.0


def test_texts_without_words_have_the_rates() -> None:
    truth = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    found = baselines(["!", "?", "…", ""], truth, TWO, seed=0, resamples=5)
    assert any("no text has a word" in note for note in found["notes"])
    assert found["tf-idf"]["labels"]["rude"]["brier"] is not None


@pytest.mark.parametrize("texts", [[], ["one"], ["same", "Same!", "same"]])
def test_too_little_to_learn_from_is_said(texts: list[str]) -> None:
    found = baselines(texts, np.zeros((len(texts), 2)), TWO, seed=0, resamples=5)
    assert found["tf-idf"] is None
    assert found["notes"] == ["TF-IDF baseline: fewer than two different texts, so none is left to learn from"]


def test_rare_labels_and_few_folds_are_said() -> None:
    truth = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    found = baselines(["you fool", "hello there", "fool again"], truth, TWO, seed=0, resamples=5)
    assert found["notes"][0] == "TF-IDF baseline: 3 folds only, as there are no more different texts"
    assert "rude and threat: fewer rows of one kind than the 3 folds" in found["notes"][1]


def test_of_many_rows_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 40)
    texts, true = spoken()
    found = baselines(texts, np.eye(3)[true], LEVELS, seed=0, resamples=5)
    assert found["rows"] == found["majority"]["rows"] == 40
    assert found["notes"][0] == "baselines: 40 of 60 rows, drawn at random"
