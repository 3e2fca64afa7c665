"""Policies: which scores make a text unsafe, which words decide by themselves, and for whom.

A ``Policy`` is read from a short TOML file (``policies/shipped.toml`` teaches the format), from a dict or
from keywords, all checked by the same validator, which reports every mistake at once. It names labels only
by text; ``bind`` turns it into an array for one scorer's label set. This module neither scores nor judges
text: that is ``toxmeter.guard``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from toxmeter.errors import PolicyError, did_you_mean
from toxmeter.wordlist import phrase_problem

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy.typing as npt

    from toxmeter.labels import LabelSet

__all__ = ["Policy", "shipped_policies"]

_SHIPPED = Path(__file__).parent / "policies" / "shipped.toml"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What makes a text unsafe.

    Attributes:
        name: names the policy in messages.
        thresholds: per label, by name or alias, the probability in [0, 1] from which a text is unsafe; 1
            switches the label off; a toxic label without an entry uses the scorer's own threshold.
        review: half the width, in [0, 1], of the band around a threshold in which a person should look:
            the action is ``review`` there; 0 for no band.
        deny: words or phrases that make a text unsafe whatever its scores.
        allow: words or phrases that are not judged; they lift only what they cover.
        communities: policies for parts of the users, by name. A community inherits what it does not give:
            its thresholds are laid over the outer ones label by label, any other field that it gives
            replaces the outer one. Plain mappings are taken as well; communities cannot nest.

    Raises:
        PolicyError: on construction, with one line for each mistake.
    """

    name: str = "default"
    thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    review: float = 0.0
    deny: Sequence[str] = ()
    allow: Sequence[str] = ()
    communities: Mapping[str, Policy] = field(default_factory=dict, hash=False)
    _given: frozenset[str] = field(init=False, repr=False, compare=False)

    def __new__(cls, **given: object) -> Self:  # noqa: D102 - the class documents it
        policy = super().__new__(cls)
        object.__setattr__(policy, "_given", frozenset(given))  # a community inherits all other fields
        return policy

    def __post_init__(self) -> None:
        values: dict[str, Any] = {key: getattr(self, key) for key in _CHECKS}
        if problems := _problems(values):
            raise PolicyError(str(self.name)[:40], problems)
        thresholds = {label: float(value) for label, value in self.thresholds.items()}
        communities = {name: own if isinstance(own, Policy) else Policy(**own)
                       for name, own in self.communities.items()}
        frozen = {
            "thresholds": MappingProxyType(thresholds),
            "review": float(self.review),
            "deny": tuple(self.deny),
            "allow": tuple(self.allow),
            "communities": MappingProxyType(communities),
        }
        for key, value in frozen.items():
            object.__setattr__(self, key, value)

    def __reduce__(self) -> tuple[Callable[..., Policy], tuple[dict[str, Any]]]:
        return Policy.from_dict, (self.to_dict(),)

    @classmethod
    def from_toml(cls, path_or_name: str | os.PathLike[str]) -> Policy:
        """Read a policy from a file, or a shipped one by its name.

        Args:
            path_or_name: a TOML file; a str that is the name of a shipped policy means that one.

        Raises:
            PolicyError: when there is no such file, it is not UTF-8 or not TOML, or it has mistakes; one
                line for each.
        """
        if isinstance(path_or_name, str) and path_or_name in shipped_policies():
            return _shipped().for_community(path_or_name)
        path = Path(path_or_name)
        return cls.from_dict({"name": path.stem} | _read_toml(path), source=str(path))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, source: str = "from a dict") -> Policy:
        """Build a policy from plain values, such as TOML or JSON gives.

        Args:
            data: the fields, by name; communities are mappings too.
            source: where the values come from, for the message.

        Raises:
            PolicyError: with one line for each mistake.
        """
        if not isinstance(data, Mapping):
            raise PolicyError(source, [f"{data!r:.40} is not a table"])
        if problems := _problems(data):
            raise PolicyError(source, problems)
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """What was given, as plain values; ``from_dict`` reads them back."""
        plain: dict[str, Any] = {
            "name": self.name,
            "thresholds": dict(self.thresholds),
            "review": self.review,
            "deny": list(self.deny),
            "allow": list(self.allow),
            "communities": {name: own.to_dict() for name, own in self.communities.items()},
        }
        return {key: value for key, value in plain.items() if key in self._given}

    def for_community(self, name: str | None) -> Policy:
        """The policy that holds in a community, with what it inherits; this one for None.

        Raises:
            PolicyError: when there is no community of that name.
        """
        if name is None:
            return self
        if name not in self.communities:
            known = list(self.communities)
            listed = f"there are {', '.join(known)}" if known else "it has none"
            raise PolicyError(self.name, [f"no community {name!r:.40}: {listed}{_hint(name, known)}"])
        own = self.communities[name]
        return Policy(
            name=own.name if "name" in own._given else name,
            thresholds={**self.thresholds, **own.thresholds},
            review=own.review if "review" in own._given else self.review,
            deny=own.deny if "deny" in own._given else self.deny,
            allow=own.allow if "allow" in own._given else self.allow,
        )

    def bind(self, labels: LabelSet, defaults: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """The thresholds for a label set.

        Args:
            labels: the label set, ``k`` names.
            defaults: the scorer's own thresholds, by label name.

        Returns:
            ``[k]`` float32 in [0, 1], and infinity for the labels that are not toxic.

        Raises:
            PolicyError: when a threshold is for a label that does not exist, is not toxic or has another
                entry under its alias, or a toxic label has no threshold here nor in ``defaults``.
        """
        bound = np.full(len(labels), np.inf, np.float32)
        problems: list[str] = []
        entries: dict[int, str] = {}
        for entry, value in self.thresholds.items():
            if problem := _binding_problem(entry, labels, entries):
                problems.append(f"thresholds.{entry:.40}: {problem}")
                continue
            entries[labels.ids[entry]] = entry
            bound[labels.ids[entry]] = value
        for column in labels.toxic_ids:
            name = labels.names[column]
            if column not in entries and name not in defaults:
                problems.append(f"thresholds.{name:.40}: is needed, as the model has none of its own")
            elif column not in entries:
                bound[column] = defaults[name]
        if problems:
            raise PolicyError(self.name, problems)
        return bound


def shipped_policies() -> list[str]:
    """Names of the policies inside the package, in the order of their file."""
    return list(_shipped().communities)


@cache
def _shipped() -> Policy:
    return Policy.from_dict(_read_toml(_SHIPPED), source=str(_SHIPPED))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        known = shipped_policies()
        reason = f"no such file, nor a shipped policy ({', '.join(known)}){_hint(str(path), known)}"
    except UnicodeDecodeError as err:
        reason = f"not UTF-8 (byte {err.start}): save it as UTF-8"
    except tomllib.TOMLDecodeError as err:
        reason = f"not TOML: {err}"
    except RecursionError:
        reason = "not TOML that can be read: nested too deeply"
    except (OSError, ValueError) as err:
        reason = f"cannot be read: {getattr(err, 'strerror', None) or err}"
    raise PolicyError(str(path), [reason])


def _binding_problem(entry: str, labels: LabelSet, entries: Mapping[int, str]) -> str | None:
    column = labels.ids.get(entry)
    toxic = [labels.names[column] for column in labels.toxic_ids]
    if column is None:
        return f"no such label: the toxic ones are {', '.join(toxic)}{_hint(entry, list(labels.ids))}"
    if column not in labels.toxic_ids:
        return f"the label is not toxic: the toxic ones are {', '.join(toxic)}"
    return f"the same label as thresholds.{entries[column]}: keep one" if column in entries else None


def _hint(word: object, known: list[str]) -> str:
    return did_you_mean(str(word)[:40], known)


# ------------------------------------------------------------------ the validator: plain values in, lines out


def _problems(data: Mapping[Any, Any], prefix: str = "") -> list[str]:
    """All mistakes in the fields of a policy, one line each; ``prefix`` is the path of a community."""
    found: list[str] = []
    for key, value in data.items():
        path = f"{prefix}{key!s:.40}"
        if key not in _CHECKS:
            found.append(f"{path}: no such field{_hint(key, list(_CHECKS))}")
        elif key == "communities" and prefix:
            found.append(f"{path}: communities cannot nest")
        else:
            found += _CHECKS[key](path, value)
    return found


def _check_name(path: str, value: object) -> list[str]:
    good = isinstance(value, str) and value.strip()
    return [] if good else [f"{path}: {value!r:.40} is not a name"]


def _check_share(path: str, value: object) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)):
        return [f"{path}: {value!r:.40} is not a number in [0, 1]"]
    return [] if 0 <= value <= 1 else [f"{path}: {value!r:.40} is not in [0, 1]"]


def _check_thresholds(path: str, value: object) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{path}: {value!r:.40} is not a table of label = probability"]
    return [line for label, share in value.items()
            for line in [*_check_name(f"{path}.{label!s:.40}", label),
                         *_check_share(f"{path}.{label!s:.40}", share)]]


def _check_phrases(path: str, value: object) -> list[str]:
    if not isinstance(value, (list, tuple)):
        return [f"{path}: {value!r:.40} is not a list of words or phrases"]
    return [f"{path}[{index}]: {problem}" for index, entry in enumerate(value)
            if (problem := phrase_problem(entry))]


def _check_communities(path: str, value: object) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{path}: {value!r:.40} is not a table of policies"]
    found: list[str] = []
    for name, own in value.items():
        here = f"{path}.{name!s:.40}"
        found += _check_name(here, name)
        if isinstance(own, Policy):  # checked when it was made
            found += [f"{here}.communities: communities cannot nest"] if own.communities else []
        elif isinstance(own, Mapping):
            found += _problems(own, f"{here}.")
        else:
            found.append(f"{here}: {own!r:.40} is not a policy")
    return found


_CHECKS: Mapping[str, Callable[[str, object], list[str]]] = {
    "name": _check_name,
    "thresholds": _check_thresholds,
    "review": _check_share,
    "deny": _check_phrases,
    "allow": _check_phrases,
    "communities": _check_communities,
}
