"""Recipes as plain values and as TOML: whatever is written is read back."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toxmeter.data.presets import PRESETS
from toxmeter.recipe import Recipe, plain, read_recipe, shipped_recipes, to_toml
from toxmeter.recipe.fitting import FineTuning, HashedModel, LinearTraining, TransformerModel
from toxmeter.recipe.schema import Evaluation, Labels, OwnSet, Search
from toxmeter.recipe.values import arms, hints, is_table
from toxmeter.recipe.write import toml_value

# TOML holds every character but lone surrogates
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(str.strip)
SETS = st.sampled_from(sorted(PRESETS))


def values(kind: Any, rules: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Right values of a field."""
    return st.one_of([_values(arm, rules) for arm in arms(kind)])


def _values(arm: Any, rules: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if is_table(arm):
        return instances(arm)
    if get_origin(arm) is Literal:
        return st.sampled_from(get_args(arm))
    if get_origin(arm) is tuple:
        return st.lists(values(get_args(arm)[0], rules), max_size=3).map(tuple)
    if get_origin(arm) is Mapping:
        return st.dictionaries(TEXT, values(get_args(arm)[1], rules), max_size=3)
    if arm is str and "pattern" in rules:
        return st.from_regex(rules["pattern"], fullmatch=True)
    return {str: SETS if "set" in rules else TEXT, bool: st.booleans(),
            int: st.integers(rules.get("low"), rules.get("high")),
            float: st.floats(rules.get("low"), rules.get("high"), allow_nan=False, allow_infinity=False)}[arm]


def instances(cls: type[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Right instances of a table."""
    return st.builds(cls, **{field.name: values(hints(cls)[field.name], field.metadata)
                             for field in dataclasses.fields(cls)} | given)


def recipes(model: type[Any], train: type[Any]) -> st.SearchStrategy[Recipe]:
    """Right recipes with models of one format; what only the installed transformers can tell is left out."""
    free: dict[str, Any] = {"extra": st.just({})} if train is FineTuning else {}
    tuned = instances(train, **free)
    files = st.dictionaries(TEXT.filter(lambda name: name not in PRESETS),
                            instances(OwnSet, labels=st.just(("a", "b")), label=st.just("")), max_size=2)
    data = hints(Recipe)["data"]
    measured = instances(Evaluation, thresholds=st.just("f1")) | instances(Evaluation, f1_slack=st.just(0.0))
    return instances(
        Recipe, model=instances(model), train=tuned, search=instances(Search, space=st.just(())),
        data=instances(data, files=files, validation=st.floats(0.01, 0.4)), evaluate=measured,
        labels=st.none() | instances(Labels, names=st.just(("a", "b", "c")), kind=st.just("multilabel"),
                                     toxic=st.just(("b",)))).filter(_fits)


def _fits(recipe: Recipe) -> bool:
    if getattr(recipe.train, "consistency", 0) and not getattr(recipe.model, "dropout", 0):
        return False
    weights = getattr(recipe.train, "class_weights", "none")
    return isinstance(weights, str) or recipe.labels is None or len(weights) == len(recipe.labels.names)


@settings(max_examples=40, deadline=None)
@given(recipes(HashedModel, LinearTraining) | recipes(TransformerModel, FineTuning))
def test_toml_is_read_back_as_the_same_recipe(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe) -> None:
    file = tmp_path_factory.getbasetemp() / "written.toml"
    file.write_bytes(to_toml(recipe).encode())
    assert read_recipe(file) == recipe
    assert read_recipe("sst2", plain_overrides(recipe)) == recipe


def plain_overrides(recipe: Recipe) -> dict[str, Any]:
    """Every field of a recipe as an override."""
    return {key: value for key, value in plain(recipe).items() if value is not None}


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_filled_in(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    recipe, file = read_recipe(name), tmp_path_factory.mktemp("filled") / "a.toml"
    file.write_text(to_toml(recipe))
    assert read_recipe(file) == recipe


def test_plain_values_are_those_of_json() -> None:
    recipe = read_recipe("hate-speech-offensive", ["data.files.a={file='b', label='c'}"])
    values = plain(recipe)
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["data"]["files"] == {"a": plain(OwnSet(file="b", label="c"))}
    assert values["search"]["space"][2]["choices"] == ["none", "balanced"]
    assert values["labels"] is None
    assert list(values) == [field.name for field in dataclasses.fields(Recipe)]


@given(st.recursive(TEXT | st.integers() | st.booleans() | st.floats(allow_nan=False),
                    lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_toml_value(value: object) -> None:
    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}
