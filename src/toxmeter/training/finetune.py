"""Fine-tuning a transformer: from tokenised parts to fitted weights, with checkpoints that survive.

Here a recipe is unpacked: what is called gets numbers and arrays. A run that was interrupted, by whatever
means, goes on from its last whole checkpoint to the same result. This module does not calibrate, measure test
rows or write artifacts. Importing it imports torch and transformers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.evaluation.classification import positive_column, validation_metrics
from toxmeter.extras import need
from toxmeter.models.calibrated import activated
from toxmeter.models.pretrained import quiet
from toxmeter.recipe.fitting import BagModel, FineTuning, HashedModel, TransformerModel
from toxmeter.recipe.write import plain
from toxmeter.training.arguments import monitor_of, training_arguments
from toxmeter.training.batches import Batches
from toxmeter.training.callbacks import OnSave, ShowProgress, Watchdog, numbered
from toxmeter.training.checkpoints import load_finished, open_folder, remember_finished
from toxmeter.training.encoder import encode_all, load_network
from toxmeter.training.loss import Loss, balanced_weights, chance_level, disagreement, make_loss
from toxmeter.training.soup import stir
from toxmeter.training.teacher import taught
from toxmeter.training.trainer import Encoded, Metrics, ToxicityTrainer, predict

if TYPE_CHECKING:
    from toxmeter.recipe import Recipe
    from toxmeter.training.parts import Parts
    from toxmeter.training.run import Report

__all__ = ["Fitted", "fit"]

Floats = npt.NDArray[np.float64]

_torch = need("torch", extra="train")
_transformers = need("transformers", extra="train")


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes:
        model: with the weights of the best checkpoint; of several runs, with the mean of theirs.
        tokenizer: of the model.
        validation_logits: ``[n, k]`` of the validation rows, cut at the model's length as in training.
        history: what was logged of the first run: entries with ``step`` and ``loss`` or ``eval_…``.
        best: validation metric of those weights, negated for the loss: higher is better.
        monitor: which metric that is.
        steps: optimizer steps that were made, in all runs.
        facts: what else a report should tell: precision, share of cut texts, chance loss and the like.
    """

    model: Any
    tokenizer: Any
    validation_logits: Floats
    history: list[dict[str, Any]]
    best: float
    monitor: str
    steps: int
    facts: dict[str, Any]


def fit(
    recipe: Recipe,
    parts: Parts,
    folder: Path,
    *,
    resume: bool = False,
    report: Report | None = None,
    callbacks: Sequence[Any] = (),
    saved: Callable[[], None] = lambda: None,
) -> Fitted:
    """Fine-tune a transformer: once, or several times into the mean of the weights.

    Args:
        recipe: with ``FineTuning``.
        parts: rows; the test part is not looked at.
        folder: for checkpoints; it is made. Those of a second and later run lie in folders in it.
        resume: go on from the last whole checkpoint in the folder, if there is one.
        report: told about progress.
        callbacks: further callbacks of Hugging Face's Trainer; they watch the first run only.
        saved: called after every checkpoint.

    Raises:
        InputError: when the folder holds checkpoints and resume was not asked for, or settings contradict the data.
        TrainingError: when the checkpoints are of another recipe, or nothing is learnt.
        UnknownModel: when the base model is not to be had.
    """
    how = recipe.train
    assert isinstance(how, FineTuning), "the recipe reader pairs them"  # noqa: S101
    tell = report or (lambda _what, _share: None)
    _check_monitor(how, parts)
    digest = _digest(recipe, parts)
    facts: dict[str, Any] = {}
    if how.teacher:
        open_folder(folder, digest, resume=resume)  # what is wrong with it is told before the teacher is asked
        parts, facts["teacher"] = taught(parts, how.teacher, how.teacher_share, folder / "teacher.npz", digest, tell)

    def run(number: int, folder: Path, watching: Sequence[Any]) -> Fitted:
        return _run(recipe, parts, folder, digest, number=number, resume=resume, callbacks=[OnSave(saved), *watching],
                    tell=numbered(tell, number, how.soup))

    fitted = run(1, folder, callbacks)
    each, steps = [fitted.best], fitted.steps
    for number in range(2, how.soup + 1):
        other = run(number, folder / f"run-{number}", ())
        stir(fitted.model, other.model, 1 / number)
        each.append(other.best)
        steps += other.steps
    if how.keep_base:
        stir(fitted.model.base_model, _start(recipe, parts)[0].base_model, how.keep_base)  # the head has no base
    if how.soup > 1:
        facts["best_of_each_run"] = each
    fitted = replace(fitted, steps=steps, facts=fitted.facts | facts)
    if not how.keep_base and how.soup == 1:
        return fitted
    ids, _ = encode_all(fitted.tokenizer, parts.validation.texts, _shape(recipe).max_length)
    logits, best = _validated(fitted.model, ids, fitted.tokenizer, parts, fitted.monitor)
    return replace(fitted, validation_logits=logits, best=best)


def _start(recipe: Recipe, parts: Parts) -> tuple[Any, Any]:
    """The network before its first step, whose new weights are those of the seed, and its tokenizer."""
    _transformers.set_seed(recipe.seed)
    return load_network(_shape(recipe), parts.labels)


def _shape(recipe: Recipe) -> TransformerModel | BagModel:
    assert not isinstance(recipe.model, HashedModel), "the recipe reader pairs them"  # noqa: S101
    return recipe.model


def _run(
    recipe: Recipe, parts: Parts, folder: Path, digest: str, *, number: int, resume: bool, callbacks: Sequence[Any],
    tell: Report
) -> Fitted:
    """Train once. Runs of other numbers start from the same weights and see other orders and dropout."""
    shape, how, seed = _shape(recipe), recipe.train, (recipe.seed + number - 1) % 2**32
    assert isinstance(how, FineTuning), "the recipe reader pairs them"  # noqa: S101
    checkpoint = open_folder(folder, digest, resume=resume)
    tell("loading the base model", 0.0)
    model, tokenizer = _start(recipe, parts)
    tell("tokenising", 0.0)
    train, cut = encode_all(tokenizer, parts.train.texts, shape.max_length)
    validation, _ = encode_all(tokenizer, parts.validation.texts, shape.max_length)
    pad = tokenizer.pad_token_id or 0
    loss = make_loss(parts.labels.kind, name=how.loss, gamma=how.focal_gamma, smoothing=how.label_smoothing,
                     class_weights=_class_weights(how, parts))
    chance = chance_level(loss, parts.train.labels, parts.weight)
    monitor = monitor_of(how, parts.labels.kind)
    arguments = training_arguments(how, folder, seed, monitor)
    plan = Batches([len(ids) for ids in train], batching=how.batching, size=how.batch_size,
                   tokens=how.batch_tokens, seed=seed, process=arguments.process_index,
                   processes=arguments.world_size)
    watching = [Watchdog(chance, how.watchdog), ShowProgress(tell, monitor), *callbacks]
    if how.patience:
        watching.append(_transformers.EarlyStoppingCallback(early_stopping_patience=how.patience))
    trainer = ToxicityTrainer(
        loss=loss, plan=plan, pad=pad, metrics=_metrics(parts), model=model, args=arguments,
        average=how.average, apart=_apart(how, parts),
        train_dataset=Encoded(train, parts.train.labels, parts.weight),
        eval_dataset=Encoded(validation, parts.validation.labels), callbacks=watching)
    trainer.remove_callback(_transformers.PrinterCallback)
    if not load_finished(trainer, folder, checkpoint):
        with quiet():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        remember_finished(trainer, folder)
    facts = {"precision": arguments.mixed_precision or "no", "processes": arguments.world_size,
             "base_commit": getattr(model.config, "_commit_hash", None), "batches_an_epoch": len(plan),
             "cut_share": round(cut / len(train), 4), "chance_loss": round(chance, 5),
             "parameters": sum(p.numel() for p in model.parameters()),
             "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad)}
    logits, best = _validated(trainer.model, validation, tokenizer, parts, monitor)
    return Fitted(trainer.model, tokenizer, logits, trainer.state.log_history, best, monitor,
                  trainer.state.global_step, facts)


def _validated(
    model: Any, ids: list[list[int]], tokenizer: Any, parts: Parts, monitor: str  # noqa: ANN401 - of transformers
) -> tuple[Floats, float]:
    """Logits of the validation rows ``[n, k]``, and the metric, where higher is better."""
    logits = predict(model, ids, pad=tokenizer.pad_token_id or 0)
    best = _metrics(parts)(logits)[monitor]
    return logits, -best if monitor == "loss" else best


def _apart(how: FineTuning, parts: Parts) -> Loss | None:
    """What two readings that come apart cost, or None for one reading; half as much as the paper, as is the loss."""
    if not how.consistency:
        return None
    return lambda one, other: how.consistency / 2 * disagreement(parts.labels.kind, one, other)


def _class_weights(how: FineTuning, parts: Parts) -> Floats | None:
    """What the positives of each label count, or None for 1.

    Raises:
        InputError: when a list of weights has another length than the labels.
    """
    if how.class_weights == "none":
        return None
    if how.class_weights == "balanced":
        return balanced_weights(parts.train.labels)
    if len(how.class_weights) != len(parts.labels):
        raise InputError(f"train.class_weights: {len(how.class_weights)} numbers for {len(parts.labels)} labels"
                         f" ({', '.join(parts.labels.names)})")
    return np.array(how.class_weights, np.float64)


def _metrics(parts: Parts) -> Metrics:
    """The validation metrics of logits; ``loss`` is cross-entropy without weights."""
    plain_loss = make_loss(parts.labels.kind)
    truth = _torch.tensor(parts.validation.labels, dtype=_torch.float32)
    positive = positive_column(parts.labels)

    def of(logits: Floats) -> dict[str, float]:
        found = validation_metrics(parts.labels.kind, parts.validation.labels,
                                   activated(logits, parts.labels.kind), positive=positive)
        return found | {"loss": float(plain_loss(_torch.tensor(logits), truth).mean())}

    return of


def _check_monitor(how: FineTuning, parts: Parts) -> None:
    """A metric without a value would choose nothing, which is better told before the work."""
    monitor = monitor_of(how, parts.labels.kind)
    if np.isnan(_metrics(parts)(np.zeros((len(parts.validation.texts), len(parts.labels))))[monitor]):
        raise InputError(f"data.validation: {monitor}, which chooses the checkpoint, needs validation rows with and"
                         f" without a label, and of {', '.join(parts.labels.names)} none has both: name more data or"
                         ' another share, or set train.monitor = "loss"')


def _digest(recipe: Recipe, parts: Parts) -> str:
    """What must not change between the attempts of a run: settings that fit, and the rows."""
    kept = {name: plain(getattr(recipe, name)) for name in ("seed", "model", "train")}
    for later in ("keep_base", "soup"):  # another share may be tried, and a run be added, with the same checkpoints
        del kept["train"][later]
    document = json.dumps(kept | {"labels": parts.labels.to_dict(), "rows": parts.digest()}, sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()
