"""Knowledge distillation (Hinton et al. 2015): a model learns what another one says of the training rows.

A teacher's probabilities tell how sure one may be, and what of two labels is nearer, which a label of 0 or 1 does not;
they also stand in for labels that a row lacks. Only training rows are taught: what chooses and reports keeps its own
labels. The teacher may be any scorer, larger or of another kind. This module trains nothing, and knows no temperature:
teachers are calibrated scorers, not bare logits.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.errors import InputError
from toxmeter.models.catalog import load

if TYPE_CHECKING:
    from pathlib import Path

    from toxmeter.models.scorer import Scorer
    from toxmeter.training.parts import Parts
    from toxmeter.training.run import Report

__all__ = ["taught"]

Floats = npt.NDArray[np.float64]

_BLOCK = 4_096  # texts between two reports of progress


def taught(parts: Parts, name: str, share: float, file: Path, digest: str, report: Report) -> tuple[Parts, str]:
    """Parts whose training rows have the labels of a teacher.

    Args:
        parts: rows with labels ``[n, k]``.
        name: of the teacher: a shipped model, a folder or a hub id.
        share: in (0, 1], what the teacher counts against a label that is known; where none is, it counts alone.
        file: keeps the teacher's scores, so that a run that goes on, or has several turns, asks it once.
        digest: of the run; scores of another one are not used.
        report: told about progress.

    Returns:
        the parts, and the version of the teacher.

    Raises:
        InputError: when the teacher does not tell apart what is trained.
        UnknownModel: when there is no such teacher.
    """
    said = _kept(file, digest)
    if said is None:
        report("loading the teacher", 0.0)
        teacher = load(name)
        said = _asked(teacher, parts, name, report), teacher.version
        _keep(file, digest, *said)
    scores, version = said
    own = parts.train.labels
    labels = np.where(np.isnan(own), scores, share * scores + (1 - share) * own)
    return replace(parts, train=replace(parts.train, labels=labels)), version


def _asked(teacher: Scorer, parts: Parts, name: str, report: Report) -> Floats:
    """What a teacher says of the training rows, ``[n, k]`` in the order of the labels that are trained."""
    texts, wanted, has = parts.train.texts, parts.labels, teacher.labels
    missing = [label for label in wanted.names if label not in has.ids]
    if missing or has.kind != wanted.kind or (has.kind != "multilabel" and len(has) != len(wanted)):
        raise InputError(f"train.teacher: {name} is {has.kind} with the labels {', '.join(has.names)}, while what is"
                         f" trained is {wanted.kind} with {', '.join(wanted.names)}: name a teacher of the same labels")
    order, found = [has.ids[label] for label in wanted.names], []
    for begin in range(0, len(texts), _BLOCK):
        report("asking the teacher", begin / len(texts))
        found.append(teacher.score(texts[begin:begin + _BLOCK])[:, order])
    return np.concatenate(found).astype(np.float64)


def _keep(file: Path, digest: str, scores: Floats, version: str) -> None:
    """Write what was said, whole or not at all; where several processes train, each may."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    with part.open("wb") as to:
        np.savez(to, scores=scores, version=np.array(version), digest=np.array(digest))
    part.replace(file)


def _kept(file: Path, digest: str) -> tuple[Floats, str] | None:
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as found:
        if str(found["digest"]) != digest:
            return None
        return found["scores"], str(found["version"])
