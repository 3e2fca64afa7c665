"""What a manifest says about where a model comes from: rows of each part, and versions of libraries."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from toxmeter import __version__

if TYPE_CHECKING:
    from toxmeter.training.parts import Parts

__all__ = ["libraries", "origins"]


def origins(parts: Parts) -> dict[str, Any]:
    """Preset, file, rows, sha256, licence and source of each part, as plain JSON values."""
    return {"train": parts.train.origin, "validation": parts.validation.origin, "test": parts.test.origin}


def libraries(*names: str) -> dict[str, str]:
    """Versions of Python, toxmeter and the distributions with these names."""
    return {"python": platform.python_version(), "toxmeter": __version__, **{name: version(name) for name in names}}
