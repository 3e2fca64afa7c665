"""``toxmeter score``: a whole file, with a progress bar and a summary.

The work is ``toxmeter.bulk.score_file``; this module only shows it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toxmeter.cli.options import ScaleOption
from toxmeter.cli.terminal import printable

if TYPE_CHECKING:
    from toxmeter.bulk import Progress

__all__ = ["HELP", "score"]

HELP = """
Score the texts of a CSV, TSV, JSONL or plain text file into a new file.

The columns of the input stay as they are; behind them come one per label, stage (of a cascade: the model that gave
the scores) and model_version. A row that cannot be scored goes to OUTPUT.rejects.jsonl with the reason, and the run
goes on. An interrupted run goes on with --resume where it stopped, and its output is the same.

\b
  toxmeter score comments.csv                      writes comments.scored.csv
  toxmeter score tweets.tsv --column tweet -o tweets.toxicity.tsv
  toxmeter score posts.txt                         one text per line, writes posts.scored.jsonl
  toxmeter score export.dat --format jsonl --resume

Exit status: 0 the file is scored, rejected rows or not; 2 an error; 130 interrupted.
"""


def score(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The input: .csv, .tsv, .jsonl, .ndjson or .txt, UTF-8.")
    ],
    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Column with the text.  [default: text, or a usual name]"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The output.  [default: FILE.scored.csv]")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Shipped model, or folder of one.  [default: cascade]")
    ] = None,
    scale: ScaleOption = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv, tsv, jsonl or txt, where the ending does not tell.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Goes before the names of the new columns.")] = "",
    batch_size: Annotated[int, typer.Option(help="Rows that are scored together.")] = 4096,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, if any.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace output or interrupted run.")] = False,
    progress: Annotated[
        bool | None, typer.Option(help="Show a progress bar.  [default: on a terminal]", show_default=False)
    ] = None,
) -> None:
    """Score a file, and print where the result is."""
    from toxmeter.bulk import score_file
    from toxmeter.models.catalog import BULK, load

    scorer = load(model or BULK, scale=scale)
    shown = sys.stderr.isatty() if progress is None else progress
    try:
        with _bar(shown) as report:
            done = score_file(file, scorer, output=output, column=column, format=file_format, prefix=prefix,
                              batch_size=batch_size, resume=resume, force=force, progress=report)
    except KeyboardInterrupt:
        typer.echo("toxmeter: what is done is kept: go on with --resume", err=True)
        raise
    before = f", {done.resumed_at:,} of them before" if done.resumed_at else ""
    typer.echo(printable(f"{done.scored:,} rows of column {done.column!r} scored with {done.version}{before}"
                         f" ({done.rate:,.0f} rows/s): {done.output}"))
    if done.rejects:
        typer.echo(printable(f"{done.rejected:,} rows rejected, with the reasons: {done.rejects}"))


@contextmanager
def _bar(shown: bool) -> Iterator[Callable[["Progress"], None] | None]:
    """A progress bar on standard error; time left is told from the bytes read, the rate in rows."""
    if not shown:
        yield None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (rich.BarColumn(), rich.TaskProgressColumn(), rich.TextColumn("{task.fields[told]}"),
               rich.TimeRemainingColumn())
    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, told="")
        start: tuple[float, int] | None = None

        def report(now: "Progress") -> None:
            nonlocal start
            start = start or (time.monotonic(), now.rows)
            rate = (now.rows - start[1]) / max(time.monotonic() - start[0], 1e-9)
            rejected = f", {now.rejected:,} rejected" if now.rejected else ""
            told = f"{now.rows:,} rows, {rate:,.0f}/s{rejected}"
            bar.update(task, total=now.bytes_total, completed=now.bytes_read, told=told)

        yield report
