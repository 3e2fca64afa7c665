"""What a rewritten sentence is judged by: is it harmless, does it say the same, is it well formed.

Each judge is a model that is named in the result, since other models give other figures. This module does not put
the judgements together (``jmetric.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError, ToxmeterError
from toxmeter.evaluation.guardrail import verdicts
from toxmeter.evaluation.thresholds import reaches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["ACCEPTABLE", "Component", "Encoder", "fluency", "similarity", "style_accuracy"]

ACCEPTABLE = ("acceptable", "fluent", "LABEL_1")
"""What the label of well-formed sentences is called; the last one in checkpoints fine-tuned on CoLA."""

Floats = npt.NDArray[np.float64]


class Component(NamedTuple):
    """One judgement of every sentence.

    Attributes:
        model: which model gave it, and its version.
        how: what was made of the model's answers.
        values: ``[n]``, higher is better.
    """

    model: str
    how: str
    values: Floats


class Encoder(Protocol):
    """Turns sentences into vectors."""

    @property
    def version(self) -> str:
        """Of its model."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors ``[n, d]`` of length 1."""


def style_accuracy(
    scorer: Scorer, outputs: Sequence[str], *, soft: bool = False, threshold: float | None = None
) -> Component:
    """STA: whether an output is free of toxicity, 1 or 0; soft, how probably it is, in [0, 1].

    Args:
        scorer: any scorer with a toxic label.
        outputs: ``n`` texts.
        soft: 1 less the probability of toxicity in place of a decision.
        threshold: the probability from which an output is toxic; None for the scorer's own thresholds. Of two
            labels that exclude each other, .5 is the larger one.

    Raises:
        InputError: when the scorer declares no label toxic, the threshold is no probability, or both it and ``soft``
            are given.
        ToxmeterError: when the scorer answers NaN.
    """
    if not scorer.labels.toxic_ids:
        raise InputError(f"sta: {scorer.version} declares no label toxic; toxmeter.load(..., toxic=[...]) says which"
                         " are")
    if soft and threshold is not None:
        raise InputError("sta: soft judgements have no threshold; leave one of the two out")
    found = verdicts(scorer, outputs, threshold)
    if np.isnan(found.score).any():
        raise ToxmeterError(f"sta: {scorer.version} answers NaN: the model is broken; fetch or export it again")
    if soft:
        return Component(scorer.version, "1 - probability of toxicity", 1 - found.score)
    at = "its thresholds" if threshold is None else f"{threshold:g}"
    return Component(scorer.version, f"not toxic at {at}", (~found.unsafe).astype(np.float64))


def similarity(encoder: Encoder, inputs: Sequence[str], outputs: Sequence[str]) -> Component:
    """SIM: cosine of the vectors of input and output, in [-1, 1]; 0 for an output without a visible character.

    Raises:
        ToxmeterError: when the encoder answers NaN.
    """
    found = (encoder.encode(inputs) * encoder.encode(outputs)).sum(axis=1)
    if np.isnan(found).any():
        raise ToxmeterError(f"sim: {encoder.version} answers NaN: the model is broken; fetch it again")
    return Component(encoder.version, "cosine of input and output", np.where(_empty(outputs), 0.0, found.clip(-1, 1)))


def fluency(
    scorer: Scorer, outputs: Sequence[str], *, soft: bool = False, label: str | None = None
) -> Component:
    """FL: whether an output is well formed, 1 or 0; soft, how probably it is. 0 without a visible character.

    Args:
        scorer: any scorer with a label for well-formed sentences.
        outputs: ``n`` texts.
        soft: the probability of that label in place of a decision at its threshold.
        label: which one it is; None for the first of ``ACCEPTABLE`` that the scorer has.

    Raises:
        InputError: when none of the scorer's labels has such a name.
        LabelError: when it has no label of the given name.
        ToxmeterError: when the scorer answers NaN.
    """
    if label is None:
        label = next((name for name in ACCEPTABLE if name in scorer.labels.names), None)
    if label is None:
        raise InputError(f"fl: {scorer.version} has the labels {', '.join(scorer.labels.names)}, none of which is"
                         f" called {', '.join(ACCEPTABLE)}: name the one that means well formed")
    found = scorer.score(outputs)[:, scorer.labels.id(label)].astype(np.float64)
    if np.isnan(found).any():
        raise ToxmeterError(f"fl: {scorer.version} answers NaN: the model is broken; fetch or export it again")
    how = f"probability of {label}" if soft else f"{label} at its threshold"
    values = found if soft else reaches(found, scorer.thresholds[label]).astype(np.float64)
    return Component(scorer.version, how, np.where(_empty(outputs), 0.0, values))


def _empty(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array([not text.strip() for text in texts], np.bool_)
