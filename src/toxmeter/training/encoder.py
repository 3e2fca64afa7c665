"""The network that a run starts from, and texts as its tokens.

Importing this module imports torch and transformers. It does not train or score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toxmeter.errors import InputError, UnknownModel
from toxmeter.extras import need
from toxmeter.models.bag import BagConfig, BagForSequenceClassification
from toxmeter.models.pretrained import quiet
from toxmeter.models.tokens import legible_to
from toxmeter.recipe.fitting import BagModel, TransformerModel
from toxmeter.training.symbols import spell_symbols

if TYPE_CHECKING:
    from toxmeter.labels import LabelSet

__all__ = ["encode_all", "load_network"]

_torch = need("torch", extra="train")
_transformers = need("transformers", extra="train")

_CHUNK = 10_000  # texts that are tokenised at once
# what dropout is called in the configurations of the usual encoders
_DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout",
             "embedding_dropout", "mlp_dropout")


def load_network(shape: TransformerModel | BagModel, labels: LabelSet) -> tuple[Any, Any]:
    """A model with a head for the labels, and its tokenizer.

    Args:
        shape: which base model, and how it is changed.
        labels: the head gets an output for each; a head with as many outputs keeps its weights.

    Raises:
        UnknownModel: when the base model is neither a folder nor to be had from the hub, or cannot be changed so.
        InputError: when it reads fewer tokens than ``max_length``.
    """
    names = dict(enumerate(labels.names))
    head = {"num_labels": len(labels), "id2label": names, "label2id": {name: i for i, name in names.items()},
            "problem_type": "multi_label_classification" if labels.kind == "multilabel"
            else "single_label_classification"}
    source = {"revision": shape.revision or None, "trust_remote_code": False}
    try:
        with quiet():
            tokenizer = _transformers.AutoTokenizer.from_pretrained(shape.base, **source)
            if isinstance(shape, BagModel):
                return _bag(shape, tokenizer, head, source), tokenizer
            if shape.symbols == "spell":
                tokenizer = spell_symbols(tokenizer)
            model = _encoder(shape, head, source)
    except (OSError, ValueError) as err:
        raise UnknownModel(f"model.base: {shape.base!r} is no folder with a pretrained model, and the Hugging Face"
                           f" hub did not give it ({str(err).splitlines()[0]})") from err
    reads = getattr(model.config, "max_position_embeddings", shape.max_length)
    if shape.max_length > reads:
        raise InputError(f"model.max_length: {shape.base!r} reads at most {reads} tokens, not {shape.max_length}")
    _freeze(model, shape.freeze)
    return model, tokenizer


def _encoder(shape: TransformerModel, head: Mapping[str, Any], source: Mapping[str, Any]) -> Any:  # noqa: ANN401
    config = _transformers.AutoConfig.from_pretrained(shape.base, **head, **source)
    for name in _DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, shape.dropout)
    # measured: on CPU, plain matrix products are faster to train than the fused attention
    attention = {} if _torch.cuda.is_available() else {"attn_implementation": "eager"}
    return _transformers.AutoModelForSequenceClassification.from_pretrained(
        shape.base, config=config, ignore_mismatched_sizes=True, dtype=_torch.float32, use_safetensors=True,
        **attention, **source)


def _bag(shape: BagModel, tokenizer: Any, head: Mapping[str, Any], source: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A bag with new weights, but for its embeddings where the base model's are wanted."""
    size, table = shape.size, None
    if shape.embeddings == "base":
        base = _transformers.AutoModel.from_pretrained(shape.base, dtype=_torch.float32, use_safetensors=True, **source)
        table = base.get_input_embeddings().weight.detach()
        size = table.shape[1]
    config = BagConfig(vocab_size=len(tokenizer), hidden_size=size, width=shape.width, filters=shape.filters,
                       layers=shape.layers, dropout=shape.dropout, pad_token_id=tokenizer.pad_token_id, **head)
    model = BagForSequenceClassification(config)
    if table is not None:
        with _torch.no_grad():
            model.embeddings.weight.copy_(table[: len(tokenizer)])
    return model


def encode_all(tokenizer: Any, texts: Sequence[str], max_length: int) -> tuple[list[list[int]], int]:  # noqa: ANN401
    """Token ids of each text, cut at ``max_length``, and how many texts were cut."""
    found: list[list[int]] = []
    cut = 0
    legible = legible_to(tokenizer)
    for begin in range(0, len(texts), _CHUNK):
        chunk = texts[begin : begin + _CHUNK]
        encoded = tokenizer([*map(legible, chunk)], truncation=True, max_length=max_length, return_attention_mask=False,
                            return_token_type_ids=False)
        cut += sum(bool(one.overflowing) for one in encoded.encodings)
        found += encoded["input_ids"]
    return found, cut


def _freeze(model: Any, what: str) -> None:  # noqa: ANN401 - a transformers model
    """Take parameters out of training; words stay as pretrained, or everything but the head does."""
    if what == "embeddings":
        model.get_input_embeddings().requires_grad_(False)
    elif what == "encoder":
        model.base_model.requires_grad_(False)
