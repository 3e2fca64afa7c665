"""The shipped nano on natural test rows that it was not trained on: what its card says is what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toxmeter import load
from toxmeter.data.read import read_rows
from toxmeter.data.split import assign
from toxmeter.evaluation.quality import measure
from toxmeter.labels import JIGSAW
from toxmeter.models.catalog import artifact_of
from toxmeter.recipe import read_recipe

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def metrics(real_data: Path) -> dict[str, Any]:
    recipe = read_recipe("nano")
    rows = read_rows(recipe.data.main, real_data, JIGSAW)
    shares = (1 - recipe.data.validation - recipe.data.test, recipe.data.validation)
    test = rows.take(assign(rows.texts, shares, recipe.seed) == 2)
    return measure(load("nano"), test.texts, test.labels, seed=recipe.seed)


def test_figures_are_those_of_the_card(metrics: dict[str, Any]) -> None:
    stored = artifact_of("nano").manifest.metrics["test"]
    assert metrics["rows"] == stored["rows"]
    for label, figures in stored["labels"].items():
        assert metrics["labels"][label]["auc"]["value"] == pytest.approx(figures["auc"]["value"], abs=1e-3)


def test_it_ranks_well(metrics: dict[str, Any]) -> None:
    assert metrics["mean_auc"]["value"] >= 0.965
    assert metrics["labels"]["toxic"]["auc"]["value"] >= 0.970


def test_it_is_calibrated(metrics: dict[str, Any]) -> None:
    assert metrics["labels"]["toxic"]["ece"] <= 0.02


@pytest.mark.parametrize("disguise", ["leet", "symbols", "homoglyphs", "full_width", "zero_width", "spaced", "dotted"])
def test_disguises_hide_little(metrics: dict[str, Any], disguise: str) -> None:
    assert metrics["disguises"]["kept"][disguise] >= 0.85
