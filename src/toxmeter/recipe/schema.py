"""The fields of a recipe, as frozen dataclasses: one docstring line per field, bounds beside the default.

``read.py`` fills them from TOML. This module does not read files and holds no training code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Data", "HashedModel", "LinearTraining", "Recipe", "Source"]


def _bounded(default: float, low: float, high: float) -> Any:  # noqa: ANN401 - stands for the field's own type
    return field(default=default, metadata={"low": low, "high": high})


_PRESET = {"preset": True}  # a text that names a data preset


@dataclass(frozen=True, kw_only=True)
class Source:
    """One data set that the model is trained on.

    Attributes:
        preset: name of a data preset.
        weight: what one of its rows counts, beside 1 for a row of another set.
    """

    preset: str = field(metadata=_PRESET)
    weight: float = _bounded(1.0, 0.0, 1_000.0)


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where rows come from and what they are used for.

    Attributes:
        natural: the preset whose rows have the true rate of toxic text; split into train, validation, test.
        validation: share of the natural rows on which calibration is fitted.
        test: share of the natural rows that is reported, once.
        sources: further sets, for training only.
        keep_out: presets whose texts must not be trained on, because others evaluate with them.
    """

    natural: str = field(metadata=_PRESET)
    validation: float = _bounded(0.15, 0.01, 0.49)
    test: float = _bounded(0.25, 0.01, 0.49)
    sources: tuple[Source, ...] = ()
    keep_out: tuple[str, ...] = field(default=(), metadata=_PRESET)


@dataclass(frozen=True, kw_only=True)
class HashedModel:
    """The shape of a hashed n-gram table.

    Attributes:
        bits: the table has 2**bits rows of 8 bytes.
        window: characters read at once; longer text is scored in windows.
    """

    bits: int = _bounded(18, 10, 22)
    window: int = _bounded(2_000, 100, 100_000)


@dataclass(frozen=True, kw_only=True)
class LinearTraining:
    """How the table is fitted: logistic regression by L-BFGS.

    Attributes:
        penalty: of the squared weights (ridge).
        iterations: of L-BFGS, at most.
        natural_weight: what a natural row counts.
        spaced: share of the rows that are trained on once more as a spaced-out text (``y o u a r e``), in
            which the borders of words are lost.
        threshold: calibrated probability from which a text counts as toxic, for every label.
    """

    penalty: float = _bounded(0.4, 0.0, 1_000.0)
    iterations: int = _bounded(80, 1, 10_000)
    natural_weight: float = _bounded(1.0, 0.0, 1_000.0)
    spaced: float = _bounded(0.0, 0.0, 1.0)
    threshold: float = _bounded(0.5, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training run.

    Attributes:
        name: of the model.
        number: release number of the model; raise it with every release.
        seed: of everything that is drawn: split and resampling.
        data: where rows come from.
        model: the shape of the table.
        train: how it is fitted.
        limits: what the model is bad at, a sentence each, for its card.
    """

    name: str
    number: int = _bounded(1, 1, 10_000)
    seed: int = _bounded(42, 0, 2**32 - 1)
    data: Data
    model: HashedModel = field(default_factory=HashedModel)
    train: LinearTraining = field(default_factory=LinearTraining)
    limits: tuple[str, ...] = ()
