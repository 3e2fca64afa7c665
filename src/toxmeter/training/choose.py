"""What validation rows choose once a network is fitted or exported: calibration, scales and thresholds.

This module sees no test rows and does not choose the best checkpoint, which the training does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.evaluation.calibration import balanced_scale, fit_calibration
from toxmeter.evaluation.classification import hard_labels
from toxmeter.evaluation.thresholds import best_f1_thresholds
from toxmeter.models.calibrated import NATURAL, probabilities, rescaled

if TYPE_CHECKING:
    from toxmeter.labels import LabelSet
    from toxmeter.recipe.schema import Evaluation

__all__ = ["choose"]

Floats = npt.NDArray[np.float64]

BALANCED = "balanced"
"""Name of the second scale of a model whose recipe asks for it."""


def choose(how: Evaluation, labels: LabelSet, truth: Floats, logits: Floats) -> tuple[dict[str, Any], dict[str, float]]:
    """Calibration and thresholds of a model.

    Args:
        how: what the recipe says.
        labels: the label set, of ``k`` names.
        truth: ``[n, k]`` of the validation rows, in [0, 1], NaN where not known.
        logits: ``[n, k]`` of these rows.

    Returns:
        the calibration, as a manifest holds it, and a threshold for each label.

    Raises:
        InputError: when a logit is not finite, or ``balanced_scale`` cannot be had.
    """
    calibration = fit_calibration(how.calibration, logits, truth, labels.kind)
    probability = probabilities(logits, labels.kind, calibration).astype(np.float64)
    thresholds = dict.fromkeys(labels.names, how.threshold)
    if how.thresholds == "f1":
        thresholds = best_f1_thresholds(hard_labels(labels.kind, truth), probability, labels.names, slack=how.f1_slack)
    if not how.balanced:
        return calibration, thresholds
    scale = balanced_scale(truth, labels.kind)
    moved = rescaled(np.array([list(thresholds.values())]), labels.kind, scale)[0].tolist()
    scale["thresholds"] = dict(zip(labels.names, moved, strict=True))
    return {NATURAL: calibration, BALANCED: scale}, thresholds
