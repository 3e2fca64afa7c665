"""Reading data sets: what is made of the columns, and an error for each thing that can be wrong."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toxmeter.data.presets import PRESETS
from toxmeter.data.read import Rows, labels_of, read_rows
from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.recipe.schema import OwnSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

FILE = "jigsaw_toxic.parquet"
ORDINARY: dict[str, list[Any]] = {
    "comment_text": ["of the other sample", "good", "bad", "also of the other", "worse"],
    "sample": ["enriched", "natural", "natural", "enriched", "natural"],
    "toxic": [1, 0, 1, 1, 1],
    **{label: [0, 0, 0, 0, 1] for label in JIGSAW.names[1:]},
}


def jigsaw(folder: Path, **changed: Any) -> Path:
    columns = {name: values for name, values in (ORDINARY | changed).items() if values is not None}
    pq.write_table(pa.table(columns), folder / FILE)
    return folder


def change(column: str, row: int, value: object) -> dict[str, list[Any]]:
    values = list(ORDINARY[column])
    values[row] = value
    return {column: values}


def test_the_rows_of_a_preset_are_read(tmp_path: Path) -> None:
    rows = read_rows("jigsaw-natural", jigsaw(tmp_path), JIGSAW)
    assert rows.texts == ["good", "bad", "worse"]
    np.testing.assert_array_equal(rows.labels, [[0] * 6, [1, 0, 0, 0, 0, 0], [1] * 6])
    assert rows.labels.dtype == np.float64
    assert rows.origin == {
        "preset": "jigsaw-natural", "file": FILE, "rows": 3, "licence": "CC0-1.0",
        "source": "Jigsaw Toxic Comment Classification 2018; text Wikipedia CC-BY-SA-3.0",
        "sha256": hashlib.sha256((tmp_path / FILE).read_bytes()).hexdigest(),
        "citation": PRESETS["jigsaw-natural"].citation}
    enriched = read_rows("jigsaw-enriched", tmp_path, JIGSAW)
    assert enriched.texts == ["of the other sample", "also of the other"]


def test_columns_follow_the_label_set(tmp_path: Path) -> None:
    two = LabelSet(("threat", "unheard_of", "TOX"), "multilabel", aliases={"toxic": "TOX"})
    rows = read_rows("jigsaw-natural", jigsaw(tmp_path), two)
    np.testing.assert_array_equal(rows.labels, [[0, np.nan, 0], [0, np.nan, 1], [1, np.nan, 1]])


def test_a_null_label_is_a_missing_one(tmp_path: Path) -> None:
    rows = read_rows("jigsaw-natural", jigsaw(tmp_path, **change("threat", 2, None)), JIGSAW)
    assert np.isnan(rows.labels).tolist() == [[False] * 6, [False] * 3 + [True] + [False] * 2, [False] * 6]


def test_a_set_without_labels_gives_texts(tmp_path: Path) -> None:
    pq.write_table(pa.table({"comment_text": ["a", ""]}), tmp_path / "perspective_wikipedia_2k.parquet")
    rows = read_rows("perspective-wikipedia", tmp_path, JIGSAW)
    assert rows.texts == ["a", ""]
    assert np.isnan(rows.labels).all()


def test_entities_in_tweets_are_decoded(tmp_path: Path) -> None:
    tweets = ["&quot;you &amp; me&quot; &#128514;", "&#55357; &nosuch; 1 & 2", "plain"]
    pq.write_table(pa.table({"tweet": tweets, "class": [2, 2, 2]}), tmp_path / "hate_speech_offensive.parquet")
    rows = read_rows("hate-speech-offensive", tmp_path, labels_of("hate-speech-offensive", tmp_path))
    # half of a surrogate pair is no character
    assert rows.texts == ['"you & me" 😂', "\ufffd &nosuch; 1 & 2", "plain"]


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
    (change("toxic", 2, 2), "row 2: toxic is 2, which lies outside [0, 1]"),
    (change("toxic", 4, -1), "row 4: toxic is -1, which lies outside [0, 1]"),
    ({"threat": [0.0, 0.5, float("inf"), 0.0, 0.0]}, "row 2: threat is inf, which lies outside [0, 1]"),
    ({"obscene": ["0", "1", "0", "0", "1"]}, "row 1: column 'obscene' is '1', not a number"),
    ({"sample": ["all"] * 5}, "no row with sample = natural"),
    ({"sample": [1, 2, 3, 4, 5]}, "no row with sample = natural"),
    ({name: values[:0] for name, values in ORDINARY.items()}, "no row with sample = natural"),
])
def test_what_cannot_be_used_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_rows("jigsaw-natural", jigsaw(tmp_path, **changed), JIGSAW)
    assert str(caught.value).startswith(f"{tmp_path / FILE}: {message}")


def test_rows_of_other_samples_may_be_broken(tmp_path: Path) -> None:
    jigsaw(tmp_path, **change("comment_text", 0, None), **change("toxic", 3, 9))
    assert read_rows("jigsaw-natural", tmp_path, JIGSAW).texts == ["good", "bad", "worse"]


@pytest.mark.parametrize("folder", ["", "absent/deeper"])
def test_a_missing_file_says_which_and_how_to_name_it(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError) as caught:
        read_rows("jigsaw-natural", tmp_path / folder, JIGSAW)
    assert str(caught.value) == (
        f"{tmp_path / folder / FILE} is missing: name the folder that holds {FILE} with --data")


@pytest.mark.parametrize("damage", [lambda whole: whole[:-20], lambda _: b"", lambda _: b"text,toxic\nhello,1\n"])
def test_a_damaged_file_is_our_error(tmp_path: Path, damage: Any) -> None:
    file = jigsaw(tmp_path) / FILE
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError, match="damaged, or not of the kind its name says"):
        read_rows("jigsaw-natural", tmp_path, JIGSAW)


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data preset 'jigsaw': there are jigsaw-natural, "):
        read_rows("jigsaw", tmp_path, JIGSAW)


def test_a_tweet_with_more_votes_than_annotators_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"tweet": ["fine", "odd"], "count": [3, 0], "hate_speech": [0, 1],
                             "offensive_language": [3, 0]}), tmp_path / "hate_speech_offensive.parquet")
    with pytest.raises(InputError, match=r"row 1: .* which lies outside"):
        read_rows("hate-speech-offensive-shares", tmp_path, JIGSAW)


def kaggle(write: Write, folder: Path) -> Path:
    """Files as Kaggle ships them."""
    six = {name: ["0", "0", "0"] for name in JIGSAW.names}
    write(folder / "train.csv", id=["a", "b", "c"], comment_text=["fine", "a \"quoted\",\nbroken line", "worst"],
          **six | {"toxic": ["0", "0", "1"], "insult": ["0", "1", "1"]})
    write(folder / "test.csv", id=["x", "y", "z"], comment_text=["tx", "ty", "tz"])
    write(folder / "test_labels.csv", id=["z", "x", "y"],
          **{name: ["1" if name == "threat" else "0", "0", "-1"] for name in JIGSAW.names})
    return folder


def test_the_files_of_kaggle_are_read(write: Write, tmp_path: Path) -> None:
    folder = kaggle(write, tmp_path)
    six = read_rows("jigsaw-kaggle", folder, JIGSAW)
    assert six.texts == ["fine", 'a "quoted",\nbroken line', "worst"]
    assert six.labels.tolist() == [[0] * 6, [0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0]]
    binary = read_rows("jigsaw-kaggle-binary", folder, labels_of("jigsaw-kaggle-binary", folder))
    assert binary.labels.tolist() == [[1, 0], [0, 1], [0, 1]]


def test_rows_of_minus_one_are_left_out_of_the_test_rows_of_kaggle(write: Write, tmp_path: Path) -> None:
    rows = read_rows("jigsaw-kaggle-test", kaggle(write, tmp_path), JIGSAW)
    assert rows.texts == ["tx", "tz"]
    assert rows.labels.tolist() == [[0] * 6, [0, 0, 0, 1, 0, 0]]
    (tmp_path / "test_labels.csv").unlink()
    with pytest.raises(InputError, match=r"test_labels.csv: cannot be read \(No such file"):
        read_rows("jigsaw-kaggle-test", tmp_path, JIGSAW)


def test_a_file_goes_by_several_names(write: Write, tmp_path: Path) -> None:
    tweets = labels_of("hate-speech-offensive", tmp_path)
    with pytest.raises(InputError, match=r"parquet and .*labeled_data.csv are missing: name the folder that holds"
                                         r" hate_speech_offensive.parquet or labeled_data.csv with --data"):
        read_rows("hate-speech-offensive", tmp_path, tweets)
    file = write(tmp_path / "labeled_data.csv", **{"": ["0", "1"], "class": ["2", "0"], "tweet": ["fine", "bad"]})
    for path in (tmp_path, file):  # the file itself will do
        rows = read_rows("hate-speech-offensive", path, tweets)
        assert rows.labels.tolist() == [[0, 0, 1], [1, 0, 0]]
        assert rows.origin["file"] == "labeled_data.csv"
    write(file, **{"class": ["2", "3"], "tweet": ["fine", "bad"]})
    with pytest.raises(InputError, match=r"labeled_data.csv: row 1: column 'class' is 3, which is not one of 0 to 2"):
        read_rows("hate-speech-offensive", tmp_path, tweets)


def test_texts_can_be_read_without_labels(tmp_path: Path) -> None:
    rows = read_rows("jigsaw-natural", jigsaw(tmp_path), None)
    assert rows.labels.shape == (3, 0)


def test_labels_that_exclude_each_other_have_to_be_known_together(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data set 'jigsaw-natural' has no label 'safe', but the labels safe, toxic"
                                         r" exclude each other, so a set needs them all; it has toxic, severe_toxic"):
        read_rows("jigsaw-natural", jigsaw(tmp_path), LabelSet(("safe", "toxic"), "binary"))
    rude = LabelSet(("threat", "insult"), "multiclass")
    with pytest.raises(InputError, match=r"parquet: row 1: the labels threat, insult exclude each other, so they are"
                                         r" all known and sum to 1, or all missing; they are \[0.0, 0.0\]"):
        read_rows("jigsaw-natural", tmp_path, rude)
    jigsaw(tmp_path, threat=[0, 0, 1, 0, 0.25], insult=[0, 1, 0, 0, 0.754])
    labels = read_rows("jigsaw-natural", tmp_path, rude).labels
    np.testing.assert_allclose(labels[:, 1], [1, 0, 0.751], atol=1e-3)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-12)
    jigsaw(tmp_path, threat=[0, None, None, 0, 1], insult=[0, None, 1, 0, 0])
    with pytest.raises(InputError, match=r"row 2: the labels .* they are \[nan, 1.0\]"):
        read_rows("jigsaw-natural", tmp_path, rude)


def test_a_set_without_labels_can_be_kept_out_of_any_model(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "hatecheck.parquet", test_case=["a", "b"])
    assert np.isnan(read_rows("hatecheck", tmp_path, LabelSet(("no", "yes"), "binary")).labels).all()


def test_an_own_set_is_below_the_folder_or_anywhere(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    file = write(tmp_path / "deep" / "own.csv", text=["a"], toxic=["1"])
    files = {"mine": OwnSet(file="deep/own.csv", labels=("toxic",), licence="CC0-1.0", source="us"),
             "other": OwnSet(file=str(file), labels=("toxic",)), "all": OwnSet(file="deep", labels=("toxic",))}
    rows = read_rows("mine", tmp_path, JIGSAW, files)
    assert rows.origin == {"preset": "mine", "file": "own.csv", "rows": 1, "licence": "CC0-1.0", "source": "us",
                           "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    monkeypatch.chdir(tmp_path)
    for name, folder in (("mine", None), ("other", None), ("other", tmp_path / "absent"), ("all", tmp_path)):
        assert read_rows(name, folder, JIGSAW, files).texts == ["a"]
    assert read_rows("all", tmp_path, JIGSAW, files).origin["file"] == "deep"
    with pytest.raises(InputError, match=r"own.csv is missing: name the folder that holds deep/own.csv with --data"):
        read_rows("mine", tmp_path / "deep", JIGSAW, files)
    with pytest.raises(InputError, match=r"no data set 'mina' \(did you mean 'mine'\?\): data.files has mine, other"):
        read_rows("mina", tmp_path, JIGSAW, files)


@pytest.mark.parametrize("texts", [[""], ["  ", "\t"]])
def test_blank_texts_are_texts(write: Write, tmp_path: Path, texts: list[str]) -> None:
    write(tmp_path / "own.csv", text=texts)
    assert read_rows("mine", tmp_path, JIGSAW, {"mine": OwnSet(file="own.csv")}).texts == texts
