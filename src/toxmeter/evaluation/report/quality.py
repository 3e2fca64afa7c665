"""The quality of a scorer as blocks of a report, with both baselines beside every figure.

The section is what ``measure`` returns, with ``baselines`` and ``curves`` of their modules where there are
any. Rules of the notes: good is a figure over that of the TF-IDF baseline whose intervals are apart; bad is one
that is not, a calibration error over .05, and a label of which fewer than half are found. Labels with fewer than ten
positives are not judged against the baseline. This module measures nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.plain import LEAST, listed
from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import (
    Block,
    Figure,
    Heading,
    Note,
    Table,
    Text,
    number,
    percent,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks"]

_TOGETHER = {
    "mean_auc": "mean ROC-AUC of the labels",
    "accuracy": "accuracy",
    "f1": "F1 of the positive label",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "micro_f1": "micro F1",
    "brier": "Brier score",
    "ece": "ECE of the answer",
}
_LESS_IS_BETTER = ("brier", "ece")
_WORST_ECE = 0.05
_LEAST_RECALL = 0.5


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``toxmeter.evaluation.quality``."""
    classes = "confusion" in section
    decided = ("The label with the largest score is the answer." if classes
               else "A text has a label from its threshold on; accuracy counts texts whose labels are all right.")
    baselines = section.get("baselines") or {}
    beside = (" Beside it, what little effort reaches: always the most frequent answer, and a logistic regression on"
              " TF-IDF of words, learned from rows of the same data and judged on others." if baselines else "")
    return [
        Heading("Quality"),
        Text(f"How well the scores agree with the labels of {section['rows']:,} texts. {decided} Intervals hold 95 % of"
             f" bootstraps over rows.{beside}"),
        _together(section, baselines),
        *_by_label(section, baselines),
        *_confusion(section),
        *_curves(section.get("curves") or {}),
        *_everyday(section),
        *_judged(section, baselines.get("tf-idf")),
        *(Note("missing", note) for note in _missing(section)),
    ]


def _together(section: Mapping[str, Any], baselines: Mapping[str, Any]) -> Table:
    """Figures of all labels; less is better for the last ones."""
    models = _models(section, baselines)
    rows = tuple((title + (" (less is better)" if key in _LESS_IS_BETTER else ""),
                  *(_cell(model, key) for model in models.values()))
                 for key, title in _TOGETHER.items() if key in section)
    return Table(("all labels together", *models), rows, "Higher is better, unless said otherwise; [95 % interval].")


def _by_label(section: Mapping[str, Any], baselines: Mapping[str, Any]) -> Iterator[Block]:
    """A table of the labels, each with the baselines under it."""
    models = _models(section, baselines)
    columns = ("label", "rows with it", "ROC-AUC", "average precision", "precision", "recall", "F1", "ECE",
               "ECE, equal mass", "Brier", "threshold")
    rows = []
    for name in section["labels"]:
        for title, model in models.items():
            if not model:
                continue
            found = model["labels"][name]
            rows.append((
                name if title == "model" else f"↳ {title}", f"{found['positives']:,}", with_interval(found["auc"]),
                number(found["average_precision"]),
                *(with_interval(found["intervals"][rate]) for rate in ("precision", "recall", "f1")),
                *(number(found[key]) for key in ("ece", "ece_equal_mass", "brier")), f"{found['threshold']:.3g}"))
    yield Heading("Each label against the rest", 3)
    yield Table(columns, tuple(rows), "ECE, the gap between stated probability and observed rate over 15 bins, and the"
                " Brier score: less is better. A majority baseline is calibrated, and of no use.")


def _confusion(section: Mapping[str, Any]) -> Iterator[Block]:
    if "confusion" not in section:
        return
    names = list(section["labels"])
    counts = section["confusion"]
    shares = [[count / sum(row) if sum(row) else None for count in row] for row in counts]
    caption = "Rows: the true label; columns: the answer; shares of the row. The diagonal is right."
    words = "; ".join(f"{name}: " + ", ".join(f"{percent(share)} {given}" for given, share in
                                              zip(names, row, strict=True))
                      for name, row in zip(names, shares, strict=True))
    yield Figure("quality-confusion", figures.heat(shares, names, names, percent=True), "What is taken for what",
                 caption, words)
    rows = ((name, *(f"{count:,}" for count in row)) for name, row in zip(names, counts, strict=True))
    yield Table(("true label", *names), tuple(rows), "The same as numbers of texts.")


def _curves(curves: Mapping[str, Any]) -> Iterator[Block]:
    labels = curves.get("labels", {})
    roc, precision = ({name: _points(found[key]) for name, found in labels.items() if found[key]}
                      for key in ("roc", "precision_recall"))
    reliability = {name: [(each["probability"], each["rate"]) for each in found["reliability"]["equal_mass"]]
                   for name, found in labels.items() if found["reliability"]["equal_mass"]}
    if roc:
        yield Figure("quality-roc", figures.lines(roc, "false positive rate", "true positive rate", diagonal=True),
                     "ROC curves", "What share of the texts with a label is found, at what share of false alarms. The"
                     " diagonal is chance; the upper left corner is perfect.",
                     f"ROC curves of {listed([*roc])}; the areas are in the table.")
        yield Figure("quality-precision-recall", figures.lines(precision, "recall", "precision"),
                     "Precision and recall", "How much of what is flagged is right, at what share of the texts found."
                     " The upper right corner is perfect.",
                     f"Precision over recall of {listed([*precision])}; the average precisions are in the table.")
    if reliability:
        yield Figure("quality-reliability",
                     figures.lines(reliability, "stated probability", "observed rate", diagonal=True), "Reliability",
                     "Fifteen bins of equally many texts. On the diagonal a stated probability is what is observed;"
                     " under it, the scores are too high.",
                     f"Observed rate over stated probability of {listed([*reliability])}; the errors are in the table.")


def _everyday(section: Mapping[str, Any]) -> Iterator[Block]:
    if "everyday" in section:
        found = section["everyday"]
        yield Text(f"Of {found['sentences']} harmless everyday sentences of our own, half of them with words such as"
                   f" kill, shoot, black or gay, {found['flagged']} are flagged ({percent(found['share'])}).")


def _judged(section: Mapping[str, Any], rival: Mapping[str, Any] | None) -> Iterator[Note]:
    """What stands out by the rules above."""
    if rival:
        better, worse, same = _against(section, rival)
        if better:
            yield Note("good", f"Better than the TF-IDF baseline, intervals apart: {listed(better)}.")
        if worse:
            yield Note("bad", f"Worse than the TF-IDF baseline, intervals apart: {listed(worse)}.")
        if same:
            yield Note("bad", f"Not distinguishable from the TF-IDF baseline: {listed(same)}.")
    labels = section["labels"].items()
    off = [f"{name} ({number(found['ece'])})" for name, found in labels if (found["ece"] or 0) > _WORST_ECE]
    if off:
        yield Note("bad", f"Calibration error over {_WORST_ECE}: {listed(off)}. Probabilities of these labels should"
                   " not be taken at their word.")
    missed = []
    for name, found in labels:
        recall = found.get("at_threshold", found)["recall"]
        if recall is not None and recall < _LEAST_RECALL:
            missed.append(f"{name} ({percent(recall)})")
    if missed:
        yield Note("bad", f"Fewer than half are found at the threshold: {listed(missed)}.")


def _against(section: Mapping[str, Any], rival: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Names of the figures that are better than a rival's, worse, and neither; those of both defined only."""
    pairs = [(title, section.get(key), rival.get(key)) for key, title in _TOGETHER.items()
             if key in ("mean_auc", "macro_f1")]
    pairs += [(f"ROC-AUC of {name}", found["auc"], rival["labels"][name]["auc"])
              for name, found in section["labels"].items() if found["positives"] >= LEAST]
    better: list[str] = []
    worse: list[str] = []
    same: list[str] = []
    for title, ours, theirs in pairs:
        if not ours or not theirs or None in (*ours.values(), *theirs.values()):
            continue
        (better if ours["low"] > theirs["high"] else worse if ours["high"] < theirs["low"] else same).append(title)
    return better, worse, same


def _missing(section: Mapping[str, Any]) -> list[str]:
    parts = [section, section.get("curves") or {}, section.get("baselines") or {}]
    few = [f"{name} ({found['positives']})" for name, found in section["labels"].items()
           if 0 < found["positives"] < LEAST]
    rare = [f"Fewer than {LEAST} rows have {listed(few)}: another sample could give quite other figures."]
    return [*(rare if few else []), *dict.fromkeys(note for part in parts for note in part.get("notes", []))]


def _models(section: Mapping[str, Any], baselines: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the scorer and of the baselines, by what they are called."""
    return {"model": section, **({"TF-IDF": baselines["tf-idf"], "majority": baselines["majority"]}
                                 if baselines else {})}


def _cell(model: Mapping[str, Any] | None, key: str) -> str:
    if not model or key not in model:
        return "–"
    return number(model[key]) if key in _LESS_IS_BETTER else with_interval(model[key])


def _points(points: list[list[float]]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points]
