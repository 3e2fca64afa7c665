"""Cascades: chosen on some texts, measured on others, written, and read as what was chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import LabelSet, load
from toxmeter.artifact import Manifest, write_artifact
from toxmeter.errors import InputError, UnknownModel
from toxmeter.evaluation.cascade import fit_cascade, speed_up, split_texts
from toxmeter.evaluation.cascade_artifact import check_cascade, write_cascade
from toxmeter.models.cascade import CascadeScorer
from toxmeter.models.catalog import artifact_of
from toxmeter.models.deferral import Deferral

LABELS = LabelSet(("toxic", "other"), "multilabel", ("toxic",))


class Places:
    """Scores a text by its number, of a table ``[n, 2]``."""

    window = 500

    def __init__(self, name: str, table: npt.NDArray[np.float64], labels: LabelSet = LABELS) -> None:
        self.labels, self.version = labels, f"{name}@1+00000000"
        self.thresholds: Mapping[str, float] = dict.fromkeys(labels.names, 0.5)
        self._table = table.astype(np.float32)

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._table[[int(text) for text in texts]]


def models(rows: int, seed: int = 0) -> tuple[Places, Places]:
    """A fast model that is near to a slow one, which finds a tenth of the texts toxic."""
    draw = np.random.default_rng(seed)
    slow = np.where(draw.random((rows, 1)) < 0.1, draw.uniform(0.5, 1, (rows, 2)), draw.uniform(0, 0.2, (rows, 2)))
    return Places("fast", np.clip(slow + draw.normal(0, 0.2, slow.shape), 0, 1)), Places("slow", slow)


def texts(rows: int, first: int = 0) -> list[str]:
    return [str(row) for row in range(first, first + rows)]


@pytest.fixture(scope="module")
def fitted() -> tuple[Deferral, dict[str, Any]]:
    fast, slow = models(5_000)
    return fit_cascade(fast, slow, texts(3_500), texts(1_500, 3_500))


def test_what_is_reported_is_what_the_cascade_does(fitted: tuple[Deferral, dict[str, Any]]) -> None:
    rule, report = fitted
    fast, slow = models(5_000)
    held = texts(1_500, 3_500)
    scores, stage = CascadeScorer(fast, slow, rule).score_staged(held)
    assert report["held_out"]["answered"]["value"] == pytest.approx((stage == 0).mean(), abs=1e-5)
    assert 0.3 < report["held_out"]["answered"]["value"] < 1
    toxic = slow.score(held)[:, 0]
    flips = max(float(((scores[:, 0] >= at) != (toxic >= at)).mean()) for at in np.linspace(0.3, 0.9, 601))
    assert report["held_out"]["flips"]["toxic"]["share"]["value"] == pytest.approx(flips, abs=1e-3)
    assert flips <= report["held_out"]["flips"]["toxic"]["share"]["high"]
    assert json.loads(json.dumps(report)) == report


def test_texts_that_chose_stay_within_the_bound(fitted: tuple[Deferral, dict[str, Any]]) -> None:
    for each in fitted[1]["chosen"]["flips"].values():
        assert each["share"]["high"] <= 0.006
        assert each["share"]["value"] <= 0.003


def test_more_flips_let_the_first_answer_more(fitted: tuple[Deferral, dict[str, Any]]) -> None:
    fast, slow = models(5_000)
    _, report = fit_cascade(fast, slow, texts(3_500), texts(1_500, 3_500), flips=0.02)
    assert report["chosen"]["answered"]["value"] > fitted[1]["chosen"]["answered"]["value"]


def test_what_cannot_be_a_cascade_is_refused() -> None:
    fast, slow = models(2_000)
    other = Places("other", np.zeros((2_000, 2)), LabelSet(("toxic", "rude"), "multilabel", ("toxic",)))
    with pytest.raises(InputError, match="have different labels"):
        fit_cascade(fast, other, texts(1_500), texts(500, 1_500))
    with pytest.raises(InputError, match="no text is held out"):
        fit_cascade(fast, slow, texts(2_000), [])
    blind = Places("blind", np.zeros((2_000, 2)))
    with pytest.raises(InputError, match="may not answer a single text"):
        fit_cascade(blind, slow, texts(1_500), texts(500, 1_500))
    with pytest.raises(InputError, match="998"):
        fit_cascade(fast, slow, texts(20), texts(20, 20))


@given(st.lists(st.text(max_size=12), max_size=30), st.integers(0, 3))
def test_a_split_keeps_every_text_and_equal_ones_together(rows: list[str], seed: int) -> None:
    choosing, measuring = split_texts(rows, seed=seed)
    assert sorted([*choosing, *measuring]) == sorted(rows)
    assert not set(choosing) & set(measuring)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="held-out share"):
        split_texts(["a"], held_out=share)


def test_speed_is_measured_on_each_text_once() -> None:
    fast, slow = models(300)
    found = speed_up(CascadeScorer(fast, slow, Deferral({"toxic": 0.2})), texts(300))
    assert found["texts"] <= 300
    assert min(found[name] for name in ("first", "second", "cascade", "times_as_fast")) > 0


@pytest.fixture
def written(fitted: tuple[Deferral, dict[str, Any]], tmp_path: Path) -> Path:
    rule, report = fitted
    first, second = (
        write_artifact(tmp_path / stage, Manifest(name=report[stage].partition("@")[0], number=1, format="crystal",
                                                  labels=LABELS, licence="MIT"), {}, card="")
        for stage in ("first", "second"))
    named = report | {"first": first.version, "second": second.version}
    with pytest.raises(InputError, match="the report is of"):
        write_cascade(first, second, rule, report, tmp_path / "both")
    return write_cascade(first, second, rule, named, tmp_path / "both").path


def test_the_card_says_what_was_measured(written: Path, fitted: tuple[Deferral, dict[str, Any]]) -> None:
    card = (written / "README.md").read_text("utf-8")
    manifest = json.loads((written / "toxmeter.json").read_text("utf-8"))["manifest"]
    assert manifest["model"]["first"]["name"] == "../first"
    assert {name: manifest["model"][name] for name in ("low", "dilution", "relative")} == asdict(fitted[0])
    assert manifest["licence"] == "MIT"
    assert "On 1,500 texts that did not choose" in card
    assert f"{100 * fitted[1]['held_out']['answered']['value']:.1f} %" in card
    assert "license: mit" in card


def test_shipped_models_are_named_and_folders_are_relative(tmp_path: Path) -> None:
    nano, mini = check_cascade("nano", "mini", tmp_path / "both")
    report = artifact_of("cascade").manifest.metrics["cascade"]
    written = write_cascade(nano, mini, load("cascade").deferral,  # type: ignore[attr-defined]
                            report, tmp_path / "both")
    assert written.manifest.model["first"]["name"] == "nano"
    shipped, ours = load("cascade"), load(tmp_path / "both")
    rows = ["what a lovely day", "you stupid idiot", "I will find you"]
    np.testing.assert_array_equal(shipped.score(rows), ours.score(rows))


@pytest.mark.parametrize(("first", "options", "message"), [
    ("nano", {"name": "a b"}, "name 'a b'"), ("owner/model", {}, "owner/model: a cascade names its models by folder")])
def test_what_could_not_be_written_is_refused_early(
    first: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        check_cascade(first, "mini", tmp_path / "both", **options)


def test_what_is_there_is_replaced_only_if_it_is_an_artifact(tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    for replace in (False, True):
        with pytest.raises(InputError, match="exists already"):
            check_cascade("nano", "mini", tmp_path / "both", replace_output=replace)
    with pytest.raises(UnknownModel):
        check_cascade("nano", "nano2", tmp_path / "other")
