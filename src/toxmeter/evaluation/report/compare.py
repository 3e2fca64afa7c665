"""Two scorers beside each other as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import (
    Block,
    Figure,
    Heading,
    Note,
    Table,
    Text,
    ends,
    number,
    share_with_interval,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks", "blocks_of", "subtitle_of", "title_of"]

_NAMES = {"auc": "ROC-AUC", "average_precision": "average precision", "f1": "F1", "accuracy": "accuracy",
          "ece": "calibration error (ECE)"}
_WAYS = {"now_flagged": "Now flagged", "no_longer_flagged": "No longer flagged"}


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``toxmeter.evaluation.compare``."""
    return [
        Heading("Old and new"),
        Text(f"The new one is {section['new']}, the old one {section['old']}. Differences are new minus old, on"
             f" {section['texts']:,} texts, with 95 % intervals of a paired bootstrap: each of {section['resamples']:,}"
             " resamples draws the same rows for both."),
        *_verdict(section["verdict"]),
        *_figures(section),
        *_scores(section),
        *_examples(section["labels"]),
        *_unshared(section),
        *(Note("missing", note) for note in section["notes"])]


def blocks_of(result: Mapping[str, Any]) -> list[Block]:
    """The whole report of a section with its ``data`` and ``toxmeter``: also what it takes to measure the same."""
    data = result["data"]
    columns = ", ".join(f"{label} ← {column}" for label, column in data["columns"].items())
    rows = (("old", result["old"]), ("new", result["new"]), ("data", f"{data['file']}, {data['rows']:,} rows"),
            ("sha256 of the data", data["sha256"]), ("labels read from", columns or "–"),
            ("bootstrap", f"{result['resamples']:,} resamples, seed {result['seed']}"),
            ("toxmeter", result["toxmeter"]))
    return [*blocks(result), Heading("How this was measured"), Table(("", "value"), rows)]


def title_of(result: Mapping[str, Any]) -> str:
    """The title of the page."""
    return f"{result['new']} in place of {result['old']}"


def subtitle_of(result: Mapping[str, Any]) -> str:
    """On which texts, and by which version of toxmeter."""
    return f"On {result['texts']:,} texts of {result['data']['file']}. Written by toxmeter {result['toxmeter']}."


def _verdict(verdict: Mapping[str, Any]) -> Iterator[Block]:
    failed = [term["term"] for term in verdict["terms"] if not term["passed"]]
    if verdict["replace"]:
        yield Note("good", "The new one may replace the old one: every term of the rule holds.")
    else:
        yield Note("bad", f"The new one may not replace the old one: these rows do not show {', '.join(failed)}.")
    rows = tuple((term["term"], with_interval(term["figure"]), {"low": "lower", "high": "upper"}[term["judged"]],
                  "holds" if term["passed"] else "does not hold") for term in verdict["terms"])
    yield Table(("term", "found [95 %]", "end judged", ""), rows,
                "Each term is judged by the end of the interval that speaks against the new one: what too few rows"
                " cannot show does not hold.")


def _figures(section: Mapping[str, Any]) -> Iterator[Block]:
    if section["mean"] is None:
        return
    measured = {name: label["figures"] for name, label in section["labels"].items() if label["figures"]}
    means = {"mean of the labels": section["mean"]} if len(measured) > 1 else {}
    rows = tuple((name, _NAMES[figure], number(values["old"]), number(values["new"]), _signed(values["difference"]))
                 for name, found in {**means, **measured}.items()
                 for figure, values in found.items())
    yield Heading("Figures", 3)
    yield Table(("label", "figure", "old", "new", "difference [95 %]"), rows,
                "Higher is better, of the calibration error lower. An interval that holds 0 shows no difference.")
    gains = {_NAMES[figure]: ends(values["difference"]) for figure, values in section["mean"].items()}
    told = "; ".join(f"{name} {value:+.3f}" for name, (value, _, _) in gains.items())
    yield Figure("compare-differences", figures.bars(gains, "new minus old", reference=0.0),
                 "What the new one changes",
                 f"{'Mean of the labels' if means else next(iter(measured))}, with 95 % intervals; 0 is no change.",
                 f"Differences new minus old: {told}.")


def _scores(section: Mapping[str, Any]) -> Iterator[Block]:
    if not section["labels"]:
        return
    yield Heading("Scores and decisions", 3)
    rows = tuple(
        (name, f"{label['shift']['mean']:+.3f}", number(label["shift"]["sd"]),
         " … ".join(f"{label['shift']['quantiles'][share]:+.2f}" for share in ("0.05", "0.5", "0.95")),
         with_interval(label["shift"]["mean_absolute"]), number(label["shift"]["spearman"]))
        for name, label in section["labels"].items())
    yield Table(("label", "mean shift", "sd", "5 % … 50 % … 95 %", "mean distance [95 %]", "Spearman"), rows,
                "How far scores moved. Spearman's correlation is 1 where the order of the texts stayed.")
    flips = tuple(
        (name, number(label["thresholds"]["old"], 2), number(label["thresholds"]["new"], 2),
         share_with_interval(label["flips"]["share"]), str(label["flips"]["now_flagged"]["count"]),
         str(label["flips"]["no_longer_flagged"]["count"]))
        for name, label in section["labels"].items())
    yield Table(("label", "threshold old", "new", "decisions flipped [95 %]", "now flagged", "no longer"), flips,
                f"Each at its own threshold. Of all texts, {share_with_interval(section['flips'])} flip for one label"
                " or more.")


def _examples(labels: Mapping[str, Any]) -> Iterator[Block]:
    for way, title in _WAYS.items():
        rows = tuple((each["text"], name, number(each["old"], 2), number(each["new"], 2))
                     for name, label in labels.items() for each in label["flips"][way]["examples"])
        if rows:
            yield Heading(title, 3)
            yield Table(("text", "label", "old", "new"), rows, "Those whose score moved most; long texts are cut.")


def _unshared(section: Mapping[str, Any]) -> Iterator[Block]:
    for which in ("old", "new"):
        if names := section[f"only_{which}"]:
            yield Note("missing", f"Labels of the {which} one only, not compared: {', '.join(names)}.")


def _signed(figure: Mapping[str, Any]) -> str:
    value, low, high = ends(figure)
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
