"""Measures the shipped models on real data, and sets Perspective's published scores beside them.

    python benchmarks/measure.py --data FOLDER      → benchmarks/results/measure.json
    python benchmarks/results_page.py               … → docs/results.md

First ``toxmeter evaluate`` on comments that the model has not seen, then on every published suite that lies in
FOLDER – of Hatemoji-build, whose training rows are among those of mini, on its test rows; suites of hate by
identity_hate alone too, as HateCheck's authors judged Perspective by its IDENTITY_ATTACK. Its pages stay in
runs/evaluation. Then two samples with scores of the real Perspective API (Wikipedia 2018,
RealToxicityPrompts): how alike each system ranks and decides, before and after ``fit_transfer`` has put it on
Perspective's scale, on rows held out from the fit. Humans labelled a part of the Wikipedia sample, so that there
Perspective itself can be judged.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

RESULTS = Path(__file__).parent / "results" / "measure.json"
PAGES = Path("runs/evaluation")
SUITES = ("hatecheck", "hatemoji_build", "bias_madlibs", "winobias", "winogender", "stereoset_editbias_dev",
          "crows_pairs")
HATE = ("hatecheck", "hatemoji_build")
MODELS = ("nano", "mini", "cascade")
HELD_OUT, SEED, THRESHOLD = 0.5, 0, 0.7

Floats = npt.NDArray[np.float64]


def comments(model: str, data: Path) -> dict[str, Any]:
    """The report of ``toxmeter evaluate`` on unseen natural comments, without its curves."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "comments.jsonl"
        rows.write_text("\n".join(unseen(data)) + "\n")
        report = evaluate(model, model, str(rows), "--suite", "none")
    rival = report["sections"]["quality"]["baselines"]["tf-idf"]
    found = brief(report)
    found["sections"]["quality"]["tf-idf"] = {name: each["auc"] for name, each in rival["labels"].items()}
    return {**{key: report[key] for key in ("toxmeter", "model", "settings")},
            "data": {"rows": report["data"]["rows"]}, **found}


def suites(model: str, data: Path) -> dict[str, Any]:
    """The report of ``toxmeter evaluate`` on all suites."""
    from toxmeter.evaluation.suites.open import shipped_suites

    with tempfile.TemporaryDirectory() as folder:
        there = [test_rows(file, Path(folder)) for file in (data / f"{name}.parquet" for name in SUITES)
                 if file.is_file()]
        found = brief(evaluate(model, f"{model}-suites", *(
            word for suite in (*shipped_suites(), *map(str, there)) for word in ("--suite", suite))))
        hate = brief(evaluate(model, f"{model}-hate", "--suite-label", "identity_hate", *(
            word for file in there if file.stem in HATE for word in ("--suite", str(file)))))
        found["sections"] |= {name: section for name, section in hate["sections"].items() if section["kind"] == "suite"}
        return found


def test_rows(file: Path, folder: Path) -> Path:
    """The file, or where some of its rows are for training, a file of those for tests."""
    from pyarrow import compute, parquet

    table = parquet.read_table(file)
    if "split" not in table.column_names or "train" not in table["split"].to_pylist():
        return file
    parquet.write_table(table.filter(compute.equal(table["split"], "test")), folder / file.name)
    return folder / file.name


def evaluate(model: str, page: str, *options: str) -> dict[str, Any]:
    """The report of one run of ``toxmeter evaluate``."""
    subprocess.run([sys.executable, "-m", "toxmeter", "evaluate", model, *options, "--report", str(PAGES / page)],
                   check=True)
    report: dict[str, Any] = json.loads((PAGES / page / "report.json").read_text("utf-8"))
    return report


def brief(report: dict[str, Any]) -> dict[str, Any]:
    """What docs/results.md shows of a report; no text of the data leaves it."""
    kept = {"quality": ("rows", "labels", "mean_auc", "accuracy", "macro_f1", "everyday"),
            "suite": ("cases", "label", "hateful", "accuracy", "auc", "baseline", "functionalities", "target_gap",
                      "published"),
            "probe": ("cases", "templates", "gaps", "range", "gold"), "checklist": ("cases", "kinds"),
            "robustness": ("texts", "toxic", "flagged", "perturbations"), "attack": ("budget", "attacked", "escaped")}
    return {"sections": {name: {key: section[key] for key in ("kind", *kept[section["kind"]])}
                         for name, section in report["sections"].items() if section["kind"] in kept}}


def unseen(data: Path) -> list[str]:
    """Lines of JSON: natural comments that no part of either model's training has seen, with six labels."""
    from toxmeter.data.read import read_rows
    from toxmeter.data.split import assign
    from toxmeter.labels import JIGSAW
    from toxmeter.recipe import read_recipe

    recipe = read_recipe("nano")
    rows = read_rows(recipe.data.main, data, JIGSAW)
    shares = (1 - recipe.data.validation - recipe.data.test, recipe.data.validation)
    test = rows.take(assign(rows.texts, shares, recipe.seed) == 2)
    return [json.dumps({"text": text, **dict(zip(JIGSAW.names, map(float, row), strict=True))})
            for text, row in zip(test.texts, test.labels, strict=True)]


def samples(data: Path) -> dict[str, tuple[list[str], Floats, Floats]]:
    """Per sample its texts, Perspective's TOXICITY, and whether humans call them toxic, NaN where nobody said."""
    from pyarrow import parquet

    def column(file: str, name: str) -> list[Any]:
        values: list[Any] = parquet.read_table(data / file, columns=[name])[name].to_pylist()
        return values

    said = dict(zip((text.strip() for text in column("jigsaw_toxic.parquet", "comment_text")),
                    column("jigsaw_toxic.parquet", "toxic"), strict=True))
    wikipedia = column("perspective_wikipedia_2k.parquet", "comment_text")
    prompts, scores = ([value for part in ("prompt", "continuation")
                        for value in column("perspective_rtp.parquet", f"{part}_{what}")]
                       for what in ("text", "toxicity"))
    found = {"Wikipedia": (wikipedia, column("perspective_wikipedia_2k.parquet", "TOXICITY@6"),
                           [said.get(text.strip()) for text in wikipedia]),
             "RealToxicityPrompts": (prompts, scores, [None] * len(prompts))}
    kept = {}
    for name, (texts, given, human) in found.items():
        rows = [row for row, score in enumerate(given) if score is not None and texts[row].strip()]
        kept[name] = ([texts[row] for row in rows], np.array([given[row] for row in rows], np.float64),
                      np.array([human[row] for row in rows], np.float64))
    return kept


def systems() -> dict[str, Callable[[Sequence[str]], Floats]]:
    """What scores a text by how toxic it is, in [0, 1]."""
    from profanity_check import predict_prob

    from toxmeter import load

    def of(name: str) -> Callable[[Sequence[str]], Floats]:
        scorer = load(name)
        return lambda texts: scorer.score(texts)[:, scorer.labels.id("toxic")].astype(np.float64)

    return {**{name: of(name) for name in MODELS},
            "alt-profanity-check": lambda texts: np.asarray(predict_prob(list(texts)), np.float64)}


def beside(texts: list[str], perspective: Floats, human: Floats) -> dict[str, Any]:
    """The figures of each system on one sample."""
    from toxmeter.evaluation.transfer import fit_transfer

    found: dict[str, Any] = {"texts": len(texts), "flagged": float((perspective >= THRESHOLD).mean()),
                             "labelled": int((~np.isnan(human)).sum()), "toxic": int(np.nansum(human)),
                             "systems": {"Perspective": {"human_auc": human_auc(human, perspective)}}}
    for name, score in systems().items():
        given = score(texts)
        _, moved = fit_transfer(recorded(name, texts, given), texts, perspective[:, None], held_out=HELD_OUT,
                                thresholds={"toxic": THRESHOLD}, seed=SEED)
        found["systems"][name] = {"spearman": rank(given, perspective), "human_auc": human_auc(human, given),
                                  "transfer": moved["labels"]["toxic"]}
    return found


def recorded(name: str, texts: list[str], scores: Floats) -> Any:  # noqa: ANN401 - a Scorer
    """Scores of toxic as a scorer."""
    from toxmeter.evaluation.recorded import RecordedScorer
    from toxmeter.labels import LabelSet

    toxic = LabelSet(("toxic",), "multilabel", ("toxic",))
    return RecordedScorer(texts, scores[:, None].astype(np.float32), labels=toxic,
                          version=name, thresholds={}, source=name)


def rank(one: Floats, other: Floats) -> dict[str, float]:
    """Spearman's correlation with its interval."""
    from toxmeter.evaluation.metrics import bootstrap, spearman

    low, high = bootstrap(lambda rows: spearman(one[rows], other[rows]), len(one), repeats=500, seed=SEED)
    return {"value": spearman(one, other), "low": low, "high": high}


def human_auc(human: Floats, score: Floats) -> dict[str, float] | None:
    """ROC-AUC against the labels of humans, with its interval; None where there are none."""
    from toxmeter.evaluation.metrics import bootstrap, roc_auc

    known = ~np.isnan(human)
    if not known.any():
        return None
    truth, score = human[known] >= 0.5, score[known]
    low, high = bootstrap(lambda rows: roc_auc(truth[rows], score[rows]), len(truth), repeats=1_000, seed=SEED)
    return {"value": roc_auc(truth, score), "low": low, "high": high}


def main() -> None:
    """Measure everything and write the JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=os.environ.get("TOXMETER_DATA", "../shared/data"))
    options.add_argument("--part", choices=("comments", "suites", "perspective"), help="measure only this part anew")
    options.add_argument("--model", choices=MODELS, help="measure comments and suites of this one only")
    given = options.parse_args()
    data = Path(given.data)
    result = json.loads(RESULTS.read_text("utf-8")) if given.part or given.model else {"models": {}}
    result |= {"held_out": HELD_OUT, "seed": SEED, "threshold": THRESHOLD}
    if given.part == "perspective" or not (given.part or given.model):
        result["perspective"] = {name: beside(*sample) for name, sample in samples(data).items()}
    for model in (given.model,) if given.model else MODELS:
        told = result["models"].setdefault(model, {"sections": {}})
        for part, measured in (("comments", comments), ("suites", suites)):
            if given.part in (None, part):
                found = measured(model, data)
                told |= found | {"sections": told["sections"] | found["sections"]}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
