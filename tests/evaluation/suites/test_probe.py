from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from toxmeter.errors import InputError, LabelError
from toxmeter.evaluation.suites.probe import Probe, ProbeCase, run_probe
from toxmeter.evaluation.suites.probe_files import read_probe
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.catalog import load
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
FILM = LabelSet(("bad", "good"), "binary")


class Words(DummyScorer):
    """Scores .2, and more for words that are in the text."""

    def __init__(self, more: dict[str, float], labels: LabelSet = ONE) -> None:
        super().__init__(labels)
        self.more = more

    def _score_short(self, texts: list[str]) -> FloatArray:
        last = np.array([0.2 + sum(more for word, more in self.more.items() if word in text) for text in texts])
        columns = [1 - last, last] if len(self.labels) == 2 else [last]
        return np.stack(columns, axis=1).astype(np.float32)


def probe_of(cases: list[ProbeCase], control: str = "control", **given: Any) -> Probe:
    return Probe(**{"name": "own", "format": "TOML templates", "about": "why", "cases": tuple(cases),
                    "control": control, "sha256": "0" * 64, **given})


def filled(groups: list[str], templates: int = 12, frames: int = 1, **given: Any) -> list[ProbeCase]:
    return [ProbeCase(f"T{template}. F{frame}, {group}.", template, group, frame, **given)
            for template in range(templates) for frame in range(frames) for group in groups]


BIASED = Words({"green": 0.4, "blue": 0.1, "blue.": -0.2, "T3.": 0.1})


def test_planted_bias_is_found_with_its_size_and_sign() -> None:
    report = run_probe(BIASED, probe_of(filled(["control", "green", "red", "blue"])), resamples=50)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["cases"], report["templates"], report["label"], report["threshold"]) == (36, 12, None, None)
    assert report["control"] == {"name": "control", "score": pytest.approx(0.2 + 0.1 / 12, abs=1e-4)}
    assert [(group["group"], group["gap"]["value"], group["flip_rate"]["value"], group["cases"], group["templates"])
            for group in report["groups"]] == [
        ("green", 0.4, 1.0, 12, 12), ("red", 0.0, 0.0, 12, 12), ("blue", -0.1, 0.0, 12, 12)]
    assert all(group["gap"]["low"] == group["gap"]["high"] == group["gap"]["value"] for group in report["groups"])
    assert report["groups"][2]["absolute"]["value"] == 0.1
    gaps = {name: figure["value"] for name, figure in report["gaps"].items()}
    assert gaps == pytest.approx({"absolute": 0.5 / 3, "signed": 0.1, "flip_rate": 1 / 3}, abs=1e-4)
    assert (report["range"]["highest"], report["range"]["lowest"], report["range"]["gap"]["value"]) == (
        "green", "blue", 0.5)
    assert report["largest"]["gap"] == 0.5
    assert report["notes"] == []


def test_without_a_control_the_mean_over_the_groups_is_the_reference() -> None:
    report = run_probe(BIASED, probe_of(filled(["green", "red", "blue"]), ""), resamples=20)
    assert {group["group"]: group["gap"]["value"] for group in report["groups"]} == {
        "green": 0.3, "red": -0.1, "blue": -0.2}
    assert report["gaps"]["signed"] is None
    assert {group["group"]: group["flip_rate"]["value"] for group in report["groups"]} == {
        "green": 1.0, "red": 0.5, "blue": 0.5}
    assert report["control"] == {"name": "", "score": None}


def test_a_scorer_without_bias_has_no_gap() -> None:
    for control in ("control", ""):
        report = run_probe(Words({"T3.": 0.5}), probe_of(filled(["control", "green", "red"]), control), resamples=20)
        assert {figure["value"] for figure in report["gaps"].values() if figure} == {0.0}
        assert all(group["gap"]["value"] == group["flip_rate"]["value"] == 0 for group in report["groups"])
        assert (report["largest"], report["examples"]) == (None, [])


def test_texts_are_compared_within_a_frame_and_drawn_by_template() -> None:
    scorer = Words({"F1": 0.6, "green": 0.1})
    report = run_probe(scorer, probe_of(filled(["control", "green"], templates=1, frames=12)), resamples=20)
    assert report["groups"][0]["gap"] == {"value": 0.1, "low": None, "high": None}
    assert report["notes"] == ["of one template, so without an interval: green"]


def test_the_threshold_decides_what_flips() -> None:
    def flips(threshold: float | None) -> float:
        report = run_probe(BIASED, probe_of(filled(["control", "green"])), threshold=threshold, resamples=5)
        return float(report["gaps"]["flip_rate"]["value"])

    assert (flips(None), flips(0.1), flips(0.25), flips(0.65)) == (1.0, 0.0, round(11 / 12, 4), round(1 / 12, 4))
    with pytest.raises(InputError, match=r"threshold is 1.5"):
        flips(1.5)


def test_a_label_can_be_probed_instead() -> None:
    scorer, probe = Words({"green": 0.4}, FILM), probe_of(filled(["control", "green"]))
    good = run_probe(scorer, probe, label="good", resamples=5)
    assert (good["label"], good["groups"][0]["gap"]["value"], good["groups"][0]["flip_rate"]["value"]) == (
        "good", 0.4, 1.0)
    bad = run_probe(scorer, probe, label="bad", threshold=0.7, resamples=5)
    assert (bad["groups"][0]["gap"]["value"], bad["groups"][0]["flip_rate"]["value"]) == (-0.4, 1.0)
    with pytest.raises(LabelError, match="no label 'goood'"):
        run_probe(scorer, probe, label="goood")
    with pytest.raises(InputError, match="threshold is -1"):
        run_probe(scorer, probe, label="bad", threshold=-1)


def test_what_is_toxic_says_nothing_about_another_label() -> None:
    probe = probe_of(filled(["control", "green"], toxic=False))
    report = run_probe(Words({"green": 0.5}, FILM), probe, label="good", resamples=5)
    assert report["gold"] is None
    assert "false_alarm_rate" not in report["groups"][0]
    assert run_probe(Words({"green": 0.5}), probe, label="toxic", resamples=5)["gold"]["harmless"] == 24


def test_without_a_toxic_label_there_is_a_note_and_no_figure() -> None:
    report = run_probe(Words({}, FILM), probe_of(filled(["control", "green"], toxic=False)), resamples=5)
    json.dumps(report, allow_nan=False)
    assert (report["cases"], report["groups"], report["gold"], report["largest"]) == (0, [], None, None)
    assert "declared toxic" in report["notes"][0]
    assert report["notes"][1:] == ["name one of its labels to probe that one's probability",
                                   "0 texts are compared: figures take 10"]


@pytest.mark.parametrize(("labels", "label"), [(ONE, None), (FILM, "good")])
def test_scores_that_are_no_numbers_are_left_out(labels: LabelSet, label: str | None) -> None:
    scorer = Words({"T1.": np.nan, "green": 0.1, "T2. F0, control": np.inf}, labels)
    report = run_probe(scorer, probe_of(filled(["control", "green"], templates=14)), label=label, resamples=5)
    json.dumps(report, allow_nan=False)
    assert (report["cases"], report["groups"][0]["gap"]["value"]) == (12, 0.1)
    assert report["notes"] == [
        "3 of 28 texts have a score that is NaN or infinite: they are left out",
        "left out: 1 texts with nothing of their template to be compared with"]


def test_few_texts_have_no_figure() -> None:
    cases = [*filled(["control", "green"], templates=9, kind="colour"), *filled(["control", "red"], templates=1)]
    report = run_probe(BIASED, probe_of(cases), resamples=5)
    assert [(group["group"], group["gap"]) for group in report["groups"]] == [("green", None), ("red", None)]
    assert report["gaps"]["signed"]["value"] == pytest.approx(0.36, abs=1e-4)
    assert report["range"] is None
    assert report["notes"] == ["no figure for a group of fewer than 10 texts: green (9), red (1)",
                               "no figure for a kind of fewer than 10 texts: colour (9)"]
    empty = run_probe(BIASED, probe_of([]), resamples=5)
    assert (empty["cases"], empty["gaps"]["absolute"]) == (0, None)


def test_kinds_sum_up_and_what_is_0_by_definition_is_none() -> None:
    controls = filled(["control"], kind="")
    kinds = [*filled(["green", "red"], kind="warm"), *filled(["blue"], kind="cold")]
    report = run_probe(BIASED, probe_of([*controls, *kinds]), resamples=5)
    assert [(kind["kind"], kind["cases"], kind["signed"]["value"]) for kind in report["kinds"]] == [
        ("warm", 24, 0.2), ("cold", 12, -0.1)]
    assert {group["group"]: group["kind"] for group in report["groups"]} == {
        "green": "warm", "red": "warm", "blue": "cold"}
    mixed = run_probe(BIASED, probe_of(kinds, ""), resamples=5)
    assert mixed["kinds"][1]["signed"]["value"] == -0.2
    whole = run_probe(BIASED, probe_of(filled(["green", "red"], kind="warm"), ""), resamples=5)
    assert (whole["kinds"][0]["signed"], whole["kinds"][0]["absolute"]["value"]) == (None, 0.2)


def test_examples_are_the_largest_gaps_one_of_a_template_and_cut() -> None:
    long = [ProbeCase(f"T{n} {'x' * 300 if group == 'green' else ''} {group}", n, group)
            for n in range(8) for group in ("control", "green", "red")]
    report = run_probe(Words({"green": 0.1, "T5": 0.05, "red": -0.05}), probe_of(long), resamples=5)
    assert len(report["examples"]) == 5
    first = report["examples"][0]
    assert (len(first["text"]), first["group"], first["control"], first["reference"], first["gap"]) == (
        120, "green", "T0  control", 0.2, 0.1)
    few = run_probe(BIASED, probe_of(filled(["control", "green", "blue"], templates=2)), resamples=5)
    assert [example["text"] for example in few["examples"]] == ["T0. F0, green.", "T1. F0, green."]


def test_known_truth_gives_shares_and_auc() -> None:
    cases = [*filled(["green", "red"], toxic=False), *(ProbeCase(f"bad {n} {group}", 20 + n, group, toxic=True)
                                                       for n in range(12) for group in ("green", "red"))]
    rest = [ProbeCase("bad", 40, "", toxic=True)]  # has no group, and counts for the shares
    report = run_probe(Words({"green": 0.4, "bad": 0.4}), probe_of([*cases, *rest], ""), resamples=50)
    gold = report["gold"]
    assert (gold["toxic"], gold["harmless"]) == (25, 24)
    assert (gold["false_alarm_rate"]["value"], gold["miss_rate"]["value"]) == (0.5, 0.0)
    # harmless .2 and .6, toxic 12 of 1 and 13 of .6: ties count half
    assert gold["auc"]["value"] == pytest.approx((12 * 24 + 13 * (12 + 6)) / (25 * 24), abs=1e-4)
    assert {group["group"]: (group["false_alarm_rate"]["value"], group["miss_rate"]["value"])
            for group in report["groups"]} == {"green": (1.0, 0.0), "red": (0.0, 0.0)}
    harmless = run_probe(BIASED, probe_of(filled(["control", "green"], toxic=False)), resamples=5)
    assert (harmless["gold"]["auc"], harmless["gold"]["miss_rate"], harmless["notes"]) == (None, None, [])
    few = run_probe(BIASED, probe_of([*filled(["control", "green"], toxic=False), *rest]), resamples=5)
    assert few["notes"] == ["1 toxic texts and 24 harmless ones: ROC-AUC takes 10 of either"]


@pytest.mark.parametrize(("name", "groups", "high"), [("countries", 203, "Niger"), ("identities", 58, "gay men")])
def test_the_shipped_probes_find_what_nano_has_and_nothing_where_nothing_is(name: str, groups: int, high: str) -> None:
    nano = run_probe(load("nano"), read_probe(name), resamples=50)
    assert (len(nano["groups"]), nano["templates"], nano["notes"]) == (groups, 16, [])
    assert nano["range"]["highest"] == high
    assert nano["range"]["gap"]["low"] > 0.05
    assert nano["gold"]["false_alarm_rate"]["value"] < 0.02
    silent = run_probe(DummyScorer(ONE), read_probe(name), resamples=5)
    assert (silent["cases"], silent["gaps"]["absolute"]["value"]) == (nano["cases"], 0)
