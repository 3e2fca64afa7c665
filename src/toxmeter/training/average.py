"""A moving average of weights while they are trained (Polyak & Juditsky 1992).

The average jitters less than the weights themselves and often does better on new text. It takes their place
where a model is evaluated or saved; training goes on with the weights. Importing this module imports torch; it
knows no Trainer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toxmeter.extras import need

__all__ = ["Average"]

_torch = need("torch", extra="train")
_safetensors = need("safetensors.torch", extra="train")

_WEIGHTS = "training_weights.safetensors"


class Average:
    """The average of those weights of a model that are trained."""

    def __init__(self, model: Any, decay: float) -> None:  # noqa: ANN401 - a torch module
        """Begin with the weights as they are.

        Args:
            model: whose weights are averaged.
            decay: share of the average that a step keeps, in (0, 1); less in the first steps, which begin far off.
        """
        self._weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self._average = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self._decay = decay

    def update(self, step: int) -> None:
        """Take in the weights after an optimizer step, counted from 1."""
        decay = min(self._decay, step / (10 + step))
        weights = [weight.detach() for weight in self._weights.values()]
        _torch._foreach_lerp_(list(self._average.values()), weights, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averaged weights inside of the block, and its own after it."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def save_weights(self, folder: Path) -> None:
        """Write the weights that training goes on with beside the averaged ones."""
        _safetensors.save_file({name: weight.detach().contiguous() for name, weight in self._weights.items()},
                               folder / _WEIGHTS)

    def load_weights(self, folder: Path) -> None:
        """Take the model's weights, just read from a checkpoint, for the average, and go on with those beside."""
        saved = _safetensors.load_file(folder / _WEIGHTS)
        with _torch.no_grad():
            for name, weight in self._weights.items():
                self._average[name].copy_(weight)
                weight.copy_(saved[name])

    def _exchange(self) -> None:
        for name, weight in self._weights.items():
            weight.data, self._average[name] = self._average[name], weight.data
