"""Times nano beside what a user would pick instead, on the same texts in one run, and measures quality.

    python benchmarks/nano.py --data FOLDER

Speed: one thread each, distinct tweets (repeated texts would flatter a cache). Rounds go round the systems
in turn, each with a warm-up of its own, so that a slow minute of the machine hits all of them; the median of
the rounds counts. Memory and
start: a fresh process each. Quality: natural test rows of the Jigsaw data, which nano did not see (nor was
it calibrated on them); alt-profanity-check was trained on Jigsaw's file, probably on these rows too.
Writes ``benchmarks/results/nano.json`` and prints the tables.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

System = Callable[[], Callable[[Sequence[str]], Any]]
RESULTS = Path(__file__).parent / "results" / "nano.json"


def nano() -> Callable[[Sequence[str]], Any]:
    """Six calibrated probabilities."""
    from toxmeter import load

    scorer: Any = load("nano")
    scorer.threads = 1
    score: Callable[[Sequence[str]], Any] = scorer.score
    return score


def guardrail() -> Callable[[Sequence[str]], Any]:
    """The same, with a verdict for each text."""
    from toxmeter import TextGuardrail, load

    scorer: Any = load("nano")
    scorer.threads = 1
    return TextGuardrail(scorer).batch_check


def alt_profanity_check() -> Callable[[Sequence[str]], Any]:
    """One probability, by scikit-learn."""
    from profanity_check import predict_prob

    predict: Callable[[Sequence[str]], Any] = predict_prob
    return predict


def profanex() -> Callable[[Sequence[str]], Any]:
    """Yes or no, by a word list in Rust."""
    from profanex import Filter

    contains: Callable[[Sequence[str]], Any] = Filter().contains_many
    return contains


def better_profanity_rs() -> Callable[[Sequence[str]], Any]:
    """Yes or no, by a word list in Rust."""
    from better_profanity_rs import profanity

    return lambda texts: [profanity.contains_profanity(text) for text in texts]


def vader() -> Callable[[Sequence[str]], Any]:
    """Sentiment by a lexicon; the negative of its compound score."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return lambda texts: [-analyzer.polarity_scores(text)["compound"] for text in texts]


SYSTEMS: dict[str, System] = {
    "nano": nano,
    "nano, TextGuardrail": guardrail,
    "alt-profanity-check": alt_profanity_check,
    "profanex": profanex,
    "better-profanity-rs": better_profanity_rs,
    "vaderSentiment": vader,
}
SINGLE = {"profanex": lambda: __import__("profanex").Filter().contains}
"""Systems with another call for one text than for many: that one is timed."""


def speed(texts: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Texts per second in batch, and latency of single calls, median over rounds."""
    batch = {name: make() for name, make in SYSTEMS.items()}
    single = {name: SINGLE[name]() if name in SINGLE else None for name in SYSTEMS}
    size = sum(len(text.encode()) for text in texts) / len(texts)
    taken: dict[str, list[float]] = {name: [] for name in SYSTEMS}
    calls: dict[str, list[float]] = {name: [] for name in SYSTEMS}
    for turn in range(rounds + 1):
        for name, run in batch.items():
            part = texts if not name.startswith(("vader", "better")) else texts[: len(texts) // 10]
            gc.collect()
            run(part)  # warm-up: the systems before it have had the processor's caches
            begin = time.perf_counter()
            run(part)
            each = (time.perf_counter() - begin) / len(part)
            latencies = one_by_one(single[name] or (lambda text, run=run: run([text])), texts[:1_000])
            if turn:  # the first round loads what is loaded late
                taken[name].append(each)
                calls[name] += latencies
    return {name: {
        "texts_per_second": 1 / statistics.median(taken[name]),
        "megabytes_per_second": size / statistics.median(taken[name]) / 1e6,
        "single_p50_us": float(np.percentile(calls[name], 50)) * 1e6,
        "single_p95_us": float(np.percentile(calls[name], 95)) * 1e6,
        "ratio_of_nano": statistics.median(
            [other / own for other, own in zip(taken[name], taken["nano"], strict=True)]),
    } for name in SYSTEMS}


def one_by_one(run: Callable[[str], Any], texts: list[str]) -> list[float]:
    """Seconds of each single call."""
    clock = time.perf_counter
    seconds = []
    for text in texts:
        begin = clock()
        run(text)
        seconds.append(clock() - begin)
    return seconds


def footprint(name: str) -> dict[str, float]:
    """Seconds until the first answer in a fresh process, and its resident memory then."""
    # VmHWM and not getrusage, which in a new process still has the memory of the one that started it
    code = ("import sys, time; begin = time.perf_counter(); sys.path.insert(0, sys.argv[1]); import nano;"
            "nano.SYSTEMS[sys.argv[2]]()(['hello there']); print(time.perf_counter() - begin,"
            "[int(line.split()[1]) / 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')][0])")
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), name], check=True,
                              capture_output=True, text=True)
        runs.append([float(value) for value in done.stdout.split()])
    return {"first_answer_s": statistics.median(run[0] for run in runs),
            "memory_mb": statistics.median(run[1] for run in runs)}


def quality(data: Path) -> dict[str, Any]:
    """ROC-AUC and best F1 for toxic on the natural test rows."""
    from toxmeter.data.read import read_rows
    from toxmeter.data.split import assign
    from toxmeter.evaluation.metrics import bootstrap, f1, roc_auc
    from toxmeter.labels import JIGSAW
    from toxmeter.recipe import read_recipe

    recipe = read_recipe("nano")
    rows = read_rows(recipe.data.main, data, JIGSAW)
    shares = (1 - recipe.data.validation - recipe.data.test, recipe.data.validation)
    test = rows.take(assign(rows.texts, shares, recipe.seed) == 2)
    truth = test.labels[:, 0] >= 0.5
    found: dict[str, Any] = {"rows": len(test.texts), "toxic": int(truth.sum())}
    for name, make in SYSTEMS.items():
        if name == "nano, TextGuardrail":
            continue
        score = np.asarray(make()(test.texts), np.float64)
        score = score[:, 0] if score.ndim == 2 else score
        low, high = bootstrap(lambda chosen, score=score: roc_auc(truth[chosen], score[chosen]),  # type: ignore[misc]
                              len(truth), repeats=500)
        cuts = np.unique(np.quantile(score, np.linspace(0, 1, 201)))
        found[name] = {"auc": roc_auc(truth, score), "low": low, "high": high,
                       "best_f1": max(f1(truth, score >= cut) for cut in cuts)}
    return found


def tweets(data: Path) -> list[str]:
    """Distinct tweets of the Davidson data."""
    from pyarrow import parquet

    table = parquet.read_table(data / "hate_speech_offensive.parquet", columns=["tweet"])
    texts: list[str] = table["tweet"].to_pylist()
    return list(dict.fromkeys(texts))


def show(result: dict[str, Any]) -> None:
    """Print the tables in Markdown."""
    print("| system | texts/s | MB/s | slower than nano | single call p50 / p95 | first answer | memory | toxic AUC |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, row in result["speed"].items():
        start, good = result["footprint"][name], result["quality"].get(name)
        auc = f"{good['auc']:.3f} [{good['low']:.3f}, {good['high']:.3f}]" if good else ""
        print(f"| {name} | {row['texts_per_second']:,.0f} | {row['megabytes_per_second']:.1f} |"
              f" {row['ratio_of_nano']:.1f} × | {row['single_p50_us']:.1f} / {row['single_p95_us']:.1f} µs |"
              f" {start['first_answer_s']:.2f} s | {start['memory_mb']:.0f} MB | {auc} |")


def main() -> None:
    """Run everything, write the JSON, print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=os.environ.get("TOXMETER_DATA", "../shared/data"))
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    from toxmeter import load

    texts = tweets(Path(given.data))
    result = {
        "model": load("nano").version, "python": platform.python_version(), "processors": os.cpu_count(),
        "tweets": len(texts), "bytes_per_tweet": sum(len(text.encode()) for text in texts) / len(texts),
        "speed": speed(texts, given.rounds), "footprint": {name: footprint(name) for name in SYSTEMS},
        "quality": quality(Path(given.data)),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


if __name__ == "__main__":
    main()
