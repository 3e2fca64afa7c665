"""Our dozen training fields as Hugging Face's ``TrainingArguments``.

The one place where their names meet ours. Importing this module imports torch and transformers; it starts
nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.labels import Kind
from toxmeter.recipe.fitting import FineTuning

__all__ = ["monitor_of", "training_arguments"]

_torch = need("torch", extra="train")
_transformers = need("transformers", extra="train")

_LOG_EVERY = 10  # optimizer steps
_PATIENCE = 24 * 3600  # seconds that processes wait for the one that tests and writes


def monitor_of(how: FineTuning, kind: Kind) -> str:
    """The validation metric that chooses the checkpoint."""
    if how.monitor != "auto":
        return how.monitor
    return "macro_f1" if kind == "multiclass" else "auc"


def training_arguments(how: FineTuning, folder: Path, seed: int, monitor: str) -> Any:  # noqa: ANN401
    """The ``TrainingArguments`` of a run.

    Args:
        how: our fields.
        folder: for checkpoints; the last and the best are kept.
        seed: of everything that the Trainer draws.
        monitor: validation metric.

    Raises:
        InputError: when the device cannot compute in the precision that was asked for.
    """
    every = {"strategy": "steps", "steps": how.evaluate_every} if how.evaluate_every else {"strategy": "epoch"}
    timing = {f"{what}_{key}": value for what in ("eval", "save") for key, value in every.items()}
    schedule = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup",
                "plateau": "reduce_lr_on_plateau"}[how.schedule]
    better = monitor != "loss"  # of all metrics, the loss alone is better when it is lower
    plateau = {"mode": "max" if better else "min", "factor": how.plateau_factor, "patience": how.plateau_patience}
    return _transformers.TrainingArguments(
        output_dir=str(folder), num_train_epochs=how.epochs, max_steps=how.max_steps or -1,
        learning_rate=how.lr, lr_scheduler_type=schedule,
        lr_scheduler_kwargs=plateau if how.schedule == "plateau" else None,
        warmup_steps=how.warmup if how.warmup < 1 else int(how.warmup), weight_decay=how.weight_decay,
        per_device_train_batch_size=how.batch_size, gradient_accumulation_steps=how.accumulation,
        max_grad_norm=how.clip, metric_for_best_model=monitor, greater_is_better=better,
        load_best_model_at_end=True, save_total_limit=2, restore_callback_states_from_checkpoint=True,
        logging_steps=_LOG_EVERY, logging_nan_inf_filter=False, report_to="none", disable_tqdm=True,
        seed=seed, data_seed=seed, ddp_timeout=_PATIENCE, remove_unused_columns=False, **_precision(how.precision),
        **_device(), **timing, **how.extra)


def _device() -> dict[str, Any]:
    """Without a GPU, several processes talk through gloo."""
    if _torch.cuda.is_available():
        return {}
    return {"use_cpu": True, "ddp_backend": "gloo" if int(os.environ.get("WORLD_SIZE", "1")) > 1 else None}


def _precision(wanted: str) -> dict[str, bool]:
    cuda = _torch.cuda.is_available()
    if cuda:
        computes_bf16 = _torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = _torch.cpu.get_capabilities()
        computes_bf16 = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    if wanted == "fp16" and not cuda:
        raise InputError("train.precision = \"fp16\" needs a GPU: set it to \"auto\", \"bf16\" or \"fp32\"")
    return {"bf16": wanted == "bf16" or (wanted == "auto" and computes_bf16), "fp16": wanted == "fp16"}
