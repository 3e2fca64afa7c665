"""Score a file: streamed, with bad rows set aside, and resumable.

``score_file`` is the whole story; it prints nothing and knows a model only as a ``Scorer``. It does not
read standard input, compressed files or anything else that cannot be read again from the middle.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toxmeter.bulk.read import FORMATS, Reader, open_reader
from toxmeter.bulk.resume import Paths, Run, begin, recall
from toxmeter.bulk.write import Tails, reject_line
from toxmeter.errors import InputError, did_you_mean
from toxmeter.models.scorer import Staged

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from toxmeter.models.scorer import FloatArray, Scorer

__all__ = ["STAGE_COLUMN", "VERSION_COLUMN", "Progress", "Summary", "score_file"]

STAGE_COLUMN = "stage"
"""The last but one of the added columns, for a cascade: the model that gave the scores of the row."""

VERSION_COLUMN = "model_version"
"""The last of the added columns."""

_BUFFER = 2**20


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        rows: rows read, those of the interrupted run included.
        rejected: how many of them were rejected.
        bytes_read: how much of the input they take.
        bytes_total: size of the input.
    """

    rows: int
    rejected: int
    bytes_read: int
    bytes_total: int


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        output: the file that was written.
        rejects: the file of rejected rows; None where there are none.
        scored: rows in the output.
        rejected: rows in the rejects.
        resumed_at: how many rows an interrupted run had read before; 0 for a run in one go.
        seconds: how long this run took.
        column: the column that was scored.
        version: the version of the model.
    """

    output: Path
    rejects: Path | None
    scored: int
    rejected: int
    resumed_at: int
    seconds: float
    column: str
    version: str

    @property
    def rate(self) -> float:
        """Rows a second, those of the interrupted run left out."""
        return (self.scored + self.rejected - self.resumed_at) / max(self.seconds, 1e-9)


def score_file(
    path: str | os.PathLike[str],
    scorer: Scorer,
    *,
    output: str | os.PathLike[str] | None = None,
    column: str | None = None,
    format: str | None = None,  # noqa: A002 - the name that users expect
    prefix: str = "",
    batch_size: int = 4096,
    resume: bool = False,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Score the texts of a file into another one: its columns untouched, the scores behind them.

    A row that cannot be scored goes to ``<output>.rejects.jsonl`` with its place, reason and raw bytes.
    Empty text is scored.

    Args:
        path: the input, UTF-8: ``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson`` or ``.txt`` (a text per line).
        scorer: the model.
        output: the output, beside the input by default: ``comments.csv`` → ``comments.scored.csv``. It
            has the format of the input; that of ``.txt`` is JSONL.
        column: the column or field with the text; by default ``text``, else the only one with a name
            such as ``comment_text`` or ``tweet``.
        format: the format, where the ending of the input does not tell.
        prefix: goes before the name of each added column.
        batch_size: rows that are scored together.
        resume: go on with an interrupted run, if there is one. The output is the same, byte for byte, as
            that of a run in one go.
        force: replace the output, and throw away what an interrupted run left.
        progress: called after each batch.

    Raises:
        InputError: when an option, the input as a whole or the state of an interrupted run cannot be used.
        ToxmeterError: when writing fails (a full disk), or the scorer returns no probabilities.
    """
    started = time.monotonic()
    _check_options(batch_size, resume=resume, force=force)
    source = _source(path)
    kind = _format(source, format)
    paths = Paths(source, _output(source, kind, output))
    _check_apart(paths)
    last, endings = _endings(scorer)
    added = [prefix + name for name in (*scorer.labels.names, *last)]
    with source.open("rb", buffering=_BUFFER) as stream:
        reader = open_reader(stream, kind, column, added, endings)
        options = {"model version": scorer.version, "columns": added, "format": kind, "column": reader.column,
                   "batch size": batch_size}
        state = recall(paths, options) if resume else None
        state = state or begin(paths, options, reader.first, force=force)
        with Run(paths, state) as run:
            reader.seek(state.offset)
            if not state.output_bytes:
                run.write(reader.head, b"", offset=state.offset, rows=0, rejected=0)
            _score_rows(run, reader, scorer, batch_size, progress)
            run.finish()
    end = run.state
    rejects = paths.rejects if end.rejected else None
    return Summary(paths.output, rejects, end.rows - end.rejected, end.rejected, state.rows,
                   time.monotonic() - started, reader.column, scorer.version)


def _check_apart(paths: Paths) -> None:
    """A run that writes over its own input would lose it."""
    for file in (paths.output, *paths.beside):
        if file.resolve() == paths.source.resolve():
            raise InputError(f"the input {paths.source} is a file that this run would write: name another output"
                             " (--output)")


def _score_rows(
    run: Run, reader: Reader, scorer: Scorer, batch_size: int, progress: Callable[[Progress], None] | None
) -> None:
    tails = Tails(*reader.joints)
    while not run.state.done and (batch := reader.read(batch_size, run.state.rows + 1)).rows:
        rows = tails.join(batch.begins, *_scores(scorer, batch.texts)) if batch.texts else b""
        run.write(rows, b"".join(map(reject_line, batch.rejects)),
                  offset=batch.end, rows=batch.rows, rejected=len(batch.rejects))
        if progress:
            now = run.state
            progress(Progress(now.rows, now.rejected, now.offset, now.size))


def _endings(scorer: Scorer) -> tuple[list[str], list[tuple[str, ...]]]:
    """Names of the columns behind the scores, and the values that they can have together."""
    if isinstance(scorer, Staged):
        return [STAGE_COLUMN, VERSION_COLUMN], [(stage, scorer.version) for stage in scorer.stages]
    return [VERSION_COLUMN], [(scorer.version,)]


def _scores(scorer: Scorer, texts: list[str]) -> tuple[FloatArray, npt.NDArray[np.uint8] | None]:
    return scorer.score_staged(texts) if isinstance(scorer, Staged) else (scorer.score(texts), None)


def _check_options(batch_size: int, *, resume: bool, force: bool) -> None:
    if batch_size < 1:
        raise InputError(f"batch size {batch_size}: at least 1 row")
    if resume and force:
        raise InputError("--resume goes on with an interrupted run, --force throws it away: choose one")


def _source(path: str | os.PathLike[str]) -> Path:
    source = Path(path)
    if not source.exists():
        raise InputError(f"no file {source}")
    if not source.is_file():
        raise InputError(f"{source} is no plain file: scoring must be able to go on from the middle of it")
    return source


def _format(source: Path, wanted: str | None) -> str:
    name = (wanted or source.suffix.removeprefix(".")).lower()
    if name in FORMATS:
        return FORMATS[name]
    known = ", ".join(FORMATS)
    if wanted:
        raise InputError(f"no format {wanted!r}{did_you_mean(name, list(FORMATS))}: there are {known}")
    raise InputError(f"{source}: its ending tells no format; name one of {known} with --format")


def _output(source: Path, kind: str, wanted: str | os.PathLike[str] | None) -> Path:
    known = source.suffix.lower().removeprefix(".") in FORMATS
    if wanted is not None:
        output = Path(wanted)
    elif kind == "txt":
        output = (source.with_suffix("") if known else source).with_suffix(".scored.jsonl")
    else:
        output = source.with_suffix(f".scored{source.suffix if known else '.' + kind}")
    if str(wanted) == "-" or output.is_dir() or not output.parent.is_dir():
        raise InputError(f"output {str(wanted)!r}: the name of a file in a folder that exists is needed")
    return output
