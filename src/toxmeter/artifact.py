"""The saved model: a folder described by a manifest, written whole or not at all, verified on loading.

Layout of an artifact folder::

    toxmeter.json   the manifest: labels, thresholds, calibration, recipe as run, data, metrics, files
    README.md       the model card
    *.npy           plain arrays (hashed), or what Hugging Face's tools write (transformer): config.json,
                    model.safetensors, tokenizer.json, tokenizer_config.json
    ...             attachments that no score depends on: plots, the history of the training

The manifest is written last into a temporary folder, which is then renamed: a folder with a manifest is
whole. Loading checks sizes and sha256 of all files, the manifest's own digest and the fingerprint. This
module does not know any model; ``toxmeter.models.load`` turns an artifact into a scorer. No pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toxmeter.errors import ArtifactError, InputError
from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CARD", "MANIFEST", "Artifact", "Manifest", "write_artifact"]

MANIFEST = "toxmeter.json"
CARD = "README.md"
_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known about a saved model; everything but the weights themselves.

    Attributes:
        name: the model's name, for instance ``nano``.
        number: its release number, at least 1; ``name@number+fingerprint[:8]`` is the version.
        format: which loader reads it (``hashed``, ``transformer``).
        labels: the label set.
        model: the settings that the loader needs, for instance the n-gram lengths.
        thresholds: per label, the probability from which a text counts as toxic.
        calibration: per named scale, what turns the model's raw output into probabilities.
        recipe: the recipe as it ran, with every default filled in.
        data: what it was trained and measured on: files, rows, sha256, licences.
        metrics: what was measured, on which rows.
        libraries: versions of what trained it.
        licence: of the weights (SPDX).
    """

    name: str
    number: int
    format: str
    labels: LabelSet
    model: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    licence: str = "Apache-2.0"

    def to_dict(self) -> dict[str, Any]:
        """The manifest as plain JSON values."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return plain | {"labels": self.labels.to_dict()}


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and sha256 of one file of an artifact."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """A saved model that has been verified.

    Attributes:
        path: its folder.
        manifest: what is known about it.
        files: size and sha256 of every file that scores depend on.
        fingerprint: sha256 over those files, the labels, the model settings and the calibration.
    """

    path: Path
    manifest: Manifest
    files: Mapping[str, FileRecord]
    fingerprint: str

    @property
    def version(self) -> str:
        """``name@number+fingerprint[:8]``; equal versions give equal scores."""
        return f"{self.manifest.name}@{self.manifest.number}+{self.fingerprint[:8]}"

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(record.bytes for record in self.files.values())

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Artifact:
        """Read and verify an artifact folder.

        Raises:
            ArtifactError: when the folder or its manifest is missing, a file is missing, truncated or
                edited, the manifest was edited, or it was written by a newer toxmeter.
        """
        folder = Path(path)
        document = _read_manifest(folder)
        try:
            stored = dict(document["manifest"])
            manifest = Manifest(**stored | {"labels": LabelSet.from_dict(stored["labels"])})
            files = {name: FileRecord(**record) for name, record in document["files"].items()}
            fingerprint = str(document["fingerprint"])
        except (KeyError, TypeError, AttributeError, ValueError) as err:
            raise ArtifactError(f"{folder / MANIFEST}: not a manifest of this version ({err})") from err
        _verify_files(folder, files)
        if fingerprint != _fingerprint(manifest, files):
            raise ArtifactError(f"{folder}: the fingerprint does not fit the files; fetch the model again")
        return cls(folder, manifest, files, fingerprint)


def write_artifact(
    path: str | os.PathLike[str],
    manifest: Manifest,
    files: Mapping[str, bytes],
    *,
    card: str,
    attachments: Mapping[str, bytes] = MappingProxyType({}),
    replace: bool = False,
) -> Artifact:
    """Write an artifact folder, whole or not at all, and open it.

    Args:
        path: the folder to make; its parents are made too.
        manifest: what is known about the model.
        files: content of each file that scores depend on, by plain file name.
        card: the model card, Markdown.
        attachments: content of further files, by plain file name, that no score depends on. They are neither
            in the manifest nor in the fingerprint, and are not verified.
        replace: take the place of an artifact that is there already (never of any other folder).

    Raises:
        InputError: when the folder exists and may not be replaced, a file name is not plain or given twice, or
            the manifest holds what JSON cannot (NaN, an object).
    """
    target = Path(path).absolute()
    for name in (*files, *attachments):
        if Path(name).name != name or name in (MANIFEST, CARD, "", ".", ".."):
            raise InputError(f"artifact file {name!r}: it needs a plain name, not {MANIFEST} or {CARD}")
    if twice := sorted(files.keys() & attachments.keys()):
        raise InputError(f"attachments {', '.join(twice)}: files of the model have these names; choose others")
    if target.exists() and not (replace and (target / MANIFEST).is_file()):
        raise InputError(f"{target} exists already: name another folder, or remove it first")
    document = _document(manifest, files)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        building.chmod(0o755)
        for name, content in (*files.items(), *attachments.items()):
            _write(building / name, content)
        _write(building / CARD, card.encode())
        _write(building / MANIFEST, document)
        _move(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Artifact.open(target)


def _document(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    records = {name: FileRecord(len(content), hashlib.sha256(content).hexdigest())
               for name, content in sorted(files.items())}
    try:
        # through JSON and back, since the digests are of what a reader will see: keys are text there
        plain = json.loads(json.dumps(manifest.to_dict(), allow_nan=False))
        read_back = Manifest(**plain | {"labels": manifest.labels})
        document: dict[str, Any] = {
            "schema": _SCHEMA,
            "fingerprint": _fingerprint(read_back, records),
            "files": {name: asdict(record) for name, record in records.items()},
            "manifest": plain,
        }
        document["digest"] = _digest(document)
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    except (TypeError, ValueError) as err:
        raise InputError(f"manifest of {manifest.name}: not plain JSON values ({err})") from err


def _read_manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    try:
        document = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        reason = f"has no {MANIFEST}: half-written, or no artifact" if folder.is_dir() else "is no folder"
        raise ArtifactError(f"{folder} {reason}") from None
    except (OSError, ValueError, RecursionError) as err:
        raise ArtifactError(f"{file}: unreadable, truncated perhaps ({err})") from err
    if not isinstance(document, dict) or "schema" not in document:
        raise ArtifactError(f"{file}: not a manifest of toxmeter")
    if document["schema"] != _SCHEMA:
        raise ArtifactError(f"{file}: schema {document['schema']!r} instead of {_SCHEMA}: upgrade toxmeter")
    try:
        whole = document.pop("digest", None) == _digest(document)
    except (ValueError, RecursionError):  # NaN or lone surrogates, which are never written
        whole = False
    if not whole:
        raise ArtifactError(f"{file}: it was edited after it was written; train or fetch the model again")
    return document


def _verify_files(folder: Path, files: Mapping[str, FileRecord]) -> None:
    for name, record in files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            raise ArtifactError(f"{file} is missing: fetch the model again")
        size = file.stat().st_size
        if size != record.bytes:
            raise ArtifactError(f"{file} has {size} bytes instead of {record.bytes}: truncated or edited")
        try:
            with file.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as err:
            raise ArtifactError(f"{file} cannot be read: {err.strerror}") from err
        if sha256 != record.sha256:
            raise ArtifactError(f"{file} was edited: its sha256 does not fit the manifest")


def _fingerprint(manifest: Manifest, files: Mapping[str, FileRecord]) -> str:
    return _digest({
        "files": {name: files[name].sha256 for name in sorted(files)},
        "format": manifest.format,
        "labels": manifest.labels.to_dict(),
        "model": dict(manifest.model),
        "calibration": dict(manifest.calibration),
    })


def _digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _move(building: Path, target: Path) -> None:
    """Rename the finished folder into place; an artifact there already is set aside first, then removed."""
    if not target.exists():
        building.rename(target)
        return
    old = building.with_suffix(".old")
    target.rename(old)
    try:
        building.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
