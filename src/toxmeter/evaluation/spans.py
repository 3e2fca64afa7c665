"""Toxic spans: which characters of a text are toxic, by the measure of SemEval-2021 task 5.

Predictions are read from a file, as no scorer here marks characters. Offsets count code points from 0. This
module does not find spans.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toxmeter.data.tables import data_files, read_table
from toxmeter.errors import InputError
from toxmeter.evaluation.metrics import bootstrap
from toxmeter.evaluation.plain import LEAST, plain

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.data.tables import Table

__all__ = ["Spans", "read_spans", "span_f1", "spans", "spans_f1"]

Spans = Sequence[Collection[int]]
"""Per post, the offsets of its toxic characters."""

_FARTHEST = 10_000_000  # characters; a slip in a pair must not fill the memory
_MEND = "spans are a list of offsets, as [3, 4, 5], or of pairs from begin to before end, as [[3, 6]]; [] for none"


def span_f1(gold: Collection[int], predicted: Collection[int]) -> float:
    """F1 of the toxic characters of one post, in [0, 1], higher is better.

    2·|both| / (|gold| + |predicted|); 1 where both are empty (Pavlopoulos et al. 2021).

    Args:
        gold: offsets of the characters that are toxic.
        predicted: offsets of the characters that are said to be.
    """
    true, given = frozenset(gold), frozenset(predicted)
    return 2 * len(true & given) / (len(true) + len(given)) if true or given else 1.0


def spans_f1(golds: Sequence[Collection[int]], predictions: Sequence[Collection[int]]) -> float:
    """Mean ``span_f1`` of posts; NaN without any.

    Raises:
        InputError: when there are not as many predictions as posts.
    """
    each = _each(golds, predictions)
    return sum(each) / len(each) if each else float("nan")


def spans(
    golds: Sequence[Collection[int]], predictions: Sequence[Collection[int]], *, resamples: int = 1_000, seed: int = 0
) -> dict[str, Any]:
    """The section of a report on spans.

    Args:
        golds: per post, offsets of the toxic characters.
        predictions: per post, offsets of the characters that are said to be toxic.
        resamples: of the bootstrap over posts.
        seed: of the bootstrap.

    Returns:
        plain JSON values: ``posts``; ``empty`` – those without a toxic character; ``f1`` with its interval;
        ``f1_where_toxic`` – of the posts that have toxic characters; ``predicting_nothing`` – the F1 of empty
        predictions; ``notes``. Figures are None with fewer than ten posts.

    Raises:
        InputError: when there are not as many predictions as posts.
    """
    each = np.array(_each(golds, predictions), np.float64)
    toxic = np.array([bool(len(gold)) for gold in golds], np.bool_)
    notes = []
    for what, rows in (("posts", len(each)), ("posts with toxic characters", int(toxic.sum()))):
        if rows < LEAST:
            notes.append(f"spans: {rows} {what}, a figure needs {LEAST}")
    enough = len(each) >= LEAST
    return {"posts": len(each), "empty": int((~toxic).sum()),
            "f1": _mean(each, resamples, seed), "f1_where_toxic": _mean(each[toxic], resamples, seed),
            "predicting_nothing": plain((~toxic).mean()) if enough else None, "notes": notes}


def read_spans(path: Path, column: str = "spans", *, text: str = "") -> list[frozenset[int]]:
    """Read toxic characters from a file.

    A value is a list of offsets, a list of pairs [begin, end) or, as CSV needs it, such a list written out:
    ``[3, 4, 5]``, ``[[3, 6]]``, ``[]``.

    Args:
        path: CSV, TSV, JSONL or Parquet file, or a folder of them.
        column: of the spans.
        text: column of the texts; given, an offset beyond the text is an error.

    Returns:
        per row, the offsets.

    Raises:
        InputError: when the file is damaged, a column is missing, or a value is no list of spans; names the
            file and the row.
        MissingExtra: without pyarrow, for Parquet.
    """
    table = read_table(path, data_files(path), list(dict.fromkeys([column, *([text] if text else [])])))
    ends = [len(each) for each in table.texts(text)] if text else [_FARTHEST] * len(table)
    return [_offsets(table, index, column, ends[index]) for index in range(len(table))]


def _each(golds: Sequence[Collection[int]], predictions: Sequence[Collection[int]]) -> list[float]:
    if len(golds) != len(predictions):
        raise InputError(f"{len(predictions)} predictions for {len(golds)} posts: give one line for each post, in the"
                         " same order")
    return [span_f1(gold, predicted) for gold, predicted in zip(golds, predictions, strict=True)]


def _mean(values: np.ndarray[Any, np.dtype[np.float64]], resamples: int, seed: int) -> dict[str, float | None]:
    if len(values) < LEAST:
        return dict.fromkeys(("value", "low", "high"))
    low, high = bootstrap(lambda rows: float(values[rows].mean()), len(values), repeats=resamples, seed=seed)
    return {"value": plain(values.mean()), "low": plain(low), "high": plain(high)}


def _offsets(table: Table, index: int, column: str, end: int) -> frozenset[int]:
    value = table.columns[column][index]
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = None
    if not isinstance(found, list):
        raise InputError(f"{table.where(index)}: column {column!r} is {value!r:.40}; {_MEND}")
    offsets: set[int] = set()
    for each in found:
        begin, before = each if isinstance(each, list) and len(each) == 2 else (each, each)
        if not _whole(begin) or not _whole(before) or not 0 <= begin <= before:
            raise InputError(f"{table.where(index)}: column {column!r} has {each!r:.40}; {_MEND}")
        before += not isinstance(each, list)
        if before > end:
            raise InputError(f"{table.where(index)}: column {column!r} has {each!r:.40}, beyond the text's {end}"
                             " characters; offsets count code points from 0")
        offsets.update(range(begin, before))
    return frozenset(offsets)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
