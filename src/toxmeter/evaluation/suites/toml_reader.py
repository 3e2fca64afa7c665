"""What readers of TOML files with word lists share: finding a file, and checking plain values one by one.

All mistakes of a file are kept, ``place: reason, mend``, and told at once. Nothing in a file is run.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from toxmeter.errors import InputError, did_you_mean
from toxmeter.recipe.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Checker", "Source", "read_toml", "shipped_names"]

_LARGEST = 1 << 22  # bytes; whatever is larger is no file of this kind


class Source(NamedTuple):
    """A file as it was read.

    Attributes:
        name: of the file, without ending.
        table: its values.
        sha256: of the file.
    """

    name: str
    table: dict[str, Any]
    sha256: str


def shipped_names(folder: str) -> list[str]:
    """Names of the TOML files in a folder of ``toxmeter.evaluation``, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in (files("toxmeter.evaluation.suites") / folder).iterdir()
                  if entry.name.endswith(".toml"))


def read_toml(source: str, what: str, folder: str) -> Source:
    """Read a shipped file or one of the user's.

    Args:
        source: name of a shipped one, or a path.
        what: what the file is, in a word.
        folder: where the shipped ones are.

    Raises:
        InputError: when there is no such file, or it is too large, no UTF-8 or no TOML.
    """
    content = _content(source, what, folder)
    try:
        table = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as err:
        raise InputError(f"{what} {source}: byte {err.start} is no UTF-8: save the file as UTF-8") from err
    except (ValueError, RecursionError) as err:
        raise InputError(f"{what} {source}: no TOML ({err})") from err
    return Source(Path(source).stem, table, hashlib.sha256(content).hexdigest())


def _content(source: str, what: str, folder: str) -> bytes:
    shipped = shipped_names(folder)
    path = files("toxmeter.evaluation.suites") / folder / f"{source}.toml" if source in shipped else Path(source)
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        raise InputError(f"no {what} {source!r}: neither shipped ({', '.join(shipped)}) nor a file"
                         f"{did_you_mean(source, shipped)}") from None
    except (OSError, ValueError) as err:
        raise InputError(f"{what} {source}: not readable ({err})") from err
    if len(content) > _LARGEST:
        raise InputError(f"{what} {source}: over {_LARGEST:,} bytes, which no {what} has")
    return content


class Checker:
    """Checks plain values, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def wrong(self, place: str, reason: str) -> None:
        """Keep a mistake."""
        self.problems.append(f"{place}: {reason}")

    def done(self, what: str) -> None:
        """Tell the mistakes.

        Raises:
            InputError: when there are any, one line each.
        """
        if self.problems:
            count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
            raise InputError("\n  - ".join([f"{what}: {count}", *self.problems]))

    def fields(self, place: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        """A table has no other fields than these."""
        for key in table:
            if key not in known:
                self.wrong(f"{place}.{key}".lstrip("."), f"no such field{did_you_mean(key, known)}: there are"
                                                         f" {', '.join(known)}")

    def text(self, place: str, value: object) -> str:
        """A text that is not blank; an empty one where it is none."""
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(place, "missing" if value is None else f"{shown(value)} is not a text")
        return ""

    def texts(self, place: str, value: object) -> list[str]:
        """A list of texts, at least one."""
        if not isinstance(value, list):
            self.wrong(place, f"{shown(value)} is not a list of texts")
            return []
        if not value:
            self.wrong(place, "an empty list: give at least one text, or leave it out")
        return [self.text(f"{place}.{index}", each) for index, each in enumerate(value)]

    def table(self, place: str, value: object, of: str) -> dict[str, Any]:
        """A table; an empty one where it is none."""
        if isinstance(value, dict):
            return value
        self.wrong(place, f"{shown(value)} is not a table of {of}")
        return {}
