"""The mean of the weights of several fine-tunings from one start (a uniform model soup, Wortsman et al. 2022).

Runs that differ in the order of their rows and in dropout end in one valley of the loss. The mean of their weights
lies deeper in it than each of them: nearly as good as the mean of their answers, at the price of a single model.
Importing this module imports torch; it trains nothing.
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
