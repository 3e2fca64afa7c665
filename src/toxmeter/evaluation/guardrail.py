"""A scorer as a guardrail: one score and one decision per text, for suites, probes and attacks.

The score is the toxic one, or the probability of one label. This module knows no truth and no policy: decisions are
those of the scorer's own thresholds, or of one that is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.evaluation.everyday import flagged
from toxmeter.evaluation.thresholds import reaches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["Verdicts", "verdicts"]


class Verdicts(NamedTuple):
    """What a guardrail says about ``n`` texts.

    Attributes:
        score: ``[n]`` how toxic, or how probable a label, in [0, 1]; NaN where that is not finite.
        unsafe: ``[n]`` what would be flagged; false where there is no score.
        notes: why texts have no score.
    """

    score: npt.NDArray[np.float64]
    unsafe: npt.NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """``[n]`` which texts have a score."""
        return ~np.isnan(self.score)


def verdicts(
    scorer: Scorer, texts: Sequence[str], threshold: float | None = None, *, label: str | None = None
) -> Verdicts:
    """Score texts and decide.

    Args:
        scorer: without a label that is declared toxic, and none named, no text has a score.
        texts: ``n`` texts, scored in one call.
        threshold: from which score on a text is unsafe; None for the scorer's own thresholds, of which any toxic
            label's counts.
        label: whose probability is looked at, toxic or not; None for the toxic score.

    Raises:
        InputError: when the threshold is outside [0, 1], or as the scorer does.
        LabelError: when the scorer has no such label.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold is {threshold:g}: it is a probability in [0, 1]")
    labels = scorer.labels
    columns = labels.toxic_ids if label is None else (labels.id(label),)
    if not columns:
        return Verdicts(np.full(len(texts), np.nan), np.zeros(len(texts), np.bool_), (
            f"none of the labels {', '.join(labels.names)} is declared toxic: nothing is decided",))
    scores = scorer.score(texts)
    known = np.isfinite(scores[:, list(columns)]).all(axis=1)
    scores = np.nan_to_num(scores)
    if label is None:
        score, own = labels.toxicity(scores), flagged(scorer, scores)
    else:
        score = scores[:, columns[0]]
        own = reaches(score, scorer.thresholds[labels.names[columns[0]]])
    unsafe = known & (own if threshold is None else reaches(score, threshold))
    lost = int((~known).sum())
    return Verdicts(np.where(known, score.astype(np.float64), np.nan), unsafe, (
        f"{lost} of {len(texts)} texts have a score that is NaN or infinite: they are left out",) if lost else ())
