"""Options that several commands share, and their values.

``evaluate``, ``compare`` and ``calibrate`` take texts, labels and files of scores alike. This module reads no rows.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toxmeter.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from toxmeter.labels import LabelSet

    Floats = npt.NDArray[np.float64]

__all__ = [
    "LabelOption", "ReportOption", "ScaleOption", "ScoresOption", "TextOption", "check_labels", "check_text",
    "named_alone", "pairs", "scoring", "thresholds_of"]

ScaleOption = Annotated[
    str | None, typer.Option("--scale", help="Named scale of the model, as toxmeter calibrate stores it.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", "-r", help="Folder for report.json, report.md and report.html.")]
TextOption = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the texts.")]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="LABEL=COLUMN", help="Column of DATA with the truth of a label, where it is called"
                 " otherwise; as often as needed. Or one COLUMN with names of labels.")]
ScoresOption = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="LABEL=COLUMN", help="Column of a file of scores, where it is called otherwise; as"
                 " often as needed.")]


def scoring(tell: Callable[[str, float], None], version: str) -> Callable[[int, int], None]:
    """What a cached scorer tells of its texts, as a bar shows it."""
    return lambda done, total: tell(f"scores of {version}", done / max(total, 1))


def pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    """The values ``NAME=VALUE`` of an option.

    Raises:
        InputError: when one has another form, or a name comes twice.
    """
    found: dict[str, str] = {}
    for given in values or []:
        name, equals, value = (part.strip() for part in given.partition("="))
        if not (name and equals and value):
            raise InputError(f"{option} {given!r}: write NAME=VALUE")
        if name in found:
            raise InputError(f"{option} {given!r}: {name} is given twice")
        found[name] = value
    return found


def thresholds_of(option: str, values: Sequence[str] | None) -> dict[str, float]:
    """The values ``LABEL=NUMBER`` of an option.

    Raises:
        InputError: when one is no number in [0, 1].
    """
    found = {}
    for name, value in pairs(option, values).items():
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = -1.0
        if not 0 <= found[name] <= 1:
            raise InputError(f"{option} {name}={value}: a threshold is a number from 0 to 1")
    return found


def check_text(path: Path, column: str) -> None:
    """Whether a file has the column of the texts.

    Raises:
        InputError: when it has not, or cannot be read.
    """
    from toxmeter.data.tables import column_names

    there = column_names(path)
    if column not in there:
        raise InputError(f"{path}: no column {column!r}{did_you_mean(column, there)}; there are {', '.join(there)}."
                         " Say which one holds the texts with --text COLUMN")


def check_labels(option: str, names: Iterable[str], labels: "LabelSet") -> None:
    """Whether an option names labels of a model.

    Raises:
        InputError: when one is no label of it.
    """
    for name in names:
        if name not in labels.ids:
            raise InputError(f"{option} {name}=…: no label {name!r}{did_you_mean(name, list(labels.ids))}; there are"
                             f" {', '.join(labels.names)}")


def named_alone(values: "Floats", labels: "LabelSet", names: Collection[str]) -> "Floats":
    """``[n, k]`` with NaN for labels that are not named; of labels that exclude each other, one tells the others."""
    import numpy as np

    if labels.kind != "multilabel":
        return values
    named = set(map(labels.id, names))
    return np.where([place in named for place in range(len(labels))], values, np.nan)
