from __future__ import annotations

import numpy as np
import pytest

from toxmeter.evaluation.attack import attack
from toxmeter.evaluation.report.attack import blocks
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import to_markdown
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
ODD = "<b onclick=x>|*x*</b> $\\frac{ \x1b[31m \u202e \ud800 `"


class Reader(DummyScorer):
    """Flags a word as it is spelled, and a mark however the words beside it are."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.array([[0.9 if "fool" in text or "§" in text else 0.1] for text in texts], np.float32)


class Broken(DummyScorer):
    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.full((len(texts), 1), np.nan, np.float32)


def shown(weak: int, strong: int = 0, *, scorer: DummyScorer | None = None, odd: str = "") -> list[Block]:
    """The report on texts that can be respelled so that they pass, and on others that cannot."""
    texts = [f"you fool {n} {odd}" for n in range(weak)] + [f"you § {n}" for n in range(strong)] + ["hello"] * 5
    return blocks(attack(scorer or Reader(ONE), texts, budget=40, resamples=60))


def tables(found: list[Block]) -> list[Table]:
    listed = [block for block in found if isinstance(block, Table)]
    assert all(len(row) == len(table.columns) for table in listed for row in table.rows)
    return listed


def notes(found: list[Block], kind: str) -> list[str]:
    return [block.text for block in found if isinstance(block, Note) and block.kind == kind]


def test_who_is_easy_to_get_round_is_bad() -> None:
    found = shown(12)
    assert found[0] == Heading("Greedy attack")
    (text,) = (block.text for block in found if isinstance(block, Text))
    assert "may ask the model 40 times per text" in text
    assert "12 of 12 flagged texts were attacked." in text
    figures, examples = tables(found)
    assert figures.rows[0] == ("texts that escape [95 %]", "100.0 % [75.8 %, 100.0 %]")
    assert [row[0] for row in figures.rows[1:]] == ["queries of those, median", "words that they change, mean"]
    assert figures.rows[2][1] == "33.3 %"  # one of three
    assert len(examples.rows) == 3
    before, after, scores, queries = examples.rows[0]
    assert before.startswith("you fool 0")
    assert "fool" not in after
    assert scores == "0.90 → 0.10"
    assert 0 < int(queries) <= 40
    (figure,) = (block for block in found if isinstance(block, Figure))
    assert figure.name == "attack-queries"
    assert figure.alt.startswith("0% within 1 queries; ")
    assert figure.alt.endswith("100% within 40 queries.")
    (bad,) = notes(found, "bad")
    assert bad.startswith("Most flagged texts can be respelled within 40 queries so that they pass.")
    assert notes(found, "good") == notes(found, "missing") == []


@pytest.mark.parametrize(("weak", "strong", "kinds"), [
    (20, 0, ["bad"]), (20, 20, []), (0, 40, ["good"]), (0, 35, ["good"]),
    (0, 34, []),  # none of 34, and still one in ten may
])
def test_verdicts_are_by_the_interval(weak: int, strong: int, kinds: list[str]) -> None:
    assert [block.kind for block in shown(weak, strong) if isinstance(block, Note)] == kinds


def test_where_none_escapes_there_are_no_examples() -> None:
    found = shown(0, 30)
    (figures,) = tables(found)
    assert [row[1] for row in figures.rows] == ["0.0 % [0.0 %, 11.3 %]", "–", "–"]


@pytest.mark.parametrize("weak", [0, 3])
def test_few_flagged_texts_have_no_figure_and_no_verdict(weak: int) -> None:
    found = shown(weak)
    assert not [block for block in found if isinstance(block, Figure)]
    assert notes(found, "good") == notes(found, "bad") == []
    assert notes(found, "missing") == [
        f"{weak} texts are flagged and were attacked: the share that escapes is not reported, it takes 10"]
    assert len(tables(found)) == (1 if weak else 0)  # examples are shown all the same


@pytest.mark.parametrize(("scorer", "note"), [
    (Broken(ONE), "texts have a score that is NaN"),
    (DummyScorer(LabelSet(("bad", "good"), "binary")), "declared toxic")])
def test_nothing_measured_is_told_too(scorer: DummyScorer, note: str) -> None:
    found = shown(20, scorer=scorer)
    assert tables(found) == []
    assert notes(found, "good") == notes(found, "bad") == []
    assert note in notes(found, "missing")[0]


def test_texts_of_strangers_do_not_act() -> None:
    found = shown(12, odd=ODD)
    page, text = to_html("t", found), to_markdown("t", found)
    for written in (page, text):
        written.encode("utf-8")
        assert not {"\x1b", "\u202e", "\ud800"} & set(written)
    assert "<b" not in page.partition("<main>")[2]
    assert "you fool 0 &lt;b onclick=x&gt;|*x*&lt;/b&gt;" in page
    assert r"you fool 0 \<b onclick=x\>\|\*x\*\</b\> \$\\frac" in text
