"""Two first checks of a guardrail: harmless everyday sentences, and toxic texts in disguise.

Both ask what would be flagged by the scorer's own thresholds. This module measures no quality on labelled
rows and does not search for the worst disguise.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.plain import plain
from toxmeter.evaluation.robustness import DISGUISES
from toxmeter.evaluation.thresholds import reaches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["everyday", "false_alarms", "flagged", "still_flagged"]

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


def everyday() -> list[str]:
    """Five hundred harmless everyday sentences of our own, half with risky words. Never trained on."""
    return (files("toxmeter.evaluation") / "everyday.txt").read_text("utf-8").splitlines()


def flagged(scorer: Scorer, scores: npt.NDArray[np.floating[Any]]) -> Truth:
    """What a guardrail would flag, by the scorer's own thresholds.

    Args:
        scorer: whose label set declares a label toxic.
        scores: ``[n, k]`` probabilities.

    Returns:
        ``[n]`` bool.
    """
    labels = scorer.labels
    thresholds = np.array([scorer.thresholds[labels.names[column]] for column in labels.toxic_ids])
    if labels.kind != "multilabel":  # the smallest threshold holds for the toxic classes together
        return reaches(labels.toxicity(scores.astype(np.float32)), thresholds.min())
    any_of_them: Truth = np.any(reaches(scores[:, list(labels.toxic_ids)], thresholds), axis=1)
    return any_of_them


def false_alarms(scorer: Scorer) -> dict[str, Any]:
    """How many of the ``everyday`` sentences are flagged: ``sentences``, ``flagged`` and ``share``."""
    sentences = everyday()
    found = int(flagged(scorer, scorer.score(sentences)).sum())
    return {"sentences": len(sentences), "flagged": found, "share": plain(found / len(sentences))}


def still_flagged(
    scorer: Scorer, texts: Sequence[str], truth: Floats, scores: Floats, most: int | None, seed: int
) -> dict[str, Any]:
    """Of the toxic texts that are flagged, the share that is still flagged in each disguise.

    Args:
        scorer: whose label set declares a label toxic.
        texts: ``n`` texts.
        truth: ``[n, k]``, 1, 0, or NaN where not known; of a multilabel set the first toxic label counts.
        scores: ``[n, k]`` that the texts have.
        most: rewrite at most so many toxic texts; None for all.
        seed: of the drawing.

    Returns:
        ``texts`` that are rewritten, and per disguise the share ``kept``, None without texts.
    """
    labels = scorer.labels
    columns = labels.toxic_ids[:1] if labels.kind == "multilabel" else labels.toxic_ids
    toxic = np.flatnonzero((truth[:, columns] == 1).any(axis=1))
    if most is not None and len(toxic) > most:
        toxic = np.sort(np.random.default_rng(seed).choice(toxic, most, replace=False))
    found = [texts[row] for row in toxic[flagged(scorer, scores[toxic])]]
    kept = {name: float(flagged(scorer, scorer.score([disguise(text) for text in found])).mean()) if found else None
            for name, disguise in DISGUISES.items()}
    return {"texts": len(found), "kept": {name: plain(share) for name, share in kept.items()}}
