"""Phrases are found whatever their case, encoding or hidden characters, and only as whole words."""

from __future__ import annotations

import random
import string
import time
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.wordlist import Phrases, blanked, distinct, phrase_problem, uncovered

if TYPE_CHECKING:
    from toxmeter.text import Span

WORDS = st.text("abcé", min_size=1, max_size=3)
ENTRIES = st.text(min_size=1, max_size=8).filter(lambda entry: phrase_problem(entry) is None)
SPANS = st.tuples(st.integers(0, 15), st.integers(1, 5)).map(lambda pair: (pair[0], pair[0] + pair[1]))
SORTED_SPANS = st.lists(SPANS, max_size=8).map(sorted)


def found(entries: list[str], text: str) -> list[str]:
    return [text[begin:end] for begin, end in Phrases(entries).find(text)]


@pytest.mark.parametrize(("entry", "text", "expected"), [
    ("fool", "You fool!", ["fool"]),
    ("fool", "FOOL fooL", ["FOOL", "fooL"]),
    ("FOOL", "fool", ["fool"]),
    ("fool", "foolish unfool fool2 2fool", []),
    ("fool", "the fool's (fool) fool-fool _fool_", ["fool"] * 5),
    ("you fool", "you \n\t\u3000 fool", ["you \n\t\u3000 fool"]),
    ("  you   fool ", "you fool", ["you fool"]),
    ("you fool", "youfool", []),
    ("strasse", "Die STRAẞE, die Straße", ["STRAẞE", "Straße"]),
    ("fool", "ｆｏｏｌ 𝐟𝐨𝐨𝐥", ["ｆｏｏｌ", "𝐟𝐨𝐨𝐥"]),
    ("file", "ﬁle", ["ﬁle"]),
    ("café", "cafe\u0301", ["cafe\u0301"]),
    ("cafe", "café cafe\u0301", []),
    ("tiệc", "ti\u00ea\u0323c, tie\u0302\u0323c", ["ti\u00ea\u0323c", "tie\u0302\u0323c"]),
    ("e\u0302\u0323", "ệ e\u0302", ["ệ"]),
    ("fool", "f\u200bo\u00ado\ufe0fl", ["f\u200bo\u00ado\ufe0fl"]),
    ("fool", "f\u3164o\u180bo\u2065l", ["f\u3164o\u180bo\u2065l"]),
    ("f\u200bool", "fool", ["fool"]),
    ("fool", "\u200bfool\u200b", ["fool"]),
    ("дурак", "ты ДУРАК", ["ДУРАК"]),
    ("नमक", "नमकी नमक", ["नमक"]),
    ("𑀓", "𑀓𑀸 𑀓", ["𑀓"]),
    ("笨蛋", "「笨蛋」 你笨蛋", ["笨蛋"]),
    ("🖕", "ok🖕🏽 🖕\ufe0f", ["🖕", "🖕"]),
    ("!!!", "what!!!", ["!!!"]),
    ("c++", "c++ c++x", ["c++", "c++"]),
    ("a.b", "a.b axb", ["a.b"]),
    ("[x]", "[x] x", ["[x]"]),
    ("fool", "f00l", []),
    ("fool", "\ud800fool\x00", ["fool"]),
    ("a\x00b", "A\x00B", ["A\x00B"]),
])
def test_find(entry: str, text: str, expected: list[str]) -> None:
    assert found([entry], text) == expected


def test_a_part_of_one_character_gives_the_whole_of_it() -> None:
    assert Phrases(["1"]).find("½ cup") == [(0, 1)]


def test_offsets_are_those_of_the_original_text() -> None:
    text = "Straße ﬁﬁ \u200b\u200b fool"
    assert Phrases(["fool"]).find(text) == [(text.index("fool"), len(text))]


@pytest.mark.parametrize(("entries", "expected"), [
    (["you", "you fool", "you fool there"], ["you fool there"]),
    (["you fool there now", "you", "you fool"], ["you fool"]),
    (["hey you", "you fool there"], ["you fool there"]),
    (["you", "fool"], ["you", "fool"]),
])
def test_of_overlapping_phrases_the_longest_stays(entries: list[str], expected: list[str]) -> None:
    assert found(entries, "hey you fool there") == expected


def test_hits_overlap() -> None:
    assert Phrases(["hey you", "you fool", "you"]).hits("hey you fool") == [(0, 7), (4, 12)]


def test_no_phrases_find_nothing() -> None:
    assert Phrases([]).find("fool") == []
    assert not Phrases([])


def test_nothing_is_found_in_an_empty_text() -> None:
    assert Phrases(["fool"]).find("") == []


def test_len_counts_different_phrases() -> None:
    assert len(Phrases(["fool", "FOOL", "f\u200bool", "you fool"])) == 2


@pytest.mark.parametrize(("entry", "message"), [
    ("", r"phrases\[1\]: '' is blank"),
    (" \t\n", r"phrases\[1\]: .* is blank"),
    ("\u200b\ufe0f", r"phrases\[1\]: .* is blank"),
    (None, r"phrases\[1\]: None \(NoneType\) is no text"),
    (7, r"phrases\[1\]: 7 \(int\)"),
    (b"x", r"phrases\[1\]: b'x' \(bytes\)"),
])
def test_an_entry_that_is_no_phrase_is_named(entry: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Phrases(["good", entry])  # type: ignore[list-item]


@pytest.mark.parametrize("entries", ["fool", b"fool"])
def test_one_bare_text_is_no_list(entries: str) -> None:
    with pytest.raises(InputError, match="pass a list"):
        Phrases(entries)


def test_messages_do_not_repeat_long_entries() -> None:
    assert len(phrase_problem(" " * 1000) or "") < 60
    assert phrase_problem("fool") is None


@given(st.lists(WORDS, min_size=1, max_size=6), st.lists(WORDS, max_size=12))
def test_single_words_are_found_just_where_they_stand(entries: list[str], words: list[str]) -> None:
    assert found(entries, " ".join(words)) == [word for word in words if word in entries]


@given(st.lists(ENTRIES, min_size=1, max_size=5), st.text(max_size=30))
def test_any_phrase_is_found_between_spaces(entries: list[str], text: str) -> None:
    entry = entries[0]
    whole = f"{text} {entry} {text}"
    begin = len(text) + 1
    assert any(a <= begin + len(entry) - 1 and b > begin for a, b in Phrases(entries).find(whole))


@given(st.lists(WORDS, min_size=1, max_size=6), st.text())
def test_matches_are_in_order_and_disjoint(entries: list[str], text: str) -> None:
    spans = Phrases(entries).find(text)
    assert all(0 <= begin < end <= len(text) for begin, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@given(st.text("abßéﬁ \u200bệe\u0302\u0323", max_size=20))
def test_composed_and_decomposed_text_give_the_same_matches(text: str) -> None:
    phrases = Phrases(["é", "ab", "ss", "ệ"])
    found = [len(phrases.find(unicodedata.normalize(form, text))) for form in ("NFC", "NFD")]
    assert found == [len(phrases.find(text))] * 2


def ten_thousand() -> list[str]:
    draw = random.Random(1)  # noqa: S311 - repeatable words, no secret
    words = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(3, 9))) for _ in range(20_000)]
    return [*words[:5_000], *map(" ".join, zip(words[5_000:12_500], words[12_500:], strict=True))][:10_000]


@pytest.mark.parametrize("unit", ["some words ", "you fool ", "x", " ", "!", "é ", "\u200b", "straße "])
def test_ten_megabytes_and_ten_thousand_phrases(unit: str) -> None:
    phrases = Phrases([*ten_thousand(), "you fool"])
    text = unit * (10_000_000 // len(unit))
    started = time.perf_counter()
    assert len(phrases.find(text)) == text.count("you fool")
    assert time.perf_counter() - started < 60


def test_phrases_that_share_long_beginnings_compile() -> None:
    phrases = Phrases(["a" * size for size in range(1, 400)])
    assert phrases.find(f"{'a' * 300} {'a' * 500} {'a' * 399}") == [(0, 300), (802, 1201)]


def test_of_very_many_phrases_that_share_a_beginning_the_longest_stays() -> None:
    phrases = Phrases([" ".join("a" * size) for size in range(1, 120)])
    assert phrases.find(" ".join("a" * 100)) == [(0, 199)]


@pytest.mark.parametrize(("spans", "kept"), [
    ([], []),
    ([(0, 2)], [(0, 2)]),
    ([(4, 6), (0, 2)], [(0, 2), (4, 6)]),
    ([(0, 2), (1, 4)], [(1, 4)]),
    ([(0, 2), (1, 3)], [(0, 2)]),
    ([(0, 5), (1, 2), (0, 5)], [(0, 5)]),
])
def test_distinct(spans: list[Span], kept: list[Span]) -> None:
    assert distinct(spans, 10) == kept


@given(SORTED_SPANS)
def test_distinct_drops_only_what_overlaps_something_as_long(spans: list[Span]) -> None:
    kept = distinct(spans, 20)
    assert all(a[1] <= b[0] for a, b in pairwise(kept))
    for begin, end in set(spans) - set(kept):
        assert any(a < end and begin < b and b - a >= end - begin for a, b in kept)


@given(SORTED_SPANS, SORTED_SPANS)
def test_uncovered_spans_lie_in_no_cover(spans: list[Span], covers: list[Span]) -> None:
    expected = [(begin, end) for begin, end in spans if not any(a <= begin and end <= b for a, b in covers)]
    assert uncovered(spans, covers) == expected


@given(SORTED_SPANS)
def test_blanked_text_keeps_its_length_and_what_no_span_covers(spans: list[Span]) -> None:
    text = string.ascii_letters[:20]
    covered = {place for begin, end in spans for place in range(begin, end)}
    assert blanked(text, spans) == "".join(" " if at in covered else char for at, char in enumerate(text))
