"""The texts that an export needs: examples that show how large activations get, and others to compare on.

This module converts and compares nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.data.read import read_rows
from toxmeter.errors import InputError
from toxmeter.evaluation.everyday import everyday
from toxmeter.labels import JIGSAW
from toxmeter.training.parts import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.recipe import Recipe
    from toxmeter.training.parts import Parts

__all__ = ["ExportRows", "of_package", "of_recipe", "of_texts"]

Floats = npt.NDArray[np.float64]

_EXAMPLES = 512
_COMPARED = 2_000  # at most: the original takes its time
_JOINED = 10  # sentences that make a long text
_LEAST = 20


@dataclass(frozen=True)
class ExportRows:
    """What an export is fitted to and judged on.

    Attributes:
        examples: texts that show how large activations get.
        compared: ``n`` other texts.
        truth: ``[n, k]`` of these, NaN where not known; None where nothing is.
        parts: of the recipe, where its data is at hand.
    """

    examples: list[str]
    compared: list[str]
    truth: Floats | None = None
    parts: Parts | None = None


def of_recipe(recipe: Recipe, data: Path) -> ExportRows:
    """Training rows as examples, validation rows to compare on.

    Raises:
        InputError: when a set of the recipe cannot be used.
    """
    parts = prepare(recipe, data)
    rng = np.random.default_rng(recipe.seed)
    examples = [parts.train.texts[row] for row in rng.permutation(len(parts.train.texts))[:_EXAMPLES]]
    chosen = np.sort(rng.permutation(len(parts.validation.texts))[:_COMPARED])
    return ExportRows(examples, [parts.validation.texts[row] for row in chosen], parts.validation.labels[chosen], parts)


def of_texts(texts: Sequence[str]) -> ExportRows:
    """The first half as examples, the second to compare on.

    Raises:
        InputError: when there are fewer than twenty.
    """
    if len(texts) < _LEAST:
        raise InputError(f"texts: {len(texts)} are too few to show how large activations get; give at least {_LEAST}")
    half = min(len(texts) // 2, _EXAMPLES)
    return ExportRows(list(texts[:half]), list(texts[half : half + _COMPARED]))


def of_package() -> ExportRows:
    """Sentences of our own: alone and in long texts as examples, and others to compare on."""
    sentences = read_rows("contrast", Path(), JIGSAW).texts
    drawn = [sentences[row] for row in np.random.default_rng(0).permutation(len(sentences))]
    joined = [" ".join(drawn[at : at + _JOINED]) for at in range(0, _EXAMPLES, _JOINED)]
    return ExportRows([*drawn[:_EXAMPLES], *joined], [*drawn[_EXAMPLES : 2 * _EXAMPLES], *everyday()])
