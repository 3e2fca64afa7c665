"""Label sets: what the columns of a score matrix mean, and which of them mean "toxic".

A ``LabelSet`` belongs to a model and travels in its artifact. It knows the names in column order, how the
columns relate (``kind``), which names count as toxic, and aliases from other vocabularies. It does not
hold thresholds (those are a matter of policy) nor scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from toxmeter.errors import LabelError, did_you_mean

__all__ = ["JIGSAW", "Kind", "LabelSet"]

Kind = Literal["binary", "multiclass", "multilabel"]


@dataclass(frozen=True)
class LabelSet:
    """The meaning of the ``k`` columns of a score matrix ``[n, k]``.

    Attributes:
        names: the labels in column order, unique and non-empty.
        kind: ``binary`` – two names whose probabilities sum to one; ``multiclass`` – two or more names
            whose probabilities sum to one; ``multilabel`` – each column is a probability of its own.
        toxic: the names that mean toxic, possibly none (a sentiment head); never all of a ``binary`` or
            ``multiclass`` set, since one of those must be left for harmless text.
        aliases: names of other vocabularies, ``alias -> name`` (``TOXICITY -> toxic``).

    Raises:
        LabelError: on construction, naming the label that is missing, doubled or contradictory.
    """

    names: tuple[str, ...]
    kind: Kind
    toxic: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for field_name in ("names", "toxic"):
            value = getattr(self, field_name)
            if isinstance(value, str):
                raise LabelError(f"{field_name} is the bare text {value!r}: pass a list of names")
            object.__setattr__(self, field_name, tuple(value))
        object.__setattr__(self, "aliases", MappingProxyType(dict(self.aliases)))
        self._check_names()
        self._check_references()

    def _check_names(self) -> None:
        if self.kind not in get_args(Kind):
            raise LabelError(f"kind is {self.kind!r}; it is one of {', '.join(get_args(Kind))}")
        least = {"binary": 2, "multiclass": 2, "multilabel": 1}[self.kind]
        if len(self.names) < least or (self.kind == "binary" and len(self.names) != 2):
            raise LabelError(f"a {self.kind} label set of {len(self.names)} names: it needs {least}")
        for name in self.names:
            if not isinstance(name, str) or not name.strip():
                raise LabelError(f"label name {name!r} is blank or no text")
        if len(set(self.names)) != len(self.names):
            doubled = sorted({name for name in self.names if self.names.count(name) > 1})
            raise LabelError(f"label names occur twice: {', '.join(doubled)}")

    def _check_references(self) -> None:
        for name in (*self.toxic, *self.aliases.values()):
            if name not in self.names:
                raise LabelError(f"label {name!r} is not among {', '.join(self.names)}"
                                 f"{did_you_mean(str(name), self.names)}")
        for alias in self.aliases:
            if alias in self.names and self.aliases[alias] != alias:
                raise LabelError(f"alias {alias!r} is itself a label, so it cannot mean {self.aliases[alias]!r}")
        if self.kind != "multilabel" and len(set(self.toxic)) == len(self.names):
            raise LabelError(f"all labels of a {self.kind} set are toxic: leave one for harmless text")

    def __reduce__(self) -> tuple[Any, ...]:
        return LabelSet, (self.names, self.kind, self.toxic, dict(self.aliases))  # a mapping proxy cannot be copied

    def __len__(self) -> int:
        return len(self.names)

    def __hash__(self) -> int:
        return hash((self.names, self.kind, self.toxic, tuple(sorted(self.aliases.items()))))

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """Column of each name and alias, ``{"toxic": 0, "TOXICITY": 0, ...}``."""
        own = {name: column for column, name in enumerate(self.names)}
        return MappingProxyType(own | {alias: own[name] for alias, name in self.aliases.items()})

    @cached_property
    def toxic_ids(self) -> tuple[int, ...]:
        """Columns of the toxic names, in column order."""
        return tuple(column for column, name in enumerate(self.names) if name in self.toxic)

    def id(self, name: str) -> int:
        """The column of a name or alias.

        Raises:
            LabelError: when this set has no such label.
        """
        try:
            return self.ids[name]
        except KeyError:
            hint = did_you_mean(name, list(self.ids))
            raise LabelError(f"no label {name!r}: there are {', '.join(self.names)}{hint}") from None

    def toxicity(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How toxic each text is, as one number.

        The largest toxic column of a ``multilabel`` set; the sum of the toxic columns of the others.

        Args:
            scores: ``[n, k]`` probabilities.

        Returns:
            ``[n]`` float32 in [0, 1].

        Raises:
            LabelError: when no label is declared toxic.
        """
        if not self.toxic_ids:
            raise LabelError(f"none of {', '.join(self.names)} is declared toxic")
        columns = scores[:, list(self.toxic_ids)]
        joined: npt.NDArray[np.float32] = columns.max(axis=1) if self.kind == "multilabel" else columns.sum(axis=1)
        return joined.clip(0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """The set as plain JSON values; ``from_dict`` reads them back."""
        return {"names": list(self.names), "kind": self.kind, "toxic": list(self.toxic),
                "aliases": dict(self.aliases)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelSet:
        """Read what ``to_dict`` wrote.

        Raises:
            LabelError: on a missing or unknown field, or a value of the wrong type.
        """
        if not isinstance(data, Mapping):
            raise LabelError(f"label set: {data!r:.40} is no table")
        known = {"names", "kind", "toxic", "aliases"}
        for key in data.keys() ^ known:
            if key not in known or key in ("names", "kind"):
                raise LabelError(f"label set: field {key!r} is {'missing' if key in known else 'unknown'}")
        names, toxic, aliases = data["names"], data.get("toxic", []), data.get("aliases", {})
        if not isinstance(names, list) or not isinstance(toxic, list) or not isinstance(aliases, Mapping):
            raise LabelError("label set: names and toxic are lists, aliases is a table")
        return cls(tuple(names), data["kind"], tuple(toxic), aliases)


JIGSAW = LabelSet(
    names=("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"),
    kind="multilabel",
    toxic=("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"),
    aliases={
        "TOXICITY": "toxic",
        "SEVERE_TOXICITY": "severe_toxic",
        "PROFANITY": "obscene",
        "OBSCENE": "obscene",
        "THREAT": "threat",
        "INSULT": "insult",
        "IDENTITY_ATTACK": "identity_hate",
    },
)
"""The six labels of the Jigsaw toxic comment data (2018), with Perspective's names as aliases."""
