from __future__ import annotations

import numpy as np
import pytest

from toxmeter.evaluation.groups import by_group, by_length
from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table
from toxmeter.evaluation.report.groups import blocks, length_blocks

RANDOM = np.random.default_rng(0)
TRUTH = (RANDOM.random((400, 1)) < 0.4).astype(np.float64)
SCORES = 0.5 * TRUTH + 0.5 * RANDOM.random((400, 1))
GROUP = (np.arange(400) < 100).astype(np.float64)


@pytest.fixture(autouse=True)
def _no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "heat", lambda *_, **__: "<svg></svg>")


def notes(shown: list[Block], kind: str) -> list[str]:
    return [block.text for block in shown if isinstance(block, Note) and block.kind == kind]


def test_groups_are_told_beside_all_rows() -> None:
    section = by_group(TRUTH, SCORES, {"women": GROUP, "three": (np.arange(400) < 3).astype(np.float64)},
                       {"toxic": 0.5}, ["toxic"], resamples=50)
    shown = blocks(section)
    assert shown[0] == Heading("Groups")
    (table,) = (block for block in shown if isinstance(block, Table))
    assert [row[0] for row in table.rows] == ["all rows", "women"]
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert [block.name for block in shown if isinstance(block, Figure)] == ["groups-calibration"]
    assert notes(shown, "missing") == ["three: 3 rows, a figure needs 10"]
    assert len(notes(shown, "good")) == 1


def test_a_group_that_fares_worse_is_told() -> None:
    scores = np.where(GROUP[:, None] == 1, 1 - SCORES, SCORES)
    shown = blocks(by_group(TRUTH, scores, {"women": GROUP}, {"toxic": 0.5}, ["toxic"], resamples=50))
    (note,) = notes(shown, "bad")
    assert "ROC-AUC of toxic for women (0.0" in note
    assert "false alarms of toxic for women" in note
    assert notes(shown, "good") == []


def test_nothing_measured_is_told_too() -> None:
    shown = blocks(by_group(np.zeros((3, 1)), np.zeros((3, 1)), {}, {"toxic": 0.5}, ["toxic"]))
    assert notes(shown, "missing") == ["all rows: 3 rows, a figure needs 10"]
    assert not any(isinstance(block, (Figure, Table)) for block in shown)


def test_lengths_are_told() -> None:
    section = by_length(["x" * (n + 1) for n in range(400)], TRUTH, SCORES, {"toxic": 0.5}, ["toxic"], resamples=20)
    shown = length_blocks(section)
    assert shown[0] == Heading("Length of the texts")
    assert "over 1000 characters: 0 rows, a figure needs 10" in notes(shown, "missing")
