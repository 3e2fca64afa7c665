"""Every error that toxmeter raises on purpose.

    ToxmeterError
    ├── InputError (ValueError)       a text, row, column or option that cannot be used
    ├── LabelError (ValueError)       a label set that contradicts itself, or a name that it does not have
    ├── PolicyError (ValueError)      a policy with mistakes, all of them at once
    ├── RecipeError (ValueError)      a recipe with mistakes, all of them at once
    ├── ArtifactError                 a saved model that is missing, half-written, truncated or edited
    ├── TrainingError                 a training run that learns nothing, diverges, or cannot go on
    ├── ExportError                   a model that cannot be exported, or whose export scores otherwise
    ├── UnknownModel (LookupError)    a name that is no shipped model, folder or model of the hub
    └── MissingExtra (ImportError)    an optional dependency that is not installed

Each message names what is wrong (row, field, option) and the mend. Command-line code turns them into
one line and exit status 2 in a single place. This module does not log and does not translate errors of
other libraries.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ArtifactError",
    "ExportError",
    "InputError",
    "LabelError",
    "MissingExtra",
    "PolicyError",
    "RecipeError",
    "ToxmeterError",
    "TrainingError",
    "UnknownModel",
    "did_you_mean",
]


class ToxmeterError(Exception):
    """Base of all errors below; catch it to catch them all."""


class InputError(ToxmeterError, ValueError):
    """A text, row, column or option that cannot be used; the message names it and the mend."""


class LabelError(ToxmeterError, ValueError):
    """A label set that contradicts itself, or a label name that it does not have."""


class _Problems(ToxmeterError, ValueError):
    """Several mistakes in one document, reported together.

    Attributes:
        problems: one line each, ``path: what is wrong, what would be right``.
    """

    kind = "document"

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        super().__init__("\n  - ".join([f"{self.kind} {source}: {count}", *self.problems]))

    def __reduce__(self) -> tuple[type[_Problems], tuple[str, tuple[str, ...]]]:
        return type(self), (self.source, self.problems)


class PolicyError(_Problems):
    """A policy with mistakes; ``problems`` holds one line for each."""

    kind = "policy"


class RecipeError(_Problems):
    """A recipe with mistakes; ``problems`` holds one line for each."""

    kind = "recipe"


class ArtifactError(ToxmeterError):
    """A saved model that is missing, half-written, truncated or edited; the message says which file."""


class TrainingError(ToxmeterError):
    """A training run that learns nothing, diverges, or cannot be resumed; the message says what to change."""


class ExportError(ToxmeterError):
    """A model that cannot be exported, or an export that does not score as its original; the message says why."""


class UnknownModel(ToxmeterError, LookupError):
    """A name that is no shipped model, no folder with one and no hub model; the message lists what was tried."""


class MissingExtra(ToxmeterError, ImportError):
    """An optional dependency that is not installed; the message is the line that installs it."""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`` (did you mean 'x'?)`` for the known word nearest to ``word``, or an empty string."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
