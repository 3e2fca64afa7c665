"""Toxic spans as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.report.blocks import Block, Heading, Note, Table, Text, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["blocks"]


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``toxmeter.evaluation.spans``; good and bad against predicting nothing, with the interval."""
    rows = (("F1 of the characters, mean of the posts", with_interval(section["f1"])),
            ("the same, posts with toxic characters only", with_interval(section["f1_where_toxic"])),
            ("predicting nothing", number(section["predicting_nothing"])))
    notes = []
    nothing, low = section["predicting_nothing"], section["f1"]["low"]
    if nothing is not None and low is not None:
        notes.append(Note("good", "Better than predicting nothing.") if low > nothing
                     else Note("bad", "Not distinguishable from predicting nothing, or worse."))
    return [
        Heading("Toxic spans"),
        Text(f"Which characters are toxic, in {section['posts']:,} posts, of which {section['empty']:,} have none. By"
             " the measure of SemEval-2021 task 5: F1 of the characters of each post, 1 where both are empty, then the"
             " mean. On that task's test posts the winner reached .708."),
        Table(("", "value [95 %]"), rows, "Higher is better."),
        *notes, *(Note("missing", note) for note in section["notes"])]
