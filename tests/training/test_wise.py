from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from toxmeter.labels import LabelSet
from toxmeter.recipe.fitting import TransformerModel
from toxmeter.training.encoder import load_network
from toxmeter.training.wise import base_weights, keep_base

if TYPE_CHECKING:
    from toxmeter.recipe import Recipe

LABELS = LabelSet(("no", "yes"), "binary", ("yes",))


@pytest.fixture
def model(fine_tuning: Recipe) -> Any:
    assert isinstance(fine_tuning.model, TransformerModel)
    return load_network(fine_tuning.model, LABELS)[0]


def state(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def train(model: Any) -> None:
    with torch.no_grad():
        for weight in model.parameters():
            weight += 1.0


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_encoder_goes_back_by_the_share(model: Any, share: float) -> None:
    before, base = state(model), base_weights(model)
    train(model)
    keep_base(model, base, share)
    for name, weight in model.base_model.named_parameters():
        there = before[f"{model.base_model_prefix}.{name}"]
        torch.testing.assert_close(weight.detach(), there + (1 - share))


def test_the_head_stays_as_trained(model: Any) -> None:
    before, base = state(model), base_weights(model)
    train(model)
    keep_base(model, base, 0.5)
    torch.testing.assert_close(model.classifier.weight.detach(), before["classifier.weight"] + 1)


def test_the_copy_is_not_trained(model: Any) -> None:
    base = base_weights(model)
    name, weight = next(iter(model.base_model.named_parameters()))
    kept = base[name].clone()
    train(model)
    assert torch.equal(base[name], kept)
    assert not torch.equal(base[name], weight)
