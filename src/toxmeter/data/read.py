"""Reading a data set by its preset: texts, labels with missing values, and where they came from.

Parquet and CSV files through pyarrow. Rows count from 0 in messages. This module does not clean or split.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.presets import Preset, preset
from toxmeter.errors import InputError
from toxmeter.extras import need

if TYPE_CHECKING:
    from toxmeter.labels import LabelSet

__all__ = ["Rows", "read_rows"]


@dataclass(frozen=True)
class Rows:
    """Texts with labels.

    Attributes:
        texts: ``n`` texts.
        labels: ``[n, k]`` float64 in [0, 1], NaN where a label is missing.
        origin: what they are: preset, file, rows, sha256 of the file, licence, source.
    """

    texts: list[str]
    labels: npt.NDArray[np.float64]
    origin: dict[str, Any]

    def take(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """The rows where ``chosen [n]`` is true."""
        texts = [text for text, keep in zip(self.texts, chosen, strict=True) if keep]
        return Rows(texts, self.labels[chosen], self.origin | {"rows": len(texts)})


def read_rows(name: str, folder: Path, labels: LabelSet) -> Rows:
    """Read a data set.

    Args:
        name: of the preset.
        folder: where its file is.
        labels: which columns to make; those that the set does not know are NaN, others of the set are left.

    Raises:
        InputError: when the preset, its file or a column is missing, the file is damaged or has no row of
            the preset, or a text or label cannot be used; names the row of the file.
        MissingExtra: without pyarrow.
    """
    known = preset(name)
    path = _path(known, folder)
    table, places = _table(known, path)
    texts = table[known.text].to_pylist()
    for row, text in zip(places, texts, strict=True):
        if not isinstance(text, str):
            raise InputError(f"{path}: row {row}: column {known.text!r} is {text!r:.40}, not a text")
    made = known.labels({column: _numbers(table, column, places, path) for column in known.numbers})
    matrix = np.full((len(texts), len(labels)), np.nan)
    for label, values in made.items():
        if label in labels.ids:
            matrix[:, labels.id(label)] = values
    wrong = np.flatnonzero(((matrix < 0) | (matrix > 1)).any(axis=1))
    if len(wrong):
        raise InputError(f"{path}: row {places[wrong[0]]}: a label lies outside [0, 1]")
    origin = {"preset": name, "file": path.name, "rows": len(texts), "licence": known.licence,
              "source": known.source, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return Rows(texts, matrix, origin)


def _path(known: Preset, folder: Path) -> Path:
    if known.file.startswith("package:"):
        return Path(str(files("toxmeter.data") / known.file.removeprefix("package:")))
    path = folder / known.file
    if not path.is_file():
        raise InputError(f"{path} is missing: name the folder that holds {known.file} with --data")
    return path


def _table(known: Preset, path: Path) -> tuple[Any, npt.NDArray[np.int64]]:
    """The rows of a preset as a pyarrow Table, and which rows of the file they are, ``[n]``."""
    try:
        table = _parsed(path)
    except (OSError, ValueError) as err:  # pyarrow's errors are of these kinds
        raise InputError(f"{path}: damaged, or not of the kind its name says ({err})") from err
    wanted = [known.text, *known.numbers, *([known.keep[0]] if known.keep else [])]
    missing = [column for column in wanted if column not in table.column_names]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}; there are {', '.join(table.column_names)}")
    places = np.arange(len(table))
    if known.keep:
        column, value = known.keep
        places = np.flatnonzero([entry == value for entry in table[column].to_pylist()])
    if not len(places):
        raise InputError(f"{path}: no row" + (f" with {column} = {value}" if known.keep else ""))
    return table.take(places), places


def _parsed(path: Path) -> Any:  # noqa: ANN401 - a pyarrow Table, whose package has no types
    if path.suffix == ".parquet":
        return need("pyarrow.parquet", extra="train").read_table(path)
    csv = need("pyarrow.csv", extra="train")
    return csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True))


def _numbers(table: Any, column: str, places: npt.NDArray[np.int64], path: Path) -> npt.NDArray[np.float64]:  # noqa: ANN401
    """A column of numbers, NaN where it is null."""
    values = table[column].to_pylist()
    for row, value in zip(places, values, strict=True):
        if not isinstance(value, (int, float, type(None))):
            raise InputError(f"{path}: row {row}: column {column!r} is {value!r:.40}, not a number")
    return np.array(values, np.float64)
