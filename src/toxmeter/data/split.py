"""Splits that can be repeated on any machine, and that near-copies and groups do not cross.

Near-copies are texts of words that differ only in case, punctuation or spacing. A hash split sends a row to
the part that a keyed hash of its text names, so it depends on the seed and the text alone – not on order,
file or platform. A stratified split gives each part its share of every label; it depends on all rows. This
module does not read data.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.data.stratify import stratify
from toxmeter.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from toxmeter.data.read import Rows

__all__ = ["TEST", "TRAIN", "VALIDATION", "assign", "crossing", "essence", "folds", "split", "without"]

TRAIN, VALIDATION, TEST = 0, 1, 2

_NO_WORD = re.compile(r"[\W_]+")
_EMOJI = re.compile("[\U0001f000-\U0001faff]")
_PARTS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
_WAYS = ("hash", "stratified", "given")


def essence(text: str) -> str:
    """The text in lower case without punctuation and spacing: equal for near-copies.

    A text of symbols alone is its own essence.
    """
    return _NO_WORD.sub("", text).casefold() or text


def assign(texts: Sequence[str], shares: Sequence[float], seed: int) -> npt.NDArray[np.int64]:
    """Which part each text belongs to.

    Args:
        texts: ``n`` texts.
        shares: of each part but the last, which gets the rest; their sum is at most 1.
        seed: another seed, another split.

    Returns:
        ``[n]`` part numbers, 0 to ``len(shares)``.
    """
    return _by_hash([essence(text) for text in texts], shares, seed)


def split(rows: Rows, how: str, validation: float, test: float, seed: int) -> npt.NDArray[np.int64]:
    """Split rows into train, validation and test.

    Args:
        rows: what to split.
        how: ``hash``: as ``assign``; a row of a group goes where the hash of its group says, so that
            near-copies of different groups may come apart. ``stratified``: near-copies and groups stay
            together, and each part has its share of every label (0.5 and more counts as having it).
            ``given``: as the data set declares; where it declares no validation rows, they are drawn,
            stratified, from the training rows that are no near-copies of test rows.
        validation: share of the validation rows; of the training rows where these are drawn from them.
        test: share of the test rows; not used by ``given``.
        seed: another seed, another split.

    Returns:
        ``[n]`` of ``TRAIN``, ``VALIDATION`` and ``TEST``.

    Raises:
        InputError: when there is no such way, or ``given`` finds no declared test rows.
    """
    if how == "hash":
        marks = [essence(text) for text in rows.texts]
        if rows.group is not None:
            marks = [group or mark for group, mark in zip(rows.group, marks, strict=True)]
        return _by_hash(marks, (1 - validation - test, validation), seed)
    if how == "stratified":
        return _stratified(rows, [1 - validation - test, validation, test], seed)
    if how == "given":
        return _given(rows, validation, seed)
    raise InputError(f"data.split is {how!r}{did_you_mean(how, _WAYS)}: it is one of {', '.join(_WAYS)}")


def folds(rows: Rows, k: int, seed: int) -> npt.NDArray[np.int64]:
    """Deal rows out to ``k`` folds of like size, stratified; near-copies and groups stay together.

    Returns:
        ``[n]`` fold numbers, 0 to ``k - 1``.

    Raises:
        InputError: for fewer than two folds, or more than there are rows that may come apart.
    """
    if k < 2:
        raise InputError(f"{k} folds: a cross-validation needs at least 2")
    apart = len(set(_units(rows).tolist()))
    if apart < k:
        raise InputError(f"{k} folds of {len(rows.texts)} rows, of which {apart} may come apart (near-copies and"
                         " groups stay together): name fewer folds, or more data")
    return _stratified(rows, [1 / k] * k, seed)


def crossing(*parts: Rows) -> list[str]:
    """What should stay together and does not: one line for each row whose near-copy or group is in another part.

    Args:
        parts: for instance training, validation and test rows.

    Returns:
        lines that name rows by part and place, both from 0; none where all is well.
    """
    first: dict[tuple[str, str], tuple[int, int]] = {}
    found = []
    for place, rows in enumerate(parts):
        marks = [("near-copies", essence(text), row) for row, text in enumerate(rows.texts)]
        marks += [("of one group", group, row) for row, group in enumerate(rows.group or []) if group]
        for what, mark, row in marks:
            other, there = first.setdefault((what, mark), (place, row))
            if other != place:
                found.append(f"row {row} of part {place} and row {there} of part {other} are {what}")
    return found


def without(texts: Sequence[str], banned: Collection[str]) -> npt.NDArray[np.bool_]:
    """Which texts are no near-copy of a banned one, nor of an earlier text in the list, ``[n]`` bool.

    Texts that differ in their emoji may mean different things, so that an earlier one does not rule out the other.
    """
    out = {essence(text) for text in banned}
    seen: set[tuple[str, str]] = set()
    keep = np.zeros(len(texts), np.bool_)
    for row, text in enumerate(texts):
        mark = essence(text)
        own = (mark, "".join(_EMOJI.findall(text)))
        keep[row] = mark not in out and own not in seen
        seen.add(own)
    return keep


def _by_hash(marks: Sequence[str], shares: Sequence[float], seed: int) -> npt.NDArray[np.int64]:
    key = str(seed).encode()
    place = [_place(mark, key) for mark in marks]
    return np.searchsorted(np.cumsum(shares), place, side="right").astype(np.int64)


def _place(text: str, key: bytes) -> float:
    """Where a text lies in [0, 1), by its keyed hash."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), key=key, digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64


def _stratified(rows: Rows, shares: list[float], seed: int) -> npt.NDArray[np.int64]:
    unit = _units(rows)
    sizes = np.bincount(unit)
    positives = np.zeros((len(sizes), rows.labels.shape[1]), np.int64)
    np.add.at(positives, unit, rows.labels >= 0.5)  # false where a label is NaN
    return stratify(sizes, positives, shares, seed)[unit]


def _given(rows: Rows, validation: float, seed: int) -> npt.NDArray[np.int64]:
    if rows.part is None or "test" not in rows.part:
        raise InputError('data.split = "given": the main set declares no test rows; name the column that says train,'
                         ' validation or test (part of data.files), or choose data.split = "stratified"')
    part = np.array([_PARTS[name] for name in rows.part], np.int64)
    if (part == VALIDATION).any():
        return part
    unit = _units(rows)
    free = ~np.isin(unit, unit[part == TEST])
    drawn = _stratified(rows.take(free), [1 - validation, validation], seed)
    part[np.flatnonzero(free)[drawn == 1]] = VALIDATION
    return part


def _units(rows: Rows) -> npt.NDArray[np.int64]:
    """Rows that stay together have the same number, ``[n]``: near-copies, groups, and what these join."""
    parent: list[int] = []
    numbers: dict[tuple[str, str], int] = {}

    def node(kind: str, mark: str) -> int:
        number = numbers.setdefault((kind, mark), len(parent))
        if number == len(parent):
            parent.append(number)
        return number

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]  # halves the way for the next one
            number = parent[number]
        return number

    nodes = []
    for row, text in enumerate(rows.texts):
        nodes.append(node("text", essence(text)))
        if rows.group is not None and rows.group[row]:
            parent[root(nodes[-1])] = root(node("group", rows.group[row]))
    dense: npt.NDArray[np.int64] = np.unique([root(number) for number in nodes], return_inverse=True)[1]
    return dense.astype(np.int64)
