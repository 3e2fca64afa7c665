"""Finding a scorer: the shipped models by name, any other by its folder or its id on the Hugging Face hub.

``load`` is the one way in. This module does not choose a model silently: an unknown name is an error that
lists what was tried. Only a name of the form ``owner/name`` is looked for on the hub.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from toxmeter.artifact import MANIFEST, Artifact
from toxmeter.errors import ArtifactError, InputError, UnknownModel, did_you_mean
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models.calibrated import NATURAL, RescaledScorer, scales
from toxmeter.models.cascade import CascadeScorer, RescaledCascade
from toxmeter.models.checkpoint import download, is_hub_id, open_checkpoint
from toxmeter.models.dummy import DummyScorer
from toxmeter.models.hashed import HashedScorer
from toxmeter.models.onnx import OnnxScorer
from toxmeter.models.scorer import Staged
from toxmeter.models.transformer import TransformerScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from toxmeter.models.scorer import Scorer

__all__ = ["BULK", "DEFAULT", "artifact_of", "load", "shipped"]

DEFAULT = "mini"
"""The model of ``TextGuardrail()`` and ``toxmeter check``."""

BULK = "cascade"
"""The model of ``toxmeter score``: that of ``DEFAULT``, but for texts that nano is sure of."""

_WEIGHTS = Path(__file__).parent / "weights"
_FORMATS: Mapping[str, Callable[[Artifact], Scorer]] = {
    "bag": TransformerScorer.from_artifact,
    # it has no weights of its own and finds its models the way that any are found
    "cascade": lambda artifact: CascadeScorer.from_artifact(
        artifact, artifact_of, lambda stage: _scorer(stage, None, NATURAL)),
    "hashed": HashedScorer.from_artifact,
    "onnx": OnnxScorer.from_artifact,
    "transformer": TransformerScorer.from_artifact,
}


def shipped() -> list[str]:
    """Names of the models inside the package, sorted."""
    return sorted(file.parent.name for file in _WEIGHTS.glob(f"[!.]*/{MANIFEST}"))


def artifact_of(name_or_path: str | os.PathLike[str]) -> Artifact:
    """The verified artifact of a shipped model, of a folder, or of a hub model (``owner/name``).

    Raises:
        UnknownModel: when it is none of these; the message lists what was tried.
        ArtifactError: when the folder holds a broken artifact, or a checkpoint that is none.
        MissingExtra: for a hub model without huggingface_hub.
    """
    name = os.fspath(name_or_path)
    if name == "dummy":
        raise UnknownModel(f"dummy is no artifact, and has no files; those that ship are {', '.join(shipped())}")
    folder = _folder(name, None)
    if _is_checkpoint(folder):
        raise ArtifactError(f"{name} is a checkpoint without {MANIFEST}, which cannot hold calibrations or figures:"
                            " fine-tune it (toxmeter train), or write it with toxmeter.artifact.write_artifact")
    return Artifact.open(folder)


def load(
    name_or_path: str | os.PathLike[str] = DEFAULT,
    *,
    toxic: Sequence[str] | None = None,
    revision: str | None = None,
    scale: str | None = None,
) -> Scorer:
    """A scorer by name, folder or hub id.

    Args:
        name_or_path: a shipped model (``nano``), ``dummy``, a folder with an artifact or a Hugging Face
            checkpoint, or a hub model (``owner/name``), which is downloaded once, its weights only as
            safetensors.
        toxic: labels that mean toxic; None for what the model declares, or for a checkpoint, those whose name
            says so. A guardrail needs one: ``load("owner/name", toxic=["LABEL_1"])``.
        revision: of a hub model: commit, tag or branch; None for the newest.
        scale: named scale of the scores and thresholds, as ``toxmeter calibrate`` stores it; None for the
            natural one. The version then ends in ``:scale``.

    Raises:
        UnknownModel: when it is none of these; the message lists what was tried.
        ArtifactError: when the folder holds a broken artifact or checkpoint, one without a classification
            head, or one of a format that is not known here.
        LabelError: when ``toxic`` names a label that the model does not have.
        InputError: when ``revision`` is given for what is not on the hub, or the model has no such ``scale``.
        MissingExtra: when a checkpoint is asked for and torch or transformers is not installed.
    """
    name = os.fspath(name_or_path)
    if name == "dummy":
        _natural_only(name, scale)
        return DummyScorer(JIGSAW if toxic is None else _declared(JIGSAW, toxic))
    folder = _folder(name, revision)
    if _is_checkpoint(folder):
        _natural_only(name, scale)
        called = name.rpartition("/")[2] if is_hub_id(name) else folder.resolve().name
        return open_checkpoint(folder, name=called, toxic=toxic)
    return _scorer(Artifact.open(folder), toxic, scale or NATURAL)


def _scorer(artifact: Artifact, toxic: Sequence[str] | None, scale: str) -> Scorer:
    manifest = artifact.manifest
    known = scales(manifest.calibration)
    if scale not in known and scale != NATURAL:
        raise InputError(f"{artifact.path}: no scale {scale!r}{did_you_mean(scale, list(known))}: there is"
                         f" {', '.join(known)}; toxmeter calibrate adds one")
    try:
        loader = _FORMATS[manifest.format]
    except KeyError:
        if manifest.format == "torchscript":
            raise ArtifactError(f"{artifact.path}: format 'torchscript' is for other programs; load the model that it"
                                " was made of") from None
        raise ArtifactError(f"{artifact.path}: format {manifest.format!r} is unknown here"
                            f" ({', '.join(_FORMATS)}): upgrade toxmeter") from None
    if toxic is not None:  # scores do not depend on it, so the version stays
        artifact = replace(artifact, manifest=replace(manifest, labels=_declared(manifest.labels, toxic)))
    scorer = loader(artifact)
    if scale == NATURAL:
        return scorer
    try:
        if isinstance(scorer, Staged):
            return RescaledCascade(scorer, scale, known[scale])
        return RescaledScorer(scorer, scale, known[scale])
    except (AttributeError, TypeError, ValueError) as err:
        raise ArtifactError(f"{artifact.path}: scale {scale!r} is unusable ({err})") from err


def _natural_only(name: str, scale: str | None) -> None:
    if scale not in (None, NATURAL):
        raise InputError(f"scale {scale!r}: only artifacts of toxmeter hold named scales; {name} is none. Make it one"
                         " first (toxmeter train), then toxmeter calibrate")


def _declared(labels: LabelSet, toxic: Sequence[str]) -> LabelSet:
    return replace(labels, toxic=toxic)  # type: ignore[arg-type]  # checked and made a tuple there


def _folder(name: str, revision: str | None) -> Path:
    """The folder of a model, fetched from the hub where it is not here."""
    folder = _local(name)
    if folder is not None and revision is not None:
        raise InputError(f"revision {revision!r}: only models of the hub have revisions; {name} is a folder")
    if folder is None:
        if not is_hub_id(name):
            raise _unknown(name)
        folder = download(name, revision)
    return folder


def _is_checkpoint(folder: Path) -> bool:
    return (folder / "config.json").is_file() and not (folder / MANIFEST).exists()


def _local(name: str) -> Path | None:
    """The folder of a shipped model or of a path; None where it is neither."""
    folder = _WEIGHTS / name if name in shipped() else Path(name)
    return folder if folder.is_dir() else None


def _unknown(name: str) -> UnknownModel:
    known = [*shipped(), "dummy"]
    return UnknownModel(f"no model {name!r}: not shipped ({', '.join(known)}), and no folder of that name"
                        f"{did_you_mean(name, known)}; models of the Hugging Face hub are called owner/name")
