"""Reading what a model is measured on: a file of texts with labels, and perhaps groups and spans.

Columns are found by the names and aliases of the model's labels, or by those that the user gives. Rows of a
label that nobody knows are left out of its figures. This module does not split and knows no presets: a file
that is measured is measured whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.data.own import as_preset
from toxmeter.data.read import match_labels
from toxmeter.data.tables import column_names, data_files, read_table
from toxmeter.errors import InputError, did_you_mean
from toxmeter.recipe.schema import OwnSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toxmeter.data.tables import Table
    from toxmeter.labels import LabelSet

__all__ = ["Labelled", "read_labelled"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """Texts with what is known about them.

    Attributes:
        texts: ``n`` texts.
        labels: ``[n, k]`` in [0, 1], NaN where a label is not known.
        groups: per identity or other group, ``[n]`` in [0, 1] how much a text is of it, NaN where not known.
        origin: file, rows and sha256, and which column each label was read from.
    """

    texts: list[str]
    labels: Floats
    groups: Mapping[str, Floats] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)


def read_labelled(
    path: Path,
    labels: LabelSet,
    *,
    text: str = "text",
    columns: Mapping[str, str] | None = None,
    label: str = "",
    groups: Sequence[str] = (),
) -> Labelled:
    """Read texts with labels.

    Args:
        path: CSV, TSV, JSONL or Parquet file, or a folder of them.
        labels: of the model; a column is looked for under the name and the aliases of each.
        text: the column of the texts.
        columns: per label, the column that holds it, where that is called otherwise.
        label: instead of one column per label, one column with the name of the label or a list of names.
        groups: columns that say which texts are of a group, 0, 1 or a share between.

    Raises:
        InputError: when the file is damaged, a column is missing, none holds a label, or a value is no text, no
            number or outside [0, 1]; names the file, the row and the column.
        MissingExtra: without pyarrow, for Parquet.
    """
    files = data_files(path)
    named = {label: label} if label else _columns(path, column_names(path), labels, columns or {})
    table = read_table(path, files, list(dict.fromkeys([text, *named.values(), *groups])))
    if label:
        made = as_preset(path.name, OwnSet(file=path.name, label=label)).parse(table, labels)
    else:
        made = _whole({name: table.numbers(column) for name, column in named.items()}, labels)
    origin = {"file": path.name, "rows": len(table), "sha256": table.sha256, "columns": named}
    return Labelled(table.texts(text), match_labels(path.name, made, labels, table),
                    {name: _shares(table, name) for name in groups}, origin)


def _columns(path: Path, there: Sequence[str], labels: LabelSet, given: Mapping[str, str]) -> dict[str, str]:
    """The column of each label that the file knows."""
    named = {labels.names[labels.id(name)]: column for name, column in given.items()}
    for alias, place in labels.ids.items():  # names stand before aliases
        if alias in there:
            named.setdefault(labels.names[place], alias)
    if not named:
        hint = "".join(did_you_mean(name, there) for name in labels.names[:1])
        raise InputError(f"{path}: no column of the labels {', '.join(labels.names)}{hint}; there are"
                         f" {', '.join(there)}. Say which one holds a label with --label {labels.names[0]}=COLUMN")
    return named


def _whole(made: dict[str, Floats], labels: LabelSet) -> dict[str, Floats]:
    """Of two labels that exclude each other, one tells the other."""
    if labels.kind != "binary" or len(made) != 1:
        return made
    (name, share), = made.items()
    (other,) = (each for each in labels.names if each != name)
    return {**made, other: 1 - share}


def _shares(table: Table, column: str) -> Floats:
    values = table.numbers(column)
    wrong = np.flatnonzero((values < 0) | (values > 1))
    if len(wrong):
        raise InputError(f"{table.where(int(wrong[0]))}: column {column!r} is {values[wrong[0]]:g}; a group is told by"
                         " 0, 1 or a share between")
    return values
