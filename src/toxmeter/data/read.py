"""Reading a data set, known or of one's own: texts, labels with missing values, and where they came from.

A set is read from a folder, or fetched from the Hugging Face hub where no folder is given. Labels are
matched by name to the label set that is asked for. Rows count from 0 in messages. Texts are
changed by the ``clean`` of their preset alone. This module does not split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.hub import commit_of, fetch
from toxmeter.data.own import as_preset, implied_labels
from toxmeter.data.presets import PRESETS, Preset, preset
from toxmeter.data.tables import Table, data_files, join, read_table
from toxmeter.errors import InputError, did_you_mean
from toxmeter.labels import LabelSet

if TYPE_CHECKING:
    from toxmeter.data.parse import Made
    from toxmeter.recipe.schema import OwnSet

__all__ = ["Rows", "labels_of", "match_labels", "read_rows"]

_NO_FILES: Mapping[str, OwnSet] = MappingProxyType({})
_SUM = 0.01  # how far from 1 the labels of a row may add up where they exclude each other


@dataclass(frozen=True)
class Rows:
    """Texts with labels.

    Attributes:
        texts: ``n`` texts.
        labels: ``[n, k]`` float64 in [0, 1], NaN where a label is missing. Where labels exclude each other,
            a row sums to 1 or is missing as a whole.
        origin: what they are: name of the set as ``preset``, file, rows, sha256 of the file, licence, source;
            citation and, for a set of the hub, its repository and commit as ``hub`` where there are any.
        group: ``n`` values; rows of the same value stay together, "" being a row of no group.
        part: ``n`` parts that the set declares: train, validation or test.
    """

    texts: list[str]
    labels: npt.NDArray[np.float64]
    origin: dict[str, Any]
    group: list[str] | None = None
    part: list[str] | None = None

    def take(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """The rows where ``chosen [n]`` is true."""
        def some(values: list[str]) -> list[str]:
            return [value for value, keep in zip(values, chosen, strict=True) if keep]

        texts = some(self.texts)
        return Rows(texts, self.labels[chosen], self.origin | {"rows": len(texts)},
                    None if self.group is None else some(self.group),
                    None if self.part is None else some(self.part))


def read_rows(
    name: str, folder: Path | None, labels: LabelSet | None, files: Mapping[str, OwnSet] = _NO_FILES
) -> Rows:
    """Read a data set.

    Args:
        name: of one of ``files``, or of a preset.
        folder: where its file is; a file there will do as well. None fetches a preset from the Hugging Face
            hub, and takes the files of an own set from the working directory.
        labels: which columns to make, by their names and aliases; None for none, texts only. Labels that the
            set does not know are NaN, others of the set are left.
        files: data sets of one's own.

    Raises:
        InputError: when the set, its file or a column is missing, the file is damaged or has no row of the
            set, or a text or label cannot be used; names the file and the row. Also when labels exclude each
            other and the set does not know all of them.
        MissingExtra: without pyarrow, for Parquet, or huggingface_hub, for the hub.
    """
    known, table, part = _open(name, folder, files)
    texts = table.texts(known.text)
    if known.clean:
        texts = list(map(known.clean, texts))
    made = known.parse(table, labels) if labels else {}
    matrix = match_labels(name, made, labels, table) if labels else np.empty((len(table), 0))
    group = [_group(value) for value in table.columns[known.group]] if known.group else None
    origin = {"preset": name, "file": table.path.name, "rows": len(texts), "licence": known.licence,
              "source": known.source, "sha256": table.sha256}
    if known.citation:
        origin["citation"] = known.citation
    if folder is None and known.hub:
        origin["hub"] = f"{known.hub.repository}@{commit_of(table.files[0])}"
    return Rows(texts, matrix, origin, group, part)


def labels_of(name: str, folder: Path | None, files: Mapping[str, OwnSet] = _NO_FILES) -> LabelSet:
    """The label set of a preset, or the one that an own set implies.

    Args:
        name: of one of ``files``, or of a preset.
        folder: as for ``read_rows``.
        files: data sets of one's own.

    Raises:
        InputError: when the set has no labels, or its values do not tell which; else as ``read_rows``.
    """
    if name not in files:
        labels = _known(name, files).labels
        if labels is None:
            raise InputError(f"data set {name!r} has no labels to train on: it is for data.keep_out")
        return labels
    own = files[name]
    if not own.labels and not own.label:
        raise InputError(f"data.files.{name} names no labels: say which columns hold them, with labels or label")
    return implied_labels(own, _open(name, folder, files)[1])


def match_labels(name: str, made: Made, labels: LabelSet, table: Table) -> npt.NDArray[np.float64]:
    """The labels of a set as columns of the label set that is asked for.

    Args:
        name: of the set, for messages.
        made: per name or alias of a label, ``[n]``; others are left.
        labels: that are asked for.
        table: the rows, for messages.

    Returns:
        ``[n, k]`` in [0, 1], NaN where a label is not known.

    Raises:
        InputError: when a label is outside [0, 1], or labels exclude each other and are not all known or do not
            sum to 1.
    """
    matrix = np.full((len(table), len(labels)), np.nan)
    there = {labels.ids[label]: values for label, values in made.items() if label in labels.ids}
    for column, values in there.items():
        matrix[:, column] = values
    outside = np.argwhere((matrix < 0) | (matrix > 1))
    if len(outside):
        row, column = outside[outside[:, 0] == outside[0, 0]][-1].tolist()  # of two made of one, the second
        raise InputError(f"{table.where(row)}: {labels.names[column]} is {matrix[row, column]:g}, which lies outside"
                         " [0, 1]")
    if labels.kind == "multilabel" or not made:
        return matrix
    for column, label in enumerate(labels.names):
        if column not in there:
            raise InputError(f"data set {name!r} has no label {label!r}, but the labels {', '.join(labels.names)}"
                             f" exclude each other, so a set needs them all; it has {', '.join(made)}")
    sums = matrix.sum(axis=1)
    wrong = np.flatnonzero(~np.isnan(matrix).all(axis=1) & ~(np.abs(sums - 1) <= _SUM))
    if len(wrong):
        raise InputError(f"{table.where(int(wrong[0]))}: the labels {', '.join(labels.names)} exclude each other, so"
                         f" they are all known and sum to 1, or all missing; they are {matrix[wrong[0]].tolist()}")
    matrix /= sums[:, None]
    return matrix


def _known(name: str, files: Mapping[str, OwnSet]) -> Preset:
    if name in files:
        return as_preset(name, files[name])
    if files and name not in PRESETS:
        raise InputError(f"no data set {name!r}{did_you_mean(name, [*files, *PRESETS])}: data.files has"
                         f" {', '.join(files)}; presets are {', '.join(PRESETS)}")
    return preset(name)


def _open(name: str, folder: Path | None, files: Mapping[str, OwnSet]) -> tuple[Preset, Table, list[str] | None]:
    """A data set with its rows, and the part that each of them is declared as."""
    known = _known(name, files)
    if folder is None and known.hub:
        path, paths = Path(known.hub.repository), fetch(known.hub.repository, known.hub.files)
        table = _table(known, path, paths, "")
        parts = list(known.hub.files.values())
        part = [parts[file] for file in table.file] if all(parts) else None
        return known, table, part
    path = _path(name, known, folder, own=name in files)
    table = _table(known, path, data_files(path), known.part)
    return known, table, _parts(known, table) if known.part else None


def _path(name: str, known: Preset, folder: Path | None, *, own: bool) -> Path:
    if known.files[0].startswith("package:"):
        return Path(str(package_files("toxmeter.data") / known.files[0].removeprefix("package:")))
    if folder is None and not own:
        raise InputError(f"data set {name!r} is not on the Hugging Face hub: name the folder that holds"
                         f" {' or '.join(known.files)} with --data")
    folder = folder or Path()
    folder = folder.parent if folder.is_file() else folder
    paths = [folder / file for file in known.files]
    for path in paths:
        if path.exists():
            return path
    raise InputError(f"{' and '.join(map(str, paths))} {'is' if len(paths) == 1 else 'are'} missing: name the folder"
                     f" that holds {' or '.join(known.files)} with --data")


def _table(known: Preset, path: Path, files: list[Path], part: str) -> Table:
    """The rows that belong to a data set."""
    filters = [known.keep[0]] if known.keep else []
    more = [column for column in (part, known.group) if column]
    if known.join:
        other, key = path.parent / known.join[0], known.join[1]
        table = join(read_table(path, files, [known.text, key]), read_table(other, [other], [key, *known.columns]), key)
    else:
        wanted = dict.fromkeys([known.text, *known.columns, *filters, *more])
        table = read_table(path, files, list(wanted), known.other_names)
    chosen = np.ones(len(table), np.bool_)
    if known.keep:
        chosen &= np.array([value == known.keep[1] for value in table.columns[known.keep[0]]], np.bool_)
    if known.drop:
        chosen &= np.array([str(value) != known.drop[1] for value in table.columns[known.drop[0]]], np.bool_)
    if not chosen.any():
        raise InputError(f"{path}: no row" + (f" with {' = '.join(known.keep)}" if known.keep else ""))
    return table if chosen.all() else table.take(chosen)


def _parts(known: Preset, table: Table) -> list[str]:
    found = []
    for index, value in enumerate(table.columns[known.part]):
        part = known.parts.get(str(value).strip().lower())
        if part is None:
            raise InputError(f"{table.where(index)}: column {known.part!r} is {value!r:.40}, which is not one of"
                             f" {', '.join(known.parts)}")
        found.append(part)
    return found


def _group(value: object) -> str:
    """A group's value as text; null and NaN are no group."""
    return "" if value is None or value != value else str(value)
