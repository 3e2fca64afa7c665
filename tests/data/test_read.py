"""Reading data sets: what is made of the columns, and an error for each thing that can be wrong."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toxmeter.data.read import Rows, read_rows
from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW, LabelSet

if TYPE_CHECKING:
    from pathlib import Path

FILE = "jigsaw_toxic.parquet"
ORDINARY: dict[str, list[Any]] = {
    "comment_text": ["of the other sample", "good", "bad", "also of the other", "worse"],
    "sample": ["enriched", "natural", "natural", "enriched", "natural"],
    "toxic": [1, 0, 1, 1, 1],
    **{label: [0, 0, 0, 0, 1] for label in JIGSAW.names[1:]},
}


def write(folder: Path, **changed: Any) -> Path:
    columns = {name: values for name, values in (ORDINARY | changed).items() if values is not None}
    pq.write_table(pa.table(columns), folder / FILE)
    return folder


def change(column: str, row: int, value: object) -> dict[str, list[Any]]:
    values = list(ORDINARY[column])
    values[row] = value
    return {column: values}


def test_the_rows_of_a_preset_are_read(tmp_path: Path) -> None:
    rows = read_rows("jigsaw-natural", write(tmp_path), JIGSAW)
    assert rows.texts == ["good", "bad", "worse"]
    np.testing.assert_array_equal(rows.labels, [[0] * 6, [1, 0, 0, 0, 0, 0], [1] * 6])
    assert rows.labels.dtype == np.float64
    assert rows.origin == {
        "preset": "jigsaw-natural", "file": FILE, "rows": 3, "licence": "CC0-1.0",
        "source": "Jigsaw Toxic Comment Classification 2018; text Wikipedia CC-BY-SA-3.0",
        "sha256": hashlib.sha256((tmp_path / FILE).read_bytes()).hexdigest()}
    enriched = read_rows("jigsaw-enriched", tmp_path, JIGSAW)
    assert enriched.texts == ["of the other sample", "also of the other"]


def test_columns_follow_the_label_set(tmp_path: Path) -> None:
    two = LabelSet(("threat", "unheard_of", "TOX"), "multilabel", aliases={"toxic": "TOX"})
    rows = read_rows("jigsaw-natural", write(tmp_path), two)
    np.testing.assert_array_equal(rows.labels, [[0, np.nan, 0], [0, np.nan, 1], [1, np.nan, 1]])


def test_a_null_label_is_a_missing_one(tmp_path: Path) -> None:
    rows = read_rows("jigsaw-natural", write(tmp_path, **change("threat", 2, None)), JIGSAW)
    assert np.isnan(rows.labels).tolist() == [[False] * 6, [False] * 3 + [True] + [False] * 2, [False] * 6]


def test_a_set_without_labels_gives_texts(tmp_path: Path) -> None:
    pq.write_table(pa.table({"comment_text": ["a", ""]}), tmp_path / "perspective_wikipedia_2k.parquet")
    rows = read_rows("perspective-wikipedia", tmp_path, JIGSAW)
    assert rows.texts == ["a", ""]
    assert np.isnan(rows.labels).all()


def test_rows_can_be_taken() -> None:
    rows = Rows(["a", "b", "c"], np.arange(6.0).reshape(3, 2), {"preset": "p", "rows": 3})
    taken = rows.take(np.array([True, False, True]))
    assert taken.texts == ["a", "c"]
    assert taken.labels.tolist() == [[0.0, 1.0], [4.0, 5.0]]
    assert taken.origin == {"preset": "p", "rows": 2}
    assert rows.origin["rows"] == 3


@pytest.mark.parametrize(("changed", "message"), [
    ({"comment_text": None}, "no column 'comment_text'; there are sample, toxic,"),
    ({"sample": None}, "no column 'sample'"),
    ({"insult": None}, "no column 'insult'"),
    # rows are those of the file, not of what the preset keeps of it
    (change("comment_text", 4, None), "row 4: column 'comment_text' is None, not a text"),
    ({"comment_text": [1, 2, 3, 4, 5]}, "row 1: column 'comment_text' is 2, not a text"),
    ({"comment_text": [b"a", b"b", b"c", b"d", b"e"]}, "row 1: column 'comment_text' is b'b', not a text"),
    (change("toxic", 2, 2), "row 2: a label lies outside [0, 1]"),
    (change("toxic", 4, -1), "row 4: a label lies outside [0, 1]"),
    ({"threat": [0.0, 0.5, float("inf"), 0.0, 0.0]}, "row 2: a label lies outside [0, 1]"),
    ({"obscene": ["0", "1", "0", "0", "1"]}, "row 1: column 'obscene' is '1', not a number"),
    ({"sample": ["all"] * 5}, "no row with sample = natural"),
    ({"sample": [1, 2, 3, 4, 5]}, "no row with sample = natural"),
    ({name: values[:0] for name, values in ORDINARY.items()}, "no row with sample = natural"),
])
def test_what_cannot_be_used_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_rows("jigsaw-natural", write(tmp_path, **changed), JIGSAW)
    assert str(caught.value).startswith(f"{tmp_path / FILE}: {message}")


def test_rows_of_other_samples_may_be_broken(tmp_path: Path) -> None:
    write(tmp_path, **change("comment_text", 0, None), **change("toxic", 3, 9))
    assert read_rows("jigsaw-natural", tmp_path, JIGSAW).texts == ["good", "bad", "worse"]


@pytest.mark.parametrize("folder", ["", "absent/deeper"])
def test_a_missing_file_says_which_and_how_to_name_it(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError) as caught:
        read_rows("jigsaw-natural", tmp_path / folder, JIGSAW)
    assert str(caught.value) == (
        f"{tmp_path / folder / FILE} is missing: name the folder that holds {FILE} with --data")


@pytest.mark.parametrize("damage", [lambda whole: whole[:-20], lambda _: b"", lambda _: b"text,toxic\nhello,1\n"])
def test_a_damaged_file_is_our_error(tmp_path: Path, damage: Any) -> None:
    file = write(tmp_path) / FILE
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError, match="damaged, or not of the kind its name says"):
        read_rows("jigsaw-natural", tmp_path, JIGSAW)


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data preset 'jigsaw'"):
        read_rows("jigsaw", tmp_path, JIGSAW)


def test_a_tweet_with_more_votes_than_annotators_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"tweet": ["fine", "odd"], "count": [3, 0], "hate_speech": [0, 1],
                             "offensive_language": [3, 0]}), tmp_path / "hate_speech_offensive.parquet")
    with pytest.raises(InputError, match=r"row 1: a label lies outside"):
        read_rows("hate-speech-offensive", tmp_path, JIGSAW)
