"""Optional dependencies: one place turns a missing module into the line that installs it.

Each extra belongs to one capability (``train``: training and its data readers). This module does not
install anything and never falls back silently to another library.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from toxmeter.errors import MissingExtra

__all__ = ["need"]


def need(module: str, *, extra: str) -> Any:  # noqa: ANN401 - a module, whose attributes only it knows
    """Import an optional module.

    Args:
        module: its dotted name, written in our source and never taken from user input.
        extra: the extra of toxmeter that installs it.

    Raises:
        MissingExtra: when the module, or one that it needs, is not installed.
    """
    try:
        return import_module(module)
    except ImportError as err:
        raise MissingExtra(f"{module} is needed here: pip install 'toxmeter[{extra}]' ({err})") from err
