from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table
from toxmeter.evaluation.report.checklist import blocks
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import figure_files, to_markdown
from toxmeter.evaluation.suites.checklist import Case, Check, Checklist, Direction, run_checklist
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
ODD = "<b onclick=x>|*x*</b> $\\frac{ \x1b[31m \u202e \ud800 `"


class Broken(DummyScorer):
    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.full((len(texts), 1), np.nan, np.float32)


def shown(*checks: Check, name: str = "own", scorer: DummyScorer | None = None) -> list[Block]:
    return blocks(run_checklist(scorer or DummyScorer(ONE), Checklist(name, checks, "0" * 64), resamples=50))


def mft(failures: int, cases: int = 20, name: str = "insults") -> Check:
    """Texts that should be flagged, and so many that are not."""
    return Check(name, "MFT", "plain insults", tuple(
        Case(f"toxic={0.2 if n < failures else 0.9} {n}", n, unsafe=True) for n in range(cases)))


def pairs(kind: str, before: float, after: float, direction: Direction = "up", cases: int = 12) -> Check:
    made = tuple(Case(f"toxic={before} {n}", n, f"toxic={after} {n}") for n in range(cases))
    return Check(f"{kind} {direction}", "INV" if kind == "INV" else "DIR", "a change", made, 0.1, direction)


def tables(found: Sequence[Block]) -> list[Table]:
    listed = [block for block in found if isinstance(block, Table)]
    assert all(len(row) == len(table.columns) for table in listed for row in table.rows)
    return listed


def notes(found: Sequence[Block], kind: str) -> list[str]:
    return [block.text for block in found if isinstance(block, Note) and block.kind == kind]


def figures(found: Sequence[Block]) -> list[Figure]:
    return [block for block in found if isinstance(block, Figure)]


def test_every_part_is_told() -> None:
    found = shown(mft(5), pairs("INV", 0.4, 0.6), pairs("DIR", 0.9, 0.2), pairs("DIR", 0.2, 0.9, "down"))
    assert [block.text for block in found if isinstance(block, Heading)] == ["Checklist own", "Failures"]
    kinds, checks, examples = tables(found)
    assert [row[:4] for row in kinds.rows] == [
        ("MFT, minimum functionality", "1", "20", "5"), ("INV, invariance", "1", "12", "12"),
        ("DIR, direction", "2", "24", "24")]
    assert [row[0] for row in checks.rows] == ["insults", "INV up", "DIR up", "DIR down"]
    assert checks.rows[0][1:4] == ("plain insults", "MFT", "5 of 20")
    assert checks.rows[0][4].startswith("25.0 % [")
    assert [row[1:] for row in examples.rows[::3]] == [
        ("toxic=0.2 0", "unsafe", "0.20"),
        ("toxic=0.4 0 → toxic=0.6 0", "the same decision", "0.40 → 0.60"),
        ("toxic=0.9 0 → toxic=0.2 0", "not down", "0.90 → 0.20"),
        ("toxic=0.2 0 → toxic=0.9 0", "not up", "0.20 → 0.90")]
    (figure,) = figures(found)
    assert (figure.name, figure.alt) == ("checklist-own", "The highest is 100.0 %, of INV up.")
    assert notes(found, "bad") == ["Half of the cases or more fail: INV up, DIR up, DIR down."]
    assert notes(found, "good") == notes(found, "missing") == []


@pytest.mark.parametrize(("failures", "bad", "good"), [(10, 1, 0), (9, 0, 0), (1, 0, 0), (0, 0, 1)])
def test_half_is_bad_and_none_is_good(failures: int, bad: int, good: int) -> None:
    found = shown(mft(failures))
    assert (len(notes(found, "bad")), len(notes(found, "good"))) == (bad, good)
    assert ("Failures" in [block.text for block in found if isinstance(block, Heading)]) == bool(failures)


def test_a_kind_is_good_as_a_whole() -> None:
    found = shown(mft(0), mft(1, name="more"), pairs("INV", 0.4, 0.45))
    assert notes(found, "good") == ["No case of INV fails."]


@pytest.mark.parametrize("failures", [0, 3])
def test_three_cases_have_no_figure_and_no_verdict(failures: int) -> None:
    found = shown(mft(failures, 3))
    assert figures(found) == []
    assert notes(found, "good") == notes(found, "bad") == []
    assert [row[-1] for table in tables(found)[:2] for row in table.rows] == ["–", "–"]
    assert notes(found, "missing") == ["no failure rate over fewer than 10 cases: insults (3)"]
    assert len(tables(found)) == (3 if failures else 2)  # failures are shown all the same


@pytest.mark.parametrize(("scorer", "note"), [
    (Broken(ONE), "texts have a score that is NaN"),
    (DummyScorer(LabelSet(("bad", "good"), "binary")), "declared toxic")])
def test_nothing_measured_is_told_too(scorer: DummyScorer, note: str) -> None:
    found = shown(mft(5), pairs("INV", 0.4, 0.6), scorer=scorer)
    assert figures(found) == []
    assert notes(found, "good") == notes(found, "bad") == []
    assert any(note in each for each in notes(found, "missing"))
    kinds, checks = tables(found)
    assert [row[3:] for row in checks.rows] == [("0 of 0", "–")] * 2
    assert [row[2:] for row in kinds.rows] == [("0", "0", "–")] * 2


def test_texts_of_strangers_do_not_act() -> None:
    odd = Check(ODD, "INV", ODD, tuple(Case(f"toxic=0.1 {ODD}", n, f"toxic=0.9 {ODD}") for n in range(10)))
    found = shown(odd, name=ODD)
    for written in (to_html(ODD, found), to_markdown(ODD, found)):
        written.encode("utf-8")
        assert not {"\x1b", "\u202e", "\ud800"} & set(written)
    assert "<b" not in to_html(ODD, found).partition("<main>")[2]
    assert "toxic=0.1 &lt;b onclick=x&gt;|*x*&lt;/b&gt;" in to_html(ODD, found)
    assert r"toxic=0.1 \<b onclick=x\>\|\*x\*\</b\> \$\\frac" in to_markdown(ODD, found)


def test_figures_of_two_checklists_have_names_of_their_own() -> None:
    found = [block for name in ("a b", "a-b") for block in shown(mft(5), name=name)]
    assert len(set(figure_files(found).values())) == 2
