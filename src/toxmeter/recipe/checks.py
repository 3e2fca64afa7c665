"""What the fields of a recipe say only together: shares, labels, own data sets, the space of a search.

Each check looks at what is there: of a recipe with mistakes that is less than all. This module does not
read data, so a label or a column that a file lacks is found later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_origin

from toxmeter.errors import LabelError, did_you_mean
from toxmeter.labels import LabelSet
from toxmeter.recipe.extra import check_extra
from toxmeter.recipe.schema import Dimension, Recipe
from toxmeter.recipe.values import Rules, arms, expected, fits, hints, is_table, joined, locate, shown

__all__ = ["contradictions", "value_at"]

_FIXED = ("name", "number", "licence", "labels", "limits", "track", "search")
"""What no trial of a search may vary."""

Problem = tuple[str, str]


def value_at(recipe: object, path: str) -> Any:  # noqa: ANN401
    """The value of a field, ``data.sources.0.weight``; None where there is none."""
    at: Any = recipe
    for key in path.split("."):
        if isinstance(at, Mapping):
            at = at.get(key)
        elif isinstance(at, tuple):
            at = at[int(key)] if key.isdecimal() and int(key) < len(at) else None
        else:
            at = getattr(at, key, None)
    return at


def contradictions(
    recipe: object, presets: Collection[str], shapes: Sequence[type[Any]]
) -> Iterator[Problem]:
    """What is wrong between fields that are right by themselves.

    Args:
        recipe: a ``Recipe``, or a namespace with those of its fields that are right.
        presets: names of the data presets.
        shapes: the dataclasses of ``model`` and ``train``.

    Yields:
        ``(path, what is wrong and what would be right)``.
    """
    yield from _shares(value_at(recipe, "data.validation") or 0, value_at(recipe, "data.test") or 0)
    for name, own in (value_at(recipe, "data.files") or {}).items():
        yield from _own_set(joined("data.files", name), name, own, presets)
    yield from _labels(value_at(recipe, "labels"), value_at(recipe, "train.class_weights"))
    if (width := value_at(recipe, "model.width")) and width % 2 == 0:
        yield "model.width", f"{width} is even: as many neighbours are read before a token as after it"
    if value_at(recipe, "train.keep_base") and value_at(recipe, "model.format") == "bag":
        yield "train.keep_base", "a bag has no encoder to go back to: leave it out"
    if value_at(recipe, "train.consistency") and value_at(recipe, "model.dropout") == 0:
        yield "train.consistency", "two readings without dropout are one and the same: set model.dropout above 0"
    if (value_at(recipe, "train.teacher_share") or 1) < 1 and not value_at(recipe, "train.teacher"):
        yield "train.teacher_share", "counts for nothing without train.teacher: name one, or leave it out"
    if value_at(recipe, "evaluate.f1_slack") and value_at(recipe, "evaluate.thresholds") != "f1":
        yield "evaluate.f1_slack", 'chooses among thresholds by F1: set evaluate.thresholds = "f1", or leave it out'
    yield from check_extra(value_at(recipe, "train.extra") or {})
    sets = [*presets, *(value_at(recipe, "data.files") or {})]
    yield from _space(recipe, value_at(recipe, "search.space") or (), shapes, sets)


def _shares(validation: float, test: float) -> Iterator[Problem]:
    if validation + test > 0.9:
        yield "data.test", f"with data.validation {validation + test:.2f} of the rows; at most 0.9"


def _own_set(path: str, name: str, own: object, presets: Collection[str]) -> Iterator[Problem]:
    if name in presets:
        yield path, "is the name of a data preset: choose another"
    labels, label = value_at(own, "labels"), value_at(own, "label")
    if labels is not None and label is not None and bool(labels) is bool(label):
        yield path, "name either labels (one column per label) or label (one column with names or a score)"
    doubled = sorted({each for each in labels or () if labels.count(each) > 1})
    if doubled:
        yield joined(path, "labels"), f"{', '.join(doubled)} more than once"


def _labels(labels: object, weights: object) -> Iterator[Problem]:
    names, kind, toxic = (value_at(labels, field) for field in ("names", "kind", "toxic"))
    if names is None or kind is None or toxic is None:
        return
    try:
        LabelSet(names, kind, toxic)
    except LabelError as err:
        yield "labels", str(err)
    if isinstance(weights, tuple) and len(weights) != len(names):
        yield "train.class_weights", f"{len(weights)} numbers for {len(names)} labels ({', '.join(names)})"


def _space(
    recipe: object, space: Sequence[object], shapes: Sequence[type[Any]], sets: Collection[str]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, dimension in enumerate(space):
        if not isinstance(dimension, Dimension):
            continue
        path, field = f"search.space.{at}", dimension.field
        keys = field.split(".")
        found = locate(Recipe, keys, shapes)
        absent = len(keys) > 2 and value_at(recipe, field) is None  # an entry of a list that is shorter
        if found is None or absent or keys[0] in _FIXED or not _plain(found[0]):
            yield f"{path}.field", (f"{shown(field)} is no field that can be varied"
                                    f"{did_you_mean(field, list(_leaves(shapes)))}")
            continue
        if field == "train.soup":
            yield f"{path}.field", "a trial is one run, so that train.soup cannot be varied: leave it out"
        if field in seen:
            yield f"{path}.field", f"{field} is varied twice: join the two"
        seen.add(field)
        for name, problem in _dimension(dimension, *found, sets):
            yield f"{path}.{name}".removesuffix("."), problem


def _plain(kind: Any) -> bool:  # noqa: ANN401
    """Whether a type has values that are neither lists nor tables."""
    return any(not is_table(arm) and get_origin(arm) not in (tuple, Mapping) for arm in arms(kind))


def _leaves(shapes: Sequence[type[Any]]) -> Iterator[str]:
    """Paths of the fields of ``model``, ``train`` and ``data`` that a search can vary, for hints."""
    for table in ("model", "train", "data"):
        kinds = arms(hints(Recipe)[table])
        for cls in kinds if len(kinds) == 1 else [kind for kind in kinds if kind in shapes]:
            yield from (f"{table}.{name}" for name, kind in hints(cls).items() if _plain(kind))


def _dimension(dimension: Dimension, kind: Any, rules: Rules, sets: Collection[str]) -> Iterator[Problem]:  # noqa: ANN401
    """What is wrong with a dimension, by its field."""
    low, high, choices = dimension.low, dimension.high, dimension.choices
    if choices:
        if low is not None or high is not None or dimension.log:
            yield "choices", "stand alone: leave low, high and log out"
        for at, choice in enumerate(choices):
            if not fits(kind, rules, choice, sets):
                yield f"choices.{at}", f"{shown(choice)} is not {expected(kind, rules)}"
        return
    if kind not in (int, float):
        yield "choices", f"missing: {dimension.field} is {expected(kind, rules)}"
        return
    if low is None or high is None:
        yield "", "needs low and high, or choices"
        return
    for name, bound in (("low", low), ("high", high)):
        whole = kind is int and bound.is_integer()
        if not fits(kind, rules, int(bound) if whole else bound, sets):
            yield name, f"{shown(bound)} is not {expected(kind, rules)}"
    if low >= high:
        yield "low", f"{low:g} is not below high, {high:g}"
    if dimension.log and low <= 0:
        yield "low", f"{low:g}: a logarithmic scale begins above 0"
