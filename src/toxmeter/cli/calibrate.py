"""``toxmeter calibrate``: a model on the scale of the system that it replaces.

The work is ``toxmeter.evaluation.transfer``; this module reads the scores and shows how well decisions agree.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toxmeter.cli.options import TextOption, check_labels, check_text, named_alone, pairs, scoring, thresholds_of
from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, table
from toxmeter.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from toxmeter.labels import LabelSet

    Floats = npt.NDArray[np.float64]

__all__ = ["HELP", "calibrate"]

HELP = """
Keep your thresholds: put a model's scores on the scale of the system that it replaces.

FILE has texts and that system's scores, numbers in [0, 1], one column per label; an empty cell is not known. A rising
curve per label is fitted, and OUTPUT is a copy of MODEL with the curves as one more scale. Part of the rows only
measures how often both decide alike at the threshold, before and after.

\b
  toxmeter calibrate nano --against scores.csv --output runs/nano-perspective
  toxmeter calibrate nano --against scores.csv -o runs/mine --column toxic=TOXICITY@6 --threshold toxic=0.8
  toxmeter compare newer.csv runs/mine newer.csv --scale perspective --column toxic=TOXICITY@6 --threshold toxic=0.8

In Python: load("runs/mine", scale="perspective"). A label needs 200 rows; on each side of its threshold 20 to fit and
10 that measure. One with fewer keeps its natural scale, or is refused if --column or --threshold names it.

Needs: pip install 'toxmeter[evaluate]'
"""


def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Shipped model, artifact folder, or one of the hub.")],
    against: Annotated[Path, typer.Option("--against", "-a", metavar="FILE", help="Texts with the scores of the other"
                                          " system: .csv, .tsv, .jsonl or .parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Artifact folder to write.")],
    name: Annotated[str, typer.Option("--name", help="Name of the scale.")] = "perspective",
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="LABEL=NUMBER", help="The other system's threshold of a label; as often as"
                     " needed.  [default: 0.7]"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="LABEL=COLUMN", help="Fit these labels, by these columns of FILE.  [default:"
                     " columns called as a label or its alias]"),
    ] = None,
    text: TextOption = "text",
    held_out: Annotated[float, typer.Option("--held-out", help="Share of the rows that only measure.")] = 0.3,
    seed: Annotated[int, typer.Option("--seed", help="Of the split and the bootstrap.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there already.")] = False,
) -> None:
    """Fit a scale and save it; see ``HELP``."""
    from toxmeter.evaluation.cache import CachedScorer, cache_folder
    from toxmeter.evaluation.recorded import is_recorded
    from toxmeter.evaluation.scale import check_scale, write_scale
    from toxmeter.evaluation.transfer import fit_transfer
    from toxmeter.models.catalog import artifact_of, load

    if is_recorded(model):
        raise InputError(f"{model} is a file of scores, which cannot score other texts: name a model")
    artifact = artifact_of(model)
    check_scale(artifact, name, output, replace_output=force)
    scorer = load(artifact.path)
    columns, given = pairs("--column", column), thresholds_of("--threshold", threshold)
    check_labels("--threshold", given, scorer.labels)
    texts, reference = _read(against, scorer.labels, text, columns)
    with progress() as tell, CachedScorer(scorer, cache_folder(), progress=scoring(tell, scorer.version)) as cached:
        calibration, report = fit_transfer(cached, texts, reference, held_out=held_out, seed=seed,
                                           thresholds=_named_thresholds(given, columns, scorer.labels))
    written = write_scale(artifact, name, calibration, report, output, replace_output=force)
    typer.echo(printable("\n".join(_summary(report)), keep="\n"))
    typer.echo(printable(f'{written.version} in {written.path}: load({str(output)!r}, scale="{name}")'))


def _read(path: Path, labels: "LabelSet", text: str, columns: Mapping[str, str]) -> "tuple[list[str], Floats]":
    """Texts and the other system's scores ``[n, k]``; where columns are named, of their labels alone."""
    from toxmeter.data.tables import column_names
    from toxmeter.evaluation.data import read_labelled

    check_text(path, text)
    check_labels("--column", columns, labels)
    there = column_names(path)
    if not columns and not labels.ids.keys() & set(there):
        raise InputError(f"{path}: no column of the labels {', '.join(labels.names)}; there are {', '.join(there)}. Say"
                         f" which one holds the other system's scores with --column {labels.names[0]}=COLUMN")
    read = read_labelled(path, labels, text=text, columns=columns)
    return read.texts, named_alone(read.labels, labels, columns) if columns else read.labels


def _named_thresholds(
    given: Mapping[str, float], columns: Mapping[str, str], labels: "LabelSet"
) -> dict[str, float]:
    """A threshold for each label that an option names, since those must be fitted."""
    from toxmeter.evaluation.transfer import THRESHOLD

    return (dict.fromkeys((labels.names[labels.id(name)] for name in columns), THRESHOLD)
            | {labels.names[labels.id(name)]: value for name, value in given.items()})


def _summary(report: Mapping[str, Any]) -> list[str]:
    """Per label how well decisions agree; what is flagged tells what the agreement on a rare label hides."""
    rows = []
    for label, figures in report["labels"].items():
        flagged = figures["flagged"]
        rows += [[label, f"{figures['threshold']:g}", f"{figures['held_out']:,}", "decisions agree",
                  *map(_figure, figures["agreement"].values())],
                 ["", "", "", "kappa", *map(_figure, figures["kappa"].values())],
                 ["", "", "", "flagged", f"{flagged['before']:.1%}", f"{flagged['after']:.1%}",
                  f"there {flagged['reference']:.1%}"]]
    head = ["label", "threshold", "rows held out", "", "before", "after", "difference [95 %]"]
    return [*table([head, *rows]), *(f"note: {note}" for note in report["notes"])]


def _figure(figure: Mapping[str, float | None]) -> str:
    value, low, high = ("-" if figure[end] is None else f"{figure[end]:.3f}" for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
