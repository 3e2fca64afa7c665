"""The command line: ``toxmeter check | score | models | recipes | train | search | crossval | evaluate | compare |
export | calibrate | cascade | push | detox``.

Each command is a thin file here over a plain function elsewhere. This module holds what they share: the
application, and the one place where errors become a line on standard error and an exit status. Nothing
heavy is imported before a command runs, because ``toxmeter check`` has to answer at once. Unexpected
exceptions are shown in full, and end with status 2 as well.
"""

import contextlib
import gc
import io
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from toxmeter import __version__
from toxmeter.cli import (
    calibrate,
    cascade,
    check,
    compare,
    crossval,
    detox,
    evaluate,
    export,
    models,
    push,
    recipes,
    score,
    search,
    train,
)
from toxmeter.cli.terminal import printable
from toxmeter.errors import ToxmeterError

__all__ = ["app", "main"]

_HELP = """
Judge text by a toxicity classifier: offline, without a GPU, in milliseconds.

\b
  toxmeter check "You are all wonderful."          one verdict, exit status 0 or 1
  toxmeter check < comments.txt                    one text per line
  toxmeter score comments.csv --column text        a whole file, resumable
  toxmeter models                                  what is shipped, and how good it is
  toxmeter train nano --data D --output runs/nano  a model of your own
  toxmeter recipes list                            what it can be trained by
  toxmeter search my.toml --output runs/search     better settings for a recipe
  toxmeter crossval my.toml --output runs/folds    how good a recipe is, with mean and spread
  toxmeter evaluate nano comments.csv --report R   how good a model is, where it fails, and for whom
  toxmeter compare nano runs/my comments.csv       whether a new model may replace an old one
  toxmeter export runs/my --output runs/my-int8    the same in int8, without torch
  toxmeter calibrate nano --against scores.csv ... a model on the scale of the system it replaces
  toxmeter cascade nano mini comments.csv -o DIR   a fast model where it is sure, a better one for the rest
  toxmeter detox evaluate in.txt out.txt --fl M    how well sentences were rewritten
  toxmeter push runs/my OWNER/NAME                 a model to the Hugging Face hub

Exit status: 0 all is well, 1 a text is unsafe (check) or a model may not replace another (compare), 2 an error,
130 interrupted.
"""


class _Group(TyperGroup):
    """Runs a command, and turns the errors that are meant for users into a line and a status."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's Context, whose home moved between its versions
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # a reader that has gone is noticed here, not while the interpreter ends
        except BrokenPipeError:
            _give_up_output()
            raise typer.Exit(141) from None  # 128 + SIGPIPE, as of any other program in a pipe
        except KeyboardInterrupt:
            _complain("interrupted")
            raise typer.Exit(130) from None
        except ToxmeterError as err:
            _complain(str(err))
            raise typer.Exit(2) from None
        except OSError as err:
            _give_up_output()
            _complain(str(err))
            raise typer.Exit(2) from None


def _give_up_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter would fail on it once more at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    typer.echo(f"toxmeter: {printable(message, keep=chr(10))}", err=True)


app = typer.Typer(
    cls=_Group,
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check", help=check.HELP, short_help="Judge texts: safe or unsafe.")(check.check)
app.command("score", help=score.HELP, short_help="Score the texts of a file.")(score.score)
app.command("models", help=models.HELP, short_help="List the shipped models.")(models.models)
app.command("train", help=train.HELP, short_help="Train a model by a recipe.")(train.train)
app.command("search", help=search.HELP, short_help="Search for better settings.")(search.search)
app.command("crossval", help=crossval.HELP, short_help="Train and test a recipe by folds.")(crossval.crossval)
app.command("evaluate", help=evaluate.HELP, short_help="Measure a model: quality, bias, robustness.")(evaluate.evaluate)
app.command("compare", help=compare.HELP, short_help="Judge whether a model may replace another.")(compare.compare)
app.command("export", help=export.HELP, short_help="Make a model that runs without torch.")(export.export)
app.command("calibrate", help=calibrate.HELP, short_help="Keep the thresholds of another system.")(calibrate.calibrate)
app.command("cascade", help=cascade.HELP, short_help="Two models as one: fast where it is sure.")(cascade.cascade)
app.command("push", help=push.HELP, short_help="Put a model on the Hugging Face hub.")(push.push)
app.add_typer(detox.app, name="detox", help=detox.HELP, short_help="Judge texts rewritten without toxicity.")
app.add_typer(recipes.app, name="recipes", help=recipes.HELP, short_help="Show, copy and check recipes.")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"toxmeter {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal knows every character


def main() -> None:
    """Run the command line with the arguments of the process."""
    if sys.stdout is None:  # closed by whoever started the process
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    try:
        app(prog_name="toxmeter")
    except Exception:  # noqa: BLE001 - shown in full; Python's own status would be 1, which means "unsafe" here
        traceback.print_exc()
        sys.exit(2)
    finally:
        gc.freeze()  # or Python would look for garbage while it ends, much of the time of one ``toxmeter check``
