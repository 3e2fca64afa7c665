"""The transformer scorer: a fine-tuned encoder with a classification head, run by torch.

Texts are read whole: what has more tokens than the model reads is scored in windows. Batches hold texts of
like length, which is several times as fast as batches in the order of the texts. This module does not train,
and does not find or download models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import ArtifactError
from toxmeter.extras import need
from toxmeter.models.calibrated import NATURAL, probabilities, scales
from toxmeter.models.pretrained import load_classifier
from toxmeter.models.scorer import FloatArray, check_texts
from toxmeter.models.tokens import Row, TokenReader, by_tokens

if TYPE_CHECKING:
    from toxmeter.artifact import Artifact
    from toxmeter.labels import LabelSet

__all__ = ["TransformerScorer"]

_BUDGET = 2_048  # tokens in a batch: more is not faster on a CPU


class TransformerScorer:
    """Scores by a sequence classifier of transformers; a ``Scorer``, safe to use from several threads.

    A text of several windows has, per label of a ``multilabel`` set, the largest score of any window. Of the
    other sets it has the whole row of the window with the highest sum of toxic labels, or without toxic labels
    the mean of all windows, so that rows still sum to 1. Runs on CUDA where there is a device, in float32.

    Attributes:
        labels: the label set.
        version: ``name@N+fingerprint``; equal versions give equal scores up to rounding, which depends on the
            batch and the device.
        thresholds: per label, the probability from which a text has it; .5 where nothing was said.
        window: characters that are read at once; eight times ``max_length``.
        max_length: tokens that are read at once.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - a model of transformers
        tokenizer: Any,  # noqa: ANN401 - a tokenizer of transformers
        *,
        labels: LabelSet,
        thresholds: Mapping[str, float],
        version: str,
        max_length: int,
        calibration: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Hold a model.

        Args:
            model: a sequence classifier with an output per label; it is moved to the device that computes.
            tokenizer: its tokenizer.
            labels: the label set, of ``k`` names.
            thresholds: per label.
            version: of the artifact.
            max_length: tokens that are read at once, special ones included.
            calibration: of the logits, as ``toxmeter.models.calibrated`` describes.

        Raises:
            ValueError: when the model has another number of outputs than there are labels, cannot read
                ``max_length`` tokens, or the calibration does not fit.
        """
        _check(model, tokenizer, labels, max_length)
        probabilities(np.zeros((1, len(labels))), labels.kind, calibration)
        torch = need("torch", extra="train")
        self.labels = labels
        self.thresholds: Mapping[str, float] = dict.fromkeys(labels.names, 0.5) | dict(thresholds)
        self.version = version
        self.max_length = max_length
        self._calibration = dict(calibration)
        self._reader = TokenReader(tokenizer, max_length)
        self.window = self._reader.window
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.eval().to(self._device)
        # models that look for their last token cannot tell it from padding that they do not know
        self._budget = _BUDGET if tokenizer.pad_token_id is not None else 0

    @classmethod
    def from_artifact(cls, artifact: Artifact) -> TransformerScorer:
        """The scorer of a ``transformer`` artifact.

        Raises:
            ArtifactError: when a file or setting is missing or does not fit the labels.
            MissingExtra: without torch or transformers.
        """
        model, tokenizer = load_classifier(artifact.path)
        manifest = artifact.manifest
        try:
            return cls(model, tokenizer, labels=manifest.labels, thresholds=manifest.thresholds,
                       version=artifact.version, max_length=int(manifest.model["max_length"]),
                       calibration=scales(manifest.calibration)[NATURAL])
        except (KeyError, TypeError, ValueError) as err:
            raise ArtifactError(f"{artifact.path}: not a transformer of its manifest ({err})") from err

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts; see ``Scorer.score``."""
        rows = check_texts(texts)
        if not rows:
            return np.empty((0, len(self.labels)), np.float32)
        pieces, owners = self._reader.read(rows)
        scores = probabilities(self._logits(pieces), self.labels.kind, self._calibration)
        return scores if owners == list(range(len(rows))) else _joined(scores, np.array(owners), self.labels)

    def _logits(self, rows: list[Row]) -> FloatArray:
        torch = need("torch", extra="train")
        found = np.empty((len(rows), len(self.labels)), np.float32)
        with torch.inference_mode():
            for batch in by_tokens([row.shape[1] for row in rows], self._budget):
                inputs = self._reader.stack([rows[row] for row in batch])
                logits = self._model(**{name: torch.from_numpy(values).to(self._device)
                                        for name, values in inputs.items()}).logits
                found[batch] = logits.float().cpu().numpy()
        return found


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


def _check(model: Any, tokenizer: Any, labels: LabelSet, max_length: int) -> None:  # noqa: ANN401
    if model.config.num_labels != len(labels):
        raise ValueError(f"a model of {model.config.num_labels} outputs for {len(labels)} labels")
    least = tokenizer.num_special_tokens_to_add() + 1
    most = getattr(model.config, "max_position_embeddings", None) or max_length
    if not least <= max_length <= most:
        raise ValueError(f"max_length is {max_length}: this model reads {least} to {most} tokens")
