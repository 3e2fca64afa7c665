"""Which column holds the text, and that the new columns do not clash with it or its neighbours.

Pure functions over names and values; this module does not read files.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from toxmeter.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_added", "choose_column", "kind_of"]

_USUAL = frozenset({"text", "comment_text", "comment", "tweet", "message", "content", "body", "sentence"})


def choose_column(names: Sequence[str], wanted: str | None) -> str:
    """The column with the text.

    Args:
        names: the columns there are.
        wanted: the one that the user named; None takes ``text``, else the only one with a usual name.

    Raises:
        InputError: when there is no such column, two of that name, or none or several come into question.
    """
    there = f"the columns are {', '.join(map(repr, names))}"
    if wanted is None:
        usual = [name for name in names if name.strip().casefold() in _USUAL]
        if "text" not in names and len(usual) != 1:
            why = "several columns could hold the text" if usual else "no column is named 'text'"
            raise InputError(f"{why}; {there}: name one with --column")
        wanted = "text" if "text" in names else usual[0]
    if wanted not in names:
        raise InputError(f"no column {wanted!r}{did_you_mean(wanted, names)}; {there}")
    if names.count(wanted) > 1:
        raise InputError(f"column {wanted!r} is there {names.count(wanted)} times: rename the others")
    return wanted


def check_added(names: Sequence[str], added: Sequence[str]) -> frozenset[str]:
    """The new columns, once it is certain that none of them is there already.

    Raises:
        InputError: naming those that are.
    """
    clash = [name for name in added if name in names]
    if clash:
        raise InputError(f"the input already has {', '.join(map(repr, clash))}:"
                         " name the new columns apart, for instance --prefix model_")
    return frozenset(added)


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    kinds: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")
