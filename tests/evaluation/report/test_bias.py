from __future__ import annotations

from typing import Any

import numpy as np

from toxmeter.evaluation.bias import identity_bias
from toxmeter.evaluation.report.bias import blocks
from toxmeter.evaluation.report.blocks import Figure, Note
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import to_markdown


def section(bias: float, **groups: Any) -> dict[str, Any]:
    random = np.random.default_rng(0)
    truth = random.random(1_000) < 0.4
    inside = (random.random(1_000) < 0.4).astype(np.float64)
    score = 0.4 * truth + 0.5 * random.random(1_000) + bias * inside * ~truth
    return identity_bias(truth, score, {"g <b>": inside, **groups}, resamples=50)


def notes(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks(found) if isinstance(block, Note)]


def test_false_alarms_about_a_group_are_bad() -> None:
    said = notes(section(0.4))
    assert any(kind == "bad" and text.startswith("BPSN AUC") and "harmless texts about it score too high" in text
               for kind, text in said)


def test_no_gap_is_good() -> None:
    assert [kind for kind, _ in notes(section(0.0))] == ["good"]


def test_small_groups_are_missing_and_have_dashes() -> None:
    found = section(0.0, few=np.eye(1, 1_000)[0])
    assert ("missing", found["notes"][0]) in notes(found)
    assert "| few | 1 |" in to_markdown("t", blocks(found))


def test_nothing_measured_has_no_figure_and_no_verdict() -> None:
    found = identity_bias(np.zeros(20, bool), np.linspace(0, 1, 20), {"g": np.ones(20)})
    shown = blocks(found)
    assert not [block for block in shown if isinstance(block, Figure)]
    assert {block.kind for block in shown if isinstance(block, Note)} == {"missing"}


def test_a_threshold_of_zero_is_told() -> None:
    truth = np.tile([True, False], 20)
    shown = blocks(identity_bias(truth, np.zeros(40), {"g": np.repeat([1.0, 0.0], 20)}, resamples=5))
    assert "Rates at 0.000, where" in to_markdown("t", shown)


def test_names_are_escaped() -> None:
    page = to_html("t", blocks(section(0.2)))
    assert "<b>" not in page
    assert "combined metric" in page
