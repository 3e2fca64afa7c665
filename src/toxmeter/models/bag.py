"""The embedding-bag classifier: the mean of a text's token embeddings, a few linear layers, and no word order.

It is a model of transformers, so that what trains, saves, loads and exports any other serves it too. Up to the mean
it is linear in the tokens: fed with a *distribution* over tokens at each place instead of tokens, it gives gradients
for all of them (``toxmeter.detox.penalty``). Importing this module imports torch and transformers; it does not train.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toxmeter.extras import need

__all__ = ["BagConfig", "BagForSequenceClassification"]

_torch = need("torch", extra="train")
_transformers = need("transformers", extra="train")


class BagConfig(_transformers.PreTrainedConfig):  # type: ignore[misc,name-defined]
    """Sizes of the classifier.

    Attributes:
        vocab_size: tokens of the tokenizer.
        hidden_size: numbers in an embedding.
        layers: width of each hidden layer behind the mean; none for a classifier that is linear altogether.
        dropout: of the mean and of hidden layers, while training.
    """

    model_type = "toxmeter-bag"

    def __init__(self, *, vocab_size: int = 30_522, hidden_size: int = 128, layers: Sequence[int] = (),
                 dropout: float = 0.1, **rest: Any) -> None:  # noqa: ANN401 - what all configurations take
        """Hold sizes; the rest is as of any configuration of transformers."""
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.layers = list(layers)
        self.dropout = dropout
        super().__init__(**rest)


class BagForSequenceClassification(_transformers.PreTrainedModel):  # type: ignore[misc,name-defined]
    """Embeddings, their mean over the tokens that are no padding, linear layers with ReLU between."""

    config_class = BagConfig
    base_model_prefix = "embeddings"

    def __init__(self, config: BagConfig) -> None:
        """Draw the weights."""
        super().__init__(config)
        nn = _torch.nn
        self.num_labels = config.num_labels
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        parts: list[Any] = [nn.Dropout(config.dropout)]
        width = config.hidden_size
        for size in config.layers:
            parts += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(config.dropout)]
            width = size
        self.classifier = nn.Sequential(*parts, nn.Linear(width, config.num_labels))
        self.post_init()

    def get_input_embeddings(self) -> Any:  # noqa: ANN401 - a module of torch
        """The table ``[vocab_size, hidden_size]``."""
        return self.embeddings

    def forward(self, input_ids: Any = None, attention_mask: Any = None, inputs_embeds: Any = None) -> Any:  # noqa: ANN401
        """Logits of texts.

        Args:
            input_ids: tokens ``[n, t]``.
            attention_mask: ``[n, t]``, 0 where there is padding; None where there is none.
            inputs_embeds: embeddings ``[n, t, hidden_size]`` in place of tokens.

        Returns:
            an output of transformers with ``logits`` ``[n, k]``. The mean of no tokens is 0.

        Raises:
            ValueError: when both or neither of tokens and embeddings are given.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds")
        values = self.embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        if attention_mask is None:
            mean = values.mean(dim=1)
        else:
            counts = attention_mask.unsqueeze(-1).to(values.dtype)
            mean = (values * counts).sum(dim=1) / counts.sum(dim=1).clamp(min=1)
        return _transformers.modeling_outputs.SequenceClassifierOutput(logits=self.classifier(mean))


_transformers.AutoConfig.register(BagConfig.model_type, BagConfig)
_transformers.AutoModelForSequenceClassification.register(BagConfig, BagForSequenceClassification)
