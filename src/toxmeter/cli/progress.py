"""Progress of long work on standard error: a bar on a terminal, a line now and then where a log is written.

This module does not know what the work is.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from toxmeter.cli.terminal import printable

__all__ = ["EVERY", "Tell", "progress", "rank"]

EVERY = 30.0
"""Seconds between two lines of a log."""

Tell = Callable[[str, float], None]
"""Takes what is being done, and the share in [0, 1] that is."""


@contextmanager
def progress() -> Iterator[Tell]:
    """What takes progress and shows it; of several processes, the first one does."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if rank():
        yield lambda *_: None
    elif not console.is_terminal:
        yield _lines()
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bars:
            bar = bars.add_task("", total=1.0)
            yield lambda what, share: bars.update(bar, description=printable(what), completed=share)


def rank() -> int:
    """Number of this process among those that work together, 0 for the first."""
    return int(os.environ.get("RANK", "0"))


def _lines() -> Tell:
    """Writes lines, none of work that is done sooner."""
    written = time.monotonic()

    def tell(what: str, share: float) -> None:
        nonlocal written
        if time.monotonic() - written >= EVERY:
            written = time.monotonic()
            typer.echo(printable(f"{share:4.0%} {what}"), err=True)

    return tell
