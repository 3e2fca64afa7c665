"""Files that are there whole or not at all, whatever happens while they are written.

This module does not write models (``toxmeter.artifact``) or scores of many rows (``toxmeter.bulk``), which are resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_whole"]


def write_whole(file: Path, text: str) -> None:
    """Write a text as UTF-8, and the folders that it lies in; a file that was there is replaced.

    Args:
        file: to write.
        text: its line ends are kept; a lone surrogate, which UTF-8 cannot hold, becomes ``?``.

    Raises:
        OSError: when it cannot be written; what was there before then still is.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(text.encode("utf-8", "replace"))  # toxmeter.text, which has this too, loads numpy
    part.replace(file)
