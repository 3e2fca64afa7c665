from __future__ import annotations

import json

import numpy as np
import pytest

from toxmeter.evaluation.suites.checklist import Case, Check, Checklist, Direction, run_checklist
from toxmeter.evaluation.suites.checklist_files import read_checklist
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.catalog import load
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))


def listed(*checks: Check) -> Checklist:
    return Checklist("own", checks, "0" * 64)


def pair(before: float, after: float, template: int = 0) -> Case:
    return Case(f"toxic={before}", template, f"toxic={after}")


def failures(check: Check) -> int:
    found: int = run_checklist(DummyScorer(ONE), listed(check), resamples=5)["checks"][0]["failures"]
    return found


def test_mft_asks_for_the_decision() -> None:
    cases = tuple(Case(f"toxic={score}", 0, unsafe=unsafe) for score, unsafe in (
        (0.9, True), (0.4, True), (0.2, False), (0.5, False)))
    check = run_checklist(DummyScorer(ONE), listed(Check("a", "MFT", "why", cases)), resamples=5)["checks"][0]
    assert (check["cases"], check["failures"], check["tolerance"], check["direction"]) == (4, 2, None, None)
    # the worst first: .5 is not safe, .4 not unsafe; further from what was expected is worse
    assert [(example["text"], example["expected"]) for example in check["examples"]] == [
        ("toxic=0.5", "safe"), ("toxic=0.4", "unsafe")]
    assert check["examples"][0]["changed"] is check["examples"][0]["changed_score"] is None


@pytest.mark.parametrize(("before", "after", "fails"), [
    (0.45, 0.54, False),  # another decision, but a small step
    (0.6, 0.95, False),  # a big step, but the same decision
    (0.4, 0.6, True),
    (0.6, 0.4, True),
])
def test_inv_fails_if_the_decision_changes_and_the_score_moves(before: float, after: float, fails: bool) -> None:
    assert failures(Check("a", "INV", "", (pair(before, after),), tolerance=0.1)) == fails


@pytest.mark.parametrize(("direction", "before", "after", "fails"), [
    ("up", 0.4, 0.9, False), ("up", 0.4, 0.4, False), ("up", 0.4, 0.35, False), ("up", 0.4, 0.2, True),
    ("down", 0.4, 0.1, False), ("down", 0.4, 0.45, False), ("down", 0.4, 0.6, True)])
def test_dir_fails_if_the_score_moves_the_other_way(
    direction: Direction, before: float, after: float, fails: bool
) -> None:
    assert failures(Check("a", "DIR", "", (pair(before, after),), tolerance=0.1, direction=direction)) == fails


def test_rates_and_kinds() -> None:
    mft = Check("a", "MFT", "", tuple(Case(f"toxic=0.{n} x", n % 4) for n in range(10)))  # .5 to .9 are flagged
    inv = Check("b", "INV", "", tuple(pair(0.1, 0.9 if n else 0.1, n % 5) for n in range(20)))
    scorer = DummyScorer(ONE)
    report = run_checklist(scorer, listed(mft, inv), resamples=100)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert scorer.calls == [60]
    assert report["cases"] == 30
    assert report["kinds"]["MFT"] == {"checks": 1, "cases": 10, "failures": 5,
                                      "failure_rate": report["checks"][0]["failure_rate"]}
    assert report["checks"][0]["failure_rate"]["value"] == 0.5
    assert report["checks"][1]["failure_rate"]["value"] == 0.95
    assert report["checks"][1]["failure_rate"]["low"] < 0.95
    assert list(report["kinds"]) == ["MFT", "INV"]
    assert len(report["checks"][1]["examples"]) == 3
    assert report["notes"] == []


def test_cases_of_one_template_stand_and_fall_together() -> None:
    def width(template: int) -> float:
        cases = tuple(Case("toxic=1" if n // 10 % 2 else "toxic=0", n // template) for n in range(80))
        rate = run_checklist(DummyScorer(ONE), listed(Check("a", "MFT", "", cases)), resamples=200)["checks"][0][
            "failure_rate"]
        return float(rate["high"] - rate["low"])

    assert width(10) > 2 * width(1)


def test_few_cases_have_no_rate() -> None:
    report = run_checklist(DummyScorer(ONE), listed(Check("a", "MFT", "", (Case("toxic=1", 0),))), resamples=5)
    assert report["checks"][0]["failures"] == 1
    assert report["checks"][0]["failure_rate"] is None
    assert report["notes"] == ["no failure rate over fewer than 10 cases: a (1)"]


def test_long_examples_are_cut() -> None:
    case = Case("toxic=1 " + "x" * 500, 0)
    example = run_checklist(DummyScorer(ONE), listed(Check("a", "MFT", "", (case,))))["checks"][0]["examples"][0]
    assert len(example["text"]) == 120


def test_scores_that_are_no_numbers_are_left_out() -> None:
    class Broken(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            return np.array([[np.nan if "0.9" in text else 0.1] for text in texts], np.float32)

    report = run_checklist(Broken(ONE), listed(Check("a", "INV", "", tuple(pair(0.1, 0.9) for _ in range(12)))))
    assert (report["cases"], report["checks"][0]["failures"]) == (0, 0)
    assert "12 of 24 texts have a score that is NaN" in report["notes"][0]
    film = DummyScorer(LabelSet(("bad", "good"), "binary"))
    nothing = run_checklist(film, listed(Check("a", "MFT", "", (Case("x", 0, unsafe=True),))))
    json.dumps(nothing, allow_nan=False)
    assert nothing["cases"] == nothing["checks"][0]["failures"] == 0
    assert "declared toxic" in nothing["notes"][0]


def test_the_shipped_checklist_tells_nano_from_a_scorer_that_says_nothing() -> None:
    checklist = read_checklist()
    nano = run_checklist(load("nano"), checklist, resamples=20)
    silent = run_checklist(DummyScorer(ONE), checklist, resamples=20)
    assert nano["cases"] == silent["cases"]
    assert silent["kinds"]["INV"]["failures"] == silent["kinds"]["DIR"]["failures"] == 0
    by_name = {check["name"]: check for check in nano["checks"]}
    assert by_name["plain insults"]["failure_rate"]["value"] < 0.2
    assert {check["name"]: check for check in silent["checks"]}["plain insults"]["failure_rate"]["value"] == 1
