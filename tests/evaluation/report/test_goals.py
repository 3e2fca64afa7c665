from __future__ import annotations

import numpy as np

from toxmeter.evaluation.goals import goals, parse_goal
from toxmeter.evaluation.report.blocks import Heading, Note, Table
from toxmeter.evaluation.report.goals import blocks


def test_thresholds_are_told_in_blocks() -> None:
    random = np.random.default_rng(0)
    truth = (random.random((60, 2)) < 0.3).astype(np.float64)
    truth[:, 1] = 0
    wanted = [parse_goal(text) for text in ("f1", "precision>=0.9", "recall>=0.8", "fpr<=0.01")]
    section = goals(truth, random.random((60, 2)), ["toxic", "threat"], wanted, resamples=30)
    shown = blocks(section)
    assert shown[0] == Heading("Thresholds for a goal")
    tables = [block for block in shown if isinstance(block, Table)]
    assert [table.caption.partition(".  ")[0].partition(". R")[0] for table in tables] == [
        "Goal: the best F1", "Goal: a precision of at least 0.9, with the highest recall",
        "Goal: a recall of at least 0.8, with the highest precision",
        "Goal: a false positive rate of at most 0.01, with the highest recall"]
    assert all([row[0] for row in table.rows] == ["toxic"] for table in tables)
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    missing = [block.text for block in shown if isinstance(block, Note) and block.kind == "missing"]
    assert missing == section["notes"]
    # scores at random pin no threshold down
    assert any(isinstance(block, Note) and block.kind == "bad" for block in shown)
