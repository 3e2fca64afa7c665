"""Perturbations as blocks of a report. This module measures nothing."""

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
    percent,
    share_with_interval,
    with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks"]

_MUCH, _LITTLE, _RAISED = 0.5, 0.1, 0.05
_OTHER_MEANING = "negation"


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``robustness``.

    At the largest strength, bad: over half of the detections lost, or over 5 % of the others raised; good: under a
    tenth lost; each shown by the whole interval. Negation is not judged, as it says something else.
    """
    missing = [Note("missing", note) for note in section["notes"]]
    if not section["texts"] or not section["strengths"]:
        return [Heading("Robustness"), *missing]
    return [
        Heading("Robustness"),
        Text(f"{section['texts']:,} texts, {section['toxic']:,} of them toxic, rewritten in each way at strengths"
             f" {', '.join(section['strengths'])}: the share of the words that are touched, of ten neutral sentences"
             " that are appended, or of the sentences that are denied (negation, which alone says something else)."
             f" Before, {section['flagged']:,} of the texts are flagged, and ROC-AUC is"
             f" {with_interval(section['auc'])}."),
        *_maps(section), *_table(section), *_judged(section), *missing]


def _maps(section: Mapping[str, Any]) -> Iterator[Block]:
    for key, title, caption in (
            ("lost", "Detections lost", "Of the texts that were flagged, the share that is not flagged any more."),
            ("auc", "ROC-AUC under attack", "How well toxic texts still rank above the others.")):
        matrix = [[_value(found[strength][key]) for strength in section["strengths"]]
                  for found in section["perturbations"].values()]
        values = [value for row in matrix for value in row if value is not None]
        if not values:
            continue
        names = list(section["perturbations"])
        told = (f"From {percent(min(values))} to {percent(max(values))}." if key == "lost"
                else f"From {min(values):.3f} to {max(values):.3f}.")
        yield Figure(f"robustness-{key}", figures.heat(matrix, names, section["strengths"], percent=key == "lost"),
                     title, f"{caption} Columns: strength.", told)


def _table(section: Mapping[str, Any]) -> Iterator[Block]:
    strength = _largest(section)
    rows = tuple((name, with_interval(found[strength]["drift"]), share_with_interval(found[strength]["lost"]),
                  share_with_interval(found[strength]["raised"]), with_interval(found[strength]["auc"]))
                 for name, found in section["perturbations"].items())
    yield Table(("perturbation", "drift [95 %]", "lost [95 %]", "raised [95 %]", "ROC-AUC [95 %]"), rows,
                f"At strength {strength}. Drift: mean distance of the toxic score before and after. Lost: of the"
                " flagged texts, those not flagged any more. Raised: of the others, those that now are.")


def _judged(section: Mapping[str, Any]) -> Iterator[Block]:
    strength = _largest(section)
    found = {name: each[strength] for name, each in section["perturbations"].items() if name != _OTHER_MEANING}
    lost = [name for name, each in found.items() if _end(each["lost"], "low", 0.0) > _MUCH]
    kept = [name for name, each in found.items() if _end(each["lost"], "high", 1.0) < _LITTLE]
    raised = [name for name, each in found.items() if _end(each["raised"], "low", 0.0) > _RAISED]
    if lost:
        yield Note("bad", f"Over half of the detections are lost at strength {strength}: {', '.join(lost)}.")
    if raised:
        yield Note("bad", f"Over {percent(_RAISED, 0)} of the texts that were not flagged are flagged at strength"
                          f" {strength}: {', '.join(raised)}.")
    if kept:
        yield Note("good", f"Under a tenth of the detections is lost at strength {strength}: {', '.join(kept)}.")


def _largest(section: Mapping[str, Any]) -> str:
    return str(max(section["strengths"], key=float))


def _value(figure: Mapping[str, Any] | None) -> float | None:
    return None if figure is None else figure["value"]


def _end(figure: Mapping[str, Any] | None, end: str, unknown: float) -> float:
    return unknown if figure is None or figure[end] is None else float(figure[end])
