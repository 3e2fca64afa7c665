"""The evaluation of a scorer, from labelled texts and suites to one report: the story of ``toxmeter evaluate``.

Every part is a function of its own module; this one only puts them in order. What needs a live model is left
out for recorded scores, and the report says so. This module reads no files and draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter import __version__
from toxmeter.errors import InputError, did_you_mean
from toxmeter.evaluation.attack import attack
from toxmeter.evaluation.baselines import baselines
from toxmeter.evaluation.bias import identity_bias
from toxmeter.evaluation.classification import hard_labels
from toxmeter.evaluation.curves import curves
from toxmeter.evaluation.goals import Goal, goals, parse_goal
from toxmeter.evaluation.groups import by_group, by_length
from toxmeter.evaluation.perturbed import robustness, toxic_truth
from toxmeter.evaluation.quality import judge, measure
from toxmeter.evaluation.recorded import answers, is_live
from toxmeter.evaluation.spans import Spans, spans
from toxmeter.evaluation.speed import speed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from toxmeter.evaluation.data import Labelled
    from toxmeter.evaluation.suites.open import Run
    from toxmeter.models.scorer import Scorer

__all__ = ["GOALS", "OPTIONAL", "evaluate"]

Floats = npt.NDArray[np.float64]

GOALS = ("f1", "precision>=0.9", "recall>=0.9", "fpr<=0.01")
"""The goals of thresholds that are asked for by default."""

OPTIONAL = ("baselines", "robustness", "attack", "speed")
"""Parts that take long with a large model, and can be left out."""

_LIVE = "recorded scores answer for their own texts only: what makes up texts needs a live model"


def evaluate(
    scorer: Scorer,
    data: Labelled | None = None,
    suites: Mapping[str, Run] | None = None,
    *,
    marked: tuple[Spans, Spans] | None = None,
    timed: Scorer | None = None,
    skip: Collection[str] = (),
    wanted: Sequence[str] = GOALS,
    resamples: int = 1_000,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure a scorer.

    Args:
        scorer: any; texts are scored many times over, so one that remembers (``CachedScorer``) saves time.
        data: texts with labels; None for suites alone.
        suites: by name, what measures a scorer on texts of its own (``toxmeter.evaluation.suites.open.open_suites``).
        marked: toxic characters per post, true and predicted ones (``read_spans``); None for none.
        timed: the same scorer without memory, for its speed; None leaves that out.
        skip: names of ``OPTIONAL`` parts.
        wanted: goals that thresholds are chosen for, see ``parse_goal``.
        resamples: of all bootstraps.
        seed: of everything drawn.
        progress: told the title of each part as it begins.

    Returns:
        plain JSON values: ``toxmeter`` (its version), ``model``, ``data``, ``settings``, and ``sections``: per
        part its ``kind``, figures and notes, in the order of the report.

    Raises:
        InputError: when there is nothing to measure on, or a goal or a part to skip is not known.
    """
    if data is None and not suites and marked is None:
        raise InputError("nothing to measure on: give labelled texts, suites, or both")
    if data is not None and not data.texts:
        raise InputError(f"{data.origin.get('file', 'data')}: no row")
    data, unknown = (data, 0) if data is None else _answered(scorer, data)
    for part in skip:
        if part not in OPTIONAL:
            raise InputError(f"skip: no part {part!r}{did_you_mean(part, OPTIONAL)}; there are {', '.join(OPTIONAL)}")
    aims = [parse_goal(goal) for goal in wanted]
    plan = _Plan(aims, frozenset(skip), resamples, seed, progress)
    sections: dict[str, Any] = {}
    if data is not None:
        sections |= _on_data(scorer, data, plan)
        if unknown:
            sections["quality"]["notes"].append(f"{unknown:,} of {unknown + len(data.texts):,} rows have no recorded"
                                                " score: they are left out everywhere")
    for name, run in (suites or {}).items():
        progress(name)
        sections[name] = dict(run(scorer)) if is_live(scorer) else _skipped(name)
    if marked is not None:
        progress("spans")
        sections["spans"] = spans(*marked, resamples=resamples, seed=seed)
    if timed is not None and data is not None and "speed" not in skip and is_live(timed):
        progress("speed")
        sections["speed"] = speed(timed, data.texts, seed=seed)
    return {
        "toxmeter": __version__,
        "model": {"version": scorer.version, "labels": scorer.labels.to_dict(), "thresholds": dict(scorer.thresholds),
                  "live": is_live(scorer)},
        "data": None if data is None else dict(data.origin),
        "settings": {"goals": [str(aim) for aim in aims], "resamples": resamples, "seed": seed, "skipped": list(skip)},
        "sections": {name: {"kind": name, **section} for name, section in sections.items()}}


class _Plan(NamedTuple):
    """What all parts share."""

    aims: list[Goal]
    skip: frozenset[str]
    resamples: int
    seed: int
    progress: Callable[[str], None]


def _on_data(scorer: Scorer, data: Labelled, plan: _Plan) -> dict[str, Any]:
    """The parts that labelled texts allow."""
    names, thresholds, resamples, seed = scorer.labels.names, scorer.thresholds, plan.resamples, plan.seed
    plan.progress("quality")
    scores = scorer.score(data.texts).astype(np.float64)
    truth = hard_labels(scorer.labels.kind, data.labels)
    found = {"quality": _quality(scorer, data, truth, scores, plan)}
    plan.progress("goals")
    found["goals"] = goals(truth, scores, names, plan.aims, resamples=resamples, seed=seed)
    plan.progress("lengths")
    found["lengths"] = by_length(data.texts, truth, scores, thresholds, names, resamples=resamples, seed=seed)
    if data.groups:
        plan.progress("groups")
        found["groups"] = by_group(truth, scores, data.groups, thresholds, names, resamples=resamples, seed=seed)
    if not scorer.labels.toxic_ids:
        return found
    toxic = toxic_truth(scorer.labels, data.labels)
    if data.groups:
        plan.progress("bias")
        known = ~np.isnan(toxic)
        found["bias"] = identity_bias(
            toxic[known] == 1, scorer.labels.toxicity(scores.astype(np.float32))[known].astype(np.float64),
            {name: share[known] for name, share in data.groups.items()}, resamples=resamples, seed=seed)
    if is_live(scorer) and "robustness" not in plan.skip:
        plan.progress("robustness")
        found["robustness"] = robustness(scorer, data.texts, data.labels, resamples=resamples, seed=seed)
    if is_live(scorer) and "attack" not in plan.skip:
        plan.progress("attack")
        toxic_texts = [data.texts[row] for row in np.flatnonzero(toxic == 1)]
        found["attack"] = attack(scorer, toxic_texts, resamples=resamples, seed=seed)
    return found


def _answered(scorer: Scorer, data: Labelled) -> tuple[Labelled, int]:
    """The rows that the scorer has scores for, and how many others there are."""
    known = answers(scorer, data.texts)
    if known.all():
        return data, 0
    if not known.any():
        raise InputError(f"{scorer.version}: none of the {len(known):,} texts has a recorded score: the file of scores"
                         " is for other texts")
    kept = replace(data, texts=[data.texts[row] for row in np.flatnonzero(known)], labels=data.labels[known],
                   groups={name: share[known] for name, share in data.groups.items()})
    return kept, int((~known).sum())


def _quality(scorer: Scorer, data: Labelled, truth: Floats, scores: Floats, plan: _Plan) -> dict[str, Any]:
    """The figures of the scores, with the baselines and curves beside them."""
    known, resamples, seed = scorer.labels, plan.resamples, plan.seed
    if is_live(scorer):
        figures = measure(scorer, data.texts, data.labels, resamples=resamples, seed=seed)
    else:
        thresholds = np.array([scorer.thresholds[name] for name in known.names], np.float64)
        figures = judge(known, truth, scores, thresholds, resamples=resamples, seed=seed)
        figures["notes"] = [*figures["notes"], f"disguises, everyday sentences, robustness and speed: {_LIVE}"]
    if "baselines" not in plan.skip:
        figures["baselines"] = baselines(data.texts, data.labels, known, resamples=resamples, seed=seed)
    return {**figures, "curves": curves(truth, scores, known.names)}


def _skipped(name: str) -> dict[str, Any]:
    return {"kind": "skipped", "notes": [f"{name}: {_LIVE}"]}
