from __future__ import annotations

import numpy as np
import pytest

from toxmeter.evaluation.plain import listed, plain, plain_interval


def test_what_is_not_defined_is_none() -> None:
    assert plain(float("nan")) is plain(None) is None
    assert plain(0.123456) == 0.1235
    assert plain_interval(float("nan"), np.ones(3)) == plain_interval(None, np.ones(3)) == {
        "value": None, "low": None, "high": None}
    assert plain_interval(0.5, np.full(3, np.nan)) == {"value": 0.5, "low": None, "high": None}
    assert plain_interval(np.float64(0.5), np.array([0.2, np.nan, 0.2])) == {"value": 0.5, "low": 0.2, "high": 0.2}


@pytest.mark.parametrize(("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"),
                                             (["a", "b", "c"], "a, b and c")])
def test_names_are_listed(names: list[str], text: str) -> None:
    assert listed(names) == text
