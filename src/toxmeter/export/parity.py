"""Whether an export scores as its original does: how far probabilities move, and how many decisions with them.

This module judges two scorers of the same labels on given texts. For differing labels, rules and intervals there is
``toxmeter.evaluation.compare``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import ExportError, InputError
from toxmeter.evaluation.metrics import label_auc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["Parity", "Tolerance", "parity"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far an export may be off.

    Attributes:
        mean: of the differences of probabilities, over all texts and labels.
        flips: share of texts, for any one label, whose decision at its threshold changes.
        auc: by how much the ROC-AUC of a label may fall, where the truth is known.
    """

    mean: float = 0.01
    flips: float = 0.005
    auc: float = 0.002


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far a scorer is off another.

    Attributes:
        texts: number of texts.
        largest: difference of probabilities of any text and label.
        mean: difference, over all texts and labels.
        flips: per label, share of texts whose decision at the threshold changes.
        auc: per label with both classes, ROC-AUC of the second less that of the first.
    """

    texts: int
    largest: float
    mean: float
    flips: dict[str, float]
    auc: dict[str, float]

    def check(self, tolerance: Tolerance) -> None:
        """Whether this is within a tolerance.

        Raises:
            ExportError: when it is not; the message has each figure that is too large.
        """
        wrong = [f"mean difference {self.mean:.4f} over {tolerance.mean:g}"] if self.mean > tolerance.mean else []
        wrong += [f"{share:.2%} of decisions on {name} flipped, over {tolerance.flips:.2%}"
                  for name, share in self.flips.items() if share > tolerance.flips]
        wrong += [f"AUC of {name} {change:+.4f}, more than {tolerance.auc:g} lost"
                  for name, change in self.auc.items() if change < -tolerance.auc]
        if wrong:
            raise ExportError(f"the export does not score as its original on {self.texts:,} texts: {'; '.join(wrong)}."
                              " Export to onnx, or allow more")

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON values."""
        return asdict(self)


def parity(
    first: Scorer,
    second: Scorer,
    texts: Sequence[str],
    truth: Floats | None = None,
    *,
    thresholds: Mapping[str, float] | None = None,
) -> Parity:
    """Compare two scorers of the same labels.

    Args:
        first: the original.
        second: the other.
        texts: at least one.
        truth: ``[n, k]`` 0 or 1, NaN where not known; None where nothing is.
        thresholds: per label; None for those of the first.

    Raises:
        InputError: when there is no text, or labels differ.
    """
    names = first.labels.names
    if second.labels.names != names:
        raise InputError(f"labels {'/'.join(second.labels.names)} are not those of the original, {'/'.join(names)}")
    if not texts:
        raise InputError("no texts to compare on")
    before, after = first.score(texts).astype(np.float64), second.score(texts).astype(np.float64)
    if not np.isfinite(after).all():
        raise ExportError("the export answers NaN: its numbers overflow; export to onnx in float32")
    at = np.array([(thresholds or first.thresholds)[name] for name in names])
    flipped = ((before >= at) != (after >= at)).mean(axis=0).tolist()
    return Parity(texts=len(texts), largest=float(np.abs(after - before).max()),
                  mean=float(np.abs(after - before).mean()), flips=dict(zip(names, flipped, strict=True)),
                  auc=_auc_changes(names, truth, before, after))


def _auc_changes(names: tuple[str, ...], truth: Floats | None, before: Floats, after: Floats) -> dict[str, float]:
    if truth is None:
        return {}
    change = label_auc(truth, after) - label_auc(truth, before)
    return {name: float(value) for name, value in zip(names, change, strict=True) if not np.isnan(value)}
