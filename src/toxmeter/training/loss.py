"""Losses that know soft labels, missing labels, class weights and row weights.

Functions over torch tensors: losses, how far two answers are apart, and the two questions that a run asks of its
loss: what do balanced class weights look like, and what would constant answers reach. This module does not know
recipes or data sets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.labels import Kind

__all__ = ["Loss", "balanced_weights", "chance_level", "disagreement", "make_loss"]

Floats = npt.NDArray[np.float64]
Tensor = Any  # torch has types, but its package is optional here

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits ``[n, k]`` and labels ``[n, k]`` (NaN where missing) to the loss of each row ``[n]``."""


def balanced_weights(labels: Floats) -> Floats:
    """What the positives of each label count so that rare labels weigh as much as frequent ones.

    ``rows / (k · positives)``, over the rows in which the label is known (King & Zeng 2001; the same as
    scikit-learn's "balanced" for classes). Soft labels count as what they are.

    Args:
        labels: ``[n, k]`` in [0, 1], NaN where missing.

    Returns:
        ``[k]``.

    Raises:
        InputError: when a label has no positives.
    """
    positives = np.nansum(labels, axis=0)
    empty = np.flatnonzero(positives <= 0)
    if len(empty):
        raise InputError(f"class_weights = \"balanced\": label number {empty[0]} has no positives among the"
                         " training rows; name more data, or give the weights as a list")
    weights: Floats = (~np.isnan(labels)).sum(axis=0) / (labels.shape[1] * positives)
    return weights


def make_loss(
    kind: Kind,
    *,
    name: Literal["cross-entropy", "focal"] = "cross-entropy",
    gamma: float = 2.0,
    smoothing: float = 0.0,
    class_weights: Floats | None = None,
) -> Loss:
    """The loss of a kind of labels.

    multilabel: the mean over all ``k`` labels of binary cross-entropy, in which a positive of label ``c``
    counts ``class_weights[c]`` (torch's ``pos_weight``). binary and multiclass: cross-entropy of the softmax,
    in which class ``c`` counts ``class_weights[c]``. Focal loss multiplies each term by ``(1 - p)^gamma``, p
    being the probability of what is true (Lin et al. 2017, without their alpha, which the weights are). A
    missing label has no part; a row without any has loss 0.

    Args:
        kind: of the label set.
        name: which loss.
        gamma: of the focal loss, at least 0.
        smoothing: share of each target that is spread evenly, over the labels or over yes and no.
        class_weights: ``[k]``, all 1 by default.
    """
    torch = need("torch", extra="train")
    functional = torch.nn.functional
    power = gamma if name == "focal" else 0.0
    fixed = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)

    def binary_terms(logits: Tensor, labels: Tensor) -> Tensor:
        known = ~torch.isnan(labels)
        target = torch.nan_to_num(labels)
        target = target * (1 - smoothing) + smoothing / 2
        weight = 1.0 if fixed is None else fixed.to(logits.device)
        for_yes = -functional.logsigmoid(logits) * torch.sigmoid(-logits) ** power
        for_no = -functional.logsigmoid(-logits) * torch.sigmoid(logits) ** power
        terms = weight * target * for_yes + (1 - target) * for_no
        return (terms * known).mean(dim=1)

    def softmax_terms(logits: Tensor, labels: Tensor) -> Tensor:
        known = ~torch.isnan(labels).any(dim=1)
        target = torch.nan_to_num(labels)
        target = target * (1 - smoothing) + smoothing / labels.shape[1]
        weight = 1.0 if fixed is None else fixed.to(logits.device)
        log_probability = functional.log_softmax(logits, dim=1)
        terms = -weight * target * log_probability * (1 - log_probability.exp()) ** power
        return terms.sum(dim=1) * known

    terms = binary_terms if kind == "multilabel" else softmax_terms
    return lambda logits, labels: terms(logits.float(), labels.float())


def disagreement(kind: Kind, one: Tensor, other: Tensor) -> Tensor:
    """How far apart two answers to the same rows are: the mean of the Kullback-Leibler divergences both ways.

    Of the softmax for binary and multiclass; for multilabel the mean over the labels, each with its yes and no.

    Args:
        kind: of the label set.
        one: logits ``[n, k]``.
        other: logits ``[n, k]``.

    Returns:
        ``[n]``, at least 0, in nats.
    """
    one, other = one.float(), other.float()
    if kind == "multilabel":
        # sum over yes and no of (p - q) (ln p - ln q), in which ln p - ln q of both differ by the logits alone
        return ((one.sigmoid() - other.sigmoid()) * (one - other)).mean(dim=1) / 2
    return ((one.softmax(dim=1) - other.softmax(dim=1)) * (one - other)).sum(dim=1) / 2


def chance_level(loss: Loss, labels: Floats, weight: Floats) -> float:
    """The mean loss of the best constant answer: what a model that has learnt nothing but rates reaches.

    ln 2 for balanced binary labels. Found by L-BFGS over one row of logits.

    Args:
        loss: of a row.
        labels: ``[n, k]``.
        weight: ``[n]``, what each row counts.
    """
    torch = need("torch", extra="train")
    target = torch.tensor(labels, dtype=torch.float32)
    row_weight = torch.tensor(weight, dtype=torch.float32)
    constant = torch.zeros(1, labels.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([constant], max_iter=100, line_search_fn="strong_wolfe")

    def mean_loss() -> Tensor:
        optimizer.zero_grad()
        value = (loss(constant.expand_as(target), target) * row_weight).sum() / row_weight.sum()
        value.backward()
        return value

    optimizer.step(mean_loss)
    return float(mean_loss().detach())
