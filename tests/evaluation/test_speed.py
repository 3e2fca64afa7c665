from __future__ import annotations

import pytest

from toxmeter.evaluation.report.blocks import Note, Table
from toxmeter.evaluation.report.speed import blocks
from toxmeter.evaluation.speed import speed
from toxmeter.models.dummy import DummyScorer


def test_all_figures_are_there() -> None:
    found = speed(DummyScorer(), [f"text {index}" for index in range(300)])
    assert found["texts"] == 300
    assert found["texts_per_second"] > 0
    assert 0 < found["p50_ms"] <= found["p95_ms"]
    assert found["peak_memory_mb"] > 1
    assert found["notes"] == []


def test_texts_are_drawn_once() -> None:
    scorer = DummyScorer()
    assert speed(scorer, ["one", "two"])["texts"] == 2


@pytest.mark.parametrize("texts", [[], ["one"], ["", " "]])
def test_few_texts_are_no_trouble(texts: list[str]) -> None:
    found = speed(DummyScorer(), texts)
    assert found["texts"] == len(texts)
    assert bool(found["notes"]) == (not texts)


def test_it_is_told_in_blocks() -> None:
    shown = blocks(speed(DummyScorer(), ["a text"] * 10))
    assert any(isinstance(block, Table) for block in shown)
    shown = blocks(speed(DummyScorer(), []))
    assert [block.text for block in shown if isinstance(block, Note)] == ["speed: there are no texts to time"]
