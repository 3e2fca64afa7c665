"""A toxicity term for the loss of a text generator: differentiable, and zero where its words are harmless.

A generator gives a distribution over tokens at each place, and no text: to choose tokens has no gradient. So the
embeddings that a bag classifier would look up are replaced by their expectation under that distribution, or by those
of tokens drawn from it while gradients pass as if they had not been drawn (straight-through Gumbel-softmax: Jang, Gu &
Poole 2017, arXiv:1611.01144). The classifier is frozen; gradients reach the generator alone. It must have been trained
on the generator's tokenizer.

This module does not train and does not generate text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.models.bag import BagForSequenceClassification
from toxmeter.models.transformer import TransformerScorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxmeter.models.scorer import Scorer

__all__ = ["ToxicityPenalty", "penalised_loss"]

_torch = need("torch", extra="train")

_IGNORED = -100  # a target that no loss counts, by the convention of torch and transformers


class ToxicityPenalty(_torch.nn.Module):  # type: ignore[misc,name-defined]
    """How toxic the texts are that a generator is about to write; a plain ``nn.Module``.

    It holds no parameters that train, and is not saved with a model that holds it: pass it beside the model.

    Attributes:
        version: of the classifier.
        vocabulary: tokens that the classifier knows, ``v``.
    """

    def __init__(
        self,
        scorer: Scorer,
        tokenizer: Any,  # noqa: ANN401 - a tokenizer of transformers
        *,
        sampling: Literal["expected", "gumbel"] = "expected",
        temperature: float = 1.0,
    ) -> None:
        """Freeze a classifier beside a generator's tokenizer.

        Args:
            scorer: a bag classifier, ``load("runs/toxicity-levels")``.
            tokenizer: of the generator.
            sampling: ``expected`` embeddings, or those of tokens that are drawn, ``gumbel``: nearer to text, noisier.
            temperature: of the softmax; below 1 nearer to the likeliest tokens.

        Raises:
            InputError: when the scorer is no bag classifier, declares no label toxic, or has another vocabulary than
                the tokenizer; when ``sampling`` is unknown, or ``temperature`` not above 0.
            MissingExtra: without torch or transformers.
        """
        super().__init__()
        if not isinstance(scorer, TransformerScorer) or not isinstance(scorer.network, BagForSequenceClassification):
            raise InputError(f"scorer: {scorer.version} is no bag classifier; train one on the generator's tokenizer:"
                             " toxmeter train toxicity-levels --set model.base=TOKENIZER")
        if not scorer.labels.toxic_ids:
            raise InputError(f"scorer: {scorer.version} declares no label toxic; load(..., toxic=[...]) says which are")
        if sampling not in ("expected", "gumbel"):
            raise InputError(f"sampling: {sampling!r} is neither expected nor gumbel")
        if not temperature > 0:
            raise InputError(f"temperature: {temperature!r} is not above 0")
        network = scorer.network
        _check_vocabulary(scorer.tokenizer.get_vocab(), tokenizer.get_vocab())
        self.version = scorer.version
        self.vocabulary = len(network.get_input_embeddings().weight)
        self._multilabel = scorer.labels.kind == "multilabel"
        self._toxic = list(scorer.labels.toxic_ids)
        self._sampling, self._temperature = sampling, temperature
        # in a tuple, which hides it: its weights are not the generator's to train, move or save
        self._network = (network.eval().requires_grad_(False),)

    def forward(self, logits: Any, mask: Any) -> Any:  # noqa: ANN401 - tensors
        """The mean of ``-log(1 - p)`` over texts, where ``p`` is how likely a text is toxic.

        It is the cross-entropy of the answer "not toxic": 0 for a harmless text, and its gradient does not fade where
        ``p`` is near 1, as that of ``p`` itself would.

        Args:
            logits: of the generator, ``[n, t, w]``. Outputs beyond the vocabulary, with which some models are
                padded to a round number, are left out.
            mask: ``[n, t]``, true where a token counts.

        Returns:
            a scalar of at least 0. Texts without a token count nothing; it is 0 if there is no other.

        Raises:
            ValueError: when there are fewer outputs than the vocabulary has tokens, or the shapes do not fit.
        """
        (network,) = self._network
        if logits.ndim != 3 or mask.shape != logits.shape[:2]:
            raise ValueError(f"logits of shape {tuple(logits.shape)} and a mask of {tuple(mask.shape)}: they are"
                             " [n, t, w] and [n, t]")
        if logits.shape[-1] < self.vocabulary:
            raise ValueError(f"{logits.shape[-1]} outputs of the generator for {self.vocabulary} tokens")
        kept = mask.bool().any(dim=1)
        if not kept.any():
            return logits.sum() * 0
        table = network.to(logits.device).get_input_embeddings().weight
        shares = self._shares(logits[kept, :, : self.vocabulary].to(table.dtype))
        found = network(inputs_embeds=shares @ table, attention_mask=mask[kept].long()).logits
        return self._unsafe(found).mean()

    def _shares(self, logits: Any) -> Any:  # noqa: ANN401
        """What each token counts at each place."""
        functional = _torch.nn.functional
        if self._sampling == "gumbel":
            return functional.gumbel_softmax(logits, tau=self._temperature, hard=True)
        return functional.softmax(logits / self._temperature, dim=-1)

    def _unsafe(self, logits: Any) -> Any:  # noqa: ANN401
        """``-log(1 - p)`` of each text ``[n]``; of labels that may come together, the likeliest counts."""
        if self._multilabel:
            return _torch.nn.functional.softplus(logits[:, self._toxic]).amax(dim=1)
        harmless = [column for column in range(logits.shape[1]) if column not in self._toxic]
        return logits.logsumexp(dim=1) - logits[:, harmless].logsumexp(dim=1)


def penalised_loss(penalty: ToxicityPenalty, weight: float) -> Callable[..., Any]:
    """A ``compute_loss_func`` of Hugging Face's ``Trainer``: cross-entropy plus the penalty times a weight.

    Args:
        penalty: on the generator's outputs, wherever a target counts.
        weight: of the penalty, at least 0.

    Raises:
        InputError: when the weight is negative or no number.
    """
    if not weight >= 0:
        raise InputError(f"weight: {weight!r} is not 0 or above")

    def loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:  # noqa: ANN401
        logits = outputs["logits"] if isinstance(outputs, dict) else outputs.logits
        summed = _torch.nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=_IGNORED, reduction="sum")
        mask = labels != _IGNORED
        here = mask.sum().clamp(min=1)
        # of all batches behind one step; each then adds its share of the penalty too
        counted = here if num_items_in_batch is None else num_items_in_batch
        return (summed + weight * here * penalty(logits, mask)) / counted

    return loss


def _check_vocabulary(own: dict[str, int], other: dict[str, int]) -> None:
    if own == other:
        return
    strange = sorted({*own.items()} ^ {*other.items()}, key=lambda pair: (pair[1], pair[0]))
    token, place = strange[0]
    raise InputError(f"tokenizer: the generator's vocabulary is another than the classifier's ({len(other):,} and"
                     f" {len(own):,} tokens; the first that differs is {token[:40]!r}, at {place}). Train the"
                     " classifier on this tokenizer: toxmeter train toxicity-levels --set model.base=TOKENIZER")
