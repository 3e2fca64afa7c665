"""Our training fields as those of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from toxmeter.errors import InputError
from toxmeter.recipe.fitting import FineTuning
from toxmeter.training.arguments import monitor_of, training_arguments

if TYPE_CHECKING:
    from pathlib import Path


def arguments(folder: Path, monitor: str = "auc", **fields: Any) -> Any:
    return training_arguments(FineTuning(**fields), folder, 7, monitor)


@pytest.mark.parametrize(("kind", "monitor"), [("multilabel", "auc"), ("binary", "auc"), ("multiclass", "macro_f1")])
def test_the_metric_fits_the_labels_unless_it_is_named(kind: Any, monitor: str) -> None:
    assert monitor_of(FineTuning(), kind) == monitor
    assert monitor_of(FineTuning(monitor="loss"), kind) == "loss"


def test_fields_arrive(tmp_path: Path) -> None:
    found = arguments(tmp_path, epochs=2.5, max_steps=0, lr=3e-5, weight_decay=0.2, batch_size=24, accumulation=3,
                      clip=0.5, warmup=0.1, evaluate_every=50, extra={"adam_beta2": 0.98})
    assert (found.num_train_epochs, found.max_steps, found.learning_rate) == (2.5, -1, 3e-5)
    assert (found.weight_decay, found.per_device_train_batch_size, found.gradient_accumulation_steps) == (0.2, 24, 3)
    assert (found.max_grad_norm, found.warmup_steps, found.eval_steps, found.save_steps) == (0.5, 0.1, 50, 50)
    assert found.adam_beta2 == 0.98
    assert (found.seed, found.data_seed) == (7, 7)
    assert found.load_best_model_at_end
    assert found.report_to == []


def test_warmup_is_a_share_or_steps(tmp_path: Path) -> None:
    assert arguments(tmp_path, warmup=0.25).get_warmup_steps(1_000) == 250
    assert arguments(tmp_path, warmup=200.0).get_warmup_steps(1_000) == 200
    assert arguments(tmp_path, warmup=0.0).get_warmup_steps(1_000) == 0


def test_an_epoch_is_the_default_between_evaluations(tmp_path: Path) -> None:
    assert arguments(tmp_path).eval_strategy == "epoch"
    assert arguments(tmp_path, evaluate_every=5).eval_strategy == "steps"


@pytest.mark.parametrize(("monitor", "better", "mode"), [("auc", True, "max"), ("loss", False, "min")])
def test_plateau_and_best_go_the_way_of_the_metric(tmp_path: Path, monitor: str, better: bool, mode: str) -> None:
    found = arguments(tmp_path, monitor, schedule="plateau", plateau_factor=0.3, plateau_patience=2)
    assert found.greater_is_better is better
    assert found.lr_scheduler_kwargs == {"mode": mode, "factor": 0.3, "patience": 2}


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_other_schedules_have_no_factor(tmp_path: Path, schedule: Any) -> None:
    found = arguments(tmp_path, schedule=schedule)
    assert found.lr_scheduler_type.value.startswith(schedule)
    assert not found.lr_scheduler_kwargs


@pytest.mark.skipif(torch.cuda.is_available(), reason="of a machine without a GPU")
def test_precision_is_what_the_processor_computes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for able in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: {"avx512_bf16": able})
        assert arguments(tmp_path, precision="auto").bf16 is able
        assert arguments(tmp_path, precision="bf16").bf16
        assert not arguments(tmp_path, precision="fp32").bf16
    with pytest.raises(InputError, match="needs a GPU"):
        arguments(tmp_path, precision="fp16")
