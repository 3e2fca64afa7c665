from __future__ import annotations

from typing import Any

import pytest

from toxmeter.evaluation.report.blocks import Heading, Note, Table, Text
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import to_markdown
from toxmeter.evaluation.report.speed import blocks
from toxmeter.evaluation.speed import speed
from toxmeter.models import DummyScorer


def section(**given: Any) -> dict[str, Any]:
    return {**speed(DummyScorer(), ["ten letters"] * 20), **given}


def cells(found: dict[str, Any]) -> list[str]:
    (table,) = (block for block in blocks(found) if isinstance(block, Table))
    assert [len(row) for row in table.rows] == [len(table.columns)] * 4
    return [row[1] for row in table.rows]


def test_what_was_measured_is_told() -> None:
    found = section()
    heading, text, table = blocks(found)
    assert heading == Heading("Speed on this machine")
    assert isinstance(text, Text)
    assert text.text.startswith("20 texts of 11 characters on average, from the data above, on ")
    assert isinstance(table, Table)
    assert "the median" in table.caption
    rate, half, most, memory = cells(found)
    assert float(rate.replace(",", "")) == pytest.approx(found["texts_per_second"], rel=0.006)
    assert float(half.removesuffix(" ms").replace(",", "")) == pytest.approx(found["p50_ms"], rel=0.006)
    assert float(most.removesuffix(" ms").replace(",", "")) == pytest.approx(found["p95_ms"], rel=0.006)
    assert memory.endswith(" MB")


def test_slow_and_fast_models_have_figures_too() -> None:
    fast = cells(section(texts_per_second=1_234_567.8, p50_ms=0.004, p95_ms=0.0125))
    assert fast[:3] == ["1,234,568", "0.004 ms", "0.0125 ms"]
    slow = cells(section(texts_per_second=0.3, p50_ms=3_401.25, p95_ms=99.96))
    assert slow[:3] == ["0.3", "3,401 ms", "100 ms"]


def test_what_the_system_does_not_tell() -> None:
    found = section(peak_memory_mb=None)
    found["machine"] = {**found["machine"], "cores": None}
    assert cells(found)[3] == "–"
    assert "on an unknown number of cores" in to_markdown("t", blocks(found))


def test_without_texts_nothing_is_measured() -> None:
    assert blocks(speed(DummyScorer(), [])) == [
        Heading("Speed on this machine"), Note("missing", "speed: there are no texts to time")]


def test_the_name_of_a_machine_does_not_act() -> None:
    found = section(machine={"processor": "<b>|x\x1b", "cores": 2, "python": "3.11"})
    assert "<b>" not in to_html("t", blocks(found))
    assert r"(\<b\>\|x\\x1b)" in to_markdown("t", blocks(found))
