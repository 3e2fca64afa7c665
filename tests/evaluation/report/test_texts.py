"""Texts of strangers become visible, and names of them are usable."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.report.blocks import Table
from toxmeter.evaluation.report.texts import slugs, visible, wordy_columns

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(("text", "shown"), [
    ("plain, with ümläuts and 日本語", "plain, with ümläuts and 日本語"),
    ("a\u202eb", "a\\u202eb"), ("\x00\x1b[31m", "\\x00\\x1b[31m"), ("two\nlines\t", "two\\nlines\\t"),
    ("\ud800", "\\ud800"), ("zero\u200bwidth", "zero\\u200bwidth"), ("\ufffe", "\\ufffe"),
    ("100\u00a0%, \u3000", "100\u00a0%, \u3000"), ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
])
def test_what_acts_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY)
def test_nothing_that_acts_is_left(text: str) -> None:
    left = {unicodedata.category(char) for char in visible(text) if char != "\u200d"}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    visible(text).encode("utf-8")


@given(st.lists(ANY | st.sampled_from(["a", "A", "a-2", "a 2", "ä", "", "../a", "x"])))
def test_slugs_are_file_names_and_differ(texts: list[str]) -> None:
    names = slugs(texts)
    assert len(set(names)) == len(names) == len(texts)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_slugs_read_like_their_texts() -> None:
    assert slugs(["ROC curves", "roc curves", "Äpfel & <b>", "日本"]) == ["roc-curves", "roc-curves-2", "apfel-b", "x"]


def test_sentences_are_aligned_to_the_left() -> None:
    rows = (("a", "0.912 [0.900, 0.925]", "word " * 9), ("b", "–", ""))
    assert wordy_columns(Table(("name", "AUC", "text"), rows)) == {0, 2}
    assert wordy_columns(Table(("name", "AUC"), ())) == {0}
