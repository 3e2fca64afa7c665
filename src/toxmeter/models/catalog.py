"""Finding a scorer: the shipped models by name, any other by its folder.

``load`` is the one way in. This module does not download anything and does not choose a model silently:
an unknown name is an error that lists what was tried.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toxmeter.artifact import MANIFEST, Artifact
from toxmeter.errors import ArtifactError, UnknownModel, did_you_mean
from toxmeter.models.dummy import DummyScorer
from toxmeter.models.hashed import HashedScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from toxmeter.models.scorer import Scorer

__all__ = ["DEFAULT", "artifact_of", "load", "shipped"]

DEFAULT = "nano"
"""The model of ``TextGuardrail()`` and ``toxmeter check``."""

_WEIGHTS = Path(__file__).parent / "weights"
_FORMATS: Mapping[str, Callable[[Artifact], Scorer]] = {"hashed": HashedScorer.from_artifact}


def shipped() -> list[str]:
    """Names of the models inside the package, sorted."""
    return sorted(file.parent.name for file in _WEIGHTS.glob(f"[!.]*/{MANIFEST}"))


def artifact_of(name_or_path: str | os.PathLike[str]) -> Artifact:
    """The verified artifact of a shipped model or of a folder.

    Raises:
        UnknownModel: when it is neither; the message lists what was tried.
        ArtifactError: when the folder holds a broken artifact.
    """
    name = os.fspath(name_or_path)
    folder = _WEIGHTS / name if name in shipped() else Path(name)
    if not folder.is_dir():
        known = [*shipped(), "dummy"]
        raise UnknownModel(f"no model {name!r}: not shipped ({', '.join(known)}), and no folder of that name"
                           f"{did_you_mean(name, known)}")
    return Artifact.open(folder)


def load(name_or_path: str | os.PathLike[str] = DEFAULT) -> Scorer:
    """A scorer by name or folder.

    Args:
        name_or_path: a shipped model (``nano``), ``dummy``, or an artifact folder.

    Raises:
        UnknownModel: when it is neither; the message lists what was tried.
        ArtifactError: when the folder holds a broken artifact, or one of a format that is not known here.
    """
    if os.fspath(name_or_path) == "dummy":
        return DummyScorer()
    artifact = artifact_of(name_or_path)
    try:
        loader = _FORMATS[artifact.manifest.format]
    except KeyError:
        raise ArtifactError(f"{artifact.path}: format {artifact.manifest.format!r} is unknown here"
                            f" ({', '.join(_FORMATS)}): upgrade toxmeter") from None
    return loader(artifact)
