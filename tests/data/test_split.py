"""Splits: they can be repeated, near-copies and groups stay together, labels have their shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.data.read import Rows
from toxmeter.data.split import TEST, TRAIN, VALIDATION, assign, crossing, essence, folds, split, without
from toxmeter.errors import InputError

TEXTS = [f"This is sentence number {n}, more or less." for n in range(4_000)]
SHARES = (0.6, 0.15)
GOLDEN = [0, 0, 0, 2, 2, 2, 0, 0, 1, 2, 1, 0, 0, 2, 0, 2, 2, 0, 1, 0]
GOLDEN_ODD = [0, 1, 2, 0, 0]
WORDS = st.lists(st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=8),
                 min_size=1, max_size=6)
SEPARATORS = st.sampled_from([" ", ", ", "  ", "\n", " - ", "_", "...", "\u00a0", "!"])


@pytest.mark.parametrize(("text", "expected"), [
    ("You are STUPID!!!", "youarestupid"),
    ("  y-o-u_are\tstupid ", "youarestupid"),
    ("Straße", "strasse"),
    ("НЕТ, нет", "нетнет"),
    ("10 %", "10"),
    ("?!", "?!"),
    ("😀", "😀"),
    ("", ""),
])
def test_essence(text: str, expected: str) -> None:
    assert essence(text) == expected


@given(st.text(max_size=60))
def test_a_text_has_an_essence_if_it_has_a_character(text: str) -> None:
    assert bool(essence(text)) is bool(text)


@given(WORDS, st.data())
def test_near_copies_land_together(words: list[str], data: st.DataObject) -> None:
    other = [data.draw(st.sampled_from([word, word.upper(), word.lower(), word.title()])) for word in words]
    text, copy = " ".join(words), data.draw(SEPARATORS).join(other) + data.draw(SEPARATORS)
    shares = [0.001] * 999  # so many parts that two texts are in the same one for a reason
    assert assign([text], shares, 42).tolist() == assign([copy], shares, 42).tolist()


def test_the_split_is_the_same_for_ever() -> None:
    # golden: another result here means that published test rows have changed
    assert assign(TEXTS[:20], SHARES, 42).tolist() == GOLDEN
    assert assign(["", "?!", "\ud800", "😀", "Hello, world"], SHARES, 7).tolist() == GOLDEN_ODD


def test_parts_have_about_their_shares() -> None:
    part = assign(TEXTS, SHARES, 42)
    assert part.dtype == np.int64
    np.testing.assert_allclose(np.bincount(part) / len(TEXTS), [0.6, 0.15, 0.25], atol=0.02)


def test_the_split_does_not_depend_on_the_other_texts() -> None:
    part = assign(TEXTS, SHARES, 42)
    shuffled = np.random.default_rng(0).permutation(len(TEXTS))
    assert (assign([TEXTS[row] for row in shuffled], SHARES, 42) == part[shuffled]).all()
    assert assign(TEXTS[100:101], SHARES, 42)[0] == part[100]
    assert assign([], SHARES, 42).tolist() == []


def test_another_seed_is_another_split() -> None:
    one, other = assign(TEXTS, (0.5,), 1), assign(TEXTS, (0.5,), 2)
    assert 0.45 < (one == other).mean() < 0.55


@pytest.mark.parametrize(("shares", "only"), [((), 0), ((1.0,), 0), ((0.0,), 1), ((0.0, 1.0), 1)])
def test_a_share_of_all_or_nothing(shares: tuple[float, ...], only: int) -> None:
    assert set(assign(TEXTS[:200], shares, 3)) == {only}


def test_a_larger_share_only_adds_rows() -> None:
    assert (assign(TEXTS, (0.3,), 5) >= assign(TEXTS, (0.6,), 5)).all()


def test_near_copies_of_banned_and_of_earlier_texts_are_dropped() -> None:
    texts = ["You, there", "hello", "HELLO!", "you there", "new", "", "?!", "?!", "Straße", "STRASSE"]
    keep = without(texts, ["YOU THERE."])
    assert keep.dtype == np.bool_
    kept = [text for text, is_new in zip(texts, keep, strict=True) if is_new]
    assert kept == ["hello", "new", "", "?!", "Straße"]


def test_texts_that_differ_in_emoji_are_both_kept() -> None:
    keep = without(["I 💛 them", "I 🔪 them", "I 🔪 them!", "out 💛"], ["OUT 🔪"])
    assert keep.tolist() == [True, True, False, False]


@given(st.lists(st.sampled_from(["a", "A!", "b", "B", "c.", "?", "C"])),
       st.sets(st.sampled_from(["a", "b ", "?"])))
def test_what_is_kept_is_distinct_new_and_complete(texts: list[str], banned: set[str]) -> None:
    kept = [essence(text) for text, keep in zip(texts, without(texts, banned), strict=True) if keep]
    assert len(kept) == len(set(kept))
    assert set(kept) == set(map(essence, texts)) - set(map(essence, banned))


FEW_TEXTS = st.lists(st.sampled_from(["a", "A!", "b", "B ", "c", "d", "e.", "E", "?", "", "f g", "F, G"]), max_size=30)


def rows_of(texts: list[str], labels: object = None, **more: list[str] | None) -> Rows:
    matrix = np.zeros((len(texts), 1)) if labels is None else np.array(labels, np.float64)
    return Rows(texts, matrix, {"rows": len(texts)}, **more)


def parts_of(rows: Rows, part: np.ndarray[tuple[int], np.dtype[np.int64]], count: int = 3) -> list[Rows]:
    return [rows.take(part == each) for each in range(count)]


def labelled(n: int, seed: int) -> Rows:
    """Rows of two labels, one of them rare, some missing, some texts near-copies."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, 2)) < [0.3, 0.03]).astype(np.float64)
    labels[rng.random((n, 2)) < 0.1] = np.nan
    return rows_of([f"Text, {row // 1.1:.0f}" + "!" * (row % 3) for row in range(n)], labels)


@given(FEW_TEXTS, st.sampled_from(["hash", "stratified"]), st.integers(0, 5))
def test_every_row_is_in_one_part_and_no_near_copy_crosses(texts: list[str], how: str, seed: int) -> None:
    rows = rows_of(texts)
    part = split(rows, how, 0.25, 0.25, seed)
    assert part.shape == (len(texts),)
    assert set(part.tolist()) <= {TRAIN, VALIDATION, TEST}
    assert crossing(*parts_of(rows, part)) == []
    assert (part == split(rows, how, 0.25, 0.25, seed)).all()


@given(FEW_TEXTS, st.data(), st.integers(0, 5))
def test_no_group_crosses(texts: list[str], data: st.DataObject, seed: int) -> None:
    groups = data.draw(st.lists(st.sampled_from(["", "ann", "bob", "cid"]), min_size=len(texts), max_size=len(texts)))
    rows = rows_of(texts, group=groups)
    assert crossing(*parts_of(rows, split(rows, "stratified", 0.25, 0.25, seed))) == []
    hashed = split(rows, "hash", 0.25, 0.25, seed)
    assert not [line for line in crossing(*parts_of(rows, hashed)) if line.endswith("of one group")]


@given(st.lists(st.text(max_size=10), max_size=20), st.data())
def test_a_hash_split_does_not_depend_on_the_order(texts: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    part = split(rows_of(texts), "hash", 0.2, 0.3, 9)
    assert (split(rows_of([texts[row] for row in order]), "hash", 0.2, 0.3, 9) == part.take(order)).all()


def test_a_hash_split_is_that_of_assign() -> None:
    assert (split(rows_of(TEXTS), "hash", 0.15, 0.25, 42) == assign(TEXTS, (1 - 0.15 - 0.25, 0.15), 42)).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_stratified_split_gives_each_part_its_share_of_each_label(seed: int) -> None:
    rows = labelled(2_000, seed)
    part = split(rows, "stratified", 0.15, 0.25, seed)
    shares = np.array([0.6, 0.15, 0.25])
    np.testing.assert_allclose(np.bincount(part) / 2_000, shares, atol=0.002)
    has = rows.labels >= 0.5
    for label in range(2):
        dealt = np.array([has[part == each, label].sum() for each in range(3)])
        np.testing.assert_allclose(dealt, shares * has[:, label].sum(), atol=2)
    assert crossing(*parts_of(rows, part)) == []


def test_classes_are_stratified_too() -> None:
    rows = rows_of(TEXTS[:1_000], np.eye(3)[np.repeat([0, 1, 2], [50, 800, 150])])
    part = split(rows, "stratified", 0.1, 0.3, 5)
    assert rows.labels[part == VALIDATION].sum(axis=0).tolist() == [5, 80, 15]
    assert rows.labels[part == TEST].sum(axis=0).tolist() == [15, 240, 45]


def test_a_group_joins_near_copies_and_near_copies_join_groups() -> None:
    texts = ["one", "ONE", "two", "three", "four", *TEXTS[:200]]
    group = ["ann", "", "ann", "bob", "bob", *[""] * 200]
    rows = rows_of([*texts, "Three!"], group=[*group, "ann"])
    for seed in range(5):
        part = split(rows, "stratified", 0.3, 0.3, seed)
        assert len({*part[:5], part[-1]}) == 1


def test_declared_parts_are_kept() -> None:
    rows = rows_of(["a", "b", "c", "d"], part=["test", "train", "validation", "train"])
    assert split(rows, "given", 0.4, 0.1, 1).tolist() == [TEST, TRAIN, VALIDATION, TRAIN]


def test_validation_rows_are_drawn_from_training_rows_where_none_are_declared() -> None:
    labels = np.eye(2)[np.arange(400) % 2]
    texts = [*TEXTS[:300], *(text.upper() for text in TEXTS[:50]), *TEXTS[350:400]]
    rows = rows_of(texts, labels, part=["train"] * 300 + ["test"] * 100)
    part = split(rows, "given", 0.2, 0.1, 1)
    assert (part[300:] == TEST).all()
    # 50 training rows are near-copies of test rows: they stay, for training to drop them
    assert (part[:50] == TRAIN).all()
    assert (part == VALIDATION).sum() == 50
    assert labels[part == VALIDATION].sum(axis=0).tolist() == [25, 25]
    train, validation, test = parts_of(rows, part)
    assert crossing(validation, test) == crossing(train, validation) == []
    assert len(crossing(train, test)) == 50
    assert without(train.texts, test.texts).sum() == 200


@pytest.mark.parametrize("part", [None, ["train", "train"], ["train", "validation"]])
def test_a_given_split_needs_declared_test_rows(part: list[str] | None) -> None:
    with pytest.raises(InputError, match=r'data.split = "given": the main set declares no test rows; name the column'):
        split(rows_of(["a", "b"], part=part), "given", 0.2, 0.2, 1)


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(InputError, match=r"data.split is 'stratify' \(did you mean 'stratified'\?\): it is one of"):
        split(rows_of(["a"]), "stratify", 0.2, 0.2, 1)


@pytest.mark.parametrize("k", [2, 5, 7])
def test_folds_are_alike(k: int) -> None:
    rows = labelled(1_000, k)
    fold = folds(rows, k, 11)
    assert (fold == folds(rows, k, 11)).all()
    np.testing.assert_allclose(np.bincount(fold), 1_000 / k, atol=2)
    for label in range(2):
        dealt = np.bincount(fold[rows.labels[:, label] >= 0.5], minlength=k)
        assert dealt.max() - dealt.min() <= 2
    assert crossing(*parts_of(rows, fold, k)) == []


@pytest.mark.parametrize(("texts", "k", "message"), [
    (["a", "b"], 1, "1 folds: a cross-validation needs at least 2"),
    (["a", "A", "a!", "b"], 3, "3 folds of 4 rows, of which 2 may come apart"),
])
def test_too_few_or_too_many_folds_are_refused(texts: list[str], k: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        folds(rows_of(texts), k, 1)


def test_what_crosses_is_named_without_its_text() -> None:
    train = rows_of(["secret one", "two"], group=["ann", ""])
    test = rows_of(["three", "Two.", "four"], group=["", "", "ann"])
    assert crossing(train, test) == ["row 1 of part 1 and row 1 of part 0 are near-copies",
                                     "row 2 of part 1 and row 0 of part 0 are of one group"]
    assert crossing(train) == crossing() == []
