from __future__ import annotations

import pytest

from toxmeter.evaluation.report.blocks import Heading, Note, Table
from toxmeter.evaluation.report.spans import blocks
from toxmeter.evaluation.spans import spans

GOLDS = [[1, 2], []] * 20


@pytest.mark.parametrize(("predictions", "kind"), [(GOLDS, "good"), ([[], []] * 20, "bad"), ([[9], [1]] * 20, "bad")])
def test_spans_are_told_against_predicting_nothing(predictions: list[list[int]], kind: str) -> None:
    shown = blocks(spans(GOLDS, predictions, resamples=50))
    assert shown[0] == Heading("Toxic spans")
    assert [block.kind for block in shown if isinstance(block, Note)] == [kind]


def test_few_posts_are_told() -> None:
    shown = blocks(spans([[1]], [[1]]))
    (table,) = (block for block in shown if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["–"] * 3
    assert [block.kind for block in shown if isinstance(block, Note)] == ["missing", "missing"]
