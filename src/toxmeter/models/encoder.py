"""What scorers over encoders share: texts to windows, windows to batches of like length, logits to probabilities.

Batches of like length are several times as fast as batches in the order of the texts. This module does not run a
network: ``transformer.py`` does with torch, ``onnx.py`` with onnxruntime.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.models.calibrated import probabilities
from toxmeter.models.scorer import FloatArray, check_texts
from toxmeter.models.tokens import Row, TokenReader, by_tokens

if TYPE_CHECKING:
    from toxmeter.labels import LabelSet
    from toxmeter.text import Span

__all__ = ["EncoderScorer", "Inputs"]

Inputs = Mapping[str, npt.NDArray[np.int64]]
"""Inputs of a network by name, ``[n, t]`` each."""

_BLOCK = 4_096  # texts that are tokenised and sorted at once: memory stays the same however many there are


class EncoderScorer(ABC):
    """Scores by an encoder; a ``Scorer`` and a ``Windowed`` one, safe to use from several threads.

    A text of several windows has, per label of a ``multilabel`` set, the largest score of any window. Of the
    other sets it has the whole row of the window with the highest sum of toxic labels, or without toxic labels
    the mean of all windows, so that rows still sum to 1.

    Attributes:
        labels: the label set.
        version: ``name@N+fingerprint``.
        thresholds: per label, the probability from which a text has it; .5 where nothing was said.
        window: characters that are read at once; eight times ``max_length``.
        max_length: tokens that are read at once.
    """

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 - see TokenReader
        *,
        labels: LabelSet,
        thresholds: Mapping[str, float],
        version: str,
        max_length: int,
        budget: int,
        calibration: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Hold what turns texts into inputs and logits into probabilities.

        Args:
            tokenizer: of the encoder, as ``TokenReader`` takes it.
            labels: the label set, of ``k`` names.
            thresholds: per label.
            version: of the artifact.
            max_length: tokens that are read at once, special ones included.
            budget: tokens in a batch, padding included.
            calibration: of the logits, as ``toxmeter.models.calibrated`` describes.

        Raises:
            ValueError: when the calibration does not fit.
        """
        probabilities(np.zeros((1, len(labels))), labels.kind, calibration)
        self.labels = labels
        self.thresholds: Mapping[str, float] = dict.fromkeys(labels.names, 0.5) | dict(thresholds)
        self.version = version
        self.max_length = max_length
        self._calibration = dict(calibration)
        self._budget = budget
        self._reader = TokenReader(tokenizer, max_length)
        self.window = self._reader.window

    @abstractmethod
    def _logits(self, inputs: Inputs) -> FloatArray:
        """What the network makes of one batch, ``[n, k]``."""

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts; see ``Scorer.score``."""
        rows = check_texts(texts)
        scores = np.empty((len(rows), len(self.labels)), np.float32)
        for begin in range(0, len(rows), _BLOCK):
            scores[begin : begin + _BLOCK] = self._score_block(rows[begin : begin + _BLOCK])
        return scores

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Windows of texts; see ``Windowed.spans``. Where labels exclude each other, windows are not joined by the
        maximum, and each text is told as a whole.
        """
        rows = check_texts(texts)
        if self.labels.kind != "multilabel":
            return [[(0, len(text))] for text in rows]
        return [spans for begin in range(0, len(rows), _BLOCK)
                for spans in self._reader.spans(rows[begin : begin + _BLOCK])]

    def _run(self, windows: Sequence[Row]) -> FloatArray:
        """What the network makes of windows, ``[m, k]``; overridden where batches run side by side."""
        return self._in_batches(windows, self._budget, self._logits)

    def _in_batches(
        self,
        windows: Sequence[Row],
        budget: int,
        run: Callable[[Inputs], FloatArray],
        each: Callable[..., Iterable[FloatArray]] = map,
    ) -> FloatArray:
        """Logits ``[m, k]`` of windows in batches of ``budget`` tokens; ``each`` runs them as ``map`` does."""
        logits = np.empty((len(windows), len(self.labels)), np.float32)
        places = [*by_tokens([window.shape[1] for window in windows], budget)]
        found = each(lambda place: run(self._reader.stack([windows[at] for at in place])), places)
        for place, rows in zip(places, found, strict=True):
            logits[place] = rows
        return logits

    def _score_block(self, texts: list[str]) -> FloatArray:
        windows, owners = self._reader.read(texts)
        scores = probabilities(self._run(windows), self.labels.kind, self._calibration)
        return scores if owners == list(range(len(texts))) else _joined(scores, np.array(owners), self.labels)


def _joined(scores: FloatArray, owners: npt.NDArray[np.int64], labels: LabelSet) -> FloatArray:
    """One row for each text out of its windows' rows ``[m, k]``; ``owners [m]`` says whose they are."""
    if labels.kind != "multilabel" and labels.toxic_ids:
        order = np.lexsort((-labels.toxicity(scores), owners))  # within a text, the most toxic window first
    else:
        order = np.argsort(owners, kind="stable")
    scores, owners = scores[order], owners[order]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    if labels.kind == "multilabel":
        return np.maximum.reduceat(scores, starts, axis=0)
    if labels.toxic_ids:
        return scores[starts]
    mean = np.add.reduceat(scores, starts, axis=0) / np.bincount(owners)[:, None]
    return mean.astype(np.float32)
