"""Thresholds for goals as blocks of a report. This module chooses none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.plain import listed
from toxmeter.evaluation.report.blocks import Block, Heading, Note, Table, Text, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["blocks"]

_WIDE = 0.2  # an interval of a threshold over which another sample would have chosen quite another one


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``toxmeter.evaluation.goals``; bad is a threshold whose interval is wider than .2."""
    shown: list[Block] = [
        Heading("Thresholds for a goal"),
        Text("From which score on to flag a text, so that a goal is met on these rows. The interval of a threshold"
             " tells how far another sample of the same size would have moved it; the figures are those at the"
             " threshold. As it was chosen on the same rows, expect a little less on new ones.")]
    loose = []
    for goal in section["goals"]:
        rows = []
        for name, label in section["labels"].items():
            if label is None:
                continue
            found = label[goal]
            threshold = found["threshold"]
            rows.append((name, with_interval(threshold), *(with_interval(found[rate]) for rate in (
                "precision", "recall", "f1", "false_positive_rate")), number(found["reachable"], 2)))
            if threshold["low"] is not None and threshold["high"] - threshold["low"] > _WIDE:
                loose.append(f"{name} for {goal}")
        if rows:
            shown.append(Table(("label", "threshold", "precision", "recall", "F1", "false positive rate", "reachable"),
                               tuple(rows), f"Goal: {_said(goal)}. Reachable: share of resamples in which any threshold"
                               " meets it."))
    if loose:
        shown.append(Note("bad", f"Thresholds that these rows hardly pin down (interval wider than {_WIDE}):"
                          f" {listed(loose)}."))
    return [*shown, *(Note("missing", note) for note in section["notes"])]


def _said(goal: str) -> str:
    """A goal in words."""
    if goal == "f1":
        return "the best F1"
    if goal.startswith("fpr<="):
        return f"a false positive rate of at most {goal[5:]}, with the highest recall"
    rate, bound = goal.split(">=")
    return f"a {rate} of at least {bound}, with the highest {'recall' if rate == 'precision' else 'precision'}"
