from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.data import Labelled
from toxmeter.evaluation.evaluate import OPTIONAL, evaluate
from toxmeter.evaluation.quality import measure
from toxmeter.evaluation.recorded import RecordedScorer
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import to_markdown
from toxmeter.evaluation.report.page import blocks_of, outstanding, subtitle_of, title_of
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

TWO = LabelSet(("toxic", "insult"), "multilabel", ("toxic", "insult"))
MOODS = LabelSet(("sad", "glad"), "binary", ())


class Words(DummyScorer):
    """Knows one bad word, and is a little unsure about numbers."""

    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.array([[0.9 if "fool" in text else 0.1 + 0.001 * (len(text) % 7), 0.8 if "fool" in text else 0.05]
                         for text in texts], np.float32)


def comments(count: int = 60) -> Labelled:
    texts = [f"you {'fool' if row % 2 else 'friend'} number {row}" for row in range(count)]
    truth = np.array([[row % 2, row % 2] for row in range(count)], np.float64)
    if count > 4:
        truth[4] = 1 - truth[4]
    groups = {"even": np.array([row % 4 < 2 for row in range(count)], np.float64), "few": np.eye(1, count)[0]}
    return Labelled(texts, truth, groups, {"file": "comments.csv", "rows": count, "sha256": "0" * 64,
                                           "columns": {"toxic": "toxic", "insult": "insult"}})


def run_nothing(_: Any) -> dict[str, Any]:
    return {"kind": "skipped", "notes": ["nothing was asked"]}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return evaluate(Words(TWO), comments(), {"nothing": run_nothing}, timed=Words(TWO), resamples=50,
                    marked=([[0, 1]] * 12, [[0, 1]] * 12))


def test_every_part_is_there_in_its_order(report: dict[str, Any]) -> None:
    assert list(report["sections"]) == ["quality", "goals", "lengths", "groups", "bias", "robustness", "attack",
                                        "nothing", "spans", "speed"]
    assert all(section["kind"] in (name, "skipped") for name, section in report["sections"].items())
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_parts_are_those_of_their_modules(report: dict[str, Any]) -> None:
    data = comments()
    quality = report["sections"]["quality"]
    assert {key: quality[key] for key in ("labels", "accuracy", "everyday")} == {
        key: value for key, value in measure(Words(TWO), data.texts, data.labels, resamples=50, seed=0).items()
        if key in ("labels", "accuracy", "everyday")}
    assert quality["baselines"]["rows"] == quality["rows"] == 60
    assert report["sections"]["spans"]["f1"]["value"] == 1.0
    assert report["sections"]["bias"]["rows"] == 60


def test_the_report_says_what_was_measured(report: dict[str, Any]) -> None:
    assert report["model"]["version"] == Words(TWO).version
    assert report["data"]["file"] == "comments.csv"
    assert report["settings"] == {"goals": ["f1", "precision>=0.9", "recall>=0.9", "fpr<=0.01"], "resamples": 50,
                                  "seed": 0, "skipped": []}


def test_the_page_has_every_part_and_begins_with_what_stands_out(report: dict[str, Any]) -> None:
    blocks = blocks_of(report)
    page = to_html(title_of(report), blocks, subtitle=subtitle_of(report))
    text = to_markdown(title_of(report), blocks)
    for heading in ("What stands out", "Quality", "Thresholds for a goal", "Groups", "Toxic spans", "Speed",
                    "How this was measured"):
        assert heading in page
        assert heading in text
    assert text.index("What stands out") < text.index("Quality")
    assert "comments.csv" in page
    notes = outstanding(blocks)
    assert notes
    assert [note.kind for note in notes] == sorted(note.kind for note in notes)


def test_optional_parts_can_be_left_out() -> None:
    found = evaluate(Words(TWO), comments(), timed=Words(TWO), skip=OPTIONAL, resamples=50)
    assert list(found["sections"]) == ["quality", "goals", "lengths", "groups", "bias"]
    assert "baselines" not in found["sections"]["quality"]
    assert blocks_of(found)
    with pytest.raises(InputError, match=r"no part 'atack' \(did you mean 'attack'\?\)"):
        evaluate(Words(TWO), comments(), skip=["atack"])


def test_recorded_scores_are_judged_and_the_rest_is_said_to_be_missing() -> None:
    data = comments()
    given = RecordedScorer(data.texts, Words(TWO).score(data.texts), labels=TWO, version="theirs@1", thresholds={},
                           source="theirs.csv")
    found = evaluate(given, data, {"hatecheck": run_nothing}, timed=given, resamples=50)
    assert "robustness" not in found["sections"]
    assert "speed" not in found["sections"]
    assert found["sections"]["hatecheck"]["kind"] == "skipped"
    assert "live model" in found["sections"]["hatecheck"]["notes"][0]
    assert any("live model" in note for note in found["sections"]["quality"]["notes"])
    page = to_markdown(title_of(found), blocks_of(found))
    assert "recorded scores" in page
    assert "hatecheck: recorded scores answer" in page


def test_rows_without_a_recorded_score_are_left_out_and_counted() -> None:
    data = comments()
    given = RecordedScorer(data.texts[:50], Words(TWO).score(data.texts[:50]), labels=TWO, version="theirs@1",
                           thresholds={}, source="theirs.csv")
    found = evaluate(given, data, resamples=50)
    assert found["sections"]["quality"]["rows"] == found["sections"]["bias"]["rows"] == 50
    assert "10 of 60 rows have no recorded score: they are left out everywhere" in found["sections"]["quality"]["notes"]
    with pytest.raises(InputError, match="none of the 60 texts has a recorded score"):
        evaluate(RecordedScorer(["x"], np.ones((1, 2), np.float32), labels=TWO, version="v", thresholds={}, source="s"),
                 data)


def test_a_score_at_its_threshold_reaches_it() -> None:
    data = comments()
    scores = np.where(data.labels == 1, 0.7, 0.2).astype(np.float32)
    given = RecordedScorer(data.texts, scores, labels=TWO, version="v", thresholds=dict.fromkeys(TWO.names, 0.7),
                           source="s")
    found = evaluate(given, data, resamples=50)["sections"]
    assert found["quality"]["labels"]["toxic"]["recall"] == 1.0
    assert found["lengths"]["all"]["labels"]["toxic"]["recall"]["value"] == 1.0


def test_a_model_without_toxic_labels_has_quality_only() -> None:
    class Moods(DummyScorer):
        def _score_short(self, texts: list[str]) -> FloatArray:
            return np.array([[0.2, 0.8] if "glad" in text else [0.7, 0.3] for text in texts], np.float32)

    texts = [f"{'glad' if row % 2 else 'sad'} {row}" for row in range(40)]
    truth = np.array([[1 - row % 2, row % 2] for row in range(40)], np.float64)
    data = Labelled(texts, truth, {}, {"file": "moods.csv", "rows": 40, "sha256": "", "columns": {"glad": "glad"}})
    found = evaluate(Moods(MOODS), data, resamples=50)
    assert list(found["sections"]) == ["quality", "goals", "lengths"]
    assert blocks_of(found)


@pytest.mark.parametrize("labels", [np.zeros((30, 2)), np.ones((30, 2)), np.full((30, 2), np.nan),
                                    np.array([[1.0, np.nan]] * 3 + [[0.0, np.nan]] * 27)])
def test_one_class_no_label_and_few_positives_are_said(labels: Any) -> None:
    texts = [f"you {'fool' if row % 2 else 'friend'} number {row}" for row in range(30)]
    data = Labelled(texts, labels, {"three": (np.arange(30) < 3).astype(np.float64)},
                    {"file": "f", "rows": 30, "sha256": "", "columns": {}})
    found = evaluate(Words(TWO), data, resamples=50)
    json.dumps(found, allow_nan=False)
    assert found["sections"]["quality"]["notes"]
    assert found["sections"]["groups"]["notes"]
    assert to_markdown("t", blocks_of(found))


def test_scores_that_are_no_number_are_counted() -> None:
    class Broken(Words):
        def _score_short(self, texts: list[str]) -> FloatArray:
            scores = super()._score_short(texts)
            scores[["7" in text for text in texts]] = np.nan
            return scores

    found = evaluate(Broken(TWO), comments(), resamples=50)
    json.dumps(found, allow_nan=False)
    assert any("NaN" in note for note in found["sections"]["quality"]["notes"])
    assert to_markdown("t", blocks_of(found))


def test_nothing_to_measure_on() -> None:
    with pytest.raises(InputError, match="nothing to measure on"):
        evaluate(Words(TWO))
    with pytest.raises(InputError, match=r"comments\.csv: no row"):
        evaluate(Words(TWO), comments(0))
    with pytest.raises(InputError, match="goal 'best'"):
        evaluate(Words(TWO), comments(), wanted=["best"])


def test_progress_names_each_part() -> None:
    told: list[str] = []
    evaluate(Words(TWO), comments(), {"nothing": run_nothing}, skip=["attack", "baselines"], resamples=50,
             progress=told.append)
    assert told == ["quality", "goals", "lengths", "groups", "bias", "robustness", "nothing"]
