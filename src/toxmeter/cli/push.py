"""``toxmeter push``: a saved model to the Hugging Face hub, after a look at what would go.

The work is ``toxmeter.training.publish``; this module only shows it.
"""

from pathlib import Path
from typing import Annotated

import typer

from toxmeter.cli.terminal import printable, table

__all__ = ["HELP", "push", "show_plan"]

HELP = """
Show what of a saved model would be uploaded to the Hugging Face hub; with --yes, upload it.

\b
  toxmeter push runs/my ada/my-model               the dry run: files, sizes, licence
  HF_TOKEN=... toxmeter push runs/my ada/my-model --yes
  toxmeter push runs/my ada/my-model --private --yes

The token comes from the environment variable HF_TOKEN and is not shown. It needs write access.

Needs: pip install 'toxmeter[train]'
"""


def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Artifact folder, as toxmeter train writes it.")],
    repo_id: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Where to on the hub; made if it is not there.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Upload; without it, nothing leaves this machine.")] = False,
) -> None:
    """Show the plan, and carry it out if that is wanted; see ``HELP``."""
    from toxmeter.training.publish import push as run

    show_plan(folder, repo_id, private=private, hint=not yes)
    if yes:
        typer.echo(printable(run(folder, repo_id, private=private)))


def show_plan(folder: Path, repo_id: str, *, private: bool = False, hint: bool = True) -> None:
    """Print what ``toxmeter push`` would upload.

    Raises:
        ArtifactError: when the folder is no whole artifact.
        InputError: when the name is none that the hub takes.
    """
    from toxmeter.training.publish import plan

    planned = plan(folder, repo_id)
    rows = [[name, f"{size:,}"] for name, size in planned.files]
    typer.echo(printable(f"{planned.artifact.version}, licence {planned.artifact.manifest.licence}, to"
                         f" {repo_id} ({'private' if private else 'public'} if new)"))
    typer.echo(printable("\n".join(table([["file", "bytes"], *rows, ["all", f"{planned.bytes:,}"]])), keep="\n"))
    if hint:
        typer.echo(printable(f"nothing was uploaded: toxmeter push {folder} {repo_id}"
                             f"{' --private' if private else ''} --yes does it"))
