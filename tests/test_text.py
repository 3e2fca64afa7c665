"""Sentences, windows over long text, and scores joined over windows."""

from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.text import IGNORABLE, Span, encode, is_blank, score_in_windows, sentences, windows

TRICKY = "ab.!?…。！」\"') \n\t\r\u00a0\u3000\u2028\u0301\ud800😀"
TEXTS = st.text(st.sampled_from(TRICKY) | st.characters(), max_size=400)
LIMITS = st.integers(1, 60)
TEN_MEGABYTES = 10_000_000


def pieces(text: str, spans: list[Span]) -> list[str]:
    return [text[begin:end] for begin, end in spans]


def outside(text: str, spans: list[Span]) -> str:
    """What no span covers."""
    covered = bytearray(len(text))
    for begin, end in spans:
        covered[begin:end] = b"\1" * (end - begin)
    return "".join(char for char, taken in zip(text, covered, strict=True) if not taken)


@pytest.mark.parametrize(("text", "expected"), [
    ("", []),
    (" \n\t ", []),
    ("One.", ["One."]),
    ("One. Two! Three?", ["One.", "Two!", "Three?"]),
    ("no stop", ["no stop"]),
    ("Wait... what?! Yes.", ["Wait...", "what?!", "Yes."]),
    ('He said "go." Then left.', ['He said "go."', "Then left."]),
    ("version 3.11 is out", ["version 3.11 is out"]),
    ("first line\nsecond line", ["first line", "second line"]),
    ("one\n\n\n  two", ["one", "two"]),
    ("一。二！「三？」四", ["一。", "二！", "「三？」", "四"]),
    ("...", ["..."]),
    (".) . x", [".)", ".", "x"]),
])
def test_sentences(text: str, expected: list[str]) -> None:
    assert pieces(text, sentences(text)) == expected


@pytest.mark.parametrize(("text", "blank"), [
    ("", True), (" \n\u3000", True), ("\u200b", True), ("\ufeff \xad", True), ("\u3164\u2800 \u180e", True),
    ("\u200b.", False), ("a", False), ("é", False), ("\x00", False), ("\u0301", False), ("\ud800", False),
])
def test_is_blank(text: str, *, blank: bool) -> None:
    assert is_blank(text) is blank


def test_ignorable_characters_show_nothing() -> None:
    known = {unicodedata.category(char) for char in IGNORABLE}
    assert known <= {"Cf", "Mn", "Lo", "Cn"}
    assert {"\u200b", "\u00ad", "\ufe0f", "\u3164", "\U000e0061"} <= IGNORABLE
    assert not any(char.isspace() or char.isascii() for char in IGNORABLE)


@given(TEXTS)
def test_sentences_hold_every_visible_character_once_and_in_order(text: str) -> None:
    spans = sentences(text)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert not outside(text, spans).strip()
    assert all(piece == piece.strip() and piece for piece in pieces(text, spans))


def test_a_text_that_fits_is_one_window_as_it_is() -> None:
    assert windows("  One. Two. ", 12) == [(0, 12)]
    assert windows("", 12) == [(0, 0)]


def test_windows_border_between_sentences_and_repeat_whole_ones() -> None:
    text = "Aaa aa. Bb. Cc. Dd. Ee. Ff."
    assert pieces(text, windows(text, 16)) == ["Aaa aa. Bb. Cc.", "Cc. Dd. Ee. Ff."]


def test_a_sentence_too_long_is_broken_at_white_space_of_any_kind() -> None:
    text = "aaaa\u3000bbbb\u00a0cccc dddd\teeee"
    assert {word for piece in pieces(text, windows(text, 20)) for word in piece.split()} == set(text.split())


def test_the_parts_of_a_sentence_fill_the_windows() -> None:
    assert windows("ab cd " * 10, 24) == [(0, 23), (18, 41), (36, 59)]


def test_a_gap_between_sentences_keeps_windows_from_overlapping() -> None:
    assert windows("Aa. Bb." + " " * 30 + "Cc. Dd.", 20) == [(0, 7), (37, 44)]


def test_a_word_too_long_is_broken_anywhere_and_its_parts_overlap() -> None:
    assert windows("x" * 20, 8) == [(0, 8), (6, 14), (12, 20)]


def test_a_long_blank_text_has_one_empty_window() -> None:
    assert windows(" \n" * 50, 10) == [(0, 0)]


@given(TEXTS, LIMITS)
def test_windows_are_within_the_limit_and_in_order(text: str, limit: int) -> None:
    spans = windows(text, limit)
    assert all(0 <= begin <= end <= len(text) and end - begin <= limit for begin, end in spans)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(spans))


@given(TEXTS, LIMITS)
def test_only_white_space_lies_outside_the_windows(text: str, limit: int) -> None:
    assert not outside(text, windows(text, limit)).strip()


@given(TEXTS, LIMITS)
def test_windows_overlap_by_a_quarter_at_most(text: str, limit: int) -> None:
    assert all(a[1] - b[0] <= limit / 4 for a, b in pairwise(windows(text, limit)))


@pytest.mark.parametrize("unit", ["x", "Words in a sentence. ", "\n", "ab\u00a0", "。", "!\"'", "a \ud800"])
def test_ten_megabytes_take_linear_time(unit: str) -> None:
    text = unit * (TEN_MEGABYTES // len(unit))
    started = time.perf_counter()
    spans = windows(text, 2_000)
    assert time.perf_counter() - started < 30
    assert max(end - begin for begin, end in spans) <= 2_000


@pytest.mark.parametrize("text", ["." * 100_000 + "x", "?!…" * 30_000 + "x", "." + '"' * 100_000 + "x"])
def test_a_run_of_stops_before_a_letter_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    sentences(text)
    assert time.perf_counter() - started < 5  # minutes when each stop of the run is tried anew


@given(st.text())
def test_encode_reads_back_but_for_lone_surrogates(text: str) -> None:
    assert encode(text).decode() == "".join("?" if "\ud800" <= char <= "\udfff" else char for char in text)


def lengths_and_marks(texts: list[str]) -> npt.NDArray[np.float32]:
    """Two columns that tell windows apart: how long the text is, and whether it holds an ``x``."""
    return np.array([[len(text) / 100, "x" in text] for text in texts], np.float32)


def test_scores_of_no_texts_have_the_right_shape() -> None:
    assert score_in_windows(lengths_and_marks, [], 10, 2).shape == (0, 2)


def test_scores_join_windows_by_the_maximum() -> None:
    scores = score_in_windows(lengths_and_marks, ["short", "Aaaa aaa. " * 5 + "x", "y"], 20, 2)
    np.testing.assert_allclose(scores, [[0.05, 0], [0.19, 1], [0.01, 0]])


def test_all_windows_of_all_texts_are_scored_in_one_call() -> None:
    calls: list[int] = []

    def score(texts: list[str]) -> npt.NDArray[np.float32]:
        calls.append(len(texts))
        return lengths_and_marks(texts)

    score_in_windows(score, ["Aaaa aaa. " * 9, "Bbbb bbb. " * 9, "short"], 20, 2)
    assert len(calls) == 1
    assert calls[0] > 3


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=6), LIMITS)
def test_the_model_never_sees_more_than_its_limit(texts: list[str], limit: int) -> None:
    seen: list[int] = []

    def score(batch: list[str]) -> npt.NDArray[np.float32]:
        seen.extend(map(len, batch))
        return lengths_and_marks(batch)

    scores = score_in_windows(score, texts, limit, 2)
    assert scores.shape == (len(texts), 2)
    assert all(size <= limit for size in seen)
    assert [bool(row[1]) for row in scores] == ["x" in text for text in texts]
