"""Figures of groups, and of texts of like length, as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.plain import listed
from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks", "length_blocks"]

_RATES = {"precision": "precision", "recall": "recall", "false_positive_rate": "false positive rate"}


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``by_group``; bad is a figure that is worse than that of all rows, their intervals apart."""
    return _blocks(section, "Groups", "groups", "The same figures for the texts about each group. A good calibration"
                   " over all texts can hide scores that are too high for some; groups also differ in their texts, so"
                   " that a gap is a reason to look closer, and no proof.")


def length_blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``by_length``; notes as for ``blocks``."""
    return _blocks(section, "Length of the texts", "lengths", "The same figures for short and long texts, by their"
                   " characters. Long texts are read in windows, and the highest score of these counts.")


def _blocks(section: Mapping[str, Any], title: str, name: str, what: str) -> list[Block]:
    parts = {"all rows": section["all"], **section["groups"]}
    measured = {part: found["labels"] for part, found in parts.items() if found["labels"]}
    return [Heading(title), Text(what), *_calibration(measured, name), *_tables(measured), *_judged(measured),
            *(Note("missing", note) for note in section["notes"])]


def _calibration(measured: Mapping[str, Any], name: str) -> Iterator[Block]:
    """A map of the calibration errors, where there is a part to compare."""
    if len(measured) < 2:
        return
    labels = list(measured["all rows"])
    errors = [[labels_of[label]["ece"] for label in labels] for labels_of in measured.values()]
    worst = max(((error, part, label) for part, row in zip(measured, errors, strict=True)
                 for label, error in zip(labels, row, strict=True) if error is not None), default=None)
    alt = f"The largest is {number(worst[0])}, of {worst[2]} in {worst[1]}." if worst else "None is defined."
    yield Figure(f"{name}-calibration", figures.heat(errors, list(measured), labels), "Calibration errors (ECE)",
                 "The gap between stated probability and observed rate; 15 bins of equal width, less is better. Small"
                 " parts have larger errors by chance.", alt)


def _tables(measured: Mapping[str, Any]) -> Iterator[Block]:
    for label in measured.get("all rows", {}):
        rows = []
        for part, labels in measured.items():
            found = labels[label]
            rows.append((part, f"{found['rows']:,}", f"{found['positives']:,}",
                         *(number(found[key]) for key in ("mean_score", "ece", "ece_equal_mass", "brier")),
                         *(with_interval(found[key]) for key in ("auc", *_RATES, "f1"))))
        yield Heading(label, 3)
        yield Table(("texts", "rows", "with the label", "mean score", "ECE", "ECE, equal mass", "Brier", "ROC-AUC",
                     *_RATES.values(), "F1"), tuple(rows))


def _judged(measured: Mapping[str, Any]) -> Iterator[Note]:
    """Parts that fare worse than all rows, their intervals apart."""
    worse = []
    for part, labels in measured.items():
        for label, found in labels.items():
            for rate, said in {"auc": "ROC-AUC", "recall": "recall", "false_positive_rate": "false alarms"}.items():
                ours, whole = found[rate], measured["all rows"][label][rate]
                if not ours or not whole or None in (*ours.values(), *whole.values()):
                    continue
                bad = ours["low"] > whole["high"] if rate == "false_positive_rate" else ours["high"] < whole["low"]
                if bad:
                    worse.append(f"{said} of {label} for {part} ({number(ours['value'])},"
                                 f" all {number(whole['value'])})")
    if worse:
        yield Note("bad", f"Worse than over all rows, intervals apart: {listed(worse)}.")
    elif len(measured) > 1:
        yield Note("good", "No part is worse than all rows with intervals apart, in ROC-AUC, recall or false alarms.")
