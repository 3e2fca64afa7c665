"""A fine-tuned encoder, some of the way back to the one that it started from (WiSE-FT, Wortsman et al. 2022).

Weights on the straight line between the two often do better on text unlike the training rows, for little or nothing
on rows like them. The head has no weights to go back to and stays. Importing this module imports torch; it chooses no
share and scores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toxmeter.extras import need

__all__ = ["base_weights", "keep_base"]

_torch = need("torch", extra="train")

Tensor = Any  # torch has types, but its package is optional here


def base_weights(model: Any) -> dict[str, Tensor]:  # noqa: ANN401 - a transformers model
    """A copy of the encoder's weights, to be taken before they are trained."""
    return {name: weight.detach().cpu().clone() for name, weight in model.base_model.named_parameters()}


def keep_base(model: Any, base: Mapping[str, Tensor], share: float) -> None:  # noqa: ANN401
    """Mix the weights of the base into a trained encoder, in place.

    Args:
        model: with an encoder of the same shape as the base.
        base: what ``base_weights`` gave.
        share: of the base in each weight, in [0, 1]: ``share * base + (1 - share) * trained``.
    """
    with _torch.no_grad():
        for name, weight in model.base_model.named_parameters():
            weight.lerp_(base[name].to(weight.device, weight.dtype), share)
