"""``toxmeter crossval``: how good a recipe is, and how sure that is.

The work is ``toxmeter.training.crossval.crossval``; this module only shows it.
"""

from pathlib import Path
from typing import Annotated

import typer

from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, table
from toxmeter.cli.train import DataOption, RecipeArgument, SetOption

__all__ = ["HELP", "crossval"]

HELP = """
Train a recipe once per fold, test each model on the rows that it has not seen, and show mean and spread.

\b
  toxmeter crossval hate-speech-offensive --data data --output runs/folds
  toxmeter crossval my.toml --data . -o runs/folds --folds 10 --set train.epochs=2
  toxmeter crossval my.toml --data . -o runs/folds --resume       go on after Ctrl-C or a crash

OUTPUT gets crossval.md, crossval.json and a report per fold; models only with --keep-models.

Needs: pip install 'toxmeter[train]'
"""


def crossval(
    recipe: RecipeArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the reports.")],
    data: DataOption = None,
    folds: Annotated[int, typer.Option("--folds", "-k", min=2, help="How many parts the rows are cut into.")] = 5,
    changes: SetOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the folds that are done, and go on.")] = False,
    keep_models: Annotated[bool, typer.Option("--keep-models", help="Keep the model of each fold.")] = False,
) -> None:
    """Cross-validate a recipe; see ``HELP``."""
    from toxmeter.recipe import read_recipe
    from toxmeter.training.crossval import crossval as run
    from toxmeter.training.crossval import summary_table

    plan = read_recipe(recipe, changes or [])
    with progress() as tell:
        result = run(plan, data, output, folds=folds, resume=resume, keep_models=keep_models, report=tell)
    typer.echo(printable("\n".join(table(summary_table(result))), keep="\n"))
