"""Fetching the files of a data set from the Hugging Face hub, into its own cache.

``huggingface_hub`` decides by its environment variables where the cache is and whether it may use the
network. Only the named files are fetched and no code of the repository is run. This module does not read them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toxmeter.errors import InputError
from toxmeter.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["commit_of", "fetch"]


def fetch(repository: str, files: Iterable[str]) -> list[Path]:
    """Paths of files of a data set, in the cache; those that are not there yet are fetched.

    Raises:
        InputError: when one cannot be had.
        MissingExtra: without huggingface_hub.
    """
    hub, errors = need("huggingface_hub", extra="train"), need("huggingface_hub.errors", extra="train")
    try:
        return [Path(hub.hf_hub_download(repository, file, repo_type="dataset")) for file in files]
    except (OSError, ValueError, errors.HTTPError) as err:  # the last is the one of its HTTP library
        reason = (str(err).strip() or type(err).__name__).splitlines()[0]
        raise InputError(f"data set {repository!r} cannot be had from the Hugging Face hub ({reason}): mend that, or"
                         " name the folder that holds its file with --data") from err


def commit_of(file: Path) -> str:
    """The commit of the repository that a file in the cache is of."""
    return file.as_posix().rpartition("/snapshots/")[2].partition("/")[0]
