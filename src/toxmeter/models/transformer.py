"""The transformer scorer: a fine-tuned encoder with a classification head, run by torch.

Texts are read whole: what has more tokens than the model reads is scored in windows. This module does not train,
and does not find or download models.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toxmeter.errors import ArtifactError
from toxmeter.extras import need
from toxmeter.models.calibrated import NATURAL, scales
from toxmeter.models.encoder import EncoderScorer, Inputs
from toxmeter.models.pretrained import load_classifier
from toxmeter.models.scorer import FloatArray

if TYPE_CHECKING:
    from toxmeter.artifact import Artifact
    from toxmeter.labels import LabelSet

__all__ = ["TransformerScorer"]

_BUDGET = 2_048  # tokens in a batch: more is not faster on a CPU


class TransformerScorer(EncoderScorer):
    """Scores by a sequence classifier of transformers, on CUDA where there is a device, in float32.

    Equal versions give equal scores up to rounding, which depends on the batch and the device. All else is as
    ``EncoderScorer`` says.

    Attributes:
        network: the model of transformers, on the device that computes.
        tokenizer: its tokenizer.
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
        torch = need("torch", extra="train")
        # a tokenizer of another family may give what the network does not read
        takes = signature(model.forward).parameters
        tokenizer.model_input_names = [name for name in tokenizer.model_input_names if name in takes]
        # models that look for their last token cannot tell it from padding that they do not know
        budget = _BUDGET if tokenizer.pad_token_id is not None else 0
        super().__init__(tokenizer, labels=labels, thresholds=thresholds, version=version, max_length=max_length,
                         budget=budget, calibration=calibration)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = model.eval().to(self._device)
        self.tokenizer = tokenizer

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

    def _logits(self, inputs: Inputs) -> FloatArray:
        torch = need("torch", extra="train")
        with torch.inference_mode():
            logits: FloatArray = self.network(**{name: torch.from_numpy(values).to(self._device)
                                                for name, values in inputs.items()}).logits.float().cpu().numpy()
        return logits


def _check(model: Any, tokenizer: Any, labels: LabelSet, max_length: int) -> None:  # noqa: ANN401
    if model.config.num_labels != len(labels):
        raise ValueError(f"a model of {model.config.num_labels} outputs for {len(labels)} labels")
    least = tokenizer.num_special_tokens_to_add() + 1
    most = getattr(model.config, "max_position_embeddings", None) or max_length
    if not least <= max_length <= most:
        raise ValueError(f"max_length is {max_length}: this model reads {least} to {most} tokens")
