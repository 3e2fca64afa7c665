"""Weights between those of two models.

The mean of several fine-tunings from one start is a uniform model soup (Wortsman et al. 2022a): runs that differ in the
order of their rows and in dropout mostly end in one valley of the loss, and their mean is often better than each. Some
of the way back to the base model is WiSE-FT (Wortsman et al. 2022b): such weights often do better on text unlike the
training rows, for little or nothing on rows like them. Importing this module imports torch; it trains nothing and
chooses no share.
"""

from __future__ import annotations

from typing import Any

from toxmeter.extras import need

__all__ = ["stir"]

_torch = need("torch", extra="train")


def stir(soup: Any, model: Any, share: float) -> None:  # noqa: ANN401 - transformers models
    """Mix the weights of a model into those of another, in place.

    Args:
        soup: becomes ``(1 - share) * soup + share * model``. The mean of ``n`` models comes from the shares 1/2, 1/3,
            ..., 1/n.
        model: of the same shape.
        share: in [0, 1].
    """
    other = dict(model.named_parameters())
    with _torch.no_grad():
        for name, weight in soup.named_parameters():
            weight.lerp_(other[name].to(weight.device, weight.dtype), share)
