"""Reading recipes: the shipped ones load, and every mistake is named at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.data.presets import PRESETS
from toxmeter.errors import InputError, RecipeError, ToxmeterError
from toxmeter.recipe import Recipe, read_recipe, shipped_recipes
from toxmeter.recipe.schema import Data, HashedModel, LinearTraining, Source

if TYPE_CHECKING:
    from pathlib import Path

SMALL = 'name = "small"\n[data]\nnatural = "contrast"\n'


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    return tmp_path / "recipe.toml"


def problems(file: Path, text: str) -> list[str]:
    file.write_text(text, "utf-8")
    with pytest.raises(RecipeError) as caught:
        read_recipe(file)
    assert str(file) in str(caught.value)
    return list(caught.value.problems)


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.limits
    assert {recipe.data.natural, *recipe.data.keep_out, *(source.preset for source in recipe.data.sources)} \
        <= PRESETS.keys()


def test_nano_is_shipped() -> None:
    assert "nano" in shipped_recipes()
    assert shipped_recipes() == sorted(shipped_recipes())


def test_what_is_left_out_has_its_default(recipe_file: Path) -> None:
    recipe_file.write_text(SMALL)
    assert read_recipe(recipe_file) == read_recipe(str(recipe_file)) == Recipe(
        name="small", number=1, seed=42, limits=(),
        data=Data(natural="contrast", validation=0.15, test=0.25, sources=(), keep_out=()),
        model=HashedModel(bits=18, window=2_000),
        train=LinearTraining(penalty=0.4, iterations=80, natural_weight=1.0, spaced=0.0, threshold=0.5))


def test_everything_can_be_set(recipe_file: Path) -> None:
    recipe_file.write_text("""
        name = "big"
        number = 7
        seed = 0
        limits = ["It is small.", "It is new."]
        [data]
        natural = "jigsaw-natural"
        validation = 0.2
        test = 0.3
        keep_out = ["perspective-wikipedia"]
        [[data.sources]]
        preset = "contrast"
        weight = 2
        [[data.sources]]
        preset = "jigsaw-enriched"
        [model]
        bits = 12
        window = 500
        [train]
        penalty = 1
        iterations = 5
        natural_weight = 0.5
        spaced = 1
        threshold = 0.3
    """)
    recipe = read_recipe(recipe_file)
    assert recipe == Recipe(
        name="big", number=7, seed=0, limits=("It is small.", "It is new."),
        data=Data(natural="jigsaw-natural", validation=0.2, test=0.3, keep_out=("perspective-wikipedia",),
                  sources=(Source(preset="contrast", weight=2.0), Source(preset="jigsaw-enriched"))),
        model=HashedModel(bits=12, window=500),
        train=LinearTraining(penalty=1.0, iterations=5, natural_weight=0.5, spaced=1.0, threshold=0.3))
    # an integer stands for the float that it is, and becomes one
    assert type(recipe.train.penalty) is type(recipe.data.sources[0].weight) is float


@pytest.mark.parametrize(("text", "problem"), [
    (SMALL.replace("name", "nmae"), "nmae: no such field (did you mean 'name'?); there are name, number"),
    (SMALL.replace("name", "nmae"), "name: missing"),
    ('name = "x"', "data: missing"),
    ('name = "x"\n[data]', "data.natural: missing"),
    ('name = "x"\ndata = 3', "data: 3 is no table"),
    ('name = ""\n[data]\nnatural = "contrast"', "name: empty"),
    ('name = " \\t"\n[data]\nnatural = "contrast"', "name: empty"),
    ('name = 5\n[data]\nnatural = "contrast"', "name: 5 is int, not str"),
    ('number = "one"\n' + SMALL, "number: 'one' is str, not int"),
    ("number = true\n" + SMALL, "number: True is bool, not int"),
    ("number = 1.0\n" + SMALL, "number: 1.0 is float, not int"),
    ("number = 0\n" + SMALL, "number: 0 is not in [1, 10000]"),
    ("number = 2024-01-01\n" + SMALL, "number: datetime.date(2024, 1, 1) is date, not int"),
    (f"number = {'9' * 400}\n" + SMALL, f"number: {'9' * 40} is not in [1, 10000]"),
    (f"number = 0x{'f' * 5000}\n" + SMALL, "number: a huge number is not in [1, 10000]"),
    ("seed = -1\n" + SMALL, "seed: -1 is not in [0, 4.29497e+09]"),
    ('limits = "none"\n' + SMALL, "limits: 'none' is no list"),
    ('limits = ["fine", 4]\n' + SMALL, "limits[1]: 4 is int, not str"),
    ('limits = [""]\n' + SMALL, "limits[0]: empty"),
    (SMALL + "validation = false", "data.validation: False is bool, not float"),
    (SMALL + "validation = nan", "data.validation: nan is not in [0.01, 0.49]"),
    (SMALL + "test = inf", "data.test: inf is not in [0.01, 0.49]"),
    (SMALL + f"test = 1{'0' * 400}", f"data.test: 1{'0' * 39} is not in [0.01, 0.49]"),
    (SMALL + "validation = 0.46\ntest = 0.47",
     "data.test: with data.validation 0.93 of the rows; at most 0.9"),
    (SMALL + "sources = 3", "data.sources: 3 is no list"),
    (SMALL + "sources = {preset = 'contrast'}", "data.sources: {'preset': 'contrast'} is no list"),
    (SMALL + "sources = ['contrast']", "data.sources[0]: 'contrast' is no table"),
    (SMALL + "[[data.sources]]\nweight = 2.0", "data.sources[0].preset: missing"),
    (SMALL + "[[data.sources]]\npreset = 'contrast'\nweight = -inf",
     "data.sources[0].weight: -inf is not in [0, 1000]"),
    (SMALL + "[[data.sources]]\npreset = 'contrst'",
     "data.sources[0].preset: no data preset 'contrst' (did you mean 'contrast'?); there are jigsaw-natural"),
    (SMALL.replace("contrast", "jigsaw-naturl"),
     "data.natural: no data preset 'jigsaw-naturl' (did you mean 'jigsaw-natural'?); there are"),
    (SMALL + "keep_out = ['contrast', 'nonsense']", "data.keep_out[1]: no data preset 'nonsense'; there are"),
    (SMALL + "[model]\nbits = 23", "model.bits: 23 is not in [10, 22]"),
    (SMALL + "[model]\nbit = 20", "model.bit: no such field (did you mean 'bits'?); there are bits, window"),
    (SMALL + "[[model]]\nbits = 20", "model: [{'bits': 20}] is no table"),
    (SMALL + "[train]\npenalty = '0.4'", "train.penalty: '0.4' is str, not float"),
])
def test_a_mistake_is_named_with_its_path(recipe_file: Path, text: str, problem: str) -> None:
    assert any(line.startswith(problem) for line in problems(recipe_file, text)), problems(recipe_file, text)


def test_all_mistakes_are_named_at_once(recipe_file: Path) -> None:
    found = problems(recipe_file, """
        nmae = "x"
        number = true
        [data]
        natural = "contrst"
        validation = 0.49
        test = 0.48
        extra = 1
        keep_out = ["contrast", "nonsense"]
        [[data.sources]]
        weight = nan
        [model]
        bits = "many"
        [train]
        spaced = 2
    """)
    assert [line.partition(":")[0] for line in found] == [
        "nmae", "name", "number", "data.extra", "data.natural", "data.sources[0].preset",
        "data.sources[0].weight", "data.keep_out[1]", "data.test", "model.bits", "train.spaced"]


def test_one_mistake_is_one_problem(recipe_file: Path) -> None:
    assert problems(recipe_file, "seed = -1\n" + SMALL) == ["seed: -1 is not in [0, 4.29497e+09]"]


@pytest.mark.parametrize("content", [
    b"name = ", b"name = 'x'\nname = 'y'", b"name = '\xff'", "name = 'x'".encode("utf-16"), b"\x00",
    b"a = " + b"[" * 100_000, b"a = " + b"9" * 5_000,
], ids=["cut", "doubled", "latin-1", "utf-16", "binary", "deep", "huge"])
def test_what_is_no_toml_is_refused(recipe_file: Path, content: bytes) -> None:
    recipe_file.write_bytes(content)
    with pytest.raises(InputError, match=r"recipe\.toml: not readable as TOML in UTF-8"):
        read_recipe(recipe_file)


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not readable as TOML"):
        read_recipe(tmp_path)


@pytest.mark.parametrize(("name", "hint"), [("nnano", " (did you mean 'nano'?)"), ("runs/absent.toml", "")])
def test_an_unknown_recipe_lists_those_there_are(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read_recipe(name)
    shipped = ", ".join(shipped_recipes())
    assert str(caught.value) == f"no recipe {name!r}: neither shipped ({shipped}) nor a file{hint}"


TOML_VALUES = st.sampled_from([
    "1", "-1", "0.2", "nan", "-inf", "true", '""', '"contrast"', "[]", "[1]", "[[]]", "{}", "{a = 1}",
    "1979-05-27", "07:32:00", '["contrast"]', '[{preset = "contrast"}]', f"{10**30}"])
FIELDS = st.sampled_from([
    "name", "number", "seed", "limits", "data", "model", "train", "train.spaced", "model.bits",
    "data.natural", "data.sources", "data.keep_out", "data.test", "data.validation", "unknown"])


@given(st.dictionaries(FIELDS, TOML_VALUES, max_size=4))
def test_whatever_is_written_gives_a_recipe_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, str]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    whole = {"name": '"any"', "data.natural": '"contrast"'} | fields
    file.write_text("".join(f"{name} = {value}\n" for name, value in whole.items()))
    try:
        recipe = read_recipe(file)
    except ToxmeterError as caught:
        assert str(file) in str(caught)  # noqa: PT017 - either outcome is right
    else:
        assert recipe.data.natural in PRESETS
        assert isinstance(recipe.train.spaced, float)
