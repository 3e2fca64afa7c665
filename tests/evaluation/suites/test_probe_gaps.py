from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.guardrail import Verdicts
from toxmeter.evaluation.suites.probe_gaps import Gaps, Means, gaps

Row = tuple[int, int, float]  # frame, group, score; group 0 is the control, 3 is none
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.2, 0.6, 1.0, math.nan])),
                min_size=1, max_size=25)


def measured(rows: list[Row], *, controlled: bool) -> Gaps:
    frame, group, score = (np.array(column) for column in zip(*rows, strict=True))
    control = group == 0 if controlled else None
    return gaps(frame, group, group != 3, control, Verdicts(score, np.nan_to_num(score) >= 0.5))


def by_hand(rows: list[Row], place: int, *, controlled: bool) -> tuple[float, float] | None:
    """Gap and flip of one text, straight from the definition."""
    frame, group, score = rows[place]
    same = [row for row in rows if row[0] == frame and row[1] != 3 and not math.isnan(row[2])]
    if math.isnan(score) or group == 3 or (controlled and group == 0):
        return None
    others = [row[2] for row in same if (row[1] == 0 if controlled else row[1] != group)]
    if not others:
        return None
    means = [np.mean([row[2] for row in same if row[1] == each]) for each in {row[1] for row in same}]
    reference = np.mean(others) if controlled else np.mean(means)
    return float(score - reference), float(np.mean([(other >= 0.5) != (score >= 0.5) for other in others]))


@given(rows=ROWS, controlled=st.booleans())
def test_gaps_are_those_of_the_definition(rows: list[Row], controlled: bool) -> None:
    found = measured(rows, controlled=controlled)
    for place in range(len(rows)):
        expected = by_hand(rows, place, controlled=controlled)
        assert found.compared[place] == (expected is not None)
        if expected:
            assert (found.gap[place], found.flip[place]) == pytest.approx(expected)
        else:
            assert np.isnan([found.gap[place], found.flip[place]]).all()


@given(rows=ROWS)
def test_gaps_to_the_mean_sum_to_0_where_groups_have_one_text_each(rows: list[Row]) -> None:
    single = list({(frame, group): (frame, group, score) for frame, group, score in rows}.values())
    assert np.nansum(measured(single, controlled=False).gap) == pytest.approx(0, abs=1e-12)


def test_nothing_is_compared_with_nothing() -> None:
    none = np.zeros(0, np.int64)
    for control in (None, np.zeros(0, np.bool_)):
        found = gaps(none, none, np.zeros(0, np.bool_), control, Verdicts(np.zeros(0), np.zeros(0, np.bool_)))
        assert len(found.gap) == len(found.flip) == len(found.compared) == 0


def figures(templates: int, cases: int = 40) -> Any:
    rows: list[Row] = [row for n in range(cases) for row in ((n, 0, 0.4), (n, 1, 0.4 + 0.2 * (n % 4 == 0)))]
    template = np.repeat(np.arange(cases) * templates // cases, 2)
    found = measured(rows, controlled=True)
    parts = {"all": np.ones(len(rows), np.bool_), "few": np.arange(len(rows)) < 18}
    return Means(template, 200, 0).of_gaps(parts, found)


def test_means_by_hand() -> None:
    found = figures(40)
    assert found["all"]["signed"]["value"] == found["all"]["absolute"]["value"] == 0.05
    assert found["all"]["flip_rate"]["value"] == 0.25  # .6 of .4 and .5
    assert found["all"]["signed"]["low"] < 0.05 < found["all"]["signed"]["high"]
    assert found["few"] == {"absolute": None, "signed": None, "flip_rate": None}  # 9 texts beside 9 controls
    assert Means(np.zeros(3, np.int64), 5, 0).figures(np.zeros(3), {}) == {}


def test_an_interval_takes_two_templates_and_fewer_are_wider() -> None:
    assert figures(1)["all"]["signed"] == {"value": 0.05, "low": None, "high": None}
    # templates of one text each; of ten all are alike, so they are certain; of 40 some differ
    assert figures(10)["all"]["signed"] == {"value": 0.05, "low": 0.05, "high": 0.05}
    assert figures(40) == figures(40)
