"""Detoxification: how well texts were rewritten without their toxicity, and a loss that teaches it.

``j_metric`` and ``j_score`` measure, ``JMetric`` does so inside other people's loops, ``ToxicityPenalty`` and
``penalised_loss`` are for training. This package holds no detoxifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.detox.jmetric import JReport, j_metric, j_score, rank
from toxmeter.detox.loops import JMetric

if TYPE_CHECKING:
    from toxmeter.detox.penalty import ToxicityPenalty, penalised_loss

__all__ = ["JMetric", "JReport", "ToxicityPenalty", "j_metric", "j_score", "penalised_loss", "rank"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in ("ToxicityPenalty", "penalised_loss"):
        raise AttributeError(f"module 'toxmeter.detox' has no attribute {name!r}")
    from toxmeter.detox import penalty  # imports torch

    return getattr(penalty, name)
