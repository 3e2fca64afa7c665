from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.bias import AUCS, equal_error_threshold, identity_bias, power_mean


def brute_auc(positives: Any, negatives: Any) -> float:
    """How often one outscores the other, pair by pair."""
    pairs = list(product(positives, negatives))
    return float(sum((high > low) + 0.5 * (high == low) for high, low in pairs) / len(pairs))


def brute(truth: Any, score: Any, inside: Any) -> list[float]:
    """Subgroup, BPSN and BNSP AUC as Borkan et al. define them."""
    def part(toxic: bool, about: bool) -> Any:
        return score[(truth == toxic) & (inside == about)]

    return [brute_auc(part(True, True), part(False, True)), brute_auc(part(True, False), part(False, True)),
            brute_auc(part(True, True), part(False, False))]


def drawn(seed: int, rows: int = 200) -> tuple[Any, Any, dict[str, Any]]:
    random = np.random.default_rng(seed)
    truth = random.random(rows) < 0.5
    score = np.round(np.clip(truth * 0.3 + random.random(rows) * 0.7, 0, 1), 1)  # many ties
    return truth, score, {name: (random.random(rows) < share).astype(np.float64)
                          for name, share in (("a", 0.5), ("b", 0.4))}


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_aucs_are_those_of_counting_pairs(seed: int) -> None:
    truth, score, groups = drawn(seed)
    found = identity_bias(truth, score, groups, resamples=2)
    means = []
    for kind, column in zip(AUCS, range(3), strict=True):
        wanted = [brute(truth, score, groups[name] == 1)[column] for name in groups]
        assert [found["groups"][name][kind]["value"] for name in groups] == pytest.approx(wanted, abs=6e-5)
        means.append(np.mean(np.array(wanted) ** -5.0) ** -0.2)
        assert found["power_means"][kind] == pytest.approx(means[-1], abs=6e-5)
    whole = brute_auc(score[truth], score[~truth])
    assert found["auc"]["value"] == pytest.approx(whole, abs=6e-5)
    assert found["combined"]["value"] == pytest.approx((whole + sum(means)) / 4, abs=6e-5)


def test_intervals_are_those_of_drawing_rows() -> None:
    truth, score, groups = drawn(5, rows=120)
    found = identity_bias(truth, score, groups, resamples=6, seed=3)
    random = np.random.default_rng(3)
    aucs, combined = [], []
    for _ in range(6):
        rows = random.integers(0, 120, 120)
        three = np.array([brute(truth[rows], score[rows], groups[name][rows] == 1) for name in groups])
        whole = brute_auc(score[rows][truth[rows]], score[rows][~truth[rows]])
        aucs.append(three)
        combined.append((whole + (np.mean(three ** -5.0, axis=0) ** -0.2).sum()) / 4)
    for place, name in enumerate(groups):
        for column, kind in enumerate(AUCS):
            ends = np.quantile([three[place, column] for three in aucs], [0.025, 0.975])
            assert [found["groups"][name][kind][end] for end in ("low", "high")] == pytest.approx(ends, abs=6e-5)
    ends = np.quantile(combined, [0.025, 0.975])
    assert [found["combined"][end] for end in ("low", "high")] == pytest.approx(ends, abs=6e-5)


def test_rates_and_their_distances_by_hand() -> None:
    # 20 texts of each kind; the group's harmless ones score as high as toxic ones elsewhere
    truth = np.repeat([True, False, True, False], 20)
    score = np.concatenate([np.full(20, 0.8), np.full(20, 0.8), np.full(20, 0.8), np.full(20, 0.1)])
    inside = np.repeat([1.0, 1.0, 0.0, 0.0], 20)
    found = identity_bias(truth, score, {"g": inside}, resamples=20)
    group = found["groups"]["g"]
    assert (group["rows"], group["positives"]) == (40, 20)
    assert [group[kind]["value"] for kind in AUCS] == [0.5, 0.5, 1.0]
    assert found["equal_error"] == 0.8
    assert (group["false_positive_rate"], group["false_negative_rate"]) == (1.0, 0.0)
    assert (found["fped"], found["fned"]) == (0.5, 0.0)  # of all harmless texts, half are flagged


def test_distances_add_up_over_groups() -> None:
    # of 20 toxic and 20 other texts about each group: a has 5 misses and 10 false alarms, b 5 and none
    truth = np.tile(np.repeat([True, False], 20), 2)
    score = np.concatenate([[0.2] * 5 + [0.6] * 15, [0.6] * 10 + [0.2] * 10, [0.2] * 5 + [0.6] * 15, [0.2] * 20])
    group = np.repeat([1.0, 0.0], 40)
    found = identity_bias(truth, score, {"a": group, "b": 1 - group}, resamples=2)
    assert found["equal_error"] == 0.6
    assert [found["groups"][name]["false_positive_rate"] for name in "ab"] == [0.5, 0.0]
    assert [found["groups"][name]["false_negative_rate"] for name in "ab"] == [0.25, 0.25]
    assert (found["fped"], found["fned"]) == (0.5, 0.0)  # 10 false alarms in 40: .25 from either group


def test_an_auc_of_zero_makes_its_mean_zero() -> None:
    truth = np.repeat([True, False], [40, 40])
    score = np.concatenate([np.full(20, 0.5), np.full(20, 0.9), np.full(20, 0.7), np.full(20, 0.1)])
    inside = np.tile(np.repeat([1.0, 0.0], 20), 2)
    found = identity_bias(truth, score, {"g": inside}, resamples=10)
    assert found["power_means"] == {"subgroup_auc": 0.0, "bpsn_auc": 1.0, "bnsp_auc": 1.0}
    assert found["combined"]["value"] == (0.75 + 2) / 4


def test_a_bias_against_a_group_shows_in_bpsn() -> None:
    random = np.random.default_rng(0)
    truth = random.random(2_000) < 0.4
    inside = (random.random(2_000) < 0.3).astype(np.float64)
    score = 0.4 * truth + 0.3 * random.random(2_000) + 0.3 * inside * ~truth
    found = identity_bias(truth, score, {"g": inside}, resamples=100)["groups"]["g"]
    assert found["bpsn_auc"]["high"] < found["bnsp_auc"]["low"]
    assert found["bpsn_auc"]["low"] <= found["bpsn_auc"]["value"] <= found["bpsn_auc"]["high"]


def test_power_mean() -> None:
    assert power_mean(np.array([0.5, 1.0])) == pytest.approx(((32 + 1) / 2) ** -0.2)
    assert power_mean(np.array([0.0, 1.0])) == 0.0
    assert np.isnan(power_mean(np.array([])))
    assert np.isnan(power_mean(np.array([0.0, np.nan])))


def test_equal_error_threshold() -> None:
    truth = np.array([False, False, True, False, True, True])
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    # at .4 one of three is missed and one of three is a false alarm
    assert equal_error_threshold(truth, score) == 0.4
    assert equal_error_threshold(np.array([True, False]), np.array([0.5, 0.5])) == 0.5


def test_unknown_membership_is_of_neither_side() -> None:
    truth, score, groups = drawn(1)
    unknown = groups["a"].copy()
    unknown[:50] = np.nan
    section = identity_bias(truth, score, {"a": unknown, "b": groups["b"]}, resamples=2)
    for name, first in (("a", 50), ("b", 0)):
        assert [section["groups"][name][kind]["value"] for kind in AUCS] == pytest.approx(
            brute(truth[first:], score[first:], groups[name][first:] == 1), abs=6e-5)
    assert section["auc"]["value"] == pytest.approx(brute_auc(score[truth], score[~truth]), abs=6e-5)
    assert section["notes"] == ["50 of 200 rows do not say whether they are about a: they are left out there"]


def test_equal_seeds_give_equal_intervals() -> None:
    truth, score, groups = drawn(2)
    one, same, other = (identity_bias(truth, score, groups, resamples=50, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one["combined"] != other["combined"]


@pytest.mark.parametrize(("truth", "said"), [
    (np.zeros(40, bool), "0 toxic texts and 40 others"), (np.ones(40, bool), "40 toxic texts and 0 others"),
    (np.zeros(0, bool), "0 toxic texts and 0 others")])
def test_one_class_is_said(truth: Any, said: str) -> None:
    found = identity_bias(truth, np.linspace(0, 1, len(truth)), {"g": np.ones(len(truth))}, resamples=5)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert any(said in note for note in found["notes"])
    assert found["auc"] is found["combined"] is found["fped"] is None
    assert all(found["groups"]["g"][kind] is None for kind in AUCS)


def test_a_group_of_three_is_left_out_of_the_means() -> None:
    truth, score, groups = drawn(3)
    few = (np.arange(len(truth)) < 3).astype(np.float64)
    found = identity_bias(truth, score, {**groups, "few": few}, resamples=5)
    alone = identity_bias(truth, score, groups, resamples=5)
    assert all(found["groups"]["few"][kind] is None for kind in AUCS)
    assert found["combined"] == alone["combined"]
    assert any(note.startswith("few: ") for note in found["notes"])
    assert found["notes"][-1] == "power means, combined metric, FPED and FNED: over 2 of 3 groups, without few"


def test_sums_say_which_groups_they_lack() -> None:
    truth, score, groups = drawn(6)
    harmless = (np.cumsum(~truth) <= 15) & ~truth  # about 15 other texts and no toxic one
    found = identity_bias(truth, score, {**groups, "few": harmless.astype(np.float64)}, resamples=5)
    few = found["groups"]["few"]
    assert few["subgroup_auc"] is few["bnsp_auc"] is few["false_negative_rate"] is None
    assert few["bpsn_auc"]["value"] == pytest.approx(brute_auc(score[truth], score[harmless]), abs=6e-5)
    assert found["notes"] == [
        f"few: 0 toxic texts and 15 others, {truth.sum()} and {(~truth).sum() - 15} elsewhere: no subgroup and BNSP"
        " AUC, which takes 10 of each that it compares",
        "power means, combined metric and FNED: over 2 of 3 groups, without few"]
    whole = score[~truth] >= found["equal_error"]
    gaps = [abs(group["false_positive_rate"] - whole.mean()) for group in found["groups"].values()]
    assert found["fped"] == pytest.approx(sum(gaps), abs=2e-4)


def test_a_group_of_all_texts_has_no_background() -> None:
    truth, score, _ = drawn(7)
    found = identity_bias(truth, score, {"all": np.ones(len(truth))}, resamples=5)
    assert found["groups"]["all"]["subgroup_auc"] == found["auc"]
    assert found["groups"]["all"]["bpsn_auc"] is found["groups"]["all"]["bnsp_auc"] is found["combined"] is None
    assert (found["fped"], found["fned"]) == (0.0, 0.0)
    assert "0 and 0 elsewhere: no BPSN and BNSP AUC" in found["notes"][0]
    assert found["notes"][1] == "power means and combined metric: no group has texts enough"


def test_no_group_is_said() -> None:
    truth, score, _ = drawn(8)
    found = identity_bias(truth, score, {}, resamples=5)
    assert found["auc"]["value"] == pytest.approx(brute_auc(score[truth], score[~truth]), abs=6e-5)
    assert found["combined"] is found["fped"] is None
    assert found["notes"] == ["power means, combined metric, FPED and FNED: no group is given"]


def test_no_resample_is_no_interval() -> None:
    truth, score, groups = drawn(9)
    found = identity_bias(truth, score, groups, resamples=0)
    assert found["combined"]["value"] is not None
    assert found["combined"]["low"] is found["auc"]["high"] is None


@pytest.mark.parametrize(("rows", "said"), [
    ((40, 40, 39), r"group 'g': shape \(39,\) for the truth of 40 rows"),
    ((40, 41, 40), r"the scores: shape \(41,\) for the truth of 40 rows")])
def test_rows_that_do_not_match_are_refused(rows: tuple[int, int, int], said: str) -> None:
    truth, score, share = (np.ones(count) for count in rows)
    with pytest.raises(InputError, match=said):
        identity_bias(truth == 1, score, {"g": share})


def test_scores_that_are_no_number_are_left_out() -> None:
    truth, score, groups = drawn(4)
    holed = score.copy()
    holed[:20] = np.nan
    found = identity_bias(truth, holed, groups, resamples=5)
    rest = identity_bias(truth[20:], score[20:], {name: share[20:] for name, share in groups.items()}, resamples=5)
    assert "20 of 200 rows" in found["notes"][0]
    assert {**found, "notes": found["notes"][1:]} == rest


@pytest.mark.realdata
def test_civil_comments_columns(real_data: Path) -> None:
    from toxmeter import load
    from toxmeter.evaluation.data import read_labelled

    scorer = load("nano")
    data = read_labelled(real_data / "civil_comments_identity_tiny.parquet", scorer.labels, text="comment_text",
                         columns={"toxic": "target"}, groups=["female", "male"])
    found = identity_bias(data.labels[:, 0] >= 0.5, scorer.score(data.texts)[:, 0].astype(np.float64), data.groups)
    assert found["rows"] == 69
    assert found["combined"] is None  # far too few rows, and the section says so
    assert found["notes"]
# to append to tests/evaluation/test_bias.py; all names are imported or defined there
@pytest.mark.parametrize(("toxic", "others"), [(10, 10), (9, 10), (10, 9)])
def test_ten_rows_of_a_class_are_enough_and_nine_are_not(toxic: int, others: int) -> None:
    truth = np.repeat([True, False], 30)
    inside = np.concatenate([np.arange(30) < toxic, np.arange(30) < others]).astype(np.float64)
    group = identity_bias(truth, np.linspace(0, 1, 60), {"g": inside}, resamples=2)["groups"]["g"]
    assert (group["subgroup_auc"] is not None) == (toxic == others == 10)
    assert [group[key] is not None for key in ("bpsn_auc", "false_positive_rate")] == [others == 10] * 2
    assert [group[key] is not None for key in ("bnsp_auc", "false_negative_rate")] == [toxic == 10] * 2


def test_a_share_of_half_counts() -> None:
    truth, score, groups = drawn(10)
    halves = {name: share / 2 for name, share in groups.items()}
    assert identity_bias(truth, score, halves, resamples=2) == identity_bias(truth, score, groups, resamples=2)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_scores_are_left_out(value: float) -> None:
    truth, score, groups = drawn(11)
    found = identity_bias(truth, np.where(np.arange(200) < 5, value, score), groups, resamples=2)
    assert found["rows"] == 195
    assert "5 of 200 rows" in found["notes"][0]


def test_of_equally_good_thresholds_the_highest_is_taken() -> None:
    # at .3 one of two is a false alarm and none is missed, at .9 one of two is missed: a gap of .5 each
    assert equal_error_threshold(np.array([True, True, False, False]), np.array([0.9, 0.3, 0.3, 0.1])) == 0.9
