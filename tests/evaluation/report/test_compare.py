from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toxmeter.evaluation.compare import compare
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table
from toxmeter.evaluation.report.compare import blocks, blocks_of, subtitle_of, title_of
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import to_markdown
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

TWO = LabelSet(("toxic", "insult", "loud"), "multilabel", ("toxic", "insult"))
ONE = LabelSet(("toxic", "insult"), "multilabel", ("toxic", "insult"))
ODD = "toxic=0.6 <b>|*x*</b> \x1b[31m \ud800"
TEXTS = [*(f"{row} toxic={row / 100:.2f} insult={(row * 7 % 100) / 100:.2f}" for row in range(100)), ODD]
TRUTH = np.array([[row >= 40, row % 5 == 0] for row in range(101)], np.float64)


class Bent(DummyScorer):
    version = "bent@1+00000001"

    def _score_short(self, texts: list[str]) -> FloatArray:
        return super()._score_short(texts) ** 2


def section(truth: Any = TRUTH, **options: Any) -> dict[str, Any]:
    return compare(DummyScorer(TWO), Bent(ONE), TEXTS, truth, **{"resamples": 50, "examples": 30, **options})


def whole(found: dict[str, Any]) -> dict[str, Any]:
    data = {"file": "comments.csv", "rows": 101, "sha256": "0" * 64, "columns": {"toxic": "is_toxic"}}
    return {"toxmeter": "0.1", "data": data, **found}


def tables(shown: list[Block]) -> list[Table]:
    return [block for block in shown if isinstance(block, Table)]


def notes(shown: list[Block]) -> list[Note]:
    return [block for block in shown if isinstance(block, Note)]


def test_every_part_is_told() -> None:
    shown = blocks(section())
    assert [block.text for block in shown if isinstance(block, Heading)] == [
        "Old and new", "Figures", "Scores and decisions", "No longer flagged"]
    assert all(len(row) == len(table.columns) for table in tables(shown) for row in table.rows)
    verdict, figures, shift, flips, examples = tables(shown)
    assert [row[0] for row in verdict.rows] == ["auc>=-0.01", "f1>=-0.02", "flips<=0.05"]
    assert [row[3] for row in verdict.rows] == ["holds", "does not hold", "does not hold"]
    assert [row[0] for row in figures.rows[::5]] == ["mean of the labels", "toxic", "insult"]
    assert figures.rows[5][1] == "ROC-AUC"
    assert [row[0] for row in shift.rows] == [row[0] for row in flips.rows] == ["toxic", "insult"]
    assert len(examples.rows) == 22 + 21
    (figure,) = (block for block in shown if isinstance(block, Figure))
    assert figure.svg.startswith("<svg")
    assert "F1 -" in figure.alt


def test_the_verdict_is_told_first_and_names_what_fails() -> None:
    (bad, missing) = notes(blocks(section()))
    assert bad.kind == "bad"
    assert bad.text.endswith("these rows do not show f1>=-0.02, flips<=0.05.")
    assert missing.text == "Labels of the old one only, not compared: loud."
    (good, _) = notes(blocks(section(rule="auc>=-0.01")))
    assert (good.kind, good.text) == ("good", "The new one may replace the old one: every term of the rule holds.")


def test_one_label_with_figures_has_no_mean() -> None:
    truth = TRUTH.copy()
    truth[:, 1] = np.nan
    shown = blocks(section(truth))
    assert {row[0] for row in tables(shown)[1].rows} == {"toxic"}
    (figure,) = (block for block in shown if isinstance(block, Figure))
    assert figure.caption.startswith("toxic, with 95 % intervals")
    assert notes(shown)[-1].text.startswith("not known of any text: insult; of them only scores and")


def test_without_labels_there_are_no_figures() -> None:
    shown = blocks(section(None))
    assert not [block for block in shown if isinstance(block, Figure)]
    assert notes(shown)[-1].text == "the texts have no labels: only scores and decisions are compared"


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_texts_are_told(count: int) -> None:
    found = compare(DummyScorer(TWO), Bent(ONE), TEXTS[:count], TRUTH[:count], resamples=10)
    shown = blocks(found)
    (verdict,) = tables(shown)
    assert [row[1] for row in verdict.rows] == ["–"] * 3
    assert notes(shown)[0].kind == "bad"


def test_both_formats_show_texts_of_strangers_and_nothing_acts() -> None:
    found = whole(section())
    shown = blocks_of(found)
    page = to_html(title_of(found), shown, subtitle=subtitle_of(found))
    text = to_markdown(title_of(found), shown, subtitle=subtitle_of(found))
    assert title_of(found) == "bent@1+00000001 in place of dummy@1+00000000"
    for written in (page, text):
        written.encode("utf-8")
        assert "\x1b" not in written
        assert "On 101 texts of comments.csv. Written by toxmeter 0.1." in written
        assert "toxic ← is" in written
        assert "0" * 64 in written
        assert "50 resamples, seed 0" in written
    assert "&lt;b&gt;|*x*&lt;/b&gt;" in page
    assert r"\<b\>\|\*x\*\</b\>" in text
    unlabelled = {**found, "data": {**found["data"], "columns": {}}}
    assert ("labels read from", "–") in tables(blocks_of(unlabelled))[-1].rows
