"""``toxmeter compare``: may a new model replace an old one.

The work is ``toxmeter.evaluation.compare``; this module reads the data and shows the result.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toxmeter import __version__
from toxmeter.cli.options import (
    LabelOption,
    ReportOption,
    ScoresOption,
    TextOption,
    check_labels,
    check_text,
    named_alone,
    pairs,
    scoring,
    thresholds_of,
)
from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from toxmeter.labels import LabelSet

    Floats = npt.NDArray[np.float64]

__all__ = ["HELP", "compare"]

HELP = """
Compare two models on the same texts: how scores move, which decisions flip, what the figures gain or lose.

OLD and NEW are shipped models, folders, models of the hub, or files of scores (.csv, .tsv, .jsonl, .parquet)
that somebody's system gave to the texts of DATA.

\b
  toxmeter compare nano runs/my comments.csv                     DATA with columns text, toxic, insult ...
  toxmeter compare nano runs/my comments.csv --report report     with report.json, report.md and report.html
  toxmeter compare nano runs/my comments.csv --rule "auc>=0, toxic.f1>=-0.01, flips<=0.02"
  toxmeter compare perspective.csv runs/my perspective.csv --scale perspective --threshold toxic=0.7
  toxmeter compare perspective.csv nano comments.csv --old-threshold toxic=0.7

A rule bounds new minus old for auc, average_precision, f1, accuracy (>=) and ece (<=), the share of flipped
decisions (flips<=) and the mean distance of scores (shift<=); LABEL.auc is about one label. Each term is judged
by the end of its 95 % interval that speaks against NEW, so that too few rows cannot pass it. Scores are kept in
~/.cache/toxmeter: what is interrupted goes on where it was.

--report needs: pip install 'toxmeter[evaluate]'

Exit status: 0 NEW may replace OLD, 1 it may not, 2 an error.
"""


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The model in use, or a file of its scores.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The model that may replace it, or a file of its scores.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Texts, and where known one column per label.")],
    report: ReportOption = None,
    rule: Annotated[
        str | None, typer.Option("--rule", help="What may get worse.  [default: auc>=-0.01, f1>=-0.02, flips<=0.05]")
    ] = None,
    text: TextOption = "text",
    label: LabelOption = None,
    column: ScoresOption = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="LABEL=NUMBER", help="Threshold of a label for both.  [default: each"
                     " model's own]"),
    ] = None,
    old_threshold: Annotated[
        list[str] | None,
        typer.Option("--old-threshold", metavar="LABEL=NUMBER", help="Threshold of a label for OLD alone."),
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", help="Named scale of NEW, as toxmeter calibrate stores it.")
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", min=100, help="Of the bootstrap.")] = 1_000,
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap.")] = 0,
) -> None:
    """Compare two models; see ``HELP``."""
    from toxmeter.evaluation.cache import CachedScorer, cache_folder
    from toxmeter.evaluation.compare import compare as run
    from toxmeter.evaluation.recorded import is_recorded, open_scorer
    from toxmeter.evaluation.report.compare import blocks_of, subtitle_of, title_of
    from toxmeter.evaluation.report.write import write_report

    columns = pairs("--column", column)
    for name in (old, new):
        if is_recorded(name):
            check_text(Path(name), text)
    before = open_scorer(old, text=text, columns=columns)
    after = open_scorer(new, text=text, columns=columns, scale=scale)
    texts, labels, origin = _read(data, after.labels, text, label or [], [old, new])
    with (
        progress() as tell,
        CachedScorer(before, cache_folder(), progress=scoring(tell, before.version)) as one,
        CachedScorer(after, cache_folder(), progress=scoring(tell, after.version)) as two,
    ):
        result = {"toxmeter": __version__, "data": origin, **run(
            one, two, texts, labels, rule=rule, thresholds=thresholds_of("--threshold", threshold),
            old_thresholds=thresholds_of("--old-threshold", old_threshold), resamples=resamples, seed=seed,
            progress=lambda share: tell("bootstrap", share))}
        tell("bootstrap", 1.0)
        if report:
            write_report(report, result, title_of(result), blocks_of(result), subtitle=subtitle_of(result))
    typer.echo(printable("\n".join(_summary(result)), keep="\n"))
    if report:
        typer.echo(printable(f"{report / 'report.html'}, report.md and report.json are written"))
    raise typer.Exit(0 if result["verdict"]["replace"] else 1)


def _read(
    path: Path, labels: "LabelSet", text: str, given: Sequence[str], scored_by: Sequence[str]
) -> "tuple[list[str], Floats | None, dict[str, Any]]":
    """Texts, their labels where there are any, and where both are from.

    Columns of a file of scores that is compared are no truth, but where the user says so.
    """
    from toxmeter.data.tables import column_names, data_files, read_table
    from toxmeter.evaluation.data import read_labelled

    check_text(path, text)
    if len(given) == 1 and "=" not in given[0]:
        read = read_labelled(path, labels, text=text, label=given[0])
        return read.texts, read.labels, dict(read.origin)
    columns = pairs("--label", given)
    check_labels("--label", columns, labels)
    scores_alone = any(file.samefile(name) for file in data_files(path) for name in scored_by if Path(name).is_file())
    there = set() if scores_alone else labels.ids.keys() & set(column_names(path))
    if not columns and not there:
        found = read_table(path, data_files(path), [text])
        return found.texts(text), None, {"file": path.name, "rows": len(found), "sha256": found.sha256, "columns": {}}
    read = read_labelled(path, labels, text=text, columns=columns)
    return read.texts, named_alone(read.labels, labels, columns) if scores_alone else read.labels, dict(read.origin)


def _summary(result: Mapping[str, Any]) -> list[str]:
    flips = [[name, _figure(label["shift"]["mean_absolute"]), _figure(label["flips"]["share"]),
              f"{label['flips']['now_flagged']['count']:,}", f"{label['flips']['no_longer_flagged']['count']:,}"]
             for name, label in result["labels"].items()]
    lines = [*table([["label", "scores moved by", "decisions flipped", "now flagged", "no longer"], *flips]), ""]
    if result["mean"]:
        rows = [[name, f"{each['old']:.4f}", f"{each['new']:.4f}", _figure(each["difference"], sign="+")]
                for name, each in result["mean"].items()]
        lines += [*table([["mean of labels", "old", "new", "difference [95 %]"], *rows]), ""]
    terms = [[term["term"], _figure(term["figure"]), "holds" if term["passed"] else "does not hold"]
             for term in result["verdict"]["terms"]]
    if columns := result["data"]["columns"]:
        lines += [f"labels read from: {', '.join(f'{label} ← {column}' for label, column in columns.items())}", ""]
    may = "may" if result["verdict"]["replace"] else "may not"
    return [*lines, *table([["rule", "found [95 %]", ""], *terms]), "", *(f"note: {note}" for note in result["notes"]),
            f"{result['new']} {may} replace {result['old']} ({result['texts']:,} texts)"]


def _figure(figure: Mapping[str, Any] | None, sign: str = "") -> str:
    if figure is None:
        return "-"
    value, low, high = ("-" if figure[end] is None else f"{figure[end]:{sign}.4f}" for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
