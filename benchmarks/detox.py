"""Trains a judge of fluency, and shows that J ranks rewritten sentences as people would.

    python benchmarks/detox.py --data FOLDER --encoder ENCODER    → benchmarks/results/detox.json

A fifth of ParaDetox's pairs, chosen by a hash of the toxic sentence, is held out. The human rewritings of the others
teach the judge (``toxmeter detox corrupt``, ``toxmeter train fluency``; runs/detox keeps it). On the held-out pairs:
how well the judge tells their human rewritings from broken versions of them, by kind of damage; and J of the human
rewriting, of a copy of the input, of nothing, of another rewriting at random, and of the input less the words that nano
finds toxic. mini, the judge of style, was trained on ParaDetox's sentences, those of the held-out pairs among them;
nano, which was not, judges style once more. Last, twenty pairs of our own, which stand in this file with the rating
that we gave before J was computed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

RESULTS = Path(__file__).parent / "results" / "detox.json"
WORK = Path("runs/detox")
JUDGE = str(WORK / "fluency")
SEED, ROWS = 0, 500

Row = tuple[str, ...]

EXAMPLES = [  # input, output, our rating from 0 (useless) to 3 (as one could wish)
    ("you are a stupid idiot and nobody likes you", "you are not very bright and nobody likes you", 3),
    ("shut up you fool and read the damn rules", "please be quiet and read the rules", 3),
    ("what kind of moron wrote this crap", "who wrote this bad text", 3),
    ("that was a damn good game last night", "that was a very good game last night", 3),
    ("get the hell out of my house right now", "leave my house right now", 3),
    ("this stupid printer is a piece of crap", "this printer does not work well", 3),
    ("only an idiot would park a car there", "one should not park a car there", 3),
    ("your plan is dumb as hell", "your plan is not a good one", 3),
    ("you are a stupid idiot and nobody likes you", "you are a and nobody likes you", 1),
    ("shut up you fool and read the damn rules", "up you and read the rules", 1),
    ("this stupid printer is a piece of crap", "this printer is a piece of", 1),
    ("only an idiot would park a car there", "only an would park a car there", 1),
    ("that was a damn good game last night", "that was a good good game game last night night", 1),
    ("get the hell out of my house right now", "the weather is nice today", 0),
    ("what kind of moron wrote this crap", "thank you for the lovely flowers", 0),
    ("your plan is dumb as hell", "", 0),
    ("you are a stupid idiot and nobody likes you", "you are a stupid idiot and nobody likes you", 0),
    ("shut up you fool and read the damn rules", "shut up you fool and read the damn rules", 0),
    ("what kind of moron wrote this crap", "crap this wrote moron of kind what", 0),
    ("only an idiot would park a car there", "there there there there there there", 0),
]


def held_out(data: Path) -> tuple[list[Row], list[Row]]:
    """ParaDetox's pairs to train on and to judge with: the toxic sentence, then its one to three rewritings."""
    from pyarrow import parquet

    from toxmeter.data.split import assign

    table = parquet.read_table(data / "paradetox.parquet")
    rows = [tuple(text.strip() for text in row.values() if text and text.strip()) for row in table.select(
        ["toxic", "neutral1", "neutral2", "neutral3"]).to_pylist()]
    rows = [row for row in rows if len(row) > 1]
    part = assign([row[0] for row in rows], (0.8, 0.0), SEED)
    return ([row for row, place in zip(rows, part, strict=True) if place == 0],
            [row for row, place in zip(rows, part, strict=True) if place == 2])


def train_judge(train: list[Row], encoder: str) -> None:
    """The judge of fluency by its shipped recipe, unless it is there already."""
    WORK.mkdir(parents=True, exist_ok=True)
    sentences = WORK / "sentences.jsonl"
    sentences.write_text("".join(json.dumps({"text": text}) + "\n" for row in train for text in row[1:]), "utf-8")
    toxmeter = [sys.executable, "-m", "toxmeter"]
    if not Path(JUDGE).is_dir():
        subprocess.run([*toxmeter, "detox", "corrupt", str(sentences), "-o", str(WORK / "fluency.csv"), "--force"],
                       check=True)
        subprocess.run([*toxmeter, "train", "fluency", "--data", str(WORK), "-o", JUDGE, "--resume",
                        "--set", f"model.base={encoder}"], check=True)


def judged(test: list[Row]) -> dict[str, Any]:
    """ROC-AUC of the judge on held-out rewritings beside broken versions, in all and by kind of damage."""
    from toxmeter import load
    from toxmeter.detox.corrupt import KINDS, corrupt
    from toxmeter.evaluation.metrics import bootstrap, roc_auc

    scorer = load(JUDGE)
    draw = random.Random(SEED + 1)  # noqa: S311 - no secret
    sentences = [row[1] for row in test]
    found: dict[str, Any] = {"model": scorer.version, "sentences": len(sentences), "kinds": {}}
    fine = scorer.score(sentences)[:, 0].astype(np.float64)
    by_kind = []
    for kind in KINDS:
        broken = [each[0] for each in (corrupt(text, draw, kind) for text in sentences) if each]
        scores = scorer.score(broken)[:, 0].astype(np.float64)
        by_kind.append(scores)
        found["kinds"][kind] = auc(fine, scores)
    every = np.concatenate(by_kind)
    truth = np.concatenate([np.ones(len(fine), np.bool_), np.zeros(len(every), np.bool_)])
    score = np.concatenate([fine, every])
    low, high = bootstrap(lambda rows: roc_auc(truth[rows], score[rows]), len(truth), repeats=200, seed=SEED)
    return found | {"auc": {"value": auc(fine, every), "low": low, "high": high}}


def auc(fine: Any, broken: Any) -> float:  # noqa: ANN401 - arrays
    """How often a fine sentence has the higher score."""
    from toxmeter.evaluation.metrics import roc_auc

    return roc_auc(np.concatenate([np.ones(len(fine), np.bool_), np.zeros(len(broken), np.bool_)]),
                   np.concatenate([fine, broken]))


def without_toxic_words(texts: list[str]) -> list[str]:
    """Texts less what nano finds toxic in them."""
    from toxmeter import load
    from toxmeter.models.explain import toxic_spans

    nano, found = load("nano"), []
    for text in texts:
        kept, end = [], 0
        for begin, last in toxic_spans(nano, text, threshold=0.3):
            kept.append(text[end:begin])
            end = last
        found.append(" ".join("".join([*kept, text[end:]]).split()))
    return found


def main() -> None:
    """Train, judge, write the JSON."""
    from toxmeter import load
    from toxmeter.detox import j_metric, rank
    from toxmeter.detox.components import style_accuracy
    from toxmeter.detox.sentences import SentenceEncoder
    from toxmeter.evaluation.metrics import spearman

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", required=True, help="MiniLM-L6: a folder or hub id")
    given = options.parse_args()
    train, test = held_out(given.data)
    train_judge(train, given.encoder)
    judges: dict[str, Any] = {"sta": load("mini"), "sim": SentenceEncoder(given.encoder), "fl": load(JUDGE)}
    rows = [test[row] for row in np.random.default_rng(SEED).permutation(len(test))[:ROWS]]
    inputs, human = [row[0] for row in rows], [row[1] for row in rows]
    systems = {"human": human, "copy": inputs, "empty": [""] * len(rows), "random": human[1:] + human[:1],
               "toxic words deleted": without_toxic_words(inputs)}
    ours = j_metric([row[0] for row in EXAMPLES], [row[1] for row in EXAMPLES], soft=True, **judges)
    nano = load("nano")
    ratings = np.array([row[2] for row in EXAMPLES], np.float64)
    result = {
        "held_out": len(test), "rows": len(rows), "seed": SEED, "fluency": judged(test),
        "systems": [each | {"sta_by_nano": float(style_accuracy(nano, systems[each["system"]]).values.mean())}
                    for each in rank({name: j_metric(inputs, texts, **judges, references=[human])
                                      for name, texts in systems.items()})],
        "examples": {"spearman": spearman(ratings, ours.each), "judges": "soft", "rows": [
            {"input": row[0], "output": row[1], "rating": row[2], "sta": round(float(sta), 3),
             "sim": round(float(sim), 3), "fl": round(float(fl), 3), "j": round(float(sta * sim * fl), 3)}
            for row, sta, sim, fl in zip(EXAMPLES, ours.sta.values, ours.sim.values, ours.fl.values, strict=True)]}}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
