"""Measures how well shipped models mark toxic characters: SemEval-2021 task 5.

    python benchmarks/explanations.py --data FOLDER    → benchmarks/results/explanations.json

The posts are drawn from the trial posts of the task, which no model here was trained on; what ``toxic_spans`` does was
chosen on training posts. The task's own figures are of its test posts, which are not at hand. A model marks words where
it judges the post toxic, or (threshold 0) in every post. Beside them: nothing, and everything, marked; and each word
left out by itself, in place of the combinations that ``occlude`` tries.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "explanations.json"
SEED = 0

Marker = Callable[[str], Sequence[tuple[int, int]]]


def posts(data: Path, most: int) -> tuple[list[str], list[frozenset[int]]]:
    """Texts, and the offsets of their toxic characters."""
    from pyarrow import parquet

    rows = [row for row in parquet.read_table(data / "toxic_spans.parquet").to_pylist() if row["split"] == "trial"]
    rows = [rows[at] for at in sorted(np.random.default_rng(SEED).permutation(len(rows))[:most])]
    return [row["text"] for row in rows], [frozenset(json.loads(row["spans"])) for row in rows]


def alone(scorer: Any) -> Marker:  # noqa: ANN401 - a Scorer
    """Marks words by the fall of the toxic score without each, by itself."""
    from toxmeter.models.explain import SHARE
    from toxmeter.models.occlusion import split_words
    from toxmeter.text import windows

    column = scorer.labels.id("toxic")

    def mark(text: str) -> list[tuple[int, int]]:
        found = []
        for first, last in windows(text, min(scorer.window, 2_000)):
            piece = text[first:last]
            words = split_words(piece)
            scores = scorer.score([piece, *(piece[:begin] + piece[end:] for begin, end in words)])[:, column]
            logits = np.log(scores.clip(1e-7, 1 - 1e-7)) - np.log1p(-scores.clip(1e-7, 1 - 1e-7))
            falls = logits[0] - logits[1:]
            found += [(first + begin, first + end) for (begin, end), fall in zip(words, falls, strict=True)
                      if fall >= SHARE * falls.max() > 0]
        return found

    return mark


def measured(mark: Marker, texts: list[str], golds: list[frozenset[int]]) -> dict[str, Any]:
    """F1 with its interval, and how fast."""
    from toxmeter.evaluation.spans import spans

    begin = time.perf_counter()
    given = [frozenset(place for first, last in mark(text) for place in range(first, last)) for text in texts]
    taken = time.perf_counter() - begin
    found = spans(golds, given, resamples=1_000, seed=SEED)
    return {"f1": found["f1"], "f1_where_toxic": found["f1_where_toxic"], "posts_per_second": len(texts) / taken}


def main() -> None:
    """Measure everything and write the JSON."""
    from toxmeter import load, toxic_spans

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--rows", type=int, default=400, help="posts, drawn by the seed")
    given = options.parse_args()
    texts, golds = posts(given.data, given.rows)
    nano, mini = load("nano"), load("mini")

    def marker(scorer: Any, threshold: float | None) -> Marker:  # noqa: ANN401 - a Scorer
        return lambda text: toxic_spans(scorer, text, threshold=threshold)

    systems: dict[str, Marker] = {
        "nothing marked": lambda _: [], "everything marked": lambda text: [(0, len(text))],
        "nano, where it judges the post toxic": marker(nano, None), "nano, in every post": marker(nano, 0),
        "mini, where it judges the post toxic": marker(mini, None), "mini, in every post": marker(mini, 0),
        "mini, each word left out by itself": alone(mini)}
    result = {"posts": len(texts), "empty": sum(not gold for gold in golds), "seed": SEED,
              "processors": len(os.sched_getaffinity(0)),
              "models": [nano.version, mini.version],
              "systems": {name: measured(mark, texts, golds) for name, mark in systems.items()}}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
