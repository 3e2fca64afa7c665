from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.metrics import roc_auc
from toxmeter.evaluation.suites.hatecheck import PUBLISHED, run_suite
from toxmeter.evaluation.suites.hatecheck_files import Suite
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))


def suite_of(rows: list[tuple[float, bool, str, str]], *, form: str = "HateCheck", **given: Any) -> Suite:
    """A suite of score, gold, functionality and target, which ``DummyScorer`` scores so."""
    return Suite(**{
        "name": "suite.csv", "format": form, "texts": [f"toxic={score} {n}" for n, (score, *_) in enumerate(rows)],
        "hateful": np.array([row[1] for row in rows], np.bool_), "functionality": [row[2] for row in rows],
        "targets": [(row[3],) if row[3] else () for row in rows], "template": None,
        "language": [""] * len(rows), "sha256": "0" * 64, **given})


# 12 hateful of which 9 are found, 20 others of which 15 are right
ROWS = ([(0.9, True, "derog_h", "women")] * 9 + [(0.1, True, "derog_h", "Muslims")] * 3
        + [(0.2, False, "ident_nh", "women")] * 11 + [(0.3, False, "quote_nh", "Muslims")] * 4
        + [(0.8, False, "quote_nh", "Muslims")] * 5)


def always(share: float = 1.0) -> DummyScorer:
    class Always(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            return np.full((len(texts), 1), share, np.float32)

    return Always(ONE)


def test_always_hateful_on_the_class_counts_of_the_full_suite() -> None:
    suite = suite_of([(1.0, n < 2_563, "any", "") for n in range(3_728)])
    report = run_suite(always(), suite, resamples=5)
    assert report["accuracy"]["overall"]["value"] == report["baseline"]["always_hateful"] == 0.6875
    assert (report["accuracy"]["hateful"]["value"], report["accuracy"]["non_hateful"]["value"]) == (1.0, 0.0)
    assert report["auc"]["value"] == 0.5


def test_figures_by_hand() -> None:
    report = run_suite(DummyScorer(ONE), suite_of(ROWS), resamples=200)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["cases"], report["hateful"], report["templates"]) == (32, 12, None)
    assert report["accuracy"]["overall"]["value"] == 24 / 32
    assert report["accuracy"]["hateful"]["value"] == 9 / 12
    assert report["accuracy"]["non_hateful"]["value"] == 15 / 20
    assert report["baseline"]["always_hateful"] == 12 / 32
    by_name = {part["functionality"]: part for part in report["functionalities"]}
    assert [(name, part["hateful"], part["cases"]) for name, part in by_name.items()] == [
        ("derog_h", True, 12), ("ident_nh", False, 11), ("quote_nh", False, 9)]
    assert by_name["derog_h"]["accuracy"]["value"] == 0.75
    assert by_name["quote_nh"]["accuracy"] is None
    assert "no figure for a functionality of fewer than 10 cases: quote_nh (9)" in report["notes"]
    targets = {part["target"]: part["accuracy"]["value"] for part in report["targets"]}
    assert targets == {"women": 1.0, "Muslims": round(4 / 12, 4)}
    assert (report["target_gap"]["best"], report["target_gap"]["worst"]) == ("women", "Muslims")
    gap = report["target_gap"]["gap"]
    assert gap["value"] == round(8 / 12, 4)
    assert 0 < gap["low"] < gap["value"] < gap["high"] < 1
    score = np.array([row[0] for row in ROWS])
    assert report["auc"]["value"] == pytest.approx(roc_auc(suite_of(ROWS).hateful, score), abs=1e-4)
    assert report["auc"]["low"] < report["auc"]["value"] < report["auc"]["high"]


def test_a_functionality_with_both_labels_is_two() -> None:
    report = run_suite(DummyScorer(ONE), suite_of(
        [(0.9, True, "emoji", "")] * 10 + [(0.9, False, "emoji", "")] * 10), resamples=5)
    found = [(part["functionality"], part["hateful"], part["accuracy"]["value"]) for part in report["functionalities"]]
    assert found == [("emoji", True, 1.0), ("emoji", False, 0.0)]


def test_intervals_are_over_templates() -> None:
    rows = [(float(n // 10 % 2), True, "derog_h", "") for n in range(80)]
    apart = run_suite(DummyScorer(ONE), suite_of(rows), resamples=300)["accuracy"]["overall"]
    report = run_suite(DummyScorer(ONE), suite_of(rows, template=np.arange(80) // 10), resamples=300)
    together = report["accuracy"]["overall"]
    assert apart["value"] == together["value"] == 0.5
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])
    assert report["templates"] == report["functionalities"][0]["templates"] == 8


def test_one_template_has_no_interval() -> None:
    rows = [(1.0, True, "slur_h", "")] * 12 + [(0.0, False, "ident_nh", "")] * 12
    report = run_suite(DummyScorer(ONE), suite_of(rows, template=np.array([0] * 12 + [1] * 6 + [2] * 6)), resamples=50)
    assert report["functionalities"][0]["accuracy"] == {"value": 1.0, "low": None, "high": None}
    assert "of one template, so without an interval: slur_h" in report["notes"]
    assert report["functionalities"][1]["accuracy"] == {"value": 1.0, "low": 0.3424, "high": 1.0}  # Wilson, of 2


def test_the_decision_is_that_of_a_guardrail() -> None:
    scorer = DummyScorer(ONE)
    scorer.thresholds = {"toxic": 0.85}
    assert run_suite(scorer, suite_of(ROWS), resamples=5)["accuracy"]["non_hateful"]["value"] == 1.0
    own = run_suite(scorer, suite_of(ROWS), threshold=0.15, resamples=5)
    assert (own["threshold"], own["accuracy"]["non_hateful"]["value"]) == (0.15, 0.0)
    with pytest.raises(InputError, match="threshold is 2"):
        run_suite(scorer, suite_of(ROWS), threshold=2)


def test_a_label_can_decide_by_itself() -> None:
    two = LabelSet(("toxic", "hate"), "multilabel", ("toxic",))
    suite = suite_of(ROWS)
    suite = replace(suite, texts=[text.replace("toxic=", "hate=") for text in suite.texts])
    report = run_suite(DummyScorer(two), suite, label="hate", resamples=5)
    assert (report["label"], report["accuracy"]) == (
        "hate", run_suite(DummyScorer(ONE), suite_of(ROWS), resamples=5)["accuracy"])
    assert run_suite(DummyScorer(two), suite, resamples=5)["accuracy"]["hateful"]["value"] == 0


@pytest.mark.parametrize(("rows", "note"), [
    (ROWS[:12], "12 hateful cases and 0 others"),
    (ROWS[12:], "0 hateful cases and 20 others"),
    (ROWS[:3], "no figure for a functionality of fewer than 10 cases: derog_h (3)"),
    ([(score, hateful, name, "") for score, hateful, name, _ in ROWS], "no case names a target group"),
    (ROWS[:20], "fewer than two target groups have 10 cases"),
])
def test_what_cannot_be_measured_is_none_and_said(rows: list[tuple[float, bool, str, str]], note: str) -> None:
    report = run_suite(DummyScorer(ONE), suite_of(rows), resamples=5)
    json.dumps(report, allow_nan=False)
    assert any(note in each for each in report["notes"])


def test_many_small_groups_make_a_short_note() -> None:
    report = run_suite(always(), suite_of([(1.0, True, f"f{n}", f"t{n}") for n in range(40)]), resamples=5)
    assert sum(len(note) for note in report["notes"]) < 500
    assert any("and 32 more" in note for note in report["notes"])


def test_scores_that_are_no_numbers_are_left_out() -> None:
    class Broken(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            scores = super()._score_short(texts)
            scores[["9" in text.split()[-1] for text in texts]] = np.nan
            return scores

    report = run_suite(Broken(ONE), suite_of(ROWS), resamples=5)
    assert report["cases"] == 29
    assert "3 of 32 texts have a score that is NaN or infinite" in report["notes"][0]
    nothing = run_suite(DummyScorer(LabelSet(("bad", "good"), "binary")), suite_of(ROWS), resamples=5)
    json.dumps(nothing, allow_nan=False)
    assert nothing["cases"] == 0
    assert "declared toxic" in nothing["notes"][0]


def test_languages_are_told_apart() -> None:
    report = run_suite(always(), suite_of(ROWS, language=["de"] * 12 + ["fr"] * 20), resamples=5)
    assert [(part["language"], part["accuracy"]["value"]) for part in report["languages"]] == [("fr", 0.0), ("de", 1.0)]
    assert run_suite(always(), suite_of(ROWS, language=["de"] * 32), resamples=5)["languages"] == []


def test_published_figures_stand_beside_hatecheck_alone() -> None:
    assert run_suite(always(), suite_of(ROWS), resamples=5)["published"] == PUBLISHED
    assert run_suite(always(), suite_of(ROWS, form="Multilingual HateCheck"), resamples=5)["published"] is None
    accuracy = PUBLISHED["accuracy"]
    mixed = (2_563 * accuracy["hateful"] + 1_165 * accuracy["non_hateful"]) / 3_728
    assert mixed == pytest.approx(accuracy["overall"], abs=1e-3)


def test_the_same_seed_gives_the_same_report() -> None:
    first, again, other = (run_suite(DummyScorer(ONE), suite_of(ROWS), seed=seed, resamples=30) for seed in (1, 1, 2))
    assert first == again != other
