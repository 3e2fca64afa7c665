"""The story of a network, transformer or bag, from its rows to the artifact, top to bottom.

fit → calibrate → thresholds → test once → save, with its cost measured and its run recorded. Where several
processes train together, the first one does what comes after the fit. Importing this module imports torch and
transformers; it prints nothing.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.evaluation.calibration import balanced_scale
from toxmeter.evaluation.plots import confusion_plot, loss_plot
from toxmeter.evaluation.quality import headline, measure
from toxmeter.extras import need
from toxmeter.models.calibrated import NATURAL, scales
from toxmeter.models.pretrained import transformer_files
from toxmeter.models.transformer import TransformerScorer
from toxmeter.recipe.fitting import HashedModel
from toxmeter.recipe.write import plain
from toxmeter.training.card import model_card
from toxmeter.training.checkpoints import check_unused
from toxmeter.training.choose import choose
from toxmeter.training.energy import Cost, measured
from toxmeter.training.finetune import Fitted, fit
from toxmeter.training.origin import libraries, origins
from toxmeter.training.tracking import tracked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from toxmeter.recipe import Recipe
    from toxmeter.training.parts import Parts
    from toxmeter.training.run import Report

__all__ = ["checkpoint_folder", "train_transformer"]

_torch = need("torch", extra="train")

_DISGUISED = 200  # test texts that are rewritten in ten ways; a transformer reads some tens a second on a CPU


def checkpoint_folder(output: Path) -> Path:
    """Where the checkpoints of a run lie: beside its artifact."""
    return output.with_name(f"{output.name}.checkpoints")


def train_transformer(
    recipe: Recipe,
    parts: Parts,
    output: Path,
    *,
    replace: bool,
    resume: bool,
    keep_checkpoints: bool,
    report: Report,
) -> Artifact:
    """Fit, calibrate, test and save a network; see ``toxmeter.training.run.train``.

    Raises:
        InputError: when settings contradict the data or the device.
        TrainingError: when nothing is learnt, or checkpoints are of another run.
        UnknownModel: when the base model is not to be had.
    """
    if recipe.evaluate.balanced:
        balanced_scale(parts.validation.labels, parts.labels.kind)  # told before the work, not after hours of it
    folder = checkpoint_folder(output)
    cost_file = folder / "cost.json"
    if not resume and _is_first():
        check_unused(folder)
        cost_file.unlink(missing_ok=True)
    with tracked(recipe, output.with_name(f"{output.name}.records"), resume=resume) as tracker:
        with measured(energy=recipe.track.energy and _is_first(), country=recipe.track.country,
                      file=cost_file if _is_first() else None) as meter:
            fitted = fit(recipe, parts, folder, resume=resume, report=report,
                         callbacks=tracker.callbacks, saved=meter.save)
        if _is_first():
            report("calibrating and testing", 0.0)
            artifact = _finish(recipe, parts, fitted, meter.cost, output, replace=replace)
            tracker.log_final(artifact.manifest.metrics["headline"])
        _wait_for_all()
    if _is_first() and not keep_checkpoints:
        shutil.rmtree(folder)
    return Artifact.open(output)


def _finish(recipe: Recipe, parts: Parts, fitted: Fitted, cost: Cost, output: Path, *, replace: bool) -> Artifact:
    """What comes after the fit: validation rows choose, test rows report."""
    labels, how = parts.labels, recipe.evaluate
    calibration, thresholds = choose(how, labels, parts.validation.labels, fitted.validation_logits)
    shape = recipe.model
    assert not isinstance(shape, HashedModel), "the recipe reader pairs them"  # noqa: S101
    scorer = TransformerScorer(fitted.model, fitted.tokenizer, labels=labels, thresholds=thresholds, version="",
                               max_length=shape.max_length, calibration=scales(calibration)[NATURAL])
    test = measure(scorer, parts.test.texts, parts.test.labels, seed=recipe.seed, resamples=how.resamples,
                   probes=how.probes, disguised=_DISGUISED)
    plots = _plots(fitted, test, labels.names)
    manifest = Manifest(
        name=recipe.name, number=recipe.number, licence=recipe.licence, format=shape.format, labels=labels,
        model={"max_length": shape.max_length},
        thresholds=thresholds, calibration=calibration, recipe=plain(recipe), data=origins(parts),
        metrics={"headline": headline(test), "test": test, "validation": {fitted.monitor: fitted.best},
                 "cost": cost.to_dict(), "fit": {"steps": fitted.steps, **fitted.facts},
                 "history": _curve(fitted.history), "plots": sorted(plots)},
        libraries=libraries("numpy", "torch", "transformers", "tokenizers"))
    return write_artifact(output, manifest, transformer_files(fitted.model, fitted.tokenizer, labels),
                          card=model_card(manifest), attachments=plots, replace=replace)


def _plots(fitted: Fitted, test: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, bytes]:
    plots = {"loss.png": loss_plot(fitted.history)}
    if "confusion" in test:
        plots["confusion.png"] = confusion_plot(test["confusion"], names)
    return plots


def _curve(history: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Step, loss and validation metrics of a run, without the Trainer's own timings."""
    kept = [{key: value for key, value in entry.items() if key in ("step", "loss", "learning_rate")
             or key.startswith("eval_")} for entry in history]
    return [entry for entry in kept if entry.keys() - {"step", "learning_rate"}]


def _is_first() -> bool:
    """Whether this is the process that measures and writes; torchrun and accelerate number them in RANK."""
    return os.environ.get("RANK", "0") == "0"


def _wait_for_all() -> None:
    if _torch.distributed.is_initialized():
        _torch.distributed.barrier()
