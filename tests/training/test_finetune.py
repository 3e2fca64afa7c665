"""Fine-tuning a tiny encoder: it learns, weights reach the loss, runs repeat and resume, hopeless ones stop."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from toxmeter.errors import InputError, TrainingError
from toxmeter.evaluation.metrics import roc_auc
from toxmeter.extras import need
from toxmeter.training.finetune import fit
from toxmeter.training.loss import disagreement
from toxmeter.training.parts import Parts, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.recipe import Recipe
    from toxmeter.training.finetune import Fitted


@pytest.fixture(scope="module")
def parts(fine_tuning: Recipe, sayings: Path) -> Parts:
    return prepare(fine_tuning, sayings)


@pytest.fixture(scope="module")
def fitted(
    fine_tuning: Recipe, parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Fitted, Path, list[Any]]:
    folder = tmp_path_factory.mktemp("fitted")
    told: list[Any] = []
    return fit(fine_tuning, parts, folder, report=lambda *what: told.append(what)), folder, told


def changed(recipe: Recipe, **fields: Any) -> Recipe:
    return replace(recipe, train=replace(recipe.train, **fields))


def weights(fitted: Fitted) -> dict[str, Any]:
    return {name: value.clone() for name, value in fitted.model.state_dict().items()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def auc(fitted: Fitted, parts: Parts) -> float:
    logits = fitted.validation_logits
    return roc_auc(parts.validation.labels[:, 1] >= 0.5, logits[:, 1] - logits[:, 0])


Callback: Any = need("transformers", extra="train").TrainerCallback


class Stop(Callback):  # type: ignore[misc]
    """Ends a run in the middle, as a crash would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt


def test_it_learns(fitted: Any) -> None:
    assert fitted[0].best > 0.9
    assert fitted[0].monitor == "auc"
    losses = [entry["loss"] for entry in fitted[0].history if "loss" in entry]
    assert losses[-1] < 0.6 * losses[0]


def test_the_best_checkpoint_is_kept(fitted: Any, parts: Parts) -> None:
    found = fitted[0]
    assert found.best == max(entry["eval_auc"] for entry in found.history if "eval_auc" in entry)
    assert auc(found, parts) == pytest.approx(found.best)


def test_progress_tells_step_loss_and_metric(fitted: Any) -> None:
    shares = [share for what, share in fitted[2] if what.startswith("training")]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any("loss 0." in what and "auc 0." in what for what, _ in fitted[2])


def test_the_seed_decides_everything(fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path) -> None:
    assert same(weights(fit(fine_tuning, parts, tmp_path / "again")), weights(fitted[0]))
    assert not same(weights(fit(replace(fine_tuning, seed=4), parts, tmp_path / "other")), weights(fitted[0]))


@pytest.mark.parametrize("step", [5, 13, 20, 27])
def test_an_interrupted_run_resumes_to_the_same_result(
    fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path, step: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(fine_tuning, parts, tmp_path, callbacks=[Stop(step)])
    again = fit(fine_tuning, parts, tmp_path, resume=True)
    assert same(weights(again), weights(fitted[0]))
    assert again.best == fitted[0].best
    assert [entry for entry in again.history if "loss" in entry] == \
        [entry for entry in fitted[0].history if "loss" in entry]


@pytest.mark.parametrize("step", [13, 27])
def test_averaged_weights_are_chosen_and_resumed(
    fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path, step: int
) -> None:
    averaged = changed(fine_tuning, average=0.9)
    whole = fit(averaged, parts, tmp_path / "whole")
    assert not same(weights(whole), weights(fitted[0]))
    with pytest.raises(KeyboardInterrupt):
        fit(averaged, parts, tmp_path / "cut", callbacks=[Stop(step)])
    again = fit(averaged, parts, tmp_path / "cut", resume=True)
    assert same(weights(again), weights(whole))
    assert again.best == whole.best
    finished = fit(averaged, parts, tmp_path / "whole", resume=True, callbacks=[Stop(1)])
    assert same(weights(finished), weights(whole))
    # what was trained is that of a run without an average
    losses = [[entry["loss"] for entry in run.history if "loss" in entry] for run in (whole, fitted[0])]
    assert losses[0] == losses[1]


def test_readings_that_must_agree_come_less_apart(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    def apart(consistency: float) -> float:
        found = fit(changed(fine_tuning, consistency=consistency), parts, tmp_path / str(consistency))
        inputs = found.tokenizer(list(parts.train.texts), padding=True, return_tensors="pt")
        found.model.train()
        torch.manual_seed(1)
        with torch.no_grad():
            one, other = (found.model(**inputs).logits for _ in range(2))
        assert auc(found, parts) > 0.9
        return float(disagreement("binary", one, other).mean())

    assert apart(5.0) < 0.5 * apart(0.0)


def test_a_finished_fit_is_not_fitted_again(fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path) -> None:
    shutil.copytree(fitted[1], tmp_path / "run")
    again = fit(fine_tuning, parts, tmp_path / "run", resume=True, callbacks=[Stop(1)])
    assert same(weights(again), weights(fitted[0]))
    assert again.history == fitted[0].history


def test_checkpoints_of_another_recipe_are_refused(
    fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path
) -> None:
    shutil.copytree(fitted[1], tmp_path / "run")
    for other in (changed(fine_tuning, lr=1e-4), replace(fine_tuning, seed=9)):
        with pytest.raises(TrainingError, match="another recipe, seed or data"):
            fit(other, parts, tmp_path / "run", resume=True)
    fewer = replace(parts, train=parts.train.take(np.arange(len(parts.train.texts)) > 0), weight=parts.weight[1:])
    with pytest.raises(TrainingError, match="another recipe, seed or data"):
        fit(fine_tuning, fewer, tmp_path / "run", resume=True)


def test_other_weights_of_the_rows_are_other_data(
    fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path
) -> None:
    shutil.copytree(fitted[1], tmp_path / "run")
    with pytest.raises(TrainingError, match="another recipe, seed or data"):
        fit(fine_tuning, replace(parts, weight=parts.weight * 2), tmp_path / "run", resume=True)


def test_a_metric_that_the_validation_rows_do_not_have_is_told_first(
    fine_tuning: Recipe, parts: Parts, tmp_path: Path
) -> None:
    validation = replace(parts.validation, labels=np.zeros_like(parts.validation.labels))
    with pytest.raises(InputError, match=r"data\.validation: auc, which chooses the checkpoint, needs"):
        fit(changed(fine_tuning, monitor="auc"), replace(parts, validation=validation), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_too_short_for_an_evaluation_is_evaluated_at_its_end(
    fine_tuning: Recipe, parts: Parts, tmp_path: Path
) -> None:
    found = fit(changed(fine_tuning, evaluate_every=10**6), parts, tmp_path / "run")
    assert 0 < found.best <= 1
    again = fit(changed(fine_tuning, evaluate_every=10**6), parts, tmp_path / "run", resume=True)
    assert same(weights(again), weights(found))


def test_the_largest_seed_has_a_next_one(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    recipe = replace(changed(fine_tuning, soup=2, epochs=1.0), seed=2**32 - 1)
    assert len(fit(recipe, parts, tmp_path / "run").facts["best_of_each_run"]) == 2


def test_early_stopping_goes_by_the_validation_metric(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    how = changed(fine_tuning, patience=1, epochs=30.0, evaluate_every=5)
    found = fit(how, parts, tmp_path)
    values = [entry["eval_auc"] for entry in found.history if "eval_auc" in entry]
    assert found.steps < 150
    assert values[-1] <= max(values[:-1])
    (tmp_path / "finished.json").unlink()  # as if it had been killed in that very moment
    again = fit(how, parts, tmp_path, resume=True, callbacks=[Stop(found.steps + 1)])
    assert again.steps == found.steps
    assert same(weights(again), weights(found))


def test_the_plateau_schedule_lowers_the_rate(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    how = changed(fine_tuning, schedule="plateau", plateau_patience=0, plateau_factor=0.1, warmup=0.0, evaluate_every=5)
    rates = [entry["learning_rate"] for entry in fit(how, parts, tmp_path).history if "learning_rate" in entry]
    assert rates[0] == pytest.approx(5e-3)
    assert rates[-1] < 1e-3


@pytest.mark.parametrize("change", [
    {"class_weights": (1.0, 30.0)}, {"class_weights": "balanced"}, {"loss": "focal"}, {"label_smoothing": 0.2},
    {"schedule": "cosine"}, {"accumulation": 2}, {"batching": "length"}, {"batching": "random"}, {"clip": 0.01},
    {"weight_decay": 1.0}, {"precision": "bf16"},
])
def test_each_setting_reaches_the_training(
    fine_tuning: Recipe, parts: Parts, tmp_path: Path, change: dict[str, Any]
) -> None:
    short = changed(fine_tuning, max_steps=12, precision="fp32")
    plain = fit(short, parts, tmp_path / "plain")
    other = fit(changed(short, **change), parts, tmp_path / "other")
    assert not same(weights(plain), weights(other))


def test_class_weights_move_the_answers(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    def rude(*weight: float) -> float:
        found = fit(changed(fine_tuning, class_weights=weight, max_steps=20), parts, tmp_path / str(weight))
        return float((found.validation_logits[:, 1] - found.validation_logits[:, 0]).mean())

    assert rude(1.0, 20.0) > rude(1.0, 1.0) + 0.5 > rude(20.0, 1.0) + 1.0


def test_weights_of_another_number_are_refused(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"class_weights: 3 numbers for 2 labels \(friendly, rude\)"):
        fit(changed(fine_tuning, class_weights=(1.0, 2.0, 3.0)), parts, tmp_path)


def test_what_learns_nothing_is_stopped(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nothing was learnt in 20 steps: the loss is 0\.[678]\d+, and constant"):
        fit(changed(fine_tuning, lr=0.0, watchdog=20), parts, tmp_path)


def test_a_loss_that_is_no_number_is_stopped(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step"):
        fit(changed(fine_tuning, lr=1.0, warmup=0.0, clip=0.0, class_weights=(1.0, 1e6), epochs=200.0,
                    precision="fp32", extra={"adam_beta2": 0.0, "adam_epsilon": 1e-30}), parts, tmp_path)


def test_fp16_needs_a_gpu(fine_tuning: Recipe, parts: Parts, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=r"fp16.* needs a GPU"):
        fit(changed(fine_tuning, precision="fp16"), parts, tmp_path)


def test_another_share_of_the_base_is_tried_on_the_same_checkpoints(
    fine_tuning: Recipe, parts: Parts, fitted: Any, tmp_path: Path
) -> None:
    first = fit(changed(fine_tuning, keep_base=0.3), parts, tmp_path)
    assert not same(weights(first), weights(fitted[0]))
    assert first.best == pytest.approx(auc(first, parts))
    other = fit(changed(fine_tuning, keep_base=0.0), parts, tmp_path, resume=True, callbacks=[Stop(1)])
    assert same(weights(other), weights(fitted[0]))
    again = fit(changed(fine_tuning, keep_base=0.3), parts, tmp_path, resume=True, callbacks=[Stop(1)])
    assert same(weights(again), weights(first))
