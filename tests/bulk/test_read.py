"""Readers: nothing is changed, nothing is lost, and a bad row costs only itself."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bulk.conftest import GARBAGE

from toxmeter.bulk.lines import RECORD_LIMIT, Reject
from toxmeter.bulk.read import Batch, open_reader
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDED = ["rude", "model_version"]
NASTY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(' ",\'\r\n\t\x00\ufeff\x1a;é'))


def batches(content: bytes, kind: str, size: int = 3, column: str | None = None) -> Iterator[Batch]:
    reader = open_reader(io.BytesIO(content), kind, column, ADDED, [["v"]])
    row = 1
    while (batch := reader.read(size, row)).rows:
        yield batch
        row += batch.rows


def texts(content: bytes, kind: str = "csv", size: int = 3) -> list[str]:
    return [text for batch in batches(content, kind, size) for text in batch.texts]


def rejects(content: bytes, kind: str = "csv", column: str | None = None) -> list[Reject]:
    return [reject for batch in batches(content, kind, column=column) for reject in batch.rejects]


def brief(content: bytes, kind: str = "csv") -> list[tuple[int, bytes | None, str]]:
    return [(reject.row, reject.raw, reject.reason) for reject in rejects(content, kind)]


@given(st.lists(st.tuples(NASTY, NASTY), max_size=12), st.integers(1, 5), st.sampled_from([",", "\t"]))
def test_csv_round_trip(rows: list[tuple[str, str]], size: int, delimiter: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([("a", "text"), *rows])
    kind = "csv" if delimiter == "," else "tsv"
    found = list(batches(file.getvalue().encode(), kind, size))
    assert [text for batch in found for text in batch.texts] == [text for _, text in rows]
    begins = b"".join(begin + b"\r\n" for batch in found for begin in batch.begins).decode()
    assert [tuple(row) for row in csv.reader(io.StringIO(begins, newline=""), delimiter=delimiter)] == rows
    assert all(batch.rows <= size and not batch.rejects for batch in found)


@given(st.lists(st.text(), max_size=12), st.booleans())  # lone surrogates too: JSON can hold them
def test_jsonl_round_trip(values: list[str], ascii_only: bool) -> None:
    rows = [{"text": value, "deep": {"n": [1.0, None, value]}} for value in values]
    lines = [json.dumps(row, ensure_ascii=ascii_only).encode("utf-8", "replace") for row in rows]
    found = list(batches(b"\n".join(lines), "jsonl"))
    expected = [json.loads(line) for line in lines]
    assert [text for batch in found for text in batch.texts] == [row["text"] for row in expected]
    assert [json.loads(begin + b"}") for batch in found for begin in batch.begins] == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), max_size=12))
def test_text_round_trip(values: list[str]) -> None:
    content = "".join(value + "\n" for value in values).encode()
    expected = [values[0].removeprefix("\ufeff"), *values[1:]] if values else []
    assert texts(content, "txt") == expected
    begins = [begin for batch in batches(content, "txt") for begin in batch.begins]
    assert [json.loads(begin + b"}") for begin in begins] == [{"text": value} for value in expected]


@given(GARBAGE, st.integers(1, 5))
def test_every_byte_of_a_csv_is_scored_or_rejected(garbage: bytes, size: int) -> None:
    content = b"text,n\n" + garbage
    found = list(batches(content, "csv", size))
    at, kept = 7, b""
    for reject in (reject for batch in found for reject in batch.rejects):
        assert content[reject.offset : reject.offset + reject.length] == reject.raw
        kept += content[at : reject.offset]
        at = reject.offset + reject.length
    kept += content[at:]
    begins = b"".join(begin for batch in found for begin in batch.begins)
    ends = bytes.maketrans(b"", b"")
    assert kept.translate(ends, b"\r\n") == begins.translate(ends, b"\r\n")
    numbers = [reject.row for batch in found for reject in batch.rejects]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= sum(batch.rows for batch in found) for number in numbers)


@given(GARBAGE, st.sampled_from(["csv", "jsonl", "txt"]), st.integers(1, 4))
def test_reading_goes_on_from_the_end_of_any_batch(garbage: bytes, kind: str, size: int) -> None:
    content = {"csv": b"text,n\n", "jsonl": b'{"text": "a"}\n', "txt": b"a\n"}[kind] + garbage
    found = list(batches(content, kind, size))
    row = 1
    for before, after in itertools.pairwise(found):
        row += before.rows
        reader = open_reader(io.BytesIO(content), kind, None, ADDED, [["v"]])
        reader.seek(before.end)
        assert reader.read(size, row) == after


@pytest.mark.parametrize(("row", "reason"), [
    (b"a\n", "number of fields is 1, that of the header 2"),
    (b"a,1,2\n", "number of fields is 3, that of the header 2"),
    (b"\xff\xfe,1\n", "not UTF-8: byte 0xff at byte 0 of the row"),
    (b'"a\nb\xe9",1\n', "not UTF-8: byte 0xe9 at byte 4 of the row"),
    (b'"a"b,1\n', "malformed quotes: ',' expected after '\"'"),
    (b"a\rb,1\n", "a lone carriage return outside quotes"),
])
def test_a_bad_csv_row_costs_only_itself(row: bytes, reason: str) -> None:
    content = b"text,n\ngood,1\n" + row + b"fine,2\n"
    assert texts(content) == ["good", "fine"]
    assert brief(content) == [(2, row, reason)]


def test_a_quote_that_never_closes_costs_only_its_line() -> None:
    content = b'text,n\ngood,1\n"oops,2\nfine,3\n"also ""fine""",4\n'
    assert texts(content) == ["good", "fine", 'also "fine"']
    assert brief(content) == [(2, b'"oops,2\n', "malformed quotes: ',' expected after '\"'")]
    content = b'text,n\ngood,1\n"oops,2\nfine,3'
    assert texts(content) == ["good", "fine"]
    assert brief(content) == [(2, b'"oops,2\n', "a quote opens here and never closes")]


def test_a_quote_open_for_longer_than_a_record_may_be() -> None:
    lines = RECORD_LIMIT // 1000 + 100
    content = b'text,n\n"oops,0\n' + (b"x" * 997 + b",1\n") * lines
    assert len(texts(content, size=10**6)) == lines
    assert brief(content) == [(1, b'"oops,0\n', "a quote opens here and does not close within 16 MiB")]


@pytest.mark.parametrize(("kind", "first", "row"), [
    ("csv", b"text,n\n", b"%b,1\n"), ("jsonl", b"", b'{"text": "%b"}\n'), ("txt", b"", b"%b\n"),
])
def test_a_row_may_be_large_but_not_endless(kind: str, first: bytes, row: bytes) -> None:
    large, endless = b"l" * (RECORD_LIMIT - 20), b"e" * (2 * RECORD_LIMIT + 5)
    content = first + row % b"a" + row % large + row % endless + row % b"z"
    assert [len(text) for text in texts(content, kind)] == [1, len(large), 1]
    (reject,) = rejects(content, kind)
    assert (reject.row, reject.raw, reject.length) == (3, None, len(row % endless))
    assert content[reject.offset :].startswith(row[: row.index(b"%")] + b"eee")
    assert reject.reason == "the row does not end within 16 MiB"


def test_a_batch_of_huge_rows_ends_early() -> None:
    content = b"text\n" + (b"x" * 2**20 + b"\n") * 20
    assert [batch.rows for batch in batches(content, "csv", 100)] == [8, 8, 4]


@pytest.mark.parametrize(("kind", "endings"), [
    ("csv", [b",a,v\n", b',"b ""c""",v\n']),
    ("jsonl", [b',"stage":"a","model_version":"v"}\n', b',"stage":"b \\"c\\"","model_version":"v"}\n']),
])
def test_a_row_can_end_in_several_ways(kind: str, endings: list[bytes]) -> None:
    content = io.BytesIO(b"text\nx\n" if kind == "csv" else b'{"text":"x"}\n')
    added = ["rude", "stage", "model_version"]
    joints = open_reader(content, kind, None, added, [["a", "v"], ['b "c"', "v"]]).joints
    assert [len(each) for each in joints] == [2, 2]
    assert [each[-1] for each in joints] == endings


def test_header_line_ends_and_byte_order_mark_are_kept() -> None:
    reader = open_reader(io.BytesIO(b'\xef\xbb\xbf"text","a, b"\r\nx,y\r\n'), "csv", None, ADDED, [["v@1,2"]])
    assert reader.head == b'\xef\xbb\xbf"text","a, b",rude,model_version\r\n'
    assert reader.joints == [[b",", b',"v@1,2"\r\n']]
    assert reader.read(9, 1).texts == ["x"]


def test_blank_lines_are_texts_only_in_a_file_of_one_column() -> None:
    assert texts(b"text\n\na\n \n\n") == ["", "a", " ", ""]
    assert texts(b"text,n\n\na,1\n\r\n,2\n") == ["a", ""]
    assert texts(b"\na\n\n", "txt") == ["", "a", ""]
    assert texts(b'\n{"text": ""}\n \n', "jsonl") == [""]


@pytest.mark.parametrize(("row", "reason"), [
    (b'{"text": "a"', "not JSON: Expecting ',' delimiter"),
    (b"[1]", "a list, not a JSON object"),
    (b'"a"', "a string, not a JSON object"),
    (b'{"n": 1}', "field 'text' is missing"),
    (b'{"text": null}', "field 'text' is null, not a string"),
    (b'{"text": 1.5}', "field 'text' is a number, not a string"),
    (b'{"text": NaN}', "field 'text' is NaN, not a string"),
    (b'{"text": true}', "field 'text' is true, not a string"),
    (b'{"text": ["a"]}', "field 'text' is a list, not a string"),
    (b'{"text": "a", "rude": 1}', "field 'rude' is there already"),
    (b'{"text": "\xff"}', "not UTF-8: byte 0xff at byte 10 of the row"),
    (b'{"text": ' + b"[" * 100_000, "nested too deeply"),
])
def test_a_bad_json_row_costs_only_itself(row: bytes, reason: str) -> None:
    content = b'{"text": "good"}\n' * 100 + row + b'\n{"text": "fine"}\n'
    assert texts(content, "jsonl")[-2:] == ["good", "fine"]
    ((number, raw, found),) = brief(content, "jsonl")
    assert (number, raw) == (101, row + b"\n")
    assert reason in found


@pytest.mark.parametrize(("content", "kind", "message"), [
    (b"", "csv", "no header line"),
    (b"\n", "csv", "no header line"),
    (b'"text\nno end', "csv", "header line cannot be read"),
    (b"te\xffxt\n", "csv", "header line is not UTF-8"),
    (b"\xff\xfet\x00", "csv", "UTF-16"),
    (b"text,rude\n", "csv", "already has 'rude'"),
    (b'{"text": "a", "rude": 1}', "jsonl", "already has 'rude'"),
    (b'{"a": 1}\n{"b": 2}', "jsonl", "no column is named 'text'; the columns are 'a', 'b'"),
])
def test_an_input_that_cannot_be_used_as_a_whole(content: bytes, kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_reader(io.BytesIO(content), kind, None, ADDED, [["v"]])


def test_text_has_no_columns() -> None:
    with pytest.raises(InputError, match="'tweet': a txt file has no columns"):
        open_reader(io.BytesIO(b"a\n"), "txt", "tweet", ADDED, [["v"]])
    with pytest.raises(InputError, match="already has 'text'"):
        open_reader(io.BytesIO(b"a\n"), "txt", None, ["text", "model_version"], [["v"]])


def test_jsonl_of_nothing_but_bad_rows_is_rejected_row_by_row() -> None:
    assert [reject.row for reject in rejects(b"no\n\nnever\n", "jsonl")] == [1, 2]
