"""CheckList-style behavioural tests of a scorer (Ribeiro et al. 2020): MFT, INV and DIR.

- MFT, minimum functionality: a case is flagged or not, as its author expects.
- INV, invariance: a change that says nothing new must not change the decision. A case fails if the decision changes
  and the toxic score moves by more than a tolerance.
- DIR, direction: after a change the score may move one way only. A case fails if it moves the other way by more than
  a tolerance.

Checks find faults; passing them proves nothing about other texts. ``checklist_files.py`` reads checks from TOML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.clusters import cluster_means
from toxmeter.evaluation.guardrail import verdicts
from toxmeter.evaluation.plain import LEAST, plain

if TYPE_CHECKING:
    from toxmeter.evaluation.guardrail import Verdicts
    from toxmeter.models.scorer import Scorer

__all__ = ["KINDS", "Case", "Check", "CheckKind", "Checklist", "Direction", "run_checklist"]

CheckKind = Literal["MFT", "INV", "DIR"]
Direction = Literal["up", "down"]
Truth = npt.NDArray[np.bool_]

KINDS: Mapping[CheckKind, str] = MappingProxyType(
    {"MFT": "minimum functionality", "INV": "invariance", "DIR": "direction"})
"""The kinds of checks, in words."""

_EXAMPLES = 3
_SHOWN = 120  # characters of a text in an example


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        text: the text.
        template: number of the template or base text that it was made from.
        changed: INV and DIR: the text after the change.
        unsafe: MFT: whether it should be flagged.
    """

    text: str
    template: int
    changed: str = ""
    unsafe: bool = False


@dataclass(frozen=True)
class Check:
    """Cases that test one thing.

    Attributes:
        name: unique in its checklist.
        kind: MFT, INV or DIR.
        about: what is tested, in a sentence.
        cases: one or more.
        tolerance: how far a score may move, in [0, 1]; not of MFT.
        direction: where a score may move, of DIR.
    """

    name: str
    kind: CheckKind
    about: str
    cases: tuple[Case, ...]
    tolerance: float = 0.1
    direction: Direction = "up"


@dataclass(frozen=True)
class Checklist:
    """Checks of one file.

    Attributes:
        name: of the file.
        checks: one or more.
        sha256: of the file.
    """

    name: str
    checks: tuple[Check, ...]
    sha256: str


def run_checklist(scorer: Scorer, checklist: Checklist, *, resamples: int = 500, seed: int = 0) -> dict[str, Any]:
    """Run the checks of a list.

    Args:
        scorer: a live one.
        checklist: what ``read_checklist`` returned.
        resamples: of the bootstrap over templates.
        seed: of the bootstrap.

    Returns:
        plain JSON values: ``checklist``, ``sha256``, ``cases``; ``kinds`` – per kind ``checks``, ``cases``,
        ``failures``, ``failure_rate``; ``checks`` – ``name``, ``kind``, ``about``, ``tolerance`` (None for MFT),
        ``direction`` (of DIR), ``cases``, ``failures``, ``failure_rate`` with its interval (None over fewer than ten
        cases), and at most three ``examples`` of failures, cut to 120 characters, worst first; and ``notes``.
    """
    cases = [case for check in checklist.checks for case in check.cases]
    texts = [case.text for case in cases] + [case.changed or case.text for case in cases]
    both = verdicts(scorer, texts)
    half = len(cases)
    before, after = (both._replace(score=both.score[part], unsafe=both.unsafe[part])
                     for part in (slice(half), slice(half, None)))
    failed, excess, known = (np.concatenate(part) for part in zip(*_judged(checklist, before, after), strict=True))
    owners = np.repeat(np.arange(len(checklist.checks)), [len(check.cases) for check in checklist.checks])
    clusters = _clusters(checklist)
    kinds = [kind for kind in KINDS if any(check.kind == kind for check in checklist.checks)]
    kind_of = np.array([checklist.checks[owner].kind for owner in owners])
    members = np.stack([*(owners == owner for owner in range(len(checklist.checks))),
                        *(kind_of == kind for kind in kinds)], axis=1) & known[:, None]
    rates = cluster_means(failed.astype(np.float64), members, clusters, resamples=resamples, seed=seed)
    figures = [{"cases": int(part.sum()), "failures": int((failed & part).sum()),
                "failure_rate": rates.share(place) if part.sum() >= LEAST else None}
               for place, part in enumerate(members.T)]
    checks = []
    for owner, check in enumerate(checklist.checks):
        worst = sorted(np.flatnonzero(failed & members[:, owner]), key=lambda row: -excess[row])[:_EXAMPLES]
        checks.append({"name": check.name, "kind": check.kind, "about": check.about,
                       "tolerance": None if check.kind == "MFT" else check.tolerance,
                       "direction": check.direction if check.kind == "DIR" else None, **figures[owner],
                       "examples": [_example(check, cases[row], before.score[row], after.score[row])
                                    for row in worst]})
    return {"checklist": checklist.name, "sha256": checklist.sha256, "cases": int(known.sum()),
            "kinds": {kind: {"checks": sum(check.kind == kind for check in checklist.checks), **figure}
                      for kind, figure in zip(kinds, figures[len(checks) :], strict=True)},
            "checks": checks, "notes": [*both.notes, *_notes(checks)]}


def _judged(
    checklist: Checklist, before: Verdicts, after: Verdicts
) -> list[tuple[Truth, npt.NDArray[np.float64], Truth]]:
    """Per check, which cases fail, by how much, and which have scores."""
    judged = []
    begin = 0
    for check in checklist.checks:
        part = slice(begin, begin := begin + len(check.cases))
        known = before.known[part] & after.known[part]
        moved = after.score[part] - before.score[part]
        if check.kind == "MFT":
            wanted = np.array([case.unsafe for case in check.cases], np.bool_)
            failed = before.unsafe[part] != wanted
            excess = np.where(wanted, -before.score[part], before.score[part])
        elif check.kind == "INV":
            excess = np.abs(moved)
            failed = (before.unsafe[part] != after.unsafe[part]) & (excess > check.tolerance)
        else:
            excess = -moved if check.direction == "up" else moved
            failed = excess > check.tolerance
        judged.append((failed & known, np.nan_to_num(excess), known))
    return judged


def _clusters(checklist: Checklist) -> npt.NDArray[np.int64]:
    """Numbers of the templates, none the same in two checks."""
    places: dict[tuple[int, int], int] = {}
    return np.array([places.setdefault((owner, case.template), len(places))
                     for owner, check in enumerate(checklist.checks) for case in check.cases], np.int64)


def _example(check: Check, case: Case, before: float, after: float) -> dict[str, Any]:
    pair = check.kind != "MFT"
    return {"text": _cut(case.text), "score": plain(before),
            "changed": _cut(case.changed) if pair else None, "changed_score": plain(after) if pair else None,
            "expected": None if pair else "unsafe" if case.unsafe else "safe"}


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _notes(checks: list[dict[str, Any]]) -> list[str]:
    small = [f"{check['name']} ({check['cases']})" for check in checks if check["failure_rate"] is None]
    return [f"no failure rate over fewer than {LEAST} cases: {', '.join(small)}"] if small else []
