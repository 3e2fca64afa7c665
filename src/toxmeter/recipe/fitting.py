"""The fields of a recipe that say what a model looks like and how it is fitted: ``[model]`` and ``[train]``.

``model.format`` chooses the pair: ``hashed`` with ``LinearTraining``, ``transformer`` and ``bag`` with ``FineTuning``.
This module holds no training code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["SHAPES", "BagModel", "FineTuning", "HashedModel", "LinearTraining", "TransformerModel", "bounded"]


def bounded(default: float, low: float, high: float) -> Any:  # noqa: ANN401 - stands for the field's own type
    """A field of numbers from ``low`` to ``high``, both included."""
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, kw_only=True)
class HashedModel:
    """The shape of a hashed n-gram table.

    Attributes:
        format: hashed.
        bits: the table has 2**bits rows of 8 bytes.
        window: characters read at once; longer text is scored in windows.
    """

    format: Literal["hashed"] = "hashed"
    bits: int = bounded(18, 10, 22)
    window: int = bounded(2_000, 100, 100_000)


@dataclass(frozen=True, kw_only=True)
class LinearTraining:
    """How a hashed table is fitted: logistic regression by L-BFGS.

    Attributes:
        penalty: of the squared weights (ridge).
        iterations: of L-BFGS, at most.
        main_weight: what a row of the main set counts.
        spaced: share of the rows that are trained on once more as a spaced-out text (``y o u a r e``), in
            which the borders of words are lost.
        threshold: calibrated probability from which a text counts as toxic, for every label.
    """

    penalty: float = bounded(0.4, 0.0, 1_000.0)
    iterations: int = bounded(80, 1, 10_000)
    main_weight: float = bounded(1.0, 0.0, 1_000.0)
    spaced: float = bounded(0.0, 0.0, 1.0)
    threshold: float = bounded(0.5, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class TransformerModel:
    """A pretrained encoder with a classification head.

    Attributes:
        format: transformer.
        base: pretrained model to start from: a folder, or an id of the Hugging Face hub. A head with as many
            labels is kept, any other is drawn anew.
        revision: commit, tag or branch of a hub model; "" for its newest.
        max_length: tokens read at once; longer text is cut in training and scored in windows.
        symbols: keep, or spell: emoji become their English names and styled letters (full width, mathematical,
            circled) plain ones, which encoders of words do not know otherwise. The saved tokenizer does it by itself.
        dropout: of hidden states and attention while training.
        freeze: what is not trained: nothing, embeddings (of words; faster, hardly worse) or encoder (only the
            head is fitted).
    """

    format: Literal["transformer"] = "transformer"
    base: str
    revision: str = field(default="", metadata={"blank": True})
    max_length: int = bounded(128, 8, 8_192)
    symbols: Literal["keep", "spell"] = "keep"
    dropout: float = bounded(0.1, 0.0, 0.9)
    freeze: Literal["nothing", "embeddings", "encoder"] = "nothing"


@dataclass(frozen=True, kw_only=True)
class BagModel:
    """An embedding bag: embeddings of tokens or short phrases, pooled over the text, and a few linear layers.

    Attributes:
        format: bag.
        base: whose tokenizer is used: a folder, or an id of the Hugging Face hub.
        revision: commit, tag or branch of a hub model; "" for its newest.
        max_length: tokens read at once; longer text is cut in training and scored in windows.
        embeddings: random, or base: they start as the word embeddings of the base model.
        size: numbers in a random embedding.
        width: tokens that are read together, an odd number; 1 for a plain bag, the mean of the embeddings.
        filters: what phrases are looked for, where width is above 1: so many.
        layers: sizes of the hidden layers; [] for none.
        dropout: of the pool and of hidden layers while training.
    """

    format: Literal["bag"] = "bag"
    base: str
    revision: str = field(default="", metadata={"blank": True})
    max_length: int = bounded(128, 8, 8_192)
    embeddings: Literal["random", "base"] = "random"
    size: int = bounded(128, 1, 8_192)
    width: int = bounded(3, 1, 15)
    filters: int = bounded(256, 1, 8_192)
    layers: tuple[int, ...] = field(default=(), metadata={"low": 1, "high": 8_192})
    dropout: float = bounded(0.1, 0.0, 0.9)


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How a network is fitted: AdamW, by Hugging Face's Trainer.

    Attributes:
        epochs: passes over the training rows.
        max_steps: stop after so many optimizer steps, whatever epochs says; 0 for no such limit.
        lr: learning rate at its highest.
        schedule: of the learning rate after the warm-up: linear or cosine (down to 0), constant, or plateau
            (times plateau_factor when the validation metric has not improved for plateau_patience evaluations).
        warmup: steps until lr is reached; below 1, the share of all steps.
        plateau_factor: see schedule.
        plateau_patience: see schedule.
        weight_decay: of AdamW.
        batching: tokens (texts of like length, as many as fit into batch_tokens; fastest), length (batch_size
            texts of like length) or random (batch_size texts).
        batch_size: texts at once, for batching = "length" and "random".
        batch_tokens: tokens at once, padding included, for batching = "tokens".
        accumulation: batches behind one optimizer step.
        clip: largest norm of the gradient.
        average: decay of a moving average of the weights, which is evaluated and saved in their place: .999 averages
            about the last thousand optimizer steps; 0 for none.
        keep_base: share of the base model in the encoder's weights once they are trained (WiSE-FT, Wortsman et al.
            2022): .1 to .3 often ranks text unlike the training rows better, and rows like them hardly worse; 0 for
            none. Another share can be tried on kept checkpoints.
        soup: train so many times from one start, in other orders and under other dropout, and keep the mean of the
            weights (model soup, Wortsman et al. 2022): often better than each, for so many times the time; 1 for one
            run. Runs can be added to kept checkpoints.
        consistency: how much two readings of a text under different dropout must agree (R-Drop, Liang et al. 2021):
            .5 to 5 may make a better model of few or doubtful rows, for twice the time; 0 for one reading.
        teacher: a model of the same labels whose probabilities the training rows are given as labels (knowledge
            distillation, Hinton et al. 2015): a shipped model, a folder, or an id of the Hugging Face hub; "" for none.
        teacher_share: what the teacher counts against a label that is known; where none is, it counts alone.
        loss: cross-entropy, or focal (Lin et al. 2017: what is easy counts less).
        focal_gamma: how much less; 0 is cross-entropy.
        label_smoothing: share of each target that is spread evenly over the labels.
        class_weights: none, balanced (rows / (labels · positives of the label)), or a list of numbers, one
            per label: what its positives count in the loss.
        precision: bf16, fp16 (GPU only), fp32, or auto (bf16 where the device computes in it, else fp32).
        monitor: metric of the validation rows by which the best checkpoint, early stopping and plateau go; auto is
            auc for multilabel and binary, macro_f1 for multiclass.
        evaluate_every: optimizer steps between evaluations and checkpoints; 0 for once an epoch.
        patience: stop after so many evaluations without a better one; 0 to go on to the end.
        watchdog: optimizer steps after which a loss still at the level of constant answers stops the run; 0
            for never.
        extra: further fields of transformers.TrainingArguments, by their names there.
    """

    epochs: float = bounded(3.0, 0.0, 1_000.0)
    max_steps: int = bounded(0, 0, 10**9)
    lr: float = bounded(2e-5, 0.0, 1.0)
    schedule: Literal["linear", "cosine", "constant", "plateau"] = "linear"
    warmup: float = bounded(0.06, 0.0, 1e9)
    plateau_factor: float = bounded(0.5, 0.01, 0.99)
    plateau_patience: int = bounded(1, 0, 1_000)
    weight_decay: float = bounded(0.01, 0.0, 10.0)
    batching: Literal["tokens", "length", "random"] = "length"
    batch_size: int = bounded(16, 1, 100_000)
    batch_tokens: int = bounded(2_048, 8, 10**7)
    accumulation: int = bounded(1, 1, 10_000)
    clip: float = bounded(1.0, 0.0, 1e6)
    average: float = bounded(0.0, 0.0, 0.99999)
    keep_base: float = bounded(0.0, 0.0, 1.0)
    soup: int = bounded(1, 1, 100)
    consistency: float = bounded(0.0, 0.0, 100.0)
    teacher: str = field(default="", metadata={"blank": True})
    teacher_share: float = bounded(1.0, 0.01, 1.0)
    loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    focal_gamma: float = bounded(2.0, 0.0, 10.0)
    label_smoothing: float = bounded(0.0, 0.0, 0.5)
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = field(
        default="none", metadata={"low": 0.0, "high": 1e6})
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    monitor: Literal["auto", "auc", "accuracy", "f1", "macro_f1", "weighted_f1", "loss"] = "auto"
    evaluate_every: int = bounded(0, 0, 10**9)
    patience: int = bounded(0, 0, 10_000)
    watchdog: int = bounded(500, 0, 10**9)
    extra: Mapping[str, str | int | float | bool] = field(default_factory=lambda: MappingProxyType({}))


SHAPES: Mapping[str, tuple[type[Any], ...]] = {
    "hashed": (HashedModel, LinearTraining),
    "transformer": (TransformerModel, FineTuning),
    "bag": (BagModel, FineTuning),
}
"""Which dataclasses ``model`` and ``train`` are, by ``model.format``."""
