"""Overrides: values in TOML or as bare words, entries of lists by number, mistakes that name --set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError, RecipeError
from toxmeter.recipe import Recipe, read_recipe
from toxmeter.recipe.checks import value_at
from toxmeter.recipe.overrides import put

TUNED = ('name = "tuned"\nmodel.format = "transformer"\nmodel.base = "b"\n[data]\nmain = "contrast"\n'
         '[[data.sources]]\nset = "contrast"\n')


@pytest.mark.parametrize(("override", "path", "value"), [
    ("train.lr=3e-5", "train.lr", 3e-5),
    ("train.epochs=2", "train.epochs", 2.0),
    (" train.epochs = 2 ", "train.epochs", 2.0),
    ("model.base=bert-base-uncased", "model.base", "bert-base-uncased"),
    ('model.base="bert=base"', "model.base", "bert=base"),
    ("model.base=a=b", "model.base", "a=b"),
    ("model.base=/a folder/of, models", "model.base", "/a folder/of, models"),
    ("model.revision=1234567", "model.revision", "1234567"),
    ("model.revision=1e10", "model.revision", "1e10"),
    ("model.revision=true", "model.revision", "true"),
    ("model.revision=", "model.revision", ""),
    ("name=2024-01-01", "name", "2024-01-01"),
    ("train.class_weights=[1.0,2.0,1.0]", "train.class_weights", (1.0, 2.0, 1.0)),
    ("train.class_weights=balanced", "train.class_weights", "balanced"),
    ("data.sources=[]", "data.sources", ()),
    ("data.sources.0.weight=2", "data.sources.0.weight", 2.0),
    ("data.sources.1.set=sst2", "data.sources.1.set", "sst2"),
    ("data.keep_out.0=madlibs", "data.keep_out", ("madlibs",)),
    ("track.energy=false", "track.energy", False),
    ("data.files={a={file='b', label='c'}}", "data.files.a.file", "b"),
    ("data.validation=0.2\ndata.test=0.3", "data.validation", None),
])
def test_an_override_is_read(read: Callable[..., Recipe], override: str, path: str, value: object) -> None:
    if value is None:  # more than a value
        with pytest.raises(RecipeError, match=r"--set data\.validation"):
            read(TUNED, override)
    else:
        assert value_at(read(TUNED, override), path) == value


def test_later_overrides_stand_on_earlier_ones(read: Callable[..., Recipe]) -> None:
    recipe = read(TUNED, "data.sources=[]", "data.sources.0.set=sst2", "data.sources.0.weight=2", "seed=1", "seed=2",
                  "labels.names=['a','b']", "labels.kind=binary")
    assert [(source.set, source.weight) for source in recipe.data.sources] == [("sst2", 2.0)]
    assert recipe.seed == 2
    assert recipe.labels is not None
    assert recipe.labels.names == ("a", "b")


def test_a_format_can_be_overridden(read: Callable[..., Recipe]) -> None:
    recipe = read('name = "x"\n[data]\nmain = "contrast"', "model.format=transformer", "model.base=b", "train.lr=1e-3")
    assert value_at(recipe, "train.lr") == 1e-3


@pytest.mark.parametrize(("override", "problem"), [
    ("train.lr=3", "--set train.lr: 3 is not a number from 0 to 1"),
    ("train.lr=fast", "--set train.lr: 'fast' is not a number from 0 to 1"),
    ("train.schedule=liner", "--set train.schedule: 'liner' is not linear, cosine, constant or plateau"
                             " (did you mean 'linear'?)"),
    ("trian.lr=3", "--set trian: no such field (did you mean 'train'?)"),
    ("train.lrr=3", "--set train.lrr: no such field (did you mean 'lr'?)"),
    ("labels.kind=binary", "--set labels.names: missing"),
    ("train.lr", "--set train.lr: write path.to.field=value, for instance train.lr=3e-5"),
    ("", "--set : write path.to.field=value"),
    ("=3", "--set : write path.to.field=value"),
    ("train..lr=3", "--set train..lr: write path"),
    ("a" + ".a" * 50_000 + "=1", "--set a.a.a"),
    ("seed.x=3", "--set seed: {'x': 3} is not a whole number"),
    ("name.x=3", "--set name.x: name is 'tuned', which has no fields"),
    ("data.sources.7.weight=3", "--set data.sources.7.weight: data.sources is a list of 1"),
    ("data.sources.x=3", "--set data.sources.x: data.sources is a list of 1"),
    ("data.sources.-1.weight=3", "--set data.sources.-1.weight: data.sources is a list of 1"),
    ("data.sources.0.weight=-3", "--set data.sources.0.weight: -3 is not a number"),
    ("seed=" + "[" * 100_000, "--set seed: the value is nested too deeply"),
    ("seed=" + "9" * 10_000, "--set seed: '999"),
    ("model.base=caf\udce9", "--set model.base: the value is no UTF-8"),
    ("data.test=0.49\x00", "--set data.test: '0.49\\x00' is not a number"),
])
def test_a_wrong_override_is_named(problems: Callable[..., list[str]], override: str, problem: str) -> None:
    found = problems(TUNED, override)
    assert any(line.startswith(problem) for line in found), found
    assert all(line.startswith("--set ") for line in found)
    assert all(len(line) < 1_000 for line in found)


def test_mistakes_of_the_file_do_not_name_an_option(problems: Callable[..., list[str]]) -> None:
    found = problems(TUNED + "[train]\nlr = 3", "train.clip=-1")
    assert [line.partition(": ")[0] for line in found] == ["train.lr", "--set train.clip"]


def test_overrides_from_python() -> None:
    recipe = read_recipe("sst2", overrides={"train.lr": 1e-3, "train.class_weights": (1, 2), "model.base": "3",
                                            "data.sources": [{"set": "sst2"}]})
    assert value_at(recipe, "train.class_weights") == (1.0, 2.0)
    assert (value_at(recipe, "train.lr"), value_at(recipe, "model.base")) == (1e-3, "3")
    with pytest.raises(RecipeError, match=r"train\.lr: '1e-3' is not a number"):
        read_recipe("sst2", {"train.lr": "1e-3"})
    with pytest.raises(InputError, match="overrides is the bare text"):
        read_recipe("sst2", "train.lr=1e-3")


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_placed_or_refused(path: str, value: str) -> None:
    table: dict[str, Any] = {"data": {"sources": [{}]}, "seed": 3}
    changed, problems = put(table, [f"{path}={value}", f"data.sources.0.{path}={value}"])
    assert len(changed) + len(problems) >= 2
