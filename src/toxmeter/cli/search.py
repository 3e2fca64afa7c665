"""``toxmeter search``: better settings for a recipe, by Optuna.

The work is ``toxmeter.training.search.search``; this module only shows it.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, shorten, table
from toxmeter.cli.train import DataOption, RecipeArgument, SetOption

if TYPE_CHECKING:
    from toxmeter.training.search import SearchResult

__all__ = ["HELP", "search"]

HELP = """
Try settings of a recipe, guided by those tried before, and show which did best on the validation rows.

\b
  toxmeter search my.toml --data . --output runs/search --trials 20
  toxmeter search my.toml --data . --output runs/search --trials 40     twenty more
  toxmeter train runs/search/best.toml --data . --output runs/best

What to vary stands in the recipe, once for each field:

\b
  [[search.space]]
  field = "train.lr"
  low = 1e-5
  high = 1e-4
  log = true

\b
  [[search.space]]
  field = "train.class_weights"
  choices = ["none", "balanced"]

OUTPUT gets the study, trials.json, best.toml and plots; models are not kept. After Ctrl-C, kill -9 or a crash
the same command goes on. Test rows are not looked at.

Needs: pip install 'toxmeter[train,search]'
"""


def search(
    recipe: RecipeArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the study and what it finds.")],
    data: DataOption = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", "-n", min=1, help="How many in all, earlier runs included.  [default: the recipe's]"),
    ] = None,
    changes: SetOption = None,
    storage: Annotated[
        str | None, typer.Option("--storage", metavar="URL", help="Database of the study.  [default: OUTPUT/study.db]")
    ] = None,
) -> None:
    """Search for better settings; see ``HELP``."""
    from toxmeter.recipe import read_recipe
    from toxmeter.training.search import overrides
    from toxmeter.training.search import search as run

    plan = read_recipe(recipe, changes or [])
    with progress() as tell:
        result = run(plan, data, output, trials=trials, storage=storage, report=tell)
    typer.echo(printable("\n".join(table(_rows(result))), keep="\n"))
    if result.best is None:
        typer.echo(printable("no trial was completed: "
                             + next((trial.reason for trial in result.trials if trial.reason), "all were pruned")))
        return
    given = [f"--data={data}"] if data else []
    sets = [f"--set={each}" for each in [*(changes or []), *overrides(result.best.settings)]]
    typer.echo(printable(f"best: toxmeter train {shlex.join([recipe, *given, *sets])}"))


def _rows(result: "SearchResult") -> list[list[str]]:
    """The trials as a table, the best one marked."""
    fields = list(dict.fromkeys(name for trial in result.trials for name in trial.settings))
    rows = [["trial", result.monitor, "state", "seconds", *fields]]
    for trial in result.trials:
        mark = " *" if result.best and trial.number == result.best.number else ""
        value = "–" if trial.value is None else f"{trial.value:.4f}"
        rows.append([f"{trial.number}{mark}", value, trial.state, f"{trial.seconds:.0f}",
                     *(shorten(_shown(trial.settings.get(name, "")), 24) for name in fields)])
    return rows


def _shown(value: str | float | bool) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
