"""Reading suites: HateCheck, Multilingual HateCheck, HatemojiCheck and Hatemoji-build, told by their columns.

Any other file with the columns of one of them is read as such. This module scores nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from toxmeter.data.tables import column_names, data_files, read_table
from toxmeter.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from toxmeter.data.tables import Table

__all__ = ["Suite", "is_suite", "read_suite"]


@dataclass(frozen=True)
class Suite:
    """Cases of a suite.

    Attributes:
        name: of the file.
        format: what it was read as.
        texts: ``n`` cases.
        hateful: ``[n]`` the gold label.
        functionality: per case, what is tested.
        targets: per case, the groups that it is about, perhaps none.
        template: ``[n]`` which template each case was made from; None where the file does not tell.
        language: per case; empty where the file does not tell.
        sha256: of the file.
    """

    name: str
    format: str
    texts: list[str]
    hateful: npt.NDArray[np.bool_]
    functionality: list[str]
    targets: list[tuple[str, ...]]
    template: npt.NDArray[np.int64] | None
    language: list[str]
    sha256: str


class _Format(NamedTuple):
    """What the columns of a format are called."""

    name: str
    text: str
    functionality: str
    target: str
    mark: str = ""  # a column that the format has and those after it lack


_FORMATS = (
    _Format("Multilingual HateCheck", "test_case", "functionality", "target_ident", "mhc_case_id"),
    _Format("HateCheck", "test_case", "functionality", "target_ident"),
    _Format("HatemojiCheck", "text", "functionality", "target"),
    _Format("Hatemoji-build", "text", "type", "target"),
)
_GOLD = "label_gold"
_HATEFUL = {"hateful": True, "non-hateful": False, "1": True, "0": False, "1.0": True, "0.0": False}
_NO_TARGET = {"", "-", "none", "nan"}
_LANGUAGES = ("lang", "language")


def is_suite(path: Path) -> bool:
    """Whether a file has the columns of a suite; see ``read_suite`` for what it raises."""
    return _known_format(column_names(path)) is not None


def read_suite(path: str | os.PathLike[str]) -> Suite:
    """Read a suite.

    Args:
        path: CSV, TSV, JSONL or Parquet file, or a folder of them. Needed are the columns of the cases
            (``test_case`` or ``text``), of what they test (``functionality`` or ``type``), and ``label_gold``
            (hateful, non-hateful, 1 or 0); ``target_ident`` or ``target``, ``templ_id`` and ``lang`` are used where
            they are there.

    Raises:
        InputError: when the file is damaged or no suite, or a case has no text, functionality or gold label; names
            the row, the column and the mend.
        MissingExtra: without pyarrow, for Parquet.
    """
    path = Path(path)
    there = column_names(path)
    form = _format(path, there)
    optional = [name for name in (form.target, "templ_id", form.mark, *_LANGUAGES) if name in there]
    table = read_table(path, data_files(path), list(dict.fromkeys([form.text, form.functionality, _GOLD, *optional])))
    if not len(table):
        raise InputError(f"{path}: a suite without cases")
    texts, functionality = _filled(table, form.text), _filled(table, form.functionality)
    targets = [_targets(value) for value in table.columns.get(form.target, [None] * len(table))]
    return Suite(path.name, form.name, texts, _hateful(table), functionality, targets, _templates(table),
                 _languages(table, form.mark), table.sha256)


def _known_format(there: Sequence[str]) -> _Format | None:
    return next((form for form in _FORMATS
                 if {form.text, form.functionality, _GOLD, form.mark or _GOLD} <= set(there)), None)


def _format(path: Path, there: Sequence[str]) -> _Format:
    """The format that a file with these columns has."""
    form = _known_format(there)
    if form:
        return form
    wanted = ("test_case", "functionality", _GOLD) if "test_case" in there else ("text", "functionality", _GOLD)
    missing = [f"{name!r}{did_you_mean(name, there)}" for name in wanted if name not in there]
    raise InputError(f"{path}: no suite, as there is no column {' and '.join(missing)}; there are"
                     f" {', '.join(there)}. A suite has test_case, functionality, label_gold and target_ident, or"
                     " text, functionality (or type), label_gold and target")


def _filled(table: Table, column: str) -> list[str]:
    texts = table.texts(column)
    for row, text in enumerate(texts):
        if not text.strip():
            raise InputError(f"{table.where(row)}: column {column!r} is blank: fill it, or leave the row out")
    return texts


def _hateful(table: Table) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(table), np.bool_)
    for row, value in enumerate(table.columns[_GOLD]):
        gold = str(int(value) if isinstance(value, bool) else value).strip().lower()
        if gold not in _HATEFUL:
            hint = did_you_mean(gold, ["hateful", "non-hateful"])
            raise InputError(f"{table.where(row)}: column {_GOLD!r} is {value!r:.40}{hint}: it is hateful or"
                             " non-hateful, or 1 or 0")
        found[row] = _HATEFUL[gold]
    return found


def _targets(value: object) -> tuple[str, ...]:
    """The groups in a cell: a name, a list, or a list in the notation of Python."""
    if isinstance(value, str) and value.strip().startswith("["):
        value = re.findall(r"""'([^']*)'|"([^"]*)\"""", value)
        value = [one or other for one, other in value]
    names = value if isinstance(value, (list, tuple)) else ["" if value is None else value]
    plain = (str(name).strip() for name in names)
    return tuple(dict.fromkeys(name for name in plain if name.lower() not in _NO_TARGET))


def _templates(table: Table) -> npt.NDArray[np.int64] | None:
    """Numbers of the templates; a case without one is a template of its own. Files have their own numbers."""
    if "templ_id" not in table.columns:
        return None
    places: dict[tuple[int, object], int] = {}
    found = []
    for row, value in enumerate(table.columns["templ_id"]):
        own = value is None or not str(value).strip()
        key = (-1, row) if own else (int(table.file[row]), str(value).strip())
        found.append(places.setdefault(key, len(places)))
    return np.array(found, np.int64)


def _languages(table: Table, mark: str) -> list[str]:
    """The language of each case; Multilingual HateCheck names it in ``french-1305``."""
    for column in _LANGUAGES:
        if column in table.columns:
            return ["" if value is None else str(value).strip() for value in table.columns[column]]
    if mark in table.columns:
        return [str(value).rpartition("-")[0] for value in table.columns[mark]]
    return [""] * len(table)
