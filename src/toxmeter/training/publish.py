"""Publishing an artifact on the Hugging Face hub: first a plan, then exactly what it says.

What goes is the manifest, the card, and the files and plots that the manifest names, never checkpoints or
whatever else lies in the folder. The token comes from the environment and is not shown. This module does not decide to
upload: ``plan`` is the dry run, and only ``push`` opens a connection.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from toxmeter.artifact import CARD, MANIFEST, Artifact
from toxmeter.errors import ArtifactError, InputError
from toxmeter.extras import need

__all__ = ["Plan", "plan", "push"]


@dataclass(frozen=True)
class Plan:
    """What would be uploaded.

    Attributes:
        artifact: verified.
        repo_id: ``OWNER/NAME`` on the hub.
        files: name and size in bytes of each file, sorted by name.
    """

    artifact: Artifact
    repo_id: str
    files: tuple[tuple[str, int], ...]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(size for _, size in self.files)


def plan(folder: str | os.PathLike[str], repo_id: str) -> Plan:
    """The dry run: look at everything, send nothing.

    Raises:
        ArtifactError: when the folder is no whole artifact.
        InputError: when the name is none that the hub takes.
    """
    _check_name(repo_id)
    artifact = Artifact.open(folder)
    files = []
    for name in sorted({MANIFEST, CARD, *artifact.files, *artifact.manifest.metrics.get("plots", ())}):
        path = artifact.path / name
        if Path(name).name != name or not path.is_file():
            raise ArtifactError(f"{path} is missing: train the model again")
        files.append((name, path.stat().st_size))
    return Plan(artifact, repo_id, tuple(files))


def push(
    folder: str | os.PathLike[str],
    repo_id: str,
    *,
    private: bool = False,
    token_env: str = "HF_TOKEN",  # noqa: S107 - the name of a variable
    endpoint: str | None = None,
) -> str:
    """Upload an artifact, as one commit.

    Args:
        folder: the artifact.
        repo_id: ``OWNER/NAME``; a repository that does not exist is made.
        private: whether a new repository is private; one that exists stays as it is.
        token_env: environment variable with the token.
        endpoint: another hub than huggingface.co.

    Returns:
        the address of the commit.

    Raises:
        ArtifactError: when the folder is no whole artifact.
        InputError: when there is no token, the name is none that the hub takes, or the hub refuses.
        MissingExtra: without huggingface_hub.
    """
    planned = plan(folder, repo_id)
    token = os.environ.get(token_env, "").strip()
    if not token:
        raise InputError(f"no token: set the environment variable {token_env} to one that may write to"
                         f" {repo_id.partition('/')[0]} (https://huggingface.co/settings/tokens)")
    hub = need("huggingface_hub", extra="train")
    api = hub.HfApi(endpoint=endpoint, token=token, library_name="toxmeter")
    additions = [hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(planned.artifact.path / name))
                 for name, _ in planned.files]
    try:
        api.create_repo(repo_id, private=private, exist_ok=True)
        commit = api.create_commit(repo_id, additions, commit_message=planned.artifact.version)
    except (OSError, ValueError, need("huggingface_hub.errors", extra="train").HTTPError) as err:
        raise InputError(f"the hub did not take {repo_id}: {str(err).replace(token, '…').strip()}") from None
    return str(commit.commit_url)


def _check_name(repo_id: str) -> None:
    """Stricter than the hub: an owner is needed, since a token alone does not tell which one is meant."""
    part = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
    if not re.fullmatch(f"{part}/{part}", repo_id) or len(repo_id) > 96 or "--" in repo_id or ".." in repo_id:
        raise InputError(f"{repo_id!r:.120} is no name on the hub: write OWNER/NAME, of letters, digits, - _ and .")

