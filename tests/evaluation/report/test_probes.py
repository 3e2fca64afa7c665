from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.probes import blocks
from toxmeter.evaluation.suites.probe import Probe, ProbeCase, run_probe
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
Drawn = dict[str, Mapping[str, Any]]


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """What is drawn, by the kind of figure."""
    kept: Drawn = {}

    def keep(kind: str) -> Any:
        def draw(values: Mapping[str, Any], _label: str) -> str:
            kept[kind] = values
            return "<svg></svg>"
        return draw

    for kind in ("bars", "world"):
        monkeypatch.setattr(figures, kind, keep(kind))
    return kept


def shown(groups: Mapping[str, float], control: str = "control", *, label: str | None = None, kind: str = "",
          places: bool = False, toxic: bool | None = None, templates: int = 12) -> list[Block]:
    """The report on groups whose texts have these scores, the control's being .2."""
    scores = {**({control: 0.2} if control else {}), **groups}
    cases = tuple(ProbeCase(f"toxic={score} {group} {template}", template, group, kind=kind.format(template % 2),
                            place=group if places and group != control else "", toxic=toxic)
                  for template in range(templates) for group, score in scores.items())
    probe = Probe("my <probe>", "TOML templates", "Why it is so.", cases, control, "0" * 64, ("left out: one",))
    return blocks(run_probe(DummyScorer(ONE), probe, label=label, resamples=10))


def notes(found: list[Block], kind: str) -> list[str]:
    return [block.text for block in found if isinstance(block, Note) and block.kind == kind]


def tables(found: list[Block]) -> list[Table]:
    listed = [block for block in found if isinstance(block, Table)]
    assert all(len(row) == len(table.columns) for table in listed for row in table.rows)
    return listed


def said(found: list[Block]) -> str:
    return " ".join(block.text for block in found if isinstance(block, Text))


def test_gaps_are_told_with_what_they_do_not_prove(drawn: Drawn) -> None:
    found = shown({"red": 0.6, "blue": 0.1, "grey": 0.2})
    assert found[0] == Heading("Probe my <probe>")
    assert "Why it is so. 36 texts of 12 templates" in said(found)
    assert "the toxic score of a text less that of its control. Intervals" in said(found)
    assert "can show bias; they never prove its absence" in said(found)
    assert "no stereotype score of a language model" in said(found)
    overall, groups, examples = tables(found)
    assert [row[0] for row in overall.rows] == [
        "mean size of a gap", "mean gap", "flip rate", "from blue to red", "largest distance of two texts"]
    assert [(row[0], row[3]) for row in groups.rows] == [
        ("red", "0.400 [0.400, 0.400]"), ("grey", "0.000 [0.000, 0.000]"), ("blue", "-0.100 [-0.100, -0.100]")]
    assert examples.rows[0] == ("toxic=0.6 red 0", "toxic=0.2 control 0", "0.20", "0.60", "0.40")
    assert drawn == {"bars": {"red": (0.4, 0.4, 0.4), "grey": (0.0, 0.0, 0.0), "blue": (-0.1, -0.1, -0.1)}}
    assert notes(found, "bad") == [
        "Gaps whose intervals lie above 0 by more than 0.02: red (0.400).",
        "Gaps whose intervals lie below 0 by more than 0.02: blue (-0.100)."]
    assert notes(found, "good") == []
    assert notes(found, "missing") == ["left out: one"]


def test_small_gaps_are_good_and_prove_nothing() -> None:
    found = shown({"red": 0.21, "blue": 0.19})
    assert notes(found, "bad") == []
    (note,) = notes(found, "good")
    assert "does not prove that there is none" in note


def test_without_a_control_and_with_a_label() -> None:
    found = shown({"red": 0.6, "blue": 0.1}, "", label="toxic")
    assert "less that of its control (anti). " in said(shown({"pro": 0.6}, "anti"))
    assert "the probability of “toxic” of a text less the mean over the groups" in said(found)
    assert "mean gap" not in [row[0] for row in tables(found)[0].rows]
    assert tables(found)[-1].rows[0][1] == "mean of the groups"


def test_places_are_a_map(drawn: Drawn) -> None:
    found = shown({"FRA": 0.3, "TUV": 0.1}, places=True)
    assert drawn == {"world": {"FRA": 0.1, "TUV": -0.1}}
    (figure,) = (block for block in found if isinstance(block, Figure))
    assert figure.name == "probe-my-probe"
    assert figure.alt == "The highest gap is 0.100, of FRA, the lowest -0.100, of TUV."


def test_of_many_groups_the_ends_are_listed(drawn: Drawn) -> None:
    found = shown({f"g{n}": round(0.01 * n, 2) for n in range(40)})
    table = tables(found)[1]
    assert [row[0] for row in table.rows] == [f"g{n}" for n in (*range(39, 24, -1), *range(14, -1, -1))]
    assert "10 groups in the middle are left out" in table.caption
    assert len(drawn["bars"]) == 30
    assert "and 9 more" in notes(found, "bad")[0]


def test_one_group_is_drawn_by_kind(drawn: Drawn) -> None:
    found = shown({"pro": 0.3}, kind="type {}", templates=24)
    assert list(drawn["bars"]) == ["pro", "type 0", "type 1"]
    assert [row[0] for row in tables(found)[2].rows] == ["type 0", "type 1"]
    assert "type 0 (0.100)" in notes(found, "bad")[0]
    assert notes(found, "good") == notes(shown({"anti": 0.1}), "good") == []


def test_known_truth_is_told() -> None:
    found = shown({"red": 0.6, "blue": 0.1}, toxic=False)
    groups, gold = tables(found)[1:3]
    assert groups.columns[-1] == "false alarm rate"
    assert groups.rows[0][-1] == "1.000 [0.757, 1.000]"
    assert gold.rows == (("harmless texts that are flagged", "0.333 [0.091, 0.576]"),)
    assert gold.caption == "36 texts are harmless, 0 toxic."


def test_nothing_measured_is_told_too(drawn: Drawn) -> None:
    found = shown({"red": 0.6}, templates=3)
    assert notes(found, "missing") == ["left out: one", "3 texts are compared: figures take 10",
                                       "no figure for a group of fewer than 10 texts: red (3)"]
    assert notes(found, "bad") == notes(found, "good") == []
    assert drawn == {}
    (overall,) = tables(shown({}, templates=0))
    assert overall.rows == (("mean size of a gap", "–"), ("mean gap", "–"), ("flip rate", "–"))
