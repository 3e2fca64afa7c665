"""The embedding-bag classifier: embeddings of tokens or of short phrases, pooled over the text, and linear layers.

With ``width`` 1 it is the plain bag: the mean of the token embeddings. With a larger one, each token is read together
with its neighbours first (filters as in Kim 2014, arXiv:1408.5882), so that "kill" and "kill it" differ, and the pool
is the mean and the maximum of each filter. It is a model of transformers, so that what trains, saves, loads and
exports any other serves it too. It takes embeddings in place of tokens: those that a *distribution* over tokens leads
to expect, which gives gradients for all of them (``toxmeter.detox.penalty``). Importing this module imports torch and
transformers; it does not train.
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
        width: tokens that are read together, an odd number; 1 for a plain bag.
        filters: of a width above 1.
        layers: sizes of the hidden layers behind the pool; none for one linear layer.
        dropout: of the pool and of hidden layers, while training.
    """

    model_type = "toxmeter-bag"

    def __init__(self, *, vocab_size: int = 30_522, hidden_size: int = 128, width: int = 1, filters: int = 256,
                 layers: Sequence[int] = (), dropout: float = 0.1, **rest: Any) -> None:  # noqa: ANN401
        """Hold sizes; the rest is as of any configuration of transformers."""
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.width = width
        self.filters = filters
        self.layers = list(layers)
        self.dropout = dropout
        super().__init__(**rest)


class BagForSequenceClassification(_transformers.PreTrainedModel):  # type: ignore[misc,name-defined]
    """Embeddings, filters over neighbours, their pool over the tokens that are no padding, linear layers with ReLU."""

    config_class = BagConfig
    base_model_prefix = "embeddings"

    def __init__(self, config: BagConfig) -> None:
        """Draw the weights.

        Raises:
            ValueError: when the width is even.
        """
        super().__init__(config)
        if config.width % 2 == 0:
            raise ValueError(f"width is {config.width}: it is odd, as many neighbours being read before as after")
        nn = _torch.nn
        self.num_labels = config.num_labels
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.filters, size = None, config.hidden_size
        if config.width > 1:
            self.filters = nn.Conv1d(size, config.filters, config.width, padding=config.width // 2)
            size = 2 * config.filters
        parts: list[Any] = [nn.Dropout(config.dropout)]
        for layer in config.layers:
            parts += [nn.Linear(size, layer), nn.ReLU(), nn.Dropout(config.dropout)]
            size = layer
        self.classifier = nn.Sequential(*parts, nn.Linear(size, config.num_labels))
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
            an output of transformers with ``logits`` ``[n, k]``. The pool over no tokens is 0.

        Raises:
            ValueError: when both or neither of tokens and embeddings are given.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds")
        values = self.embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        real = _torch.ones_like(values[..., :1]) if attention_mask is None else attention_mask.unsqueeze(-1).to(
            values.dtype)
        return _transformers.modeling_outputs.SequenceClassifierOutput(
            logits=self.classifier(self._pooled(values * real, real)))

    def _pooled(self, values: Any, real: Any) -> Any:  # noqa: ANN401 - tensors
        """What is known of texts ``[n, t, d]``, whose padding is 0: one row each."""
        count = real.sum(dim=1).clamp(min=1)
        if self.filters is None:
            return values.sum(dim=1) / count
        # no less than 0 by the ReLU, so that padding, which is 0 again, is no maximum
        found = _torch.relu(self.filters(values.transpose(1, 2)).transpose(1, 2)) * real
        return _torch.cat([found.sum(dim=1) / count, found.amax(dim=1)], dim=1)


_transformers.AutoConfig.register(BagConfig.model_type, BagConfig)
_transformers.AutoModelForSequenceClassification.register(BagConfig, BagForSequenceClassification)
