"""Hugging Face's ``Trainer`` with our loss, our batches and our validation metrics.

What is overridden: the loss, the training batches, the evaluation, which scores the validation rows in
batches of like length and computes the metrics that a recipe can monitor, and which weights are saved where a
moving average takes their place. Everything else – optimizer, schedules, mixed precision, accumulation,
checkpoints, several processes – is the Trainer's. Importing this module imports torch and transformers; it
knows no recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toxmeter.extras import need
from toxmeter.models.tokens import by_tokens
from toxmeter.training.average import Average
from toxmeter.training.batches import Batches
from toxmeter.training.callbacks import AfterStep
from toxmeter.training.loss import Loss

__all__ = ["Encoded", "Metrics", "ToxicityTrainer", "collate", "predict"]

Floats = npt.NDArray[np.float64]
Tensor = Any  # torch has types, but its package is optional here
Metrics = Callable[[Floats], dict[str, float]]

_torch = need("torch", extra="train")
_Trainer: Any = need("transformers", extra="train").Trainer
_Dataset: Any = _torch.utils.data.Dataset
_DataLoader: Any = _torch.utils.data.DataLoader

_EVALUATION_TOKENS = 8_192  # at once; nothing is kept for a gradient


class Encoded(_Dataset):  # type: ignore[misc]  # torch is optional here
    """Tokenised texts with labels and weights.

    Attributes:
        ids: ``n`` lists of token ids.
        labels: ``[n, k]`` float32, NaN where missing.
        weight: ``[n]`` float32.
    """

    def __init__(self, ids: list[list[int]], labels: Floats, weight: Floats | None = None) -> None:
        self.ids = ids
        self.labels = labels.astype(np.float32)
        self.weight = np.ones(len(ids), np.float32) if weight is None else weight.astype(np.float32)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> tuple[list[int], npt.NDArray[np.float32], np.float32]:
        return self.ids[row], self.labels[row], self.weight[row]


def collate(rows: Sequence[tuple[list[int], npt.NDArray[np.float32], np.float32]], pad: int) -> dict[str, Tensor]:
    """Rows of an ``Encoded`` as one padded batch: ``input_ids``, ``attention_mask``, ``labels``, ``weight``."""
    ids, labels, weight = zip(*rows, strict=True)
    return {**_padded(ids, pad), "labels": _torch.from_numpy(np.stack(labels)),
            "weight": _torch.from_numpy(np.stack(weight))}


def _padded(ids: Sequence[list[int]], pad: int) -> dict[str, Tensor]:
    width = max(map(len, ids))
    filled = np.full((len(ids), width), pad, np.int64)
    mask = np.zeros((len(ids), width), np.int64)
    for row, tokens in enumerate(ids):
        filled[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"input_ids": _torch.from_numpy(filled), "attention_mask": _torch.from_numpy(mask)}


def predict(model: Any, ids: list[list[int]], *, pad: int) -> Floats:  # noqa: ANN401 - a torch module
    """Logits ``[n, k]`` of tokenised texts, in their order; the model is left in evaluation mode."""
    model.eval()
    logits = np.zeros((len(ids), model.config.num_labels))
    with _torch.inference_mode():
        for rows in by_tokens([len(tokens) for tokens in ids], _EVALUATION_TOKENS):
            batch = {name: tensor.to(model.device) for name, tensor in _padded([ids[row] for row in rows], pad).items()}
            logits[rows] = model(**batch).logits.float().cpu().numpy()
    return logits


class ToxicityTrainer(_Trainer):  # type: ignore[misc]  # transformers is optional here
    """A ``Trainer`` for texts with soft, missing and weighted labels."""

    def __init__(
        self, *, loss: Loss, plan: Batches, metrics: Metrics, pad: int, average: float = 0.0,
        apart: Loss | None = None, **others: Any,  # noqa: ANN401
    ) -> None:
        """Prepare.

        Args:
            loss: of each row, from logits and labels.
            plan: which rows make a batch.
            metrics: of the validation rows, from their logits ``[n, k]``.
            pad: id of the padding token.
            average: decay of an average of the weights, to be evaluated and saved in their place; 0 for none.
            apart: what it costs each row that two readings of it under different dropout come apart, from the
                logits of both; None for one reading.
            others: of ``transformers.Trainer``; both data sets are ``Encoded``.
        """
        super().__init__(data_collator=lambda rows: collate(rows, pad), **others)
        self.model_accepts_loss_kwargs = False  # the loss is ours, and a mean over each batch
        self._row_loss, self._plan, self._metrics, self._pad, self._apart = loss, plan, metrics, pad, apart
        # not before the Trainer has moved the model to its device
        self._average = Average(self.model, average) if average else None
        if self._average:
            self.add_callback(AfterStep(self._average.update))
        # every row counts the same, however many share its batch
        self._rows_a_batch = float(self.train_dataset.weight.sum()) / (len(plan) * max(1, self.args.world_size))

    def get_train_dataloader(self) -> Any:  # noqa: ANN401 - a torch DataLoader
        """Batches as planned; each process has its own, so they are not shared out again."""
        return _Loader(self.train_dataset, batch_sampler=self._plan, collate_fn=self.data_collator,
                       pin_memory=self.args.device.type == "cuda")

    def compute_loss(
        self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, **_: Any  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """The sum of the weighted losses of the rows, divided by the usual weight of a batch."""
        labels, weight = inputs.pop("labels"), inputs.pop("weight")
        if self._apart is None:
            outputs = model(**inputs)
            rows = self._row_loss(outputs.logits, labels)
        else:
            outputs = model(**{name: _torch.cat([tensor, tensor]) for name, tensor in inputs.items()})
            one, other = outputs.logits.chunk(2)
            rows = (self._row_loss(one, labels) + self._row_loss(other, labels)) / 2 + self._apart(one, other)
        loss = (rows * weight).sum() / self._rows_a_batch
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401
        """The metrics of all validation rows, as ``eval_…``; every process computes them alike."""
        with self._averaged(), self.autocast_smart_context_manager():
            logits = predict(self.model, self.eval_dataset.ids, pad=self._pad)
        found = {f"eval_{name}": value for name, value in self._metrics(logits).items()}
        self.log(dict(found))
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, found)
        return found

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the averaged weights, where there are any, and beside them those that training goes on with."""
        with self._averaged():
            super().save_model(output_dir, _internal_call)
        if self._average and self.args.should_save:
            self._average.save_weights(Path(output_dir or self.args.output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ANN401
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self._average:
            self._average.load_weights(Path(resume_from_checkpoint))

    def _averaged(self) -> AbstractContextManager[None]:
        return self._average.in_place() if self._average else nullcontext()


class _Loader(_DataLoader):  # type: ignore[misc]
    """A loader that hands the epoch on to its batches, as the Trainer expects of a loader."""

    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)
