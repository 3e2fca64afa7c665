from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toxmeter.models import _hashed
from toxmeter.models.ngrams import Fold, features, pool, words
from toxmeter.training.fold import make_fold

FOLD = make_fold()
TABLE = np.random.default_rng(0).integers(0, 256, (1 << 12, 8), np.uint8)
KERNEL = _hashed.Kernel(TABLE, FOLD.page_of, FOLD.pages, [0.01] * 6, [0.0] * 6, 100_000,
                        lambda shape: np.empty(shape, np.float32))

# what the rules of a word turn on: letters, doubles, leet, stars, breaks of both kinds, nothing, emoji
TRICKY = st.text(st.sampled_from("aaabss t..**@$!|+-01 5'é\u0301\u200bа🔪Яñ你\n\t\x00^`©\ud800"), max_size=60)


def read(text: str) -> list[str]:
    found = words([text], FOLD)
    return [bytes(found.symbols[found.word == word]).decode() for word in range(len(found.text))]


def by_kernel(texts: list[str]) -> npt.NDArray[np.int64]:
    sums = KERNEL.pool(texts)
    assert sums is not None
    return np.frombuffer(sums, np.int64).reshape(len(texts), 9)


def by_numpy(texts: list[str]) -> npt.NDArray[np.int64]:
    sums, count = pool(texts, FOLD, TABLE)
    return np.concatenate((sums, count[:, None]), axis=1)


@pytest.mark.parametrize(("text", "expected"), [
    ("You ARE stupid!", ["you", "are", "stupid"]),
    ("y0u 4r3 57up1d", ["you", "are", "stupid"]),
    ("$tup!d m@n", ["stupid", "man"]),
    ("a$$ idiot$ @$$hole US$ $ @ me", ["ass", "idiots", "shole", "uss", "me"]),
    ("$100 or 2012, 7", ["$000", "or", "0000", "0"]),
    ("st\u200bu\u00adpid don't it’s", ["stupid", "dont", "its"]),
    ("stúpíd stu\u0301pid", ["stupid", "stupid"]),
    ("ѕtuріd ｓｔｕｐｉｄ 𝓼𝓽𝓾𝓹𝓲𝓭", ["stupid"] * 3),
    ("s t u p i d", ["stupid"]),
    ("y o u   a r e   s t u p i d", ["you", "are", "stupid"]),
    ("y.o.u a.r.e s-t-u-p-i-d", ["you", "are", "stupid"]),
    ("I a", ["i", "a"]),
    ("a b.c d", ["a", "b", "c", "d"]),
    ("st*pid *hugs* **bold** f***", ["st*pid", "hugs", "bold", "f"]),
    ("no🔪way ☕", ["no", "🔪", "way", "☕"]),
    ("Привет 你好", ["ПpиBet".replace("B", "b").replace("П", "n").replace("и", "и"), "你好"]),
    ("", []),
    (" \n\t.,;", []),
    ("\ud800", []),
])
def test_words(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@given(TRICKY | st.text(max_size=60))
def test_words_belong_to_their_own_text(text: str) -> None:
    alone = [word.decode("utf-8", "replace") for word in map(str.encode, read(text))]
    found = words(["x y", text, "z"], FOLD)
    middle = [bytes(found.symbols[found.word == word]).decode() for word in np.flatnonzero(found.text == 1)]
    assert middle == alone


@pytest.mark.parametrize(("one", "other"), [
    ("stupid", "STUPID"), ("you are stupid", "you   are, stupid!"), ("stupid", "stuuuupid"), ("ass", "a s s"),
])
def test_same_features(one: str, other: str) -> None:
    assert features([one], FOLD, 18)[1].tolist() == features([other], FOLD, 18)[1].tolist()


@pytest.mark.parametrize(("one", "other"), [("as", "ass"), ("you kill time", "time kill you"), ("bat", "tab")])
def test_different_features(one: str, other: str) -> None:
    assert features([one], FOLD, 18)[1].tolist() != features([other], FOLD, 18)[1].tolist()


def test_each_feature_counts_once() -> None:
    assert features(["so so so so"], FOLD, 18)[1].tolist() == features(["so so"], FOLD, 18)[1].tolist()


@given(st.lists(TRICKY, max_size=8))
@example(["a*\u200b*b"])
@example(["x" * 3_000, "ab " * 900, "🔪" * 400])
def test_kernel_equals_specification(texts: list[str]) -> None:
    assert (by_kernel(texts) == by_numpy(texts)).all()


@given(st.lists(st.text(max_size=80), max_size=8))
def test_kernel_equals_specification_on_any_unicode(texts: list[str]) -> None:
    assert (by_kernel(texts) == by_numpy(texts)).all()


def test_kernel_keeps_stamps_apart_over_many_texts() -> None:
    texts = [f"text number {i} of many" for i in range(700)]
    assert (by_kernel(texts) == by_numpy(texts)).all()


@pytest.mark.parametrize("hostile", ["a" + "*" * 99_000 + "b", "a" + "*" * 99_000, "@" * 99_000, "a" * 99_000,
                                     "\u200b" * 33_000, "a " * 49_000, "@\u200b" * 30_000 + "a"])
def test_kernel_is_linear_on_hostile_text(hostile: str) -> None:
    begin = time.perf_counter()
    by_kernel([hostile])
    assert time.perf_counter() - begin < 0.5  # a quadratic scan takes minutes


@pytest.mark.parametrize("wrong", [["ok", None], [1.5], ["x" * 100_001], [b"bytes"]])
def test_kernel_hands_back_what_it_cannot_read(wrong: list[str]) -> None:
    assert KERNEL.score(wrong) is None


@pytest.mark.parametrize(("table", "fold", "labels"), [
    (TABLE[:1000], FOLD, 6), (TABLE, Fold(FOLD.page_of[:10], FOLD.pages), 6),
    (TABLE, Fold(FOLD.page_of, FOLD.pages[:3]), 6), (TABLE, FOLD, 7),
])
def test_kernel_refuses_arrays_of_other_shapes(table: npt.NDArray[np.uint8], fold: Fold, labels: int) -> None:
    with pytest.raises(ValueError, match=r"kernel|pages"):
        _hashed.Kernel(table, fold.page_of, fold.pages, [0.1] * labels, [0.0] * labels, 10, np.empty)


def test_fold_is_small_and_total(fold: Fold) -> None:
    assert fold.page_of.shape == (4352,)
    assert fold(np.array([0x41, 0x10FFFF], np.uint32)).tolist()[0] == ord("a")
