"""Texts of a probe to look at: those that are furthest apart.

This module measures nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.plain import plain

if TYPE_CHECKING:
    from toxmeter.evaluation.guardrail import Verdicts
    from toxmeter.evaluation.suites.probe import Probe
    from toxmeter.evaluation.suites.probe_gaps import Gaps

__all__ = ["examples", "largest"]

_EXAMPLES = 5
_SHOWN = 120  # characters of a text in an example


def largest(
    probe: Probe, found: Verdicts, frame: npt.NDArray[np.int64], members: npt.NDArray[np.bool_]
) -> dict[str, Any] | None:
    """The two texts of one frame that are furthest apart, None where all are equal.

    Args:
        probe: the texts.
        found: their scores.
        frame: ``[n]`` numbers from 0; texts of one frame are compared.
        members: ``[n]`` which texts are looked at.
    """
    rows = np.flatnonzero(members)
    if not len(rows):
        return None
    rows = rows[np.lexsort((found.score[rows], frame[rows]))]
    first = np.flatnonzero(np.diff(frame[rows], prepend=-1))
    last = np.append(first[1:], len(rows)) - 1
    apart = found.score[rows[last]] - found.score[rows[first]]
    widest = int(apart.argmax())
    if not apart[widest]:
        return None
    high, low = (_shown(probe, found, rows[ends[widest]]) for ends in (last, first))
    return {"high": high, "low": low, "gap": plain(apart[widest])}


def examples(probe: Probe, found: Verdicts, gap: Gaps) -> list[dict[str, Any]]:
    """The largest gaps, one of each template."""
    chosen: dict[int, int] = {}
    for row in np.argsort(-np.nan_to_num(np.abs(gap.gap)), kind="stable").tolist():
        if gap.compared[row] and plain(gap.gap[row]) and len(chosen) < _EXAMPLES:
            chosen.setdefault(probe.cases[row].template, row)
    controls = {(case.template, case.frame): case.text for case in reversed(probe.cases)
                if probe.control and case.group == probe.control}
    return [{**_shown(probe, found, row), "control": _cut(controls.get((case.template, case.frame), "")),
             "reference": plain(found.score[row] - gap.gap[row]), "gap": plain(gap.gap[row]),
             "flip_rate": plain(gap.flip[row])}
            for row in chosen.values() for case in (probe.cases[row],)]


def _shown(probe: Probe, found: Verdicts, row: int) -> dict[str, Any]:
    case = probe.cases[row]
    return {"text": _cut(case.text), "group": case.group, "score": plain(found.score[row])}


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
