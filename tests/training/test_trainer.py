"""Our Trainer: batches reach the model whole, padding changes nothing, every row counts the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from toxmeter.labels import LabelSet
from toxmeter.recipe.fitting import FineTuning, TransformerModel
from toxmeter.training.arguments import training_arguments
from toxmeter.training.batches import Batches
from toxmeter.training.encoder import encode_all, load_network
from toxmeter.training.loss import make_loss
from toxmeter.training.trainer import Encoded, ToxicityTrainer, collate, predict

if TYPE_CHECKING:
    from pathlib import Path

LABELS = LabelSet(("kind", "rude"), "multilabel")
TEXTS = ["you are kind", "you are rude and mean and ugly", "a", "the city", "what a terrible, horrible story this is"]


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> tuple[Any, Any]:
    torch.manual_seed(1)
    return load_network(TransformerModel(base=str(tiny_encoder), max_length=32, dropout=0.0), LABELS)


def test_a_batch_is_padded_and_keeps_labels_and_weights() -> None:
    data = Encoded([[1, 2, 3], [4]], np.array([[1.0, np.nan], [0.0, 0.5]]), np.array([2.0, 0.5]))
    batch = collate([data[row] for row in range(len(data))], pad=9)
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["weight"].tolist() == [2.0, 0.5]
    assert batch["labels"].isnan().tolist() == [[False, True], [False, False]]


def test_logits_do_not_depend_on_company_or_order(encoder: tuple[Any, Any]) -> None:
    model, tokenizer = encoder
    ids, _ = encode_all(tokenizer, TEXTS, 32)
    together = predict(model, ids, pad=tokenizer.pad_token_id)
    alone = np.concatenate([predict(model, [one], pad=tokenizer.pad_token_id) for one in ids])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert predict(model, [], pad=0).shape == (0, 2)


def test_a_step_is_the_same_for_one_batch_and_for_two_with_accumulation(tiny_encoder: Path, tmp_path: Path) -> None:
    labels = np.array([[1.0, 0], [0, 1], [0, 0], [np.nan, 0], [0, 1]])
    weight = np.array([1.0, 2.0, 1.0, 1.0, 0.5])

    def weights_after(batches: list[list[int]], accumulation: int) -> Any:
        torch.manual_seed(1)
        model, tokenizer = load_network(TransformerModel(base=str(tiny_encoder), dropout=0.0), LABELS)
        ids, _ = encode_all(tokenizer, TEXTS, 32)
        how = FineTuning(max_steps=1, accumulation=accumulation, warmup=0, precision="fp32", lr=0.01, clip=0.0)
        plan = Batches([len(one) for one in ids], batching="random", size=5, tokens=0, seed=0)
        plan._plan = lambda epoch: [np.array(batch) for batch in batches]  # type: ignore[method-assign]  # noqa: ARG005
        plan._count = len(batches)
        trainer = ToxicityTrainer(
            loss=make_loss("multilabel"), plan=plan, metrics=lambda _: {"auc": 0.5}, pad=0, model=model,
            args=training_arguments(how, tmp_path, 0, "auc"), train_dataset=Encoded(ids, labels, weight),
            eval_dataset=Encoded(ids, labels))
        gradients: dict[str, Any] = {}
        step = trainer.training_step

        def listen(*inputs: Any) -> Any:
            loss = step(*inputs)
            gradients.update({name: value.grad.clone() for name, value in model.named_parameters()
                              if value.grad is not None})
            return loss

        trainer.training_step = listen
        trainer.train()
        return gradients["classifier.weight"]

    one, two = weights_after([[0, 1, 2, 3, 4]], 1), weights_after([[0, 3], [1, 2, 4]], 2)
    assert torch.allclose(one, two, atol=1e-6)
