from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import figure_files, to_markdown
from toxmeter.evaluation.report.suites import blocks
from toxmeter.evaluation.suites.hatecheck import run_suite
from toxmeter.evaluation.suites.hatecheck_files import Suite
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
ODD = "<b onclick=x>|*x*</b> $\\frac{ \x1b[31m \u202e \ud800 `"
Row = tuple[bool, bool, str, str]  # whether a case is decided right, gold, functionality, target

# all parts: 40 cases of 20 templates
ROWS: list[Row] = [*[(True, True, "derog_impl_h", "women")] * 16, *[(False, True, "derog_impl_h", "women")] * 4,
                   *[(False, False, "negate_neg_nh", "Muslims")] * 18, *[(True, False, "negate_neg_nh", "Muslims")] * 2]


class Always(DummyScorer):
    """Calls everything hateful, or whatever it is told."""

    share = 1.0

    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.full((len(texts), 1), self.share, np.float32)


class Broken(Always):
    share = np.nan


def section(rows: list[Row], scorer: DummyScorer | None = None, **given: Any) -> dict[str, Any]:
    suite = Suite(**{
        "name": "suite.csv", "format": "HateCheck", "hateful": np.array([row[1] for row in rows], np.bool_),
        "texts": [f"toxic={float(right == hateful)} {n}" for n, (right, hateful, *_) in enumerate(rows)],
        "functionality": [row[2] for row in rows], "targets": [(row[3],) if row[3] else () for row in rows],
        "template": None, "language": [""] * len(rows), "sha256": "0" * 64, **given})
    return run_suite(scorer or DummyScorer(ONE), suite, resamples=100)


def test_a_label_that_decides_is_named() -> None:
    shown = blocks(section(ROWS) | {"label": "hate"})
    assert shown[0] == Heading("Suite suite.csv by hate")
    assert "flagged by “hate”" in to_markdown("title", shown)
    assert "Hateful is not toxic" not in to_markdown("title", shown)


def tables(shown: list[Block]) -> list[Table]:
    listed = [block for block in shown if isinstance(block, Table)]
    assert all(len(row) == len(table.columns) for table in listed for row in table.rows)
    return listed


def notes(shown: list[Block], kind: str) -> list[str]:
    return [block.text for block in shown if isinstance(block, Note) and block.kind == kind]


def figures(shown: list[Block]) -> list[Figure]:
    return [block for block in shown if isinstance(block, Figure)]


def test_every_part_is_told() -> None:
    shown = blocks(section(ROWS, template=np.arange(40) // 2, language=["en"] * 20 + ["de"] * 20))
    assert [block.text for block in shown if isinstance(block, Heading)] == [
        "Suite suite.csv", "By functionality", "By target group", "By language"]
    overall, functionalities, targets, languages = tables(shown)
    assert [(row[0], row[1].split(" [")[0], *row[2:]) for row in overall.rows] == [
        ("all cases", "45.0 %", "50.0 %", "76.6 %"), ("hateful cases", "80.0 %", "100.0 %", "89.5 %"),
        ("other cases", "10.0 %", "0.0 %", "48.2 %")]
    assert "ROC-AUC 0." in overall.caption
    assert "a gap of 1.2 percentage points" in overall.caption
    assert [(row[0], row[1], row[2], row[4]) for row in functionalities.rows] == [
        ("implicit derogation (derog_impl_h)", "hateful", "20", "–"),
        ("negated hate (negate_neg_nh)", "not", "20", "3.8 %")]
    assert [row[0] for row in targets.rows] == ["women", "Muslims"]
    assert [row[0] for row in languages.rows] == ["en", "de"]
    (figure,) = figures(shown)
    assert figure.name == "suite-csv-functionalities"
    assert figure.alt == "The lowest is 10.0 %, of negate_neg_nh (not hateful)."
    said = " ".join(block.text for block in shown if isinstance(block, Text))
    assert "over the 20 templates." in said
    assert "from the best, women, to the worst, muslims, accuracy falls by 70.0 [" in said.lower()
    assert notes(shown, "bad") == [
        "Not shown to be better than to call everything hateful, which is right for 50.0 % of the cases.",
        "Wrong more often than right: negated hate (negate_neg_nh).",
        "Cases about Muslims are decided worse than those about women."]
    assert notes(shown, "good") == notes(shown, "missing") == []


def test_published_figures_stand_beside_hatecheck_alone() -> None:
    shown = blocks(section(ROWS, format="Hatemoji-build"))
    assert [len(table.columns) for table in tables(shown)[:2]] == [3, 4]
    assert "Perspective" not in to_markdown("t", shown)
    assert "bootstrap over the cases." in to_markdown("t", shown)


def test_always_hateful_on_the_class_counts_of_the_full_suite() -> None:
    found = section([(n < 2_563, n < 2_563, "any", "") for n in range(3_728)], Always(ONE))
    assert found["accuracy"]["overall"]["value"] == found["baseline"]["always_hateful"] == 0.6875
    shown = blocks(found)
    assert [row[1].split(" [")[0] for row in tables(shown)[0].rows] == ["68.8 %", "100.0 %", "0.0 %"]
    assert notes(shown, "bad")[0].startswith("Not shown to be better than to call everything hateful, which is right")


def test_who_is_right_is_good() -> None:
    shown = blocks(section([(True, *row[1:]) for row in ROWS]))
    assert notes(shown, "bad") == notes(shown, "missing") == []
    assert notes(shown, "good") == ["No functionality is shown to be wrong more often than right.",
                                    "No gap between target groups is shown."]


@pytest.mark.parametrize(("wrong", "kinds"), [(40, ["bad"]), (13, []), (0, ["good"])])
def test_a_gap_is_bad_only_where_the_targets_lie_apart(wrong: int, kinds: list[str]) -> None:
    """That of the best and the worst is not enough: they are chosen for being so."""
    rows = [(n >= 3, True, "f", "women") for n in range(100)] + [(n >= wrong, True, "f", "men") for n in range(100)]
    found = section([*rows, *[(True, False, "g", "")] * 20])
    assert (found["target_gap"]["gap"]["low"] > 0) == (wrong > 0)
    told = [block.kind for block in blocks(found) if isinstance(block, Note) and (
        "decided worse" in block.text or "No gap" in block.text)]
    assert told == kinds


def test_of_one_class_there_is_no_baseline_to_beat() -> None:
    shown = blocks(section([(True, True, "f", "women")] * 20))
    assert [row[1:3] for row in tables(shown)[0].rows] == [
        ("100.0 % [83.9 %, 100.0 %]", "100.0 %"), ("100.0 % [83.9 %, 100.0 %]", "100.0 %"), ("–", "–")]
    assert "ROC-AUC" not in tables(shown)[0].caption
    assert notes(shown, "bad") == []
    assert any(note.startswith("20 hateful cases and 0 others") for note in notes(shown, "missing"))


@pytest.mark.parametrize(("target", "note"), [
    ("women", "fewer than two target groups have 10 cases, so groups are not compared"),
    ("", "no case names a target group, so groups are not compared")])
def test_one_target_or_none_is_told(target: str, note: str) -> None:
    shown = blocks(section([(*row[:3], target) for row in ROWS]))
    assert note in notes(shown, "missing")
    assert ("By target group" in [block.text for block in shown if isinstance(block, Heading)]) == bool(target)
    assert not any("falls by" in block.text for block in shown if isinstance(block, Text))


@pytest.mark.parametrize(("rows", "scorer", "note"), [
    (ROWS, Broken(ONE), "40 of 40 texts have a score that is NaN"),
    (ROWS, DummyScorer(LabelSet(("bad", "good"), "binary")), "declared toxic"),
    (ROWS[:3], DummyScorer(ONE), "no figure for a functionality of fewer than 10 cases: derog_impl_h (3)"),
])
def test_nothing_measured_has_no_figure_and_no_verdict(rows: list[Row], scorer: DummyScorer, note: str) -> None:
    shown = blocks(section(rows, scorer))
    assert figures(shown) == []
    assert notes(shown, "good") == []
    assert notes(shown, "bad") == []
    assert any(note in each for each in notes(shown, "missing"))
    overall, functionalities = tables(shown)
    assert {row[1] for row in overall.rows} | {row[2] for row in overall.rows} == {"–"}
    assert {row[3] for row in functionalities.rows} == {"–"}


def test_of_one_template_there_is_no_interval() -> None:
    shown = blocks(section(ROWS, template=np.zeros(40, np.int64)))
    assert [row[1] for row in tables(shown)[0].rows] == ["45.0 %", "80.0 %", "10.0 %"]
    assert [note[:9] for note in notes(shown, "bad")] == ["Not shown"]  # by the value alone
    assert notes(shown, "good") == []
    assert any(note.startswith("of one template, so without an interval") for note in notes(shown, "missing"))


def test_names_of_strangers_do_not_act() -> None:
    shown = blocks(section([(right, gold, f"{name} {ODD}", f"{target} {ODD}") for right, gold, name, target in ROWS],
                           name=ODD, language=[f"{ODD} 1"] * 20 + [f"{ODD} 2"] * 20))
    for written in (to_html(ODD, shown), to_markdown(ODD, shown)):
        written.encode("utf-8")
        assert not {"\x1b", "\u202e", "\ud800"} & set(written)
    assert "<b" not in to_html(ODD, shown).partition("<main>")[2]
    assert r"women \<b onclick=x\>\|\*x\*\</b\> \$\\frac" in to_markdown(ODD, shown)


def test_figures_of_two_suites_have_names_of_their_own() -> None:
    shown = [block for name in ("a b.csv", "a-b.csv") for block in blocks(section(ROWS, name=name))]
    names = list(figure_files(shown).values())
    assert len(names) == len(set(names)) == 2
    page = to_markdown("t", shown)
    assert all(page.count(f"(figures/{name}.svg)") == 1 for name in names)
