"""What is measured once training is done: test rows, disguised test rows, and everyday sentences.

The figures go into the manifest and the model card. This module does not choose anything by them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.metrics import (
    average_precision,
    bootstrap,
    expected_calibration_error,
    f1,
    precision_recall,
    roc_auc,
)
from toxmeter.evaluation.robustness import DISGUISES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["everyday", "headline", "measure"]

Floats = npt.NDArray[np.float64]


def everyday() -> list[str]:
    """Five hundred harmless everyday sentences of our own, half with risky words. Never trained on."""
    return (files("toxmeter.evaluation") / "everyday.txt").read_text("utf-8").splitlines()


def measure(scorer: Scorer, texts: Sequence[str], labels: Floats, *, seed: int) -> dict[str, Any]:
    """Measure a scorer.

    Args:
        scorer: of the labels that ``labels`` has.
        texts: ``n`` test texts at their natural rate.
        labels: ``[n, k]``, a text has a label from .5 on.
        seed: of the bootstrap.

    Returns:
        plain JSON values: ``labels`` – per label the figures with 95 % bootstrap intervals, ``mean_auc``,
        ``disguises`` – per disguise, the share of detections of toxic texts that remain, and ``everyday``.
    """
    scores = scorer.score(texts).astype(np.float64)
    truth = labels >= 0.5
    names = scorer.labels.names
    mean_auc = _mean_auc(truth, scores)
    toxic = [text for text, hit in zip(texts, truth[:, 0], strict=True) if hit]
    return {
        "rows": len(texts),
        "labels": {name: _label(truth[:, i], scores[:, i], scorer.thresholds[name], seed)
                   for i, name in enumerate(names)},
        "mean_auc": _rounded(mean_auc, bootstrap(
            lambda rows: _mean_auc(truth[rows], scores[rows]), len(texts), repeats=500, seed=seed)),
        "disguises": _disguises(scorer, toxic),
        "everyday": _everyday(scorer),
    }


def headline(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The few figures that a table of models shows."""
    first = next(iter(metrics["labels"].values()))
    return {"toxic AUC": first["auc"]["value"], "mean AUC": metrics["mean_auc"]["value"],
            "toxic F1": first["f1"], "toxic ECE": first["ece"]}


def _mean_auc(truth: npt.NDArray[np.bool_], scores: Floats) -> float:
    """The mean over labels; NaN if one is not defined."""
    return float(np.mean([roc_auc(truth[:, i], scores[:, i]) for i in range(scores.shape[1])]))


def _label(truth: npt.NDArray[np.bool_], score: Floats, threshold: float, seed: int) -> dict[str, Any]:
    flagged = score >= threshold
    precision, recall = precision_recall(truth, flagged)
    interval = bootstrap(lambda rows: roc_auc(truth[rows], score[rows]), len(truth), repeats=500, seed=seed)
    return {
        "positives": int(truth.sum()),
        "auc": _rounded(roc_auc(truth, score), interval),
        "average_precision": _or_none(average_precision(truth, score)),
        "ece": _or_none(expected_calibration_error(truth, score)),
        "ece_equal_mass": _or_none(expected_calibration_error(truth, score, equal_mass=True)),
        "threshold": threshold,
        "precision": _or_none(precision),
        "recall": _or_none(recall),
        "f1": _or_none(f1(truth, flagged)),
    }


def _unsafe(scorer: Scorer, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    thresholds = np.array([scorer.thresholds[name] for name in scorer.labels.names])
    unsafe: npt.NDArray[np.bool_] = np.any(scorer.score(texts) >= thresholds, axis=1)
    return unsafe


def _disguises(scorer: Scorer, toxic: Sequence[str]) -> dict[str, Any]:
    found = [text for text, hit in zip(toxic, _unsafe(scorer, toxic), strict=True) if hit]
    kept = {name: float(_unsafe(scorer, [disguise(text) for text in found]).mean()) if found else None
            for name, disguise in DISGUISES.items()}
    return {"texts": len(found), "kept": {name: _or_none(share) for name, share in kept.items()}}


def _everyday(scorer: Scorer) -> dict[str, Any]:
    sentences = everyday()
    flagged = int(_unsafe(scorer, sentences).sum())
    return {"sentences": len(sentences), "flagged": flagged, "share": round(flagged / len(sentences), 4)}


def _rounded(value: float, interval: tuple[float, float]) -> dict[str, float | None]:
    return {"value": _or_none(value), "low": _or_none(interval[0]), "high": _or_none(interval[1])}


def _or_none(value: float | None) -> float | None:
    """Four digits; None for what is not defined, since JSON has no NaN."""
    return None if value is None or np.isnan(value) else round(value, 4)
