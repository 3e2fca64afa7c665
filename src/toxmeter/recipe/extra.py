"""The table ``[train.extra]``: fields of ``transformers.TrainingArguments`` that a recipe has none for.

Their names are checked against the installed transformers; their values are checked there, when a run begins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from toxmeter.errors import did_you_mean
from toxmeter.extras import need
from toxmeter.recipe.values import joined

__all__ = ["OURS", "check_extra"]

_ITSELF = "toxmeter itself"

OURS: Mapping[str, str] = MappingProxyType({
    "output_dir": "--output", "push_to_hub": "--push-to-hub", "hub_token": "the environment",
    "num_train_epochs": "train.epochs", "max_steps": "train.max_steps", "learning_rate": "train.lr",
    "lr_scheduler_type": "train.schedule", "lr_scheduler_kwargs": "train.plateau_factor",
    "warmup_steps": "train.warmup", "warmup_ratio": "train.warmup",
    "weight_decay": "train.weight_decay", "max_grad_norm": "train.clip",
    "per_device_train_batch_size": "train.batch_size", "per_device_eval_batch_size": "train.batch_size",
    "gradient_accumulation_steps": "train.accumulation", "train_sampling_strategy": "train.batching",
    "label_smoothing_factor": "train.label_smoothing", "bf16": "train.precision", "fp16": "train.precision",
    "metric_for_best_model": "train.monitor", "greater_is_better": "train.monitor",
    "eval_steps": "train.evaluate_every", "save_steps": "train.evaluate_every",
    "report_to": "track.to", "seed": "seed", "data_seed": "seed",
    **dict.fromkeys(("load_best_model_at_end", "eval_strategy", "save_strategy", "save_total_limit",
                     "remove_unused_columns", "label_names", "disable_tqdm", "logging_dir", "logging_first_step",
                     "logging_nan_inf_filter", "logging_steps", "logging_strategy", "ddp_backend",
                     "ddp_timeout", "use_cpu", "restore_callback_states_from_checkpoint"), _ITSELF),
})
"""Fields of ``TrainingArguments`` that are set already, and by what."""


def check_extra(extra: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What is wrong with the names in ``train.extra``, as ``(path, problem)``.

    Raises:
        MissingExtra: when there are any, and transformers is not installed to say which it knows.
    """
    if not extra:
        return
    arguments = need("transformers", extra="train").TrainingArguments
    free = [field.name for field in dataclasses.fields(arguments) if field.init and field.name not in OURS]
    for name in extra:
        path = joined("train.extra", name)
        if name in OURS:
            yield path, f"is set by {OURS[name]}"
        elif name not in free:
            yield path, f"transformers.TrainingArguments has no such field{did_you_mean(name, free)}"
