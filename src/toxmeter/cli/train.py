"""``toxmeter train``: a model from a recipe, with a progress bar.

The work is ``toxmeter.training.run.train``; this module only shows it.
"""

from pathlib import Path
from typing import Annotated

import typer

from toxmeter.cli.terminal import printable

__all__ = ["HELP", "train"]

HELP = """
Train a model by a recipe, measure it on rows that it has not seen, and save it with its card.

\b
  toxmeter train nano --data data --output runs/nano
  toxmeter check --model runs/nano "You are all wonderful."

Needs: pip install 'toxmeter[train]'
"""


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A shipped recipe (nano), or a TOML file.")],
    data: Annotated[Path, typer.Option("--data", "-d", help="Folder with the data files that the recipe names.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Artifact folder to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there already.")] = False,
) -> None:
    """Train a model; see ``HELP``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from toxmeter.recipe import read_recipe
    from toxmeter.training import train as run

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task("", total=1.0)
        artifact = run(
            read_recipe(recipe), data, output, replace=force,
            report=lambda what, share: bars.update(bar, description=what, completed=share))
    figures = ", ".join(f"{name} {value}" for name, value in artifact.manifest.metrics["headline"].items())
    typer.echo(printable(f"{artifact.version} in {artifact.path}: {figures}"))
