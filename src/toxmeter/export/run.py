"""Export, from a model that torch runs to a folder that runs without: convert → compare → choose anew → save.

With the data of its recipe, calibration and thresholds are chosen again, on the validation rows as the export scores
them, and the test rows are measured again. Without, they are those of the original. This module prints nothing;
progress goes to a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from toxmeter.artifact import MANIFEST, Artifact, Manifest, write_artifact
from toxmeter.errors import ArtifactError, InputError
from toxmeter.evaluation.quality import headline, measure
from toxmeter.export.forms import FORMS, Exported, Form, exported
from toxmeter.export.parity import Parity, Tolerance, parity
from toxmeter.export.rows import ExportRows, of_package, of_recipe, of_texts
from toxmeter.models.calibrated import NATURAL, scales
from toxmeter.models.catalog import artifact_of, load
from toxmeter.models.transformer import TransformerScorer
from toxmeter.recipe import Recipe, recipe_of
from toxmeter.training.card import export_card, model_card
from toxmeter.training.choose import choose
from toxmeter.training.origin import libraries

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from toxmeter.training.parts import Parts

__all__ = ["Report", "export"]

Report = Callable[[str, float], None]
"""Told what happens now, and how much of it is done, in [0, 1]."""

_DISGUISED = 200  # test texts that are rewritten in ten ways


def export(
    model: str | os.PathLike[str],
    output: Path,
    *,
    form: Form = "int8",
    data: Path | None = None,
    texts: Sequence[str] = (),
    tolerance: Tolerance | None = None,
    replace_output: bool = False,
    report: Report | None = None,
) -> tuple[Artifact, Parity]:
    """Export a transformer.

    Args:
        model: artifact folder, checkpoint folder or hub id, as ``toxmeter.load`` takes it.
        output: the artifact folder to write.
        form: ``int8``, ``onnx`` (float32) or ``torchscript``.
        data: the folder with the data files that the model's recipe names: chooses and measures again.
        texts: without ``data``, texts like those that will be scored: half of them show how large activations get,
            the others compare. Empty for sentences of the package.
        tolerance: how far the export may be off; None for the defaults.
        replace_output: take the place of an artifact that is there already.
        report: told about progress.

    Returns:
        the artifact, written and verified, and how far it is off the original on its calibration.

    Raises:
        InputError: when the output exists, the model is none that torch runs, or there are too few texts.
        ExportError: when the model cannot be exported, or the export is beyond the tolerance; nothing is written.
        MissingExtra: without what the extra ``export`` installs.
    """
    tell = report or (lambda _what, _share: None)
    if form not in FORMS:
        raise InputError(f"form {form!r}: it is {', '.join(FORMS)}")
    if output.exists() and not (replace_output and (output / MANIFEST).is_file()):
        raise InputError(f"{output} exists already: name another folder, or remove it first")
    tell("loading", 0.0)
    scorer = load(model)
    if not isinstance(scorer, TransformerScorer):
        raise InputError(f"{model} is not run by torch: only fine-tuned transformers are exported")
    manifest = _manifest(model, scorer)
    recipe = recipe_of(manifest.recipe, f"of {scorer.version}") if manifest.recipe else None
    rows = _rows(recipe, data, texts)
    tell("converting", 0.1)
    made = exported(scorer, form, rows.examples)
    tell("comparing", 0.3)
    found = parity(scorer, made.open(scales(manifest.calibration)[NATURAL], manifest.thresholds), rows.compared,
                   rows.truth)
    found.check(tolerance or Tolerance())
    about = {"form": form, "of": scorer.version, "measured_again": rows.parts is not None, **found.to_dict()}
    manifest = replace(
        manifest, format=made.format, model=dict(made.settings), libraries=_libraries(manifest),
        metrics={**{key: value for key, value in manifest.metrics.items() if key != "plots"}, "export": about})
    if recipe and rows.parts:
        tell("calibrating and testing", 0.5)
        manifest = _chosen_again(manifest, made, recipe, rows.parts)
    card = model_card(manifest) if recipe else export_card(manifest)
    return write_artifact(output, manifest, made.files, card=card, replace=replace_output), found


def _manifest(model: str | os.PathLike[str], scorer: TransformerScorer) -> Manifest:
    """The manifest of an artifact, or what is known of a checkpoint."""
    try:
        return artifact_of(model).manifest
    except ArtifactError:  # a checkpoint, or it would not have been loaded
        return Manifest(name=scorer.version.partition("@")[0], number=1, format="transformer", labels=scorer.labels,
                        thresholds=scorer.thresholds, licence="NOASSERTION")


def _rows(recipe: Recipe | None, data: Path | None, texts: Sequence[str]) -> ExportRows:
    if data is None:
        return of_texts(texts) if texts else of_package()
    if recipe is None:
        raise InputError("data: the model was not made by a recipe, so nobody knows which rows it has not seen; give"
                         " texts instead")
    return of_recipe(recipe, data)


def _chosen_again(manifest: Manifest, made: Exported, recipe: Recipe, parts: Parts) -> Manifest:
    """With calibration, thresholds and figures of the export itself."""
    how, labels = recipe.evaluate, parts.labels
    raw = made.open({}, {}).score(parts.validation.texts).astype(np.float64)
    raw = np.clip(raw, 1e-7, 1 - 1e-7)
    # probabilities of labels that exclude each other are logits but for a constant, which softmax takes away
    logits = np.log(raw) - (np.log1p(-raw) if labels.kind == "multilabel" else 0.0)
    calibration, thresholds = choose(how, labels, parts.validation.labels, logits)
    scorer = made.open(scales(calibration)[NATURAL], thresholds)
    test = measure(scorer, parts.test.texts, parts.test.labels, seed=recipe.seed, resamples=how.resamples,
                   probes=how.probes, disguised=_DISGUISED)
    metrics: Mapping[str, Any] = {**manifest.metrics, "headline": headline(test), "test": test}
    return replace(manifest, calibration=calibration, thresholds=thresholds, metrics=metrics)


def _libraries(manifest: Manifest) -> dict[str, str]:
    return {**manifest.libraries, **libraries("onnx", "onnxruntime", "tokenizers")}
