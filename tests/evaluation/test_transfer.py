from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from toxmeter.data.split import assign
from toxmeter.errors import InputError, LabelError
from toxmeter.evaluation.transfer import fit_transfer
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.calibrated import rescaled
from toxmeter.models.scorer import FloatArray

Floats = npt.NDArray[np.float64]

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
TWO = LabelSet(("toxic", "insult"), "multilabel", ("toxic", "insult"), {"TOXICITY": "toxic"})
PAIR = LabelSet(("fine", "toxic"), "binary", ("toxic",))


def texts_of(scores: Floats, label: str = "toxic") -> list[str]:
    return [f"{row} {label}={score:.6f}" for row, score in enumerate(scores)]


def sample(rows: int = 600, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).beta(0.6, 1.5, rows).round(6)


def fit(scores: Floats, reference: Floats, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    calibration, report = fit_transfer(DummyScorer(ONE), texts_of(scores), reference[:, None],
                                       **{"resamples": 100, **options})
    assert json.loads(json.dumps([calibration, report], allow_nan=False)) == [calibration, report]
    return calibration, report


def moved(calibration: dict[str, Any], scores: Floats) -> FloatArray:
    return rescaled(scores[:, None].astype(np.float32), "multilabel", calibration)[:, 0]


@pytest.mark.parametrize("bend", [
    lambda scores: scores**0.25, lambda scores: scores**2 + 0.4,
    lambda scores: np.where(scores < 0.3, 0.2 * scores, 0.5 + 0.5 * scores)])
def test_decisions_agree_after_a_rising_distortion(bend: Callable[[Floats], Floats]) -> None:
    scores = sample()
    calibration, report = fit(scores, bend(scores).clip(0, 1), thresholds={"toxic": 0.6})
    found = report["labels"]["toxic"]
    assert found["agreement"]["after"]["value"] > 0.97
    assert found["agreement"]["difference"]["low"] > 0
    assert found["kappa"]["after"]["value"] > found["kappa"]["before"]["value"]
    assert found["mean_gap"]["after"] < found["mean_gap"]["before"]
    assert report["notes"] == []
    assert calibration["thresholds"] == {"toxic": 0.6}
    assert np.abs(moved(calibration, scores) - bend(scores)).mean() < 0.05


def test_with_noise_as_many_decisions_agree_as_any_cut_allows() -> None:
    random = np.random.default_rng(1)
    scores = sample(4_000)
    reference = (np.sqrt(scores) + random.normal(0, 0.15, len(scores))).clip(0, 1)
    _, report = fit(scores, reference)
    test = assign(texts_of(scores), (0.7,), 0) == 1
    best = max(((scores[test] >= cut) == (reference[test] >= 0.7)).mean() for cut in np.linspace(0, 1, 500))
    assert report["labels"]["toxic"]["agreement"]["after"]["value"] > best - 0.01


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), noise=st.floats(0, 0.5), digits=st.sampled_from([1, 2, 6]),
       threshold=st.floats(0.35, 0.6))
def test_curves_rise_and_keep_the_order_of_texts(seed: int, noise: float, digits: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    scores = random.random(400).round(digits)
    reference = (0.8 * scores + noise * random.random(400)).clip(0, 1).round(digits)
    calibration, _ = fit(scores, reference, thresholds={"toxic": threshold}, resamples=5)
    (x,), (y,) = calibration["x"], calibration["y"]
    assert x[0] == 0
    assert x[-1] == 1
    assert all(0 < at < 1 for at in y)
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) >= 0).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(moved(calibration, scores[order])) >= 0).all()


def test_held_out_rows_do_not_move_the_curve() -> None:
    scores = sample()
    reference = np.sqrt(scores)
    calibration, report = fit(scores, reference)
    held = assign(texts_of(scores), (0.7,), 0) == 1
    other = np.where(held, 1 - reference, reference)
    again, spoilt = fit(scores, other)
    assert again == calibration
    assert report["labels"]["toxic"]["held_out"] == held.sum()
    assert spoilt["labels"]["toxic"]["agreement"]["after"]["value"] < 0.6
    assert spoilt["notes"] == ["decisions agree less often than before; leave out: toxic"]
    assert fit(scores, reference, seed=1)[0] != calibration


def test_near_copies_are_on_one_side() -> None:
    scores = np.repeat(sample(300), 2)
    texts = [f"{'Row' if place % 2 else 'row!'} {place // 2} toxic={score:.6f}" for place, score in enumerate(scores)]
    _, report = fit_transfer(DummyScorer(ONE), texts, np.sqrt(scores)[:, None], resamples=10)
    part = assign(texts, (0.7,), 0)
    assert (part[::2] == part[1::2]).all()
    assert report["labels"]["toxic"]["fitted_on"] == (part == 0).sum()


def test_figures_by_hand() -> None:
    random = np.random.default_rng(3)
    scores, reference = random.random(500).round(6), random.random(500)
    calibration, report = fit(scores, reference, thresholds={"toxic": 0.5}, resamples=400)
    found = report["labels"]["toxic"]
    test = assign(texts_of(scores), (0.7,), 0) == 1
    theirs, before, after = (each[test] >= 0.5 for each in (reference, scores, moved(calibration, scores)))
    assert found["agreement"]["before"]["value"] == pytest.approx((theirs == before).mean(), abs=1e-4)
    assert found["agreement"]["after"]["value"] == pytest.approx((theirs == after).mean(), abs=1e-4)
    assert found["kappa"]["before"]["value"] == pytest.approx(cohen_kappa_score(theirs, before), abs=1e-4)
    assert found["flagged"] == pytest.approx(
        {"reference": theirs.mean(), "before": before.mean(), "after": after.mean()}, abs=1e-4)
    rows = [random.integers(0, test.sum(), test.sum()) for _ in range(2_000)]
    low, high = np.quantile([(theirs[each] == before[each]).mean() for each in rows], [0.025, 0.975])
    assert found["agreement"]["before"]["low"] == pytest.approx(low, abs=0.02)
    assert found["agreement"]["before"]["high"] == pytest.approx(high, abs=0.02)
    gains = [(theirs[each] == after[each]).mean() - (theirs[each] == before[each]).mean() for each in rows]
    assert found["agreement"]["difference"]["low"] == pytest.approx(np.quantile(gains, 0.025), abs=0.02)
    assert len(report["notes"]) == 1  # scores at random agree no better


def test_a_score_at_the_threshold_reaches_it() -> None:
    scores = np.tile([0.2, 0.9], 150)
    _, report = fit(scores, np.tile([0.69, 0.7], 150))
    assert report["labels"]["toxic"]["flagged"]["reference"] == pytest.approx(0.5, abs=0.1)
    assert report["labels"]["toxic"]["agreement"]["after"]["value"] == 1.0


@pytest.mark.parametrize("reference", [np.linspace(0, 1, 300), np.tile([0.1, 0.1, 0.9], 100)])
def test_constant_scores_are_all_decided_alike(reference: Floats) -> None:
    calibration, report = fit(np.full(300, 0.9), reference)
    found = report["labels"]["toxic"]
    assert found["flagged"]["before"] == 1.0
    assert found["flagged"]["after"] == 0.0  # most of the other's scores are lower
    assert found["spearman"] is None
    assert moved(calibration, np.array([0.9]))[0] < 0.7


@pytest.mark.parametrize(("reference", "said"), [
    (np.linspace(0, 1, 199), "199 rows with a score"),
    (np.full(600, 0.2), "0 of those to fit are at 0.7 or over"),
    (np.full(600, 0.9), "and 0 below"),
    (np.where(np.arange(600) < 24, 0.9, 0.1), "give more rows, or another threshold for toxic"),
    (np.where(np.arange(600) < 300, np.nan, np.linspace(0, 0.69, 600)), "toxic: 300 rows with a score"),
])
def test_too_few_rows_are_refused(reference: Floats, said: str) -> None:
    with pytest.raises(InputError) as caught:
        fit(np.linspace(0, 1, len(reference)).round(6), reference)
    assert said in str(caught.value)
    assert "200 rows are needed, and to fit 20 on either side, held out 10" in str(caught.value)


def two(**options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Rows enough for one label only; the other has scores of no use."""
    scores = sample()
    reference = np.stack([np.sqrt(scores), np.full(600, 0.1)], axis=1)
    return fit_transfer(DummyScorer(TWO), texts_of(scores), reference, resamples=10, **options)


def test_a_label_with_too_few_rows_stays_natural_unless_it_is_named() -> None:
    calibration, report = two(thresholds={"TOXICITY": 0.6})
    assert list(report["labels"]) == ["toxic"]
    assert report["not_fitted"] == ["insult"]
    assert calibration["thresholds"] == {"toxic": 0.6}
    assert (calibration["x"][1], calibration["y"][1]) == ([0.0, 1.0], [0.0, 1.0])
    assert report["notes"][0].startswith("insult: 600 rows with a score; 0 of those to fit")
    with pytest.raises(InputError, match="insult: 600 rows"):
        two(thresholds={"insult": 0.7})


def test_a_label_without_scores_is_told() -> None:
    scores = sample()
    reference = np.stack([np.sqrt(scores), np.full(600, np.nan)], axis=1)
    reference[::7, 0] = np.nan
    _, report = fit_transfer(DummyScorer(TWO), texts_of(scores), reference, resamples=10)
    assert report["notes"] == ["no scores of the other system for insult: kept on the natural scale"]
    figures = report["labels"]["toxic"]
    assert figures["fitted_on"] + figures["held_out"] == 600 - len(range(0, 600, 7))
    with pytest.raises(InputError, match="insult: a threshold is given, but no score of the other system"):
        fit_transfer(DummyScorer(TWO), texts_of(scores), reference, thresholds={"insult": 0.5})
    with pytest.raises(InputError, match="no scores to learn from: none of toxic, insult has one"):
        fit_transfer(DummyScorer(TWO), texts_of(scores), np.full((600, 2), np.nan))


def test_both_labels_of_a_binary_set_mirror_each_other() -> None:
    class Halves(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            toxic = super()._score_short(texts)[:, 1]
            return np.stack([1 - toxic, toxic], axis=1)

    scores = sample()
    reference = np.stack([np.full(600, np.nan), np.sqrt(scores)], axis=1)
    calibration, report = fit_transfer(Halves(PAIR), texts_of(scores), reference, resamples=10)
    assert calibration["thresholds"] == pytest.approx({"toxic": 0.7, "fine": 0.3})
    assert report["labels"]["toxic"]["agreement"]["after"]["value"] > 0.97
    after = rescaled(Halves(PAIR).score(texts_of(scores)), "binary", calibration)
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-6)
    alone = {**calibration, "x": [calibration["x"][1]], "y": [calibration["y"][1]]}
    np.testing.assert_allclose(after[:, 1], moved(alone, scores), atol=1e-5)


def test_classes_cannot_be_put_on_another_scale() -> None:
    with pytest.raises(InputError, match="kind, rude, vile exclude each other"):
        fit_transfer(DummyScorer(LabelSet(("kind", "rude", "vile"), "multiclass")), ["a"], np.zeros((1, 3)))


@pytest.mark.parametrize(("options", "error", "said"), [
    ({"thresholds": {"toxic": 1.0}}, InputError, "threshold toxic is 1"),
    ({"thresholds": {"toxic": float("nan")}}, InputError, "threshold toxic is nan"),
    ({"thresholds": {"toxik": 0.5}}, LabelError, "did you mean 'toxic'"),
    ({"held_out": 0.0}, InputError, "held-out share 0"),
    ({"held_out": 1.0}, InputError, "held-out share 1"),
    ({"held_out": float("nan")}, InputError, "held-out share nan"),
])
def test_options_that_cannot_be(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        fit(sample(), np.sqrt(sample()), **options)


def test_scores_that_are_none() -> None:
    class Broken(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            return np.where(super()._score_short(texts) > 0.8, np.inf, 0.5).astype(np.float32)

    scores = np.linspace(0, 1, 600).round(6)
    with pytest.raises(InputError, match=r"texts\[48\d\] has a score that is no number, as 1\d\d of 600 texts have"):
        fit_transfer(Broken(ONE), texts_of(scores), scores[:, None])
    with pytest.raises(InputError, match="row 3 has a score outside"):
        fit(scores, np.where(np.arange(600) == 3, 1.1, 0.5))
    with pytest.raises(InputError, match=r"reference has shape \(600, 2\)"):
        fit_transfer(DummyScorer(ONE), texts_of(scores), np.zeros((600, 2)))
