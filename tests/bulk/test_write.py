"""Scores as bytes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toxmeter.bulk.lines import Reject
from toxmeter.bulk.write import Tails, reject_line
from toxmeter.errors import ToxmeterError


@given(arrays(np.float32, (5, 3), elements=st.floats(0, 1, width=32)))
def test_numbers_have_six_decimals(scores: np.ndarray) -> None:
    joined = Tails([b"<", b",", b"|", b">\n"]).join([b"a"] * 5, scores).decode()
    for line, row in zip(joined.splitlines(), scores.tolist(), strict=True):
        assert line[:2] == "a<"
        assert line[-1] == ">"
        numbers = line[2:-1].replace("|", ",").split(",")
        assert [len(number) for number in numbers] == [8, 8, 8]
        np.testing.assert_allclose([float(number) for number in numbers], row, atol=5.1e-7)


@pytest.mark.parametrize(("number", "text"), [
    (0.0, b"0.000000"), (1.0, b"1.000000"), (0.1, b"0.100000"), (0.123456, b"0.123456"),
    (0.9999999, b"1.000000"), (0.000001, b"0.000001"), (0.5000004, b"0.500000"),
])
def test_a_number(number: float, text: bytes) -> None:
    assert Tails([b"", b""]).join([b""], np.array([[number]], np.float32)) == text


@pytest.mark.parametrize("scores", [
    np.full((2, 1), np.nan, np.float32), np.full((2, 1), 1.5, np.float32), np.full((2, 1), -0.1, np.float32),
    np.zeros((2, 2), np.float32), np.zeros((1, 1), np.float32), np.zeros(2, np.float32),
])
def test_what_is_no_probability_is_not_written(scores: np.ndarray) -> None:
    with pytest.raises(ToxmeterError, match="the model returned"):
        Tails([b",", b"\n"]).join([b"a", b"b"], scores)


@pytest.mark.parametrize(("raw", "extra"), [
    ("é,1\r\n".encode(), {"raw": "é,1\r\n"}),
    (b"\xff\x00", {"raw_base64": "/wA="}),
    (None, {}),
])
def test_a_rejected_row_is_kept_whole(raw: bytes | None, extra: dict[str, str]) -> None:
    line = reject_line(Reject(7, 99, 5, "because", raw))
    assert line.endswith(b"}\n")
    assert json.loads(line) == {"row": 7, "offset": 99, "bytes": 5, "reason": "because"} | extra
