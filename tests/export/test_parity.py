"""Parity: what is compared, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from toxmeter.errors import ExportError, InputError
from toxmeter.export import Parity, Tolerance, parity
from toxmeter.labels import LabelSet

PAIR = LabelSet(("toxic", "threat"), "multilabel", ("toxic",))


class Fixed:
    """Scores that are given, one row for each text."""

    version = "fixed@1+0"
    window = 100

    def __init__(self, rows: npt.ArrayLike, labels: LabelSet = PAIR) -> None:
        self.rows, self.labels = np.array(rows, np.float32), labels
        self.thresholds = dict.fromkeys(labels.names, 0.5)

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self.rows[: len(texts)]


OLD = [[0.1, 0.0], [0.4, 0.2], [0.6, 0.1], [0.9, 0.8]]
NEW = [[0.1, 0.0], [0.55, 0.2], [0.5, 0.1], [0.9, 0.7]]


def test_differences_flips_and_change_of_auc() -> None:
    truth = np.array([[0, 0], [0, np.nan], [1, 0], [1, 0]], float)
    found = parity(Fixed(OLD), Fixed(NEW), list("abcd"), truth)
    assert found.texts == 4
    assert found.largest == pytest.approx(0.15)
    assert found.mean == pytest.approx(0.35 / 8)
    assert found.flips == {"toxic": 0.25, "threat": 0.0}
    assert found.auc == {"toxic": pytest.approx(-0.25)}, "threat has one class"


def test_thresholds_may_be_others() -> None:
    found = parity(Fixed(OLD), Fixed(NEW), list("abcd"), thresholds={"toxic": 0.95, "threat": 0.75})
    assert found.flips == {"toxic": 0.0, "threat": 0.25}
    assert found.auc == {}


@pytest.mark.parametrize(("tolerance", "figure"), [
    (Tolerance(mean=0.04, flips=1, auc=1), "mean difference 0.0438 over 0.04"),
    (Tolerance(mean=1, flips=0.2, auc=1), "25.00% of decisions on toxic flipped, over 20.00%"),
    (Tolerance(mean=1, flips=1, auc=0.2), "AUC of toxic -0.2500, more than 0.2 lost"),
])
def test_what_is_beyond_the_tolerance_is_named(tolerance: Tolerance, figure: str) -> None:
    truth = np.array([[0, 0], [0, 0], [1, 0], [1, 0]], float)
    with pytest.raises(ExportError, match="does not score as its original on 4 texts") as caught:
        parity(Fixed(OLD), Fixed(NEW), list("abcd"), truth).check(tolerance)
    assert figure in str(caught.value)


def test_equal_scorers_are_within_no_tolerance_at_all() -> None:
    parity(Fixed(OLD), Fixed(OLD), list("abcd")).check(Tolerance(mean=0, flips=0, auc=0))


def test_a_gain_is_no_loss() -> None:
    gained = Parity(texts=1, largest=0.0, mean=0.0, flips={}, auc={"toxic": 0.3})
    gained.check(Tolerance())
    assert gained.to_dict()["auc"] == {"toxic": 0.3}


def test_what_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="no texts"):
        parity(Fixed(OLD), Fixed(NEW), [])
    with pytest.raises(InputError, match="labels a are not those of the original, toxic/threat"):
        parity(Fixed(OLD), Fixed([[0.0]], LabelSet(("a",), "multilabel")), ["x"])
    with pytest.raises(ExportError, match="answers NaN"):
        parity(Fixed(OLD), Fixed([[np.nan, 0.0]] * 4), list("abcd"))
