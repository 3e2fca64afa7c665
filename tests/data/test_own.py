"""Own sets: what each shape of label column means, implied and asked for, and an error for what says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from toxmeter.data.read import labels_of, read_rows
from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.recipe.schema import OwnSet

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[..., Path]

NAN = float("nan")
THREE = LabelSet(("hate", "rude", "fine"), "multiclass", toxic=("hate", "rude"))
TWO = LabelSet(("safe", "toxic"), "binary", toxic=("toxic",))
MANY = LabelSet(("hate", "rude", "spam"), "multilabel")


def own(file: Path, **fields: Any) -> dict[str, OwnSet]:
    return {"mine": OwnSet(file=str(file), **fields)}


def one_column(write: Write, folder: Path, kind: str, values: list[Any]) -> dict[str, OwnSet]:
    """An own set whose labels are in one column."""
    return own(write(folder / f"a.{kind}", text=[f"text {n}" for n in range(len(values))], tag=values), label="tag")


@pytest.mark.parametrize(("kind", "values", "names", "of_kind"), [
    ("csv", ["rude", "fine", " hate ", "", "fine"], ("fine", "hate", "rude"), "multiclass"),
    ("jsonl", ["yes", None, "no", "no"], ("no", "yes"), "binary"),
    ("csv", ["a", "1", "2"], ("1", "2", "a"), "multiclass"),
    ("csv", ["0", "1", ""], ("negative", "positive"), "binary"),
    ("csv", ["0.25", "1"], ("negative", "positive"), "binary"),
    ("jsonl", [True, False, None], ("negative", "positive"), "binary"),
    ("parquet", [0.5, 0.0, None], ("negative", "positive"), "binary"),
    ("jsonl", [["rude"], [], None, ["hate", "rude"]], ("hate", "rude"), "multilabel"),
    ("parquet", [["rude"], [], None, ["hate", "rude"]], ("hate", "rude"), "multilabel"),
    ("csv", ['["rude"]', "[]", "", '["hate", "rude"]'], ("hate", "rude"), "multilabel"),
    ("csv", ["rude, very", "fine", "odd|even"], ("fine", "odd|even", "rude, very"), "multiclass"),
])
def test_a_set_implies_its_labels(
    write: Write, tmp_path: Path, kind: str, values: list[Any], names: tuple[str, ...], of_kind: str
) -> None:
    files = one_column(write, tmp_path, kind, values)
    labels = labels_of("mine", None, files)
    assert (labels.names, labels.kind, labels.toxic) == (names, of_kind, ())
    rows = read_rows("mine", None, labels, files)
    missing = [value is None or value == "" for value in values]
    if kind == "csv" and of_kind == "multilabel":
        missing = [False] * len(values)  # an empty cell lists nothing
    assert np.isnan(rows.labels).all(axis=1).tolist() == missing
    assert np.isnan(rows.labels).any(axis=1).tolist() == missing


def test_columns_imply_a_multilabel_set(write: Write, tmp_path: Path) -> None:
    files = own(write(tmp_path / "a.tsv", text=["a", "b", "c"], rude=["1", "", "0.25"], hate=["true", "0", ""]),
                labels=("rude", "hate"))
    assert labels_of("mine", None, files) == LabelSet(("rude", "hate"), "multilabel")
    rows = read_rows("mine", None, MANY, files)
    np.testing.assert_array_equal(rows.labels, [[1, 1, NAN], [0, NAN, NAN], [NAN, 0.25, NAN]])


@pytest.mark.parametrize(("labels", "kind", "values", "expected"), [
    (THREE, "csv", ["rude", "", "hate"], [[0, 1, 0], [NAN] * 3, [1, 0, 0]]),
    (THREE, "csv", ["2", "0", ""], [[0, 0, 1], [1, 0, 0], [NAN] * 3]),
    (THREE, "parquet", [2, None, 0], [[0, 0, 1], [NAN] * 3, [1, 0, 0]]),
    (TWO, "jsonl", [0.25, 1, None], [[0.75, 0.25], [0, 1], [NAN] * 2]),
    (TWO, "csv", ["toxic", "safe"], [[0, 1], [1, 0]]),
    # texts that are names are names, whatever number they look like
    (LabelSet(("1", "0"), "binary"), "csv", ["1", "0"], [[1, 0], [0, 1]]),
    (LabelSet(("safe", "toxic"), "binary", aliases={"rude": "toxic"}), "csv", ["rude", "safe"], [[0, 1], [1, 0]]),
    # spam is on no list, so the set may know nothing of it
    (MANY, "jsonl", [["rude", "hate"], [], None], [[1, 1, NAN], [0, 0, NAN], [NAN] * 3]),
    (MANY, "parquet", [["spam"], ["rude"]], [[NAN, 0, 1], [NAN, 1, 0]]),
    (MANY, "csv", ["rude, hate", "spam", "rude;spam", "hate|rude", "", '["hate"]'],
     [[1, 1, 0], [0, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 0], [1, 0, 0]]),
    (LabelSet(("so, so", "good"), "multilabel"), "csv", ["so, so", "good"], [[1, 0], [0, 1]]),
])
def test_one_column_is_read_for_the_labels_asked_for(
    write: Write, tmp_path: Path, labels: LabelSet, kind: str, values: list[Any], expected: list[list[float]]
) -> None:
    rows = read_rows("mine", None, labels, one_column(write, tmp_path, kind, values))
    np.testing.assert_array_equal(rows.labels, expected)


@pytest.mark.parametrize(("labels", "kind", "values", "message"), [
    (THREE, "csv", ["rude", "hat"], "a.csv: row 1: column 'tag' says 'hat', which is not among hate, rude, fine"
                                    " (did you mean 'hate'?)"),
    (MANY, "csv", ["rude", "rude,spma"], "a.csv: row 1: column 'tag' says 'spma', which is not among"),
    (THREE, "csv", ["0", "3"], "a.csv: row 1: column 'tag' is 3, which is not one of 0 to 2"),
    (THREE, "csv", ["0", "0.5"], "a.csv: row 1: column 'tag' is 0.5, which is not one of 0 to 2"),
    (TWO, "csv", ["0.5", "1.5"], f"a.csv: row 1: {TWO.names[1]} is 1.5, which lies outside [0, 1]"),
    (TWO, "jsonl", ["0.5"], "a.jsonl: row 0: column 'tag' says '0.5', which is not among safe, toxic"),
    (THREE, "jsonl", [["rude"]], "a.jsonl: column 'tag' holds lists, but the labels exclude each other"),
    (MANY, "jsonl", [0.5, 1], "a.jsonl: column 'tag' holds numbers, which cannot say which of hate, rude, spam"),
    (MANY, "jsonl", [["rude", 3]], "a.jsonl: row 0: column 'tag' lists 3, not the name of a label"),
    (THREE, "jsonl", ["rude", None, 1], "a.jsonl: row 2: column 'tag' is 1, while rows before it hold texts"),
    (THREE, "jsonl", [1, "rude"], "a.jsonl: row 1: column 'tag' is 'rude', while rows before it hold numbers"),
    (THREE, "jsonl", [{"rude": 1}], "a.jsonl: row 0: column 'tag' is {'rude': 1}, which says no label"),
    (THREE, "csv", ["", " "], "a.csv: column 'tag' is empty in every row"),
])
def test_labels_that_cannot_be_used_are_named(
    write: Write, tmp_path: Path, labels: LabelSet, kind: str, values: list[Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_rows("mine", None, labels, one_column(write, tmp_path, kind, values))
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


@pytest.mark.parametrize(("kind", "values", "message"), [
    ("csv", ["0", "2"], "a.csv: row 1: column 'tag' is 2; where classes are numbers, name the labels in a [labels]"),
    ("csv", ["0", "1.5"], "a.csv: row 1: column 'tag' is 1.5, which is neither a score in [0, 1] nor the number"),
    ("csv", ["-1"], "a.csv: row 0: column 'tag' is -1, which is neither"),
    ("csv", ["inf"], "a.csv: row 0: column 'tag' is inf, which is neither"),
    ("csv", ["same", "same"], "a.csv: every row of column 'tag' is 'same': there is nothing to learn"),
    ("csv", ["", ""], "a.csv: column 'tag' is empty in every row"),
    ("csv", ["[]", "[]"], "a.csv: every list of column 'tag' is empty: name the labels in a [labels] table"),
])
def test_values_that_imply_no_labels_are_named(
    write: Write, tmp_path: Path, kind: str, values: list[Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        labels_of("mine", None, one_column(write, tmp_path, kind, values))
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


def test_labels_are_named_in_one_way(write: Write, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", text=["a"], rude=["1"])
    with pytest.raises(InputError, match=r"data.files.mine: it has both labels and label"):
        read_rows("mine", None, MANY, own(file, labels=("rude",), label="rude"))
    with pytest.raises(InputError, match=r"data.files.mine names no labels"):
        labels_of("mine", None, own(file))
    assert np.isnan(read_rows("mine", None, JIGSAW, own(file)).labels).all()


def test_groups_and_parts_are_read(write: Write, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", text=["a", "b", "c", "d"], rude=[1, 0, 1, 0], author=["ann", 7, None, NAN],
                 fold=["Train", "dev", " TEST ", "val"])
    rows = read_rows("mine", None, MANY, own(file, labels=("rude",), group="author", part="fold"))
    assert rows.group == ["ann", "7", "", ""]
    assert rows.part == ["train", "validation", "test", "validation"]
    taken = rows.take(np.array([False, True, True, False]))
    assert (taken.group, taken.part) == (["7", ""], ["validation", "test"])


@pytest.mark.parametrize("part", ["holdout", ""])
def test_an_unknown_part_is_named(write: Write, tmp_path: Path, part: str) -> None:
    file = write(tmp_path / "a.csv", text=["a", "b"], fold=["train", part])
    with pytest.raises(InputError) as caught:
        read_rows("mine", None, MANY, own(file, part="fold"))
    assert str(caught.value).startswith(f"{file}: row 1: column 'fold' is {part!r}, which is not one of train,")
