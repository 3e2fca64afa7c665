"""Detoxification: how well texts were rewritten without their toxicity, and a loss that teaches it.

``j_metric`` and ``j_score`` measure, ``rank`` sets systems side by side, ``JMetric`` serves other people's loops.
``toxmeter.detox.penalty``, which imports torch, is for training. This package holds no detoxifier.
"""

from toxmeter.detox.jmetric import JReport, j_metric, j_score, rank
from toxmeter.detox.loops import JMetric

__all__ = ["JMetric", "JReport", "j_metric", "j_score", "rank"]
