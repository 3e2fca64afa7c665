from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.spans import read_spans, span_f1, spans, spans_f1

OFFSETS = st.frozensets(st.integers(0, 20))


@given(OFFSETS, OFFSETS)
def test_span_f1_is_that_of_the_task(gold: frozenset[int], predicted: frozenset[int]) -> None:
    if not gold:
        expected = float(not predicted)
    elif not predicted or not gold & predicted:
        expected = 0.0
    else:
        precision, recall = len(gold & predicted) / len(predicted), len(gold & predicted) / len(gold)
        expected = 2 * precision * recall / (precision + recall)
    assert span_f1(gold, predicted) == pytest.approx(expected, abs=1e-12)


def test_spans_f1_is_the_mean_of_posts() -> None:
    assert spans_f1([[1, 2], [], [5]], [[2], [], []]) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert span_f1([1, 1, 2], [2, 2]) == pytest.approx(2 / 3)
    assert math.isnan(spans_f1([], []))
    with pytest.raises(InputError, match="1 predictions for 2 posts: give one line for each"):
        spans_f1([[], []], [[]])


def test_the_section_has_an_interval_and_what_nothing_scores() -> None:
    golds = [[], [1, 2], [3], []] * 10
    found = spans(golds, [[], [1, 2], [], [1]] * 10, resamples=200)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["posts"], found["empty"], found["predicting_nothing"]) == (40, 20, 0.5)
    assert found["f1"]["value"] == found["f1_where_toxic"]["value"] == 0.5
    assert found["f1"]["low"] < 0.5 < found["f1"]["high"]
    assert found["notes"] == []


@pytest.mark.parametrize("posts", [0, 3])
def test_few_posts_are_none_with_a_note(posts: int) -> None:
    found = spans([[1]] * posts, [[]] * posts)
    assert found["f1"]["value"] is found["predicting_nothing"] is None
    assert found["notes"][0] == f"spans: {posts} posts, a figure needs 10"


VALUES: list[tuple[Any, set[int]]] = [
    ([], set()), ([3, 4, 5], {3, 4, 5}), ([[3, 6]], {3, 4, 5}), ([[0, 2], [4, 4], 9], {0, 1, 9}), ([3, 9], {3, 9})]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_spans_are_read(tmp_path: Path, ending: str) -> None:
    values, wanted = zip(*VALUES, strict=True)
    path = tmp_path / f"spans.{ending}"
    if ending == "csv":
        path.write_text("spans,text\n" + "".join(f'"{value}",0123456789\n' for value in values))
    elif ending == "jsonl":
        path.write_text("".join(json.dumps({"spans": value, "text": "0123456789"}) + "\n" for value in values))
    else:
        import pyarrow as pa
        from pyarrow import parquet

        values, wanted = values[:2], wanted[:2]
        parquet.write_table(pa.table({"spans": list(values), "text": ["0123456789"] * 2}), path)
    assert [set(found) for found in read_spans(path)] == [set(each) for each in wanted]
    assert read_spans(path, "spans", text="text") == read_spans(path)


@pytest.mark.parametrize(("value", "problem"), [
    (None, "column 'spans' is None; spans are a list"), (3, "is 3; spans"), ("", "is ''; spans"),
    ("3, 4", "is '3, 4'; spans"), ({"begin": 3}, "spans are a list"), ([3.5], "has 3.5; spans"),
    ([True], "has True; spans"), ([-1], "has -1; spans"), ([[5, 3]], r"has \[5, 3\]; spans"),
    ([[1, 2, 3]], r"has \[1, 2, 3\]; spans"), ([[0, 6]], "beyond the text's 5 characters"),
    ([5], "has 5, beyond the text's 5 characters"), ([[0, 10**15]], "beyond"), ("[" * 100_000, "spans are a list"),
])
def test_other_values_are_refused_with_their_row(tmp_path: Path, value: object, problem: str) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text("".join(json.dumps({"text": "12345", "spans": each}) + "\n" for each in ([0, 4], value)))
    with pytest.raises(InputError, match=problem) as caught:
        read_spans(path, text="text")
    assert f"{path}: row 1" in str(caught.value)


def test_a_slip_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    path.write_text('{"spans": [[0, 1000000000000]]}\n')
    with pytest.raises(InputError, match="beyond"):
        read_spans(path)


@pytest.mark.realdata
def test_predicting_nothing_scores_what_the_task_says(real_data: Path) -> None:
    path = real_data / "toxic_spans.parquet"
    golds = read_spans(path, text="text")
    assert spans_f1(golds, golds) == 1.0
    empty = sum(not gold for gold in golds) / len(golds)
    assert spans_f1(golds, [[]] * len(golds)) == pytest.approx(empty, abs=1e-12)
