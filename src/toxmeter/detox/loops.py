"""J inside other people's evaluation loops, by the calls of Hugging Face's ``evaluate``.

``compute`` takes predictions and references at once, ``add`` and ``add_batch`` collect them first. Here the references
are the *inputs* of the detoxifier, since it is their meaning that has to stay. This module does not depend on that
library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.detox.components import Encoder
from toxmeter.detox.jmetric import j_metric
from toxmeter.errors import InputError
from toxmeter.models.catalog import DEFAULT, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["JMetric"]


class JMetric:
    """J of predictions; its judges are loaded once.

    Attributes:
        name: ``j``.
    """

    name = "j"

    def __init__(
        self, *, fl: Scorer | str, sta: Scorer | str = DEFAULT, sim: Encoder | str | None = None, **settings: Any  # noqa: ANN401
    ) -> None:
        """Open the judges.

        Args:
            fl: as ``j_metric`` takes it.
            sta: as ``j_metric`` takes it.
            sim: as ``j_metric`` takes it.
            settings: the other settings of ``j_metric``: soft, threshold, label, resamples, seed.

        Raises:
            ToxmeterError: when a judge cannot be had.
        """
        if sim is None or isinstance(sim, str):
            from toxmeter.detox.sentences import MINILM, SentenceEncoder

            sim = SentenceEncoder(sim or MINILM)
        self._judges: dict[str, Any] = {"sta": load(sta) if isinstance(sta, str) else sta, "sim": sim,
                                        "fl": load(fl) if isinstance(fl, str) else fl}
        self._settings = settings
        self._predictions: list[str] = []
        self._references: list[str] = []

    def add(self, *, prediction: str, reference: str) -> None:
        """Collect one output and its input."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions: Sequence[str], references: Sequence[str]) -> None:
        """Collect outputs and their inputs.

        Raises:
            InputError: when there is another number of each.
        """
        if len(predictions) != len(references):
            raise InputError(f"{len(predictions)} predictions for {len(references)} references")
        self._predictions += predictions
        self._references += references

    def compute(
        self, *, predictions: Sequence[str] | None = None, references: Sequence[str] | None = None
    ) -> dict[str, float]:
        """J and the means of its components, of what is given or was collected; what was collected is forgotten.

        Args:
            predictions: outputs of the detoxifier; None for those that were added.
            references: its inputs.

        Raises:
            InputError: as ``j_metric`` does.
        """
        if predictions is not None or references is not None:
            self.add_batch(predictions=predictions or [], references=references or [])
        outputs, inputs = self._predictions, self._references
        self._predictions, self._references = [], []
        report = j_metric(inputs, outputs, **self._judges, **self._settings)
        return {"j": report.j, **{name: float(part.values.mean()) for name, part in (
            ("sta", report.sta), ("sim", report.sim), ("fl", report.fl))}}
