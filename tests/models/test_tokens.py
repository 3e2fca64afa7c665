"""Texts of any length as windows of tokens, with a tokenizer whose tokens can be counted by eye."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.models.tokens import TokenReader, by_tokens

MOST = 10


class Characters:
    """A token for each character, its code; so many for each 🔪; 1 before the text and 2 after it."""

    pad_token_id: int | None = 0
    pad_token_type_id = 0
    padding_side = "right"

    def __init__(self, knife: int = 3) -> None:
        self.knife = knife
        self.read: list[str] = []

    def __call__(self, texts: list[str], **settings: Any) -> dict[str, list[list[int]]]:
        assert settings["truncation"] is settings["padding"] is False
        self.read += texts
        return {"input_ids": [[1, *(ord(c) for c in text for _ in range(self.knife if c == "🔪" else 1)), 2]
                              for text in texts]}


class Segments(Characters):
    """The same with segment ids and padding on the left."""

    pad_token_id = None
    pad_token_type_id = 7
    padding_side = "left"

    def __call__(self, texts: list[str], **settings: Any) -> dict[str, list[list[int]]]:
        given = super().__call__(texts, **settings)
        return given | {"token_type_ids": [[5] * len(ids) for ids in given["input_ids"]]}


def texts_of(texts: list[str], tokenizer: Characters, most: int = MOST) -> list[tuple[int, str]]:
    """Owner and text of each window, in the order of the texts."""
    rows, owners = TokenReader(tokenizer, most).read(texts)
    assert all(row.shape[1] <= most for row in rows)
    assert all(row[0, 0] == 1 and row[0, -1] == 2 for row in rows)
    found = [(owner, "".join(map(chr, row[0, 1:-1]))) for row, owner in zip(rows, owners, strict=True)]
    return sorted(found, key=lambda pair: pair[0])


class Unknown(Characters):
    """The same, but what is no ASCII is unknown, and so is a word of more than 6 characters, whatever is in it."""

    unk_token_id = 3
    backend_tokenizer = SimpleNamespace(model=SimpleNamespace(max_input_chars_per_word=6))

    def __call__(self, texts: list[str], **settings: Any) -> dict[str, list[list[int]]]:
        super().__call__(texts, **settings)
        return {"input_ids": [[1, *(code for word in text.split() for code in (
            [ord(c) if c.isascii() else 3 for c in word] if len(word) <= 6 else [3])), 2] for text in texts]}


def test_what_is_wholly_unknown_is_read_as_an_empty_text() -> None:
    reader = TokenReader(Unknown(), 30)
    rows, _ = reader.read(["", "谢谢", "谢 谢", "谢a", "谢!"])
    empty, *unknown, letter, stop = [row[0].tolist() for row in rows]
    assert unknown == [empty, empty] == [[1, 2], [1, 2]]
    assert (letter, stop) == ([1, 3, ord("a"), 2], [1, 3, ord("!"), 2])


@pytest.mark.parametrize(("text", "read"), [
    ("sixsix seven77 done", "sixsixseven77done"),
    ("a eight\u0301chr", "aeight?chr"),
])
def test_a_word_too_long_for_the_tokenizer_is_broken(text: str, read: str) -> None:
    row = TokenReader(Unknown(), 60).read([text])[0][0][0, 1:-1]
    assert "".join(chr(code) if code != 3 else "?" for code in row) == read


def test_words_stay_whole_where_the_tokenizer_reads_them() -> None:
    tokenizer = Unknown()
    TokenReader(tokenizer, 60).read(["sixsix a-sixsix-b", "seventy"])
    assert tokenizer.read == ["", "sixsix a-sixsix-b", "sev ent y"]  # BERT ends words at punctuation, too


def test_a_text_that_fits_is_one_window() -> None:
    assert texts_of(["abcdefgh", "", " ", "x"], Characters()) == [(0, "abcdefgh"), (1, ""), (2, " "), (3, "x")]


def test_a_text_too_long_in_tokens_is_split_between_sentences_and_windows_overlap() -> None:
    text = " ".join(f"Is {number}." for number in range(10, 22))
    found = [window for _, window in texts_of([text], Characters(), 40)]
    assert len(found) > 2
    assert all(window.startswith("Is") and window.endswith(".") for window in found)
    assert all(before.split()[-2:] == after.split()[:2] for before, after in pairwise(found))


@given(st.lists(st.text(st.sampled_from("ab🔪. \n"), max_size=300), max_size=5))
def test_a_window_by_itself_is_read_as_one_window_again(texts: list[str]) -> None:
    reader = TokenReader(Characters(), MOST)
    spans = reader.spans(texts)
    assert len(spans) == len(texts)
    pieces = [(owner, text[begin:end]) for owner, (text, each) in enumerate(zip(texts, spans, strict=True))
              for begin, end in each]
    alone, owners = reader.read([piece for _, piece in pieces])
    long = [len(text) > MOST - 2 for text in texts]
    assert all(owners.count(number) == 1 for number, (owner, _) in enumerate(pieces) if long[owner])
    assert all(len(each) == 1 for each, more in zip(spans, long, strict=True) if not more)
    rows, of = reader.read(texts)
    together = sorted((owner, row.tolist()) for owner, row in zip(of, rows, strict=True))
    assert sorted((pieces[owner][0], row.tolist()) for owner, row in zip(owners, alone, strict=True)) == together


def test_a_text_that_surely_fits_is_not_tokenised_for_its_span() -> None:
    tokenizer = Characters()
    reader = TokenReader(tokenizer, MOST)
    tokenizer.read.clear()
    assert reader.spans(["abcdefgh", "", "abcdefghi"]) == [[(0, 8)], [(0, 0)], reader.spans(["abcdefghi"])[0]]
    assert "abcdefgh" not in tokenizer.read


@given(st.lists(st.text(st.sampled_from("ab🔪. \n"), max_size=300), max_size=5))
def test_every_visible_character_is_read(texts: list[str]) -> None:
    found = texts_of(texts, Characters())
    assert {owner for owner, _ in found} == set(range(len(texts)))
    for number, text in enumerate(texts):
        windows = [window for owner, window in found if owner == number]
        seen = "".join(windows)
        for character in "ab.":
            assert seen.count(character) >= text.count(character)
        assert seen.count("🔪") >= 3 * text.count("🔪")
        # at most: a quarter twice in each of the rounds
        assert len("".join(seen.split())) <= 10 * (3 * len(text) + 1)


def test_windows_of_a_text_may_come_out_of_order_and_know_their_text() -> None:
    rows, owners = TokenReader(Characters(), MOST).read(["🔪" + " " * 30, "b"])
    assert owners == [1, 0]
    assert [row.shape[1] for row in rows] == [3, 5]


def test_a_character_of_more_tokens_than_a_window_is_cut() -> None:
    assert texts_of(["a🔪b"], Characters(knife=50)) == [(0, "a"), (0, "🔪" * 8), (0, "b")]


def test_a_lone_surrogate_does_not_reach_the_tokenizer() -> None:
    assert texts_of(["a\ud800b"], Characters()) == [(0, "a?b")]


@pytest.mark.parametrize("text", ["word " * 20_000, "x" * 100_000, "🔪" * 30_000, ("x" * 79 + "🔪") * 1_000])
def test_the_work_grows_with_the_text_and_no_more(text: str) -> None:
    tokenizer = Characters(knife=20)
    TokenReader(tokenizer, MOST).read([text])
    assert sum(map(len, tokenizer.read)) < 8 * len(text)
    assert max(map(len, tokenizer.read)) <= 8 * MOST


def test_rows_are_padded_on_the_side_and_with_the_values_of_the_tokenizer() -> None:
    reader = TokenReader(Characters(), MOST)
    rows, _ = reader.read(["a", "bcd"])
    inputs = reader.stack(rows)
    assert inputs["input_ids"].tolist() == [[1, 97, 2, 0, 0], [1, 98, 99, 100, 2]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    reader = TokenReader(Segments(), MOST)
    rows, _ = reader.read(["a", "bc"])
    inputs = reader.stack(rows)
    assert inputs["input_ids"].tolist() == [[0, 1, 97, 2], [1, 98, 99, 2]]
    assert inputs["token_type_ids"].tolist() == [[7, 5, 5, 5], [5, 5, 5, 5]]
    assert inputs["attention_mask"].tolist() == [[0, 1, 1, 1], [1, 1, 1, 1]]
    assert {values.dtype for values in inputs.values()} == {np.dtype(np.int64)}


@given(st.lists(st.integers(1, 40), max_size=50), st.integers(0, 100))
def test_batches_hold_each_row_once_and_keep_to_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(by_tokens(lengths, budget))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


def test_batches_are_as_large_as_the_budget_allows() -> None:
    assert list(by_tokens([4, 1, 4, 2, 9], 8)) == [[1, 3], [0, 2], [4]]


def test_one_reader_serves_several_threads(classifier: Callable[[int], tuple[Any, Any]]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    _, tokenizer = classifier(1)
    tokenizer(["a b c"], truncation=True, max_length=2, padding="max_length")  # leaves both set, as saved files may
    reader = TokenReader(tokenizer, 16)
    batches = [[f"text {i} " * j for j in range(8)] for i in range(40)]
    alone = [[row.tolist() for row in reader.read(batch)[0]] for batch in batches]
    with ThreadPoolExecutor(8) as threads:
        together = threads.map(lambda batch: [row.tolist() for row in reader.read(batch)[0]], batches)
    assert list(together) == alone
