from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toxmeter.evaluation.classification import hard_labels
from toxmeter.evaluation.curves import curves
from toxmeter.evaluation.quality import judge
from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table
from toxmeter.evaluation.report.quality import blocks
from toxmeter.labels import LabelSet

TWO = LabelSet(("rude", "threat"), "multilabel", ("rude", "threat"))
LEVELS = LabelSet(("kind", "rude", "hateful"), "multiclass", ("rude", "hateful"))


@pytest.fixture(autouse=True)
def _no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lines", "heat"):
        monkeypatch.setattr(figures, name, lambda *_, **__: "<svg></svg>")


def section(labels: LabelSet, clever: float, threshold: float = 0.3) -> dict[str, Any]:
    """Figures of a scorer that knows so much, with baselines that know half and nothing."""
    random = np.random.default_rng(0)
    k = len(labels)
    truth = hard_labels(labels.kind, random.random((300, k)))

    def found(share: float) -> dict[str, Any]:
        noise = np.random.default_rng(1).random((300, k))
        scores = share * truth + (1 - share) * noise
        return judge(labels, truth, scores, np.full(k, threshold), seed=0, resamples=60) | {
            "curves": curves(truth, scores, labels.names)}

    return {**found(clever), "baselines": {"tf-idf": found(0.2), "majority": found(0.0), "notes": ["few folds"]},
            "everyday": {"sentences": 500, "flagged": 3, "share": 0.006}}


def notes(shown: list[Block], kind: str) -> list[str]:
    return [block.text for block in shown if isinstance(block, Note) and block.kind == kind]


@pytest.mark.parametrize("labels", [TWO, LEVELS], ids=lambda labels: labels.kind)
def test_every_figure_has_the_baselines_beside_it(labels: LabelSet) -> None:
    shown = blocks(section(labels, 0.6))
    assert shown[0] == Heading("Quality")
    tables = [block for block in shown if isinstance(block, Table)]
    assert tables[0].columns == ("all labels together", "model", "TF-IDF", "majority")
    assert all("–" not in row for row in tables[0].rows)
    assert [row[0] for row in tables[1].rows] == [
        title for name in labels.names for title in (name, "↳ TF-IDF", "↳ majority")]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    names = [block.name for block in shown if isinstance(block, Figure)]
    assert names == [*(["quality-confusion"] if labels is LEVELS else []), "quality-roc", "quality-precision-recall",
                     "quality-reliability"]
    assert notes(shown, "missing") == ["few folds"]


def test_better_and_no_better_than_the_baseline_are_told() -> None:
    better = blocks(section(TWO, 0.7))
    assert any("Better than the TF-IDF" in note and "ROC-AUC of threat" in note for note in notes(better, "good"))
    assert not any("TF-IDF" in note for note in notes(better, "bad"))
    assert any("Not distinguishable from the TF-IDF" in note for note in notes(blocks(section(TWO, 0.2)), "bad"))
    assert any("Worse than the TF-IDF" in note for note in notes(blocks(section(TWO, 0.0)), "bad"))


def test_a_few_positives_are_not_judged_against_the_baseline() -> None:
    found = section(TWO, 0.7)
    for part in (found, found["baselines"]["tf-idf"]):
        part["labels"]["threat"]["positives"] = 9
    shown = blocks(found)
    assert not any("threat" in note for note in notes(shown, "good"))
    assert notes(shown, "missing")[0] == (
        "Fewer than 10 rows have threat (9): another sample could give quite other figures.")


def test_bad_calibration_and_recall_are_told() -> None:
    bad = notes(blocks(section(TWO, 0.6, threshold=0.95)), "bad")
    assert any(note.startswith("Calibration error over 0.05: rude (") for note in bad)
    assert any(note.startswith("Fewer than half are found at the threshold: rude (") for note in bad)


def test_figures_alone_are_enough() -> None:
    found = judge(TWO, np.zeros((0, 2)), np.zeros((0, 2)), np.full(2, 0.5), seed=0, resamples=5)
    shown = blocks(found)
    assert notes(shown, "missing") == found["notes"]
    assert not any(isinstance(block, Figure) for block in shown)
    assert blocks({**found, "baselines": {"tf-idf": None, "majority": found, "notes": []}})
