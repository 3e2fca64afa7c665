from __future__ import annotations

from pathlib import Path

import pytest
import torch

from toxmeter.training.average import Average


def line(*weights: float) -> torch.nn.Linear:
    model = torch.nn.Linear(len(weights), 1, bias=False)
    model.weight.data = torch.tensor([weights])
    return model


def weights_of(model: torch.nn.Linear) -> list[float]:
    return [float(weight) for weight in model.weight.detach()[0]]


def test_it_follows_the_weights_slowly() -> None:
    model = line(0.0)
    average = Average(model, 0.9)
    model.weight.data.fill_(1.0)
    average.update(1_000)
    with average.in_place():
        assert weights_of(model) == pytest.approx([0.1])
    assert weights_of(model) == [1.0]


def test_the_first_steps_count_more() -> None:
    model = line(0.0)
    average = Average(model, 0.999)
    model.weight.data.fill_(1.0)
    average.update(1)
    with average.in_place():
        assert weights_of(model) == pytest.approx([10 / 11])


def test_the_weights_come_back_after_an_error() -> None:
    model = line(2.0)
    average = Average(model, 0.9)
    model.weight.data.fill_(3.0)
    with pytest.raises(KeyError), average.in_place():
        raise KeyError
    assert weights_of(model) == [3.0]


def test_training_goes_on_with_the_weights() -> None:
    model = line(1.0)
    average = Average(model, 0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with average.in_place():
        pass
    model(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    assert weights_of(model) == [0.0]


def test_frozen_weights_are_left_alone() -> None:
    frozen, trained = line(1.0), line(1.0)
    frozen.requires_grad_(False)
    average = Average(torch.nn.Sequential(frozen, trained), 0.5)
    trained.weight.data.fill_(3.0)
    average.update(100)
    with average.in_place():
        assert weights_of(frozen) == [1.0]
        assert weights_of(trained) == [2.0]


def test_what_was_saved_goes_on_alike(tmp_path: Path) -> None:
    model, other = line(1.0, 2.0), line(0.0, 0.0)
    average = Average(model, 0.5)
    model.weight.data.fill_(5.0)
    average.update(100)
    average.save_weights(tmp_path)
    again = Average(other, 0.5)
    with average.in_place():  # as a Trainer reads the averaged weights of a checkpoint into the model
        other.weight.data.copy_(model.weight)
    again.load_weights(tmp_path)
    assert weights_of(other) == [5.0, 5.0]
    with again.in_place():
        assert weights_of(other) == [3.0, 3.5]
