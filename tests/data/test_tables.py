"""Reading files: what was written comes back, and damage is named with its place."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.data.tables import Table, data_files, join, number, read_table
from toxmeter.errors import InputError

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
ANY_TEXT = st.text(max_size=30)  # lone surrogates too
NUMBER = st.none() | st.integers(0, 1) | st.floats(0, 1)
if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[..., Path]

KINDS = ["csv", "tsv", "jsonl", "ndjson", "parquet"]


def read(path: Path, *columns: str) -> Table:
    return read_table(path, data_files(path), columns or ("text",))


def error(path: Path, *columns: str) -> str:
    with pytest.raises(InputError) as caught:
        read(path, *columns)
    return str(caught.value)


@settings(max_examples=40)
@given(st.sampled_from(KINDS), st.lists(st.tuples(TEXT, NUMBER), min_size=1, max_size=8))
def test_texts_and_numbers_come_back_as_they_were(
    write: Write, kind: str, rows: list[tuple[str, float | None]]
) -> None:
    texts, scores = [text for text, _ in rows], [score for _, score in rows]
    with TemporaryDirectory() as folder:
        file = write(Path(folder) / f"rows.{kind}", text=texts, score=scores)
        found = read(file, "text", "score")
    assert found.texts("text") == texts
    expected = [math.nan if score is None else score for score in scores]
    np.testing.assert_array_equal(found.numbers("score"), expected)


@given(st.lists(ANY_TEXT, min_size=1, max_size=8))
def test_json_keeps_lone_surrogates(write: Write, texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        assert read(write(Path(folder) / "rows.jsonl", text=texts)).texts("text") == texts


@settings(max_examples=40)
@given(st.sampled_from(KINDS), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(kind: str, raw: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"rows.{kind}"
        file.write_bytes(raw)
        with pytest.raises(InputError) as caught:
            read(file, "no such column")
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_a_byte_order_mark_is_no_part_of_a_name(write: Write, tmp_path: Path, kind: str) -> None:
    file = write(tmp_path / f"rows.{kind}", text=["a"])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read(file).texts("text") == ["a"]


@pytest.mark.parametrize(("name", "raw", "message"), [
    ("a.csv", "text\nfine\nna\u00efve\n".encode("latin-1"), "line 3 is not UTF-8: convert the file first"),
    ("a.csv", "text\nfine\n".encode("utf-16"),
     "line 1 is not UTF-8: convert the file first, for instance with iconv -f UTF-16 "),
    ("a.jsonl", b'{"text": "a"}\n{"text": "\xff"}\n', "line 2 is not UTF-8"),
    ("a.csv", b"", "no header line"),
    ("a.jsonl", b"\n \n", "no row"),
    ("a.parquet", b"", "damaged, or not of the kind its name says"),
    ("a.parquet", b"text\na\n", "damaged, or not of the kind its name says"),
    ("a.csv", b"text,more\na,1\nb\n", "row 1 has 1 cells, the header 2"),
    ("a.csv", b'text,more\na,1\n"never closed,2\n', "line 3: unexpected end of data; a cell with a comma"),
    ("a.csv", b"Text,more\na,1\n", "no column 'text' (did you mean 'Text'?); there are Text, more"),
    ("a.tsv", b"text\ttext\na\tb\n", "column 'text' is there twice"),
    ("a.jsonl", b'{"text": "a"}\n{"text": "b"', "line 2 is not JSON (Expecting ',' delimiter)"),
    ("a.jsonl", b'"text"\n', "line 1 is 'text', not a JSON object"),
    ("a.jsonl", b'{"text": ' + b"[" * 100_000, "line 1 is not JSON"),
    ("a.jsonl", b'{"text": ' + b"1" * 5_000 + b"}", "line 1 is not JSON"),
    ("a.txt", b"a\n", "not a kind of file that can be read; these end in .csv, .tsv,"),
])
def test_damage_is_named(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(raw)
    assert error(tmp_path / name).startswith(f"{tmp_path / name}: {message}")


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.99])
def test_a_half_written_parquet_file_is_refused(write: Write, tmp_path: Path, kept: float) -> None:
    file = write(tmp_path / "a.parquet", text=["some text"] * 100)
    raw = file.read_bytes()
    file.write_bytes(raw[: int(kept * len(raw))])
    assert "damaged" in error(file)


def test_damage_inside_a_parquet_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text {n}" for n in range(1_000)]}), file, compression="zstd")
    raw = bytearray(file.read_bytes())
    raw[40:200] = bytes(160)
    file.write_bytes(raw)
    assert "damaged" in error(file)


@pytest.mark.parametrize("kind", KINDS)
def test_a_huge_text_is_one_text(write: Write, tmp_path: Path, kind: str) -> None:
    text = "a longer, \"quoted\" text\n" * 200_000
    assert read(write(tmp_path / f"rows.{kind}", text=["short", text])).texts("text") == ["short", text]


@pytest.mark.parametrize(("kind", "value", "message"), [
    ("jsonl", None, "is None, not a text"), ("parquet", None, "is None, not a text"),
    ("jsonl", math.nan, "is nan, not a text"), ("jsonl", 7, "is 7, not a text"),
    ("jsonl", ["a"], "is ['a'], not a text"),
])
def test_what_is_no_text_is_named(write: Write, tmp_path: Path, kind: str, value: object, message: str) -> None:
    found = read(write(tmp_path / f"rows.{kind}", text=["fine", "", value]))
    with pytest.raises(InputError) as caught:
        found.texts("text")
    assert str(caught.value) == f"{tmp_path / f'rows.{kind}'}: row 2: column 'text' {message}"


def test_a_number_in_a_text_column_of_csv_is_text(write: Write, tmp_path: Path) -> None:
    texts = ["17", "1e3", "NaN", "null", "", " ", "2020-01-01", "True"]
    assert read(write(tmp_path / "rows.csv", text=texts)).texts("text") == texts


@pytest.mark.parametrize(("cell", "expected"), [
    ("1", 1.0), (" 0.5 ", 0.5), ("", math.nan), ("  ", math.nan), ("nan", math.nan), ("True", 1.0), ("FALSE", 0.0),
    ("1e-3", 0.001), ("one", None), ("0,5", None), ("inf", math.inf)])
def test_the_number_in_a_cell(cell: str, expected: float | None) -> None:
    np.testing.assert_equal(number(cell), expected)


@pytest.mark.parametrize(("kind", "value"), [("csv", "one"), ("jsonl", "1"), ("parquet", "1"), ("jsonl", [1])])
def test_what_is_no_number_is_named(write: Write, tmp_path: Path, kind: str, value: object) -> None:
    found = read(write(tmp_path / f"rows.{kind}", score=[value]), "score")
    with pytest.raises(InputError, match=r"row 0: column 'score' is .*, not a number"):
        found.numbers("score")


def test_an_integer_beyond_all_floats_is_infinite(write: Write, tmp_path: Path) -> None:
    found = read(write(tmp_path / "rows.jsonl", score=[10**400, -(10**400)]), "score")
    assert found.numbers("score").tolist() == [math.inf, -math.inf]


def test_blank_lines_are_no_rows_and_an_absent_field_is_null(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,score\n\na,1\n\n\nb,0\n")
    assert read(tmp_path / "a.csv").texts("text") == ["a", "b"]
    (tmp_path / "a.jsonl").write_text('{"text": "a\u2028b"}\r\n\n{"text": "c", "score": 1}')
    found = read(tmp_path / "a.jsonl", "text", "score")
    assert found.texts("text") == ["a\u2028b", "c"]
    assert found.columns["score"] == [None, 1]


def test_a_folder_is_read_in_the_order_of_names(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "b.csv", text=["b0", "b1"])
    write(tmp_path / "a.jsonl", text=["a0"])
    write(tmp_path / "c.parquet", text=["c0"])
    write(tmp_path / ".hidden.csv", text=["hidden"])
    (tmp_path / "README.md").write_text("no data")
    (tmp_path / "deeper.csv").mkdir()
    found = read(tmp_path)
    assert found.texts("text") == ["a0", "b0", "b1", "c0"]
    assert [found.where(row) for row in (0, 2, 3)] == [
        f"{tmp_path / file}: row {row}" for file, row in (("a.jsonl", 0), ("b.csv", 1), ("c.parquet", 0))]
    sums = "".join(f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n"
                   for name in ("a.jsonl", "b.csv", "c.parquet"))
    assert found.sha256 == hashlib.sha256(sums.encode()).hexdigest()


def test_the_files_of_a_folder_need_the_same_columns(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", text=["a"])
    write(tmp_path / "b.csv", comment=["b"])
    assert error(tmp_path).startswith(f"{tmp_path / 'b.csv'}: no column 'text'")


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    assert error(tmp_path).startswith(f"{tmp_path}: a folder without data files")


def test_a_column_may_have_another_name(write: Write, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", tweet=["a"])
    assert read_table(file, [file], ["text"], {"text": "tweet"}).texts("text") == ["a"]


def test_rows_taken_keep_their_places(write: Write, tmp_path: Path) -> None:
    taken = read(write(tmp_path / "a.csv", text=["a", "b", "c"])).take(np.array([False, True, True]))
    assert len(taken) == 2
    assert taken.texts("text") == ["b", "c"]
    assert taken.where(0).endswith("row 1")


def test_tables_are_joined_by_key(write: Write, tmp_path: Path) -> None:
    left = read(write(tmp_path / "a.csv", id=["x", "y"], text=["tx", "ty"]), "id", "text")
    right = read(write(tmp_path / "b.csv", id=["z", "y", "x"], score=[3, 2, 1]), "id", "score")
    joined = join(left, right, "id")
    assert joined.texts("text") == ["tx", "ty"]
    assert joined.numbers("score").tolist() == [1, 2]
    assert joined.where(1) == f"{tmp_path / 'a.csv'}: row 1"
    assert joined.sha256 not in (left.sha256, right.sha256)
    with pytest.raises(InputError, match=r"b.csv: row 0: id 'z' is not in .*a.csv"):
        join(right, left, "id")
    with pytest.raises(InputError, match=r"b.csv: row 2: id 'x' is there twice"):
        join(left, read(write(tmp_path / "b.csv", id=["x", "y", "x"]), "id"), "id")
