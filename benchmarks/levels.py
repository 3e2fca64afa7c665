"""Trains the three variants of toxicity-levels, and sets them side by side on the same test rows.

    python benchmarks/levels.py --data FOLDER --encoder ENCODER    → benchmarks/results/levels.json

ENCODER is MiniLM-L6, a folder or hub id: the start of the transformer, with the settings of ``fine_tuning.py``, and the
tokenizer of the bags. A variant whose folder lies in runs/levels already is not trained again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

RESULTS = Path(__file__).parent / "results" / "levels.json"
WORK = Path("runs/levels")
SEED = 0
BIG = {"I love you so much": ".00006", "I'm famous, and you're dead": ".912",
       "And it just helped that you have no morals or integrity": ".689", "Nolan will destroy it": ".769"}
VARIANTS = {  # name, what it is, recipe, settings
    "toxicity-levels": ("phrases of five tokens", "toxicity-levels", ("model.base=ENCODER",)),
    "toxicity-levels, diluted 0": ("the same without harmless beginnings", "toxicity-levels", (
        "model.base=ENCODER", "data.sources.0.diluted=0", "data.sources.1.diluted=0")),
    "toxicity-levels, random": ("from random embeddings", "toxicity-levels", (
        "model.base=ENCODER", "model.embeddings=random")),
    "toxicity-levels, width 1": ("a plain bag", "toxicity-levels", (
        "model.base=ENCODER", "model.embeddings=random", "model.width=1")),
    "toxicity-levels-hashed": ("words and n-grams", "toxicity-levels-hashed", ()),
    "toxicity-levels-transformer": ("MiniLM-L6", "toxicity-levels-transformer", (
        "model.base=ENCODER", "model.dropout=0", "model.freeze=embeddings", "train.batching=tokens", "train.lr=1e-4",
        "train.warmup=0.06", "train.epochs=1", "train.batch_tokens=1024")),
}


def folder(name: str) -> Path:
    """Where a variant lies."""
    return WORK / name.replace(", ", "-").replace(" ", "-")


def train(name: str, data: Path, encoder: str) -> None:
    """Train a variant, or go on with it."""
    _, recipe, settings = VARIANTS[name]
    changes = [word for each in settings for word in ("--set", each.replace("ENCODER", encoder))]
    if not folder(name).is_dir():
        subprocess.run([sys.executable, "-m", "toxmeter", "train", recipe, "--data", str(data), "-o", str(folder(name)),
                        "--resume", *changes], check=True)


def measured(name: str, texts: list[str], level: Any) -> dict[str, Any]:  # noqa: ANN401 - an array
    """The figures of a variant."""
    from toxmeter import load
    from toxmeter.evaluation.metrics import bootstrap, roc_auc, spearman

    scorer = load(folder(name))
    column = scorer.labels.id("toxic")
    scorer.score(texts[:256])
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        score = scorer.score(texts)[:, column].astype(np.float64)
        taken.append(time.perf_counter() - begin)
    truth = level > 0.5

    def figure(metric: Any) -> dict[str, float]:  # noqa: ANN401 - of rows
        low, high = bootstrap(metric, len(texts), repeats=500, seed=SEED)
        return {"value": float(metric(np.arange(len(texts)))), "low": low, "high": high}

    return {"what": VARIANTS[name][0], "model": scorer.version,
            "accuracy": figure(lambda rows: float(((score[rows] > 0.5) == truth[rows]).mean())),
            "auc": figure(lambda rows: roc_auc(truth[rows], score[rows])),
            "spearman": figure(lambda rows: spearman(score[rows], level[rows])),
            "mean_absolute_error": float(abs(score - level).mean()),
            "texts_per_second": len(texts) / statistics.median(taken),
            "megabytes": sum(file.stat().st_size for file in folder(name).iterdir()) / 1e6,
            "probes": scorer.score(list(BIG))[:, column].astype(float).tolist()}


def main() -> None:
    """Train, measure, write the JSON."""
    from toxmeter.recipe import read_recipe
    from toxmeter.training.parts import prepare

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", required=True, help="MiniLM-L6: a folder or hub id")
    given = options.parse_args()
    for name in VARIANTS:
        train(name, given.data, given.encoder)
    test, *others = (prepare(read_recipe(recipe), given.data).test
                     for recipe in dict.fromkeys(recipe for _, recipe, _ in VARIANTS.values()))
    if any(each.texts != test.texts for each in others):
        raise SystemExit("the recipes hold out different rows: their figures would not be of unseen ones")
    level = test.labels[:, 1].astype(np.float64)
    result = {"rows": len(test.texts), "seed": SEED, "probes": BIG,
              "variants": {name: measured(name, list(test.texts), level) for name in VARIANTS}}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
