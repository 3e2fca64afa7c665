"""Writes measured figures into docs/explain.md, docs/levels.md and docs/detox.md, so that none is typed by hand.

    python benchmarks/figures.py [--check]

With ``--check`` nothing is written, and the exit status is 1 where a page is not up to date. The figures come from
explanations.json, levels.json, detox.json and detoxifier.json in benchmarks/results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from results_measure import interval, number, table
from toxmeter.evaluation.report.texts import visible

ROOT = Path(__file__).parent.parent
Found = Mapping[str, Any]


def explanations(result: Found) -> str:
    """F1 of toxic characters."""
    rows = [[name, interval(each["f1"]), interval(each["f1_where_toxic"]), f"{each['posts_per_second']:,.0f}"]
            for name, each in result["systems"].items()]
    return (f"{result['posts']:,} trial posts, {result['empty']} of them without a mark, by"
            f" {' and '.join(f'`{name}`' for name in result['models'])}; speed on {result['processors']} core"
            f"{'s' if result['processors'] > 1 else ''}:\n\n" + table(
                ["marked by", "F1 [95 %]", "F1 of the posts with marks", "posts/s"], rows))


def levels(result: Found) -> str:
    """The variants side by side, and the probes."""
    rows = [[f"`{name}`", each["what"], interval(each["accuracy"]), interval(each["auc"]), interval(each["spearman"]),
             number(each["mean_absolute_error"]), f"{each['texts_per_second']:,.0f}", f"{each['megabytes']:,.1f} MB"]
            for name, each in result["variants"].items()]
    probes = [[text, *(number(each["probes"][place]) for each in result["variants"].values()), published]
              for place, (text, published) in enumerate(result["probes"].items())]
    return (f"`python benchmarks/levels.py --data FOLDER --encoder ENCODER`, on the {result['rows']:,} test rows (20 %,"
            " stratified, seed 42); a level above .5 is toxic. Speed on two cores, through `load(...).score`. The"
            " original's net, wired correctly, had an accuracy of .78.\n\n" + table(
                ["recipe", "", "accuracy [95 %]", "ROC-AUC", "Spearman with the level", "mean absolute error",
                 "texts/s", "size"], rows)
            + "\n\n" + table(["probe", *(f"`{name}`" for name in result["variants"]), "the big classifier"], probes))


def detox(result: Found) -> str:
    """The judge of fluency, systems by J, and our own examples."""
    judge = result["fluency"]
    kinds = table(["damage", *judge["kinds"]], [["ROC-AUC", *map(number, judge["kinds"].values())]])
    rows = [[each["system"], interval(each["j"]), *(number(each[name]["mean"]) for name in ("sta", "sim", "fl")),
             number(each["sta_by_nano"]), f"{each['bleu']:.1f}", f"{each['chrf']:.1f}"] for each in result["systems"]]
    first = result["systems"][0]
    examples = [[row["input"], row["output"] or "(nothing)", str(row["rating"]),
                 *(number(row[name]) for name in ("sta", "sim", "fl", "j"))] for row in result["examples"]["rows"]]
    return (f"`python benchmarks/detox.py --data FOLDER --encoder ENCODER` holds a fifth of ParaDetox's pairs out and"
            f" trains a judge on the human rewritings of the others. It tells {judge['sentences']:,} held-out human"
            f" rewritings from broken versions of them with a ROC-AUC of {interval(judge['auc'])}:\n\n{kinds}\n\n"
            f"J of {result['rows']} held-out sentences; style by `{first['sta']['model']}`, meaning by"
            f" `{first['sim']['model']}`, fluency by `{first['fl']['model']}`; BLEU and chrF against the human"
            " rewriting. `mini` was trained on ParaDetox's sentences, these among them, and flatters STA; `nano`, which"
            " was not (but deleted the toxic words), judges style once more:\n\n"
            + table(["output", "J [95 %]", "STA", "SIM", "FL", "STA by `nano`", "BLEU", "chrF"], rows)
            + "\n\nTwenty pairs of our own, rated from 0 to 3 before J was computed, with soft judges; Spearman of"
            f" rating and J: {number(result['examples']['spearman'])}.\n\n" + table(
                ["input", "output", "rating", "STA", "SIM", "FL", "J"], examples))


def detoxifier(result: Found) -> str:
    """The worked example."""
    rows = [[each["system"], interval(each["j"]), *(number(each[name]["mean"]) for name in ("sta", "sim", "fl")),
             number(each["toxicity"]), number(each["toxicity_by_the_bag"]), f"{each['bleu']:.1f}"]
            for each in result["ranking"]]
    seconds = result["seconds_a_step"]
    plain = seconds["no penalty"]
    factors = ", ".join(f"{name} {took / plain:.2f}" for name, took in seconds.items() if name.startswith("penalty"))
    epochs = " and ".join(f"{each:g}" for each in result["epochs"])
    samples = [[visible(text) for text in row] for row in zip(*result["samples"].values(), strict=True)]
    return (f"{result['parameters'] / 1e6:.0f} million parameters, {result['pairs']:,} pairs, {epochs} epochs of"
            f" copying and of rewriting, seed {result['seed']}; {result['test']} held-out sentences. Toxicity is mini's"
            f" mean probability of *toxic*, then that of the bag in the penalty, `{result['penalty']}`:\n\n" + table(
                ["output", "J [95 %]", "STA", "SIM", "FL", "toxicity", "by the bag", "BLEU"], rows)
            + f"\n\nA step takes {plain:.2f} s without the penalty; with it, that times: {factors}.\n\nWhat each makes"
            " of sentences of our own:\n\n" + table(list(result["samples"]), samples))


PARTS: list[tuple[str, str, str, Callable[[Found], str]]] = [
    ("explain", "figures", "explanations", explanations), ("levels", "figures", "levels", levels),
    ("detox", "figures", "detox", detox), ("detox", "example", "detoxifier", detoxifier)]


def main() -> int:
    """Write or check."""
    stale = False
    for page, mark, name, shown in PARTS:
        file = ROOT / "docs" / f"{page}.md"
        old = file.read_text("utf-8")
        head, rest = old.split(f"<!-- {mark} -->")
        result = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))
        tail = rest.split(f"<!-- end of {mark} -->")[1]
        new = f"{head}<!-- {mark} -->\n{shown(result)}\n<!-- end of {mark} -->{tail}"
        stale |= old != new
        if "--check" not in sys.argv[1:]:
            file.write_text(new, "utf-8")
    return int(stale) if "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
