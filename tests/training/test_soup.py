"""Weights between those of two models: the mean of several runs, runs that are added, the way back to the base."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from toxmeter.extras import need
from toxmeter.recipe.fitting import FineTuning, TransformerModel
from toxmeter.training.encoder import load_network
from toxmeter.training.finetune import fit
from toxmeter.training.parts import Parts, prepare
from toxmeter.training.soup import stir

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.recipe import Recipe
    from toxmeter.training.finetune import Fitted

Callback: Any = need("transformers", extra="train").TrainerCallback


class Refuse(Callback):  # type: ignore[misc]
    """Fails a run that trains at all."""

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        raise AssertionError("it trains again")


@pytest.fixture(scope="module")
def parts(fine_tuning: Recipe, sayings: Path) -> Parts:
    return prepare(fine_tuning, sayings)


@pytest.fixture(scope="module")
def soup(fine_tuning: Recipe, parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> tuple[Fitted, Path, list[Any]]:
    folder, told = tmp_path_factory.mktemp("soup"), []
    found = fit(of_runs(fine_tuning, 3), parts, folder, report=lambda *what: told.append(what))
    return found, folder, told


def of_runs(recipe: Recipe, soup: int, **fields: Any) -> Recipe:
    assert isinstance(recipe.train, FineTuning)
    return replace(recipe, train=replace(recipe.train, soup=soup, **fields))


def weights(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def same(one: Any, other: Any) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def best_of(folder: Path) -> dict[str, Any]:
    step = json.loads((folder / "finished.json").read_text())["best_global_step"]
    found: dict[str, Any] = need("safetensors.torch", extra="train").load_file(
        folder / f"checkpoint-{step}" / "model.safetensors")
    return found


def test_shares_of_one_over_n_make_the_mean() -> None:
    models = [torch.nn.Linear(3, 2) for _ in range(4)]
    wanted = {name: torch.stack([dict(model.named_parameters())[name] for model in models]).mean(0)
              for name, _ in models[0].named_parameters()}
    for number, model in enumerate(models[1:], 2):
        stir(models[0], model, 1 / number)
    for name, weight in models[0].named_parameters():
        torch.testing.assert_close(weight, wanted[name])


def test_a_soup_is_the_mean_of_its_runs(soup: tuple[Fitted, Path, list[Any]]) -> None:
    found, folder, _ = soup
    runs = [best_of(place) for place in (folder, folder / "run-2", folder / "run-3")]
    assert not any(same(runs[0], other) for other in runs[1:])
    for name, weight in weights(found.model).items():
        torch.testing.assert_close(weight, torch.stack([run[name] for run in runs]).mean(0))


def test_runs_begin_alike_and_see_other_orders(soup: tuple[Fitted, Path, list[Any]]) -> None:
    histories = [[entry["loss"] for entry in json.loads((place / "finished.json").read_text())["log_history"]
                  if "loss" in entry] for place in (soup[1], soup[1] / "run-2")]
    assert histories[0] != histories[1]
    assert histories[0][0] == pytest.approx(histories[1][0], abs=0.1)  # near chance both


def test_its_facts(soup: tuple[Fitted, Path, list[Any]], fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    found = soup[0]
    single = fit(fine_tuning, parts, tmp_path)
    assert found.steps == 3 * single.steps
    assert len(found.facts["best_of_each_run"]) == 3
    assert found.facts["best_of_each_run"][0] == single.best
    assert "best_of_each_run" not in single.facts
    assert same(best_of(soup[1]), best_of(tmp_path))


def test_progress_counts_all_runs(soup: tuple[Fitted, Path, list[Any]]) -> None:
    told = [(what, share) for what, share in soup[2] if "training" in what]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {what.partition(":")[0] for what, _ in told} == {f"run {number} of 3" for number in (1, 2, 3)}


def test_runs_are_added_to_kept_checkpoints(
    soup: tuple[Fitted, Path, list[Any]], fine_tuning: Recipe, parts: Parts, tmp_path: Path
) -> None:
    fit(fine_tuning, parts, tmp_path)
    added = fit(of_runs(fine_tuning, 3), parts, tmp_path, resume=True, callbacks=[Refuse()])
    assert same(weights(added.model), weights(soup[0].model))


@pytest.mark.parametrize("checkpoint", [1, 2, 4])
def test_an_interrupted_soup_resumes_to_the_same_result(
    soup: tuple[Fitted, Path, list[Any]], fine_tuning: Recipe, parts: Parts, tmp_path: Path, checkpoint: int
) -> None:
    left = [checkpoint]

    def stop() -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(of_runs(fine_tuning, 3), parts, tmp_path, saved=stop)
    again = fit(of_runs(fine_tuning, 3), parts, tmp_path, resume=True)
    assert same(weights(again.model), weights(soup[0].model))
    assert again.best == soup[0].best


def test_a_share_of_the_base_is_mixed_into_the_mean(
    soup: tuple[Fitted, Path, list[Any]], fine_tuning: Recipe, parts: Parts
) -> None:
    whole = fit(of_runs(fine_tuning, 3, keep_base=1.0), parts, soup[1], resume=True, callbacks=[Refuse()])
    half = fit(of_runs(fine_tuning, 3, keep_base=0.5), parts, soup[1], resume=True, callbacks=[Refuse()])
    assert isinstance(fine_tuning.model, TransformerModel)
    base = weights(load_network(fine_tuning.model, parts.labels)[0].base_model)
    assert same(weights(whole.model.base_model), base)
    assert same(weights(whole.model.classifier), weights(soup[0].model.classifier))  # the head has no base
    mean, base = weights(soup[0].model), weights(whole.model)
    for name, weight in weights(half.model).items():
        torch.testing.assert_close(weight, (mean[name] + base[name]) / 2)
