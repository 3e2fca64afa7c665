"""Robustness: how far scores move, and which decisions flip, when texts are perturbed more and more.

This module rewrites at random, by the names of ``robustness.py``; ``attack.py`` looks for the worst case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.evaluation.classification import hard_labels
from toxmeter.evaluation.clusters import cluster_means
from toxmeter.evaluation.guardrail import Verdicts, verdicts
from toxmeter.evaluation.metrics import bootstrap_auc, label_auc
from toxmeter.evaluation.plain import LEAST, plain_interval
from toxmeter.evaluation.robustness import PERTURBATIONS, perturb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import Scorer

__all__ = ["robustness", "toxic_truth"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


def robustness(
    scorer: Scorer,
    texts: Sequence[str],
    labels: Floats,
    *,
    strengths: Sequence[float] = (0.1, 0.3, 1.0),
    most: int = 500,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Perturb texts in every way of ``PERTURBATIONS``, and compare scores and decisions.

    Args:
        scorer: a live one.
        texts: ``n`` texts.
        labels: ``[n, k]`` in [0, 1], NaN where not known.
        strengths: each in [0, 1].
        most: perturb at most so many texts, half of them toxic where there are enough of either.
        resamples: of the bootstraps.
        seed: of all that is drawn.

    Returns:
        plain JSON values: ``texts``, how many of them are ``toxic`` and ``flagged``; ``strengths``; ``auc`` without
        perturbation; ``perturbations`` – by name and strength (as text) ``drift`` (mean distance of the toxic score
        before and after), ``lost`` (of the flagged texts, the share that is not any more), ``raised`` (of the others,
        the share that now is) and ``auc``, each with its interval, None over fewer than ten texts (of either class);
        and ``notes``.

    Raises:
        InputError: when ``labels`` has another shape, or a strength is outside [0, 1].
    """
    if labels.shape != (len(texts), len(scorer.labels)):
        raise InputError(f"labels of shape {labels.shape} for {len(texts)} texts and {len(scorer.labels)} labels")
    truth = toxic_truth(scorer.labels, labels)
    rows = _drawn(truth, most, seed)
    texts, truth = [texts[row] for row in rows], truth[rows]
    ways = [(name, strength) for name in PERTURBATIONS for strength in strengths]
    rewritten = [perturb(name, text, strength, seed=seed) for name, strength in ways for text in texts]
    found = verdicts(scorer, [*texts, *rewritten])
    shape = len(ways) + 1, len(texts)
    score, unsafe = found.score.reshape(shape).T, found.unsafe.reshape(shape).T
    kept = ~np.isnan(score).any(axis=1)
    truth, score, unsafe = truth[kept], score[kept], unsafe[kept]
    measured = _measure(truth, score, unsafe, resamples, seed)
    table: dict[str, dict[str, Any]] = {name: {} for name in PERTURBATIONS}
    for (name, strength), figures in zip(ways, measured[1:], strict=True):
        table[name][f"{strength:g}"] = figures
    report = {"texts": len(truth), "toxic": int((truth == 1).sum()), "flagged": int(unsafe[:, 0].sum()),
              "strengths": [f"{strength:g}" for strength in strengths], "auc": measured[0]["auc"],
              "perturbations": table}
    return {**report, "notes": _notes(found, truth, unsafe[:, 0])}


def toxic_truth(labels: LabelSet, known: Floats) -> Floats:
    """Whether texts are toxic by any label that is declared so.

    Args:
        labels: the label set.
        known: ``[n, k]`` in [0, 1], NaN where not known.

    Returns:
        ``[n]``, 1, 0, or NaN where none of these labels is known.
    """
    columns = hard_labels(labels.kind, known)[:, list(labels.toxic_ids)]
    return np.where(np.isnan(columns).all(axis=1), np.nan, (columns == 1).any(axis=1))


def _drawn(truth: Floats, most: int, seed: int) -> npt.NDArray[np.int64]:
    """At most so many rows, in their order, half of them toxic if there are enough of either."""
    random = np.random.default_rng(seed)
    toxic, others = (random.permutation(np.flatnonzero(part)) for part in (truth == 1, truth != 1))
    half = max(min(len(toxic), most // 2), most - len(others))
    return np.sort(np.concatenate([toxic[:half], others[: most - min(half, len(toxic))]]))


def _measure(truth: Floats, score: Floats, unsafe: Truth, resamples: int, seed: int) -> list[dict[str, Any]]:
    """The figures of each way, from ``[n, ways]`` scores and decisions whose first column is not perturbed."""
    rows, ways = score.shape
    before = np.repeat(unsafe[:, :1], ways, axis=1)
    each = np.arange(rows)
    parts = {"drift": (np.abs(score - score[:, :1]), np.ones_like(before)),
             "lost": ((~unsafe).astype(np.float64), before),
             "raised": (unsafe.astype(np.float64), ~before)}
    figures: list[dict[str, Any]] = [{} for _ in range(ways)]
    for name, (values, members) in parts.items():
        means = cluster_means(values, members, each, resamples=resamples, seed=seed)
        enough = rows > 0 and members[:, 0].sum() >= LEAST
        for way, figure in enumerate(figures):
            figure[name] = means.share(way) if enough else None
    wide = np.repeat(truth[:, None], ways, axis=1)
    enough = min((truth == 1).sum(), (truth == 0).sum()) >= LEAST
    aucs = label_auc(wide, score)
    drawn = bootstrap_auc(wide, score, repeats=resamples if enough else 0, seed=seed)
    for way, figure in enumerate(figures):
        figure["auc"] = plain_interval(aucs[way], drawn[:, way]) if enough else None
    return figures


def _notes(found: Verdicts, truth: Floats, flagged: Truth) -> list[str]:
    notes = list(found.notes)
    counts = {"flagged before, so the share of lost detections": int(flagged.sum()),
              "not flagged before, so the share of raised alarms": int((~flagged).sum()),
              "known to be toxic, so ROC-AUC": int((truth == 1).sum()),
              "known to be harmless, so ROC-AUC": int((truth == 0).sum())}
    return notes + [f"{count} texts are {what} is not reported: it takes {LEAST}"
                    for what, count in counts.items() if count < LEAST]
