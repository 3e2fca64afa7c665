"""``toxmeter train``: a model from a recipe, with a progress bar.

The work is ``toxmeter.training.run.train``; this module only shows it.
"""

from pathlib import Path
from typing import Annotated

import typer

from toxmeter.cli.progress import progress, rank
from toxmeter.cli.terminal import printable

__all__ = ["HELP", "DataOption", "RecipeArgument", "SetOption", "train"]

HELP = """
Train a model by a recipe, measure it on rows that it has not seen, and save it with its card.

\b
  toxmeter train nano --data data --output runs/nano
  toxmeter train hate-speech-offensive                     data and base model from the Hugging Face hub
  toxmeter train my.toml --data . --set train.lr=3e-5 --set train.epochs=2
  toxmeter train my.toml --data . --resume                 go on after Ctrl-C, a crash or kill -9
  torchrun --nproc-per-node 2 -m toxmeter train my.toml    several GPUs or processes
  toxmeter check --model runs/my "You are all wonderful."

What a recipe may say: toxmeter recipes fields. Checkpoints lie in OUTPUT.checkpoints until all is done.

Needs: pip install 'toxmeter[train]'
"""

RecipeArgument = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A shipped recipe (toxmeter recipes list), or a TOML file.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="Folder with the data files that the recipe names.  [default: the hub]")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="FIELD=VALUE", help="Change a field of the recipe; as often as needed.")]


def train(
    recipe: RecipeArgument,
    data: DataOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Artifact folder to write.  [default: runs/NAME]")
    ] = None,
    changes: SetOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint, if there is one.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there already.")] = False,
    keep_checkpoints: Annotated[
        bool, typer.Option("--keep-checkpoints", help="Leave the checkpoints when all is done.")
    ] = False,
    push_to_hub: Annotated[
        str | None,
        typer.Option("--push-to-hub", metavar="OWNER/NAME",
                     help="Show what would be uploaded there; toxmeter push uploads it."),
    ] = None,
) -> None:
    """Train a model; see ``HELP``."""
    from toxmeter.recipe import read_recipe
    from toxmeter.training import train as run

    plan = read_recipe(recipe, changes or [])
    target = output or Path("runs") / plan.name
    with progress() as tell:
        artifact = run(plan, data, target, replace=force, resume=resume, keep_checkpoints=keep_checkpoints,
                       report=tell)
    if rank():
        return
    figures = ", ".join(f"{name} {value}" for name, value in artifact.manifest.metrics["headline"].items())
    typer.echo(printable(f"{artifact.version} in {artifact.path}: {figures}"))
    if push_to_hub:
        from toxmeter.cli.push import show_plan

        show_plan(artifact.path, push_to_hub)
