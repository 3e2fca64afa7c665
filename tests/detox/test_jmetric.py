"""J: products per sentence, judges that are named, edge cases of outputs, and lists that do not fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import LabelSet, load
from toxmeter.detox import JMetric, j_metric, j_score, rank
from toxmeter.errors import InputError, LabelError, ToxmeterError

Floats = npt.NDArray[np.float64]
INPUTS = ["you are a stupid person", "this darned thing is broken", "what a silly plan that was"]
GOOD = ["you are not a bright person", "this thing is broken", "that plan was not so good"]


class Words:
    """An encoder that knows a text by the words in it."""

    version = "words@1+00000000"

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        found = np.zeros((len(texts), 256))
        for row, text in enumerate(texts):
            for word in text.split() or [""]:
                found[row, self._known.setdefault(word, len(self._known))] = 1
        normal: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
        return normal


class Judge:
    """A scorer of one label: a share for texts with a word, another for those without."""

    version = "judge@1+00000000"
    window = 1_000

    def __init__(self, label: str, word: str, with_it: float, without: float, *, toxic: bool = False) -> None:
        self.labels = LabelSet((label,), "multilabel", (label,) if toxic else ())
        self.thresholds = {label: 0.5}
        self._word, self._with, self._without = word, with_it, without

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([[self._with if self._word in text.split() else self._without] for text in texts], np.float32)


STUPID = Judge("toxic", "stupid", 0.9, 0.2, toxic=True)
FLUENT = Judge("acceptable", "stutter", 0.1, 0.8)


def judged(outputs: Sequence[str], **settings: Any) -> Any:
    return j_metric(INPUTS, outputs, **{"sta": STUPID, "sim": Words(), "fl": FLUENT, **settings})


@pytest.mark.parametrize(("means", "j", "product"), [
    ((0.9342, 0.6475, 0.9125), 0.5534, 0.5520), ((0.9100, 0.6392, 0.8642), 0.5047, 0.5027),
    ((0.7533, 0.5833, 0.6208), 0.2702, 0.2728)])
def test_the_published_human_figures(means: tuple[float, float, float], j: float, product: float) -> None:
    # ratings with those means that lie together, or apart, by as much as the published J says; the covariance of
    # style and meaning is (J / fluency) - style · meaning, where fluency varies with neither
    sta, sim, fl = means
    spread = 0.05
    lean = (j / fl - sta * sim) / spread
    signs = np.tile([1.0, 1.0, -1.0, -1.0], 50)
    ratings = {"sta": sta + signs * spread, "sim": sim + signs * lean, "fl": fl + np.tile([0.05, -0.05], 100)}
    assert [round(float(values.mean()), 4) for values in ratings.values()] == list(means)
    assert round(float(np.prod(means)), 4) == product
    assert j_score(**ratings) == pytest.approx(j, abs=1e-9)


@given(rows=st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1)), min_size=1))
def test_j_is_the_mean_of_products(rows: list[tuple[float, float, float]]) -> None:
    sta, sim, fl = map(list, zip(*rows, strict=True))
    assert j_score(sta, sim, fl) == pytest.approx(sum(a * b * c for a, b, c in rows) / len(rows), abs=1e-9)


@pytest.mark.parametrize(("parts", "message"), [
    (([1], [1], [float("nan")]), r"fl\[0\] is nan: it lies in \[0, 1\]"),
    (([1, 0], [1, -2], [1, 1]), r"sim\[1\] is -2"),
    (([1, 1.5], [1, 1], [1, 1]), r"sta\[1\] is 1.5"), (([1, 1], [1], [1, 1]), "sim has 1 sentences, sta 2"),
    (([], [], []), "a number for each sentence"), ((1, 1, 1), "a number for each sentence")])
def test_judgements_that_mean_nothing_are_refused(parts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        j_score(*parts)


def test_components_are_those_of_the_judges() -> None:
    report = judged(["you are a stupid person", "this thing is broken", "that that stutter plan"])
    assert report.sta.values.tolist() == [0, 1, 1]
    assert report.fl.values.tolist() == [1, 1, 0]
    np.testing.assert_allclose(report.sim.values, [1, 4 / np.sqrt(5 * 4), 2 / np.sqrt(6 * 3)])
    assert report.each.tolist() == [0, pytest.approx(4 / np.sqrt(20)), 0]
    low, high = report.interval
    assert low <= report.j <= high


def test_soft_judgements_are_probabilities() -> None:
    report = judged(INPUTS, soft=True)
    np.testing.assert_allclose(report.sta.values, [0.1, 0.8, 0.8], rtol=1e-6)
    np.testing.assert_allclose(report.fl.values, 0.8, rtol=1e-6)
    assert (report.sta.how, report.fl.how) == ("1 - probability of toxicity", "probability of acceptable")


def test_a_threshold_of_ones_own() -> None:
    report = judged(INPUTS, threshold=0.1)
    assert report.sta.values.tolist() == [0, 0, 0]
    assert report.sta.how == "not toxic at 0.1"


@pytest.mark.parametrize("empty", ["", "  \n\t"])
def test_an_empty_output_is_worth_nothing(empty: str) -> None:
    report = judged([empty] * 3)
    assert report.sta.values.tolist() == [1, 1, 1]
    assert report.each.tolist() == [0, 0, 0]


def test_a_paraphrase_is_worth_more_than_a_copy_an_empty_output_and_a_stranger() -> None:
    systems = {"human": GOOD, "copy": INPUTS, "empty": [""] * 3, "stranger": ["our train leaves at noon"] * 3}
    ranked = rank({name: judged(outputs) for name, outputs in systems.items()})
    order = [each["system"] for each in ranked]
    assert set(order[-2:]) == {"empty", "stranger"}
    assert ranked[0]["behind"] == {"value": 0, "low": 0, "high": 0}
    assert ranked[-1]["behind"]["low"] > 0


def test_a_report_is_plain_and_names_its_judges() -> None:
    told = json.loads(json.dumps(judged(GOOD).to_dict()))
    assert told["sentences"] == 3
    assert told["sta"]["model"] == told["fl"]["model"] == "judge@1+00000000"
    assert told["sim"] == {"mean": pytest.approx(told["sim"]["mean"]), "model": "words@1+00000000",
                           "how": "cosine of input and output"}


def test_js_of_different_judges_are_not_ranked() -> None:
    with pytest.raises(InputError, match="different judges cannot be compared"):
        rank({"one": judged(GOOD), "other": judged(GOOD, soft=True)})
    with pytest.raises(InputError, match="no system"):
        rank({})


def test_overlap_with_references_or_inputs() -> None:
    pytest.importorskip("sacrebleu")
    assert judged(INPUTS, overlap=True).to_dict()["bleu"] == pytest.approx(100)
    report = judged(GOOD, references=[GOOD, INPUTS]).to_dict()
    assert (report["bleu"], report["chrf"], report["against"]) == (pytest.approx(100), pytest.approx(100), "references")
    assert "bleu" not in judged(GOOD).to_dict()


@pytest.mark.parametrize(("inputs", "outputs", "settings", "message"), [
    (INPUTS, GOOD[:2], {}, "outputs has 2 sentences, inputs 3"), ([], [], {}, "there are no sentences"),
    (INPUTS, [*GOOD[:2], None], {}, "outputs: .*2"), ("abc", GOOD, {}, "inputs: "),
    (INPUTS, GOOD, {"references": GOOD}, "a list of lists"),
    (INPUTS, GOOD, {"references": [GOOD[:1]]}, r"references\[0\] has 1 sentences"),
    (INPUTS, GOOD, {"soft": True, "threshold": 0.5}, "leave one of the two out"),
    (INPUTS, GOOD, {"threshold": 2}, "threshold is 2"), (INPUTS, GOOD, {"sta": FLUENT}, "declares no label toxic"),
    (INPUTS, GOOD, {"fl": STUPID}, "name the one that means well formed")])
def test_what_does_not_fit_is_refused(inputs: Any, outputs: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        j_metric(inputs, outputs, **{"sta": STUPID, "sim": Words(), "fl": FLUENT, **settings})


def test_the_label_of_fluency_can_be_named() -> None:
    other = Judge("readable", "stutter", 0.1, 0.8)
    assert judged(GOOD, fl=other, label="readable").fl.values.tolist() == [1, 1, 1]
    with pytest.raises(LabelError):
        judged(GOOD, fl=other, label="unknown")


@pytest.mark.parametrize("part", ["sta", "fl"])
def test_a_judge_that_answers_nan_is_named(part: str) -> None:
    broken = {"sta": Judge("toxic", "stupid", float("nan"), float("nan"), toxic=True),
              "fl": Judge("acceptable", "a", float("nan"), float("nan"))}[part]
    with pytest.raises(ToxmeterError, match=f"{part}: judge@1.00000000 answers NaN"):
        judged(GOOD, **{part: broken})


def test_shipped_scorers_judge_style() -> None:
    report = judged(["you are a stupid idiot", "lone \ud800 surrogates", "x" * 5_000], sta=load("nano"))
    assert report.sta.values.tolist() == [0, 1, 1]
    assert report.sta.model.startswith("nano@1+")


def test_loops_collect_and_compute() -> None:
    metric = JMetric(sta=STUPID, sim=Words(), fl=FLUENT)
    at_once = metric.compute(predictions=GOOD, references=INPUTS)
    metric.add(prediction=GOOD[0], reference=INPUTS[0])
    metric.add_batch(predictions=GOOD[1:], references=INPUTS[1:])
    assert metric.compute() == at_once
    assert at_once["j"] == pytest.approx(judged(GOOD).j)
    with pytest.raises(InputError, match="there are no sentences"):
        metric.compute()
    with pytest.raises(InputError, match="1 predictions for 2 references"):
        metric.add_batch(predictions=["a"], references=["b", "c"])
