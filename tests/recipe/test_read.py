"""Reading recipes: the shipped ones load, and every mistake is named at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.data.presets import PRESETS
from toxmeter.errors import InputError, RecipeError, ToxmeterError
from toxmeter.recipe import Recipe, plain, read_recipe, recipe_of, recipe_text, shipped_recipes
from toxmeter.recipe.fitting import FineTuning, HashedModel, LinearTraining, TransformerModel
from toxmeter.recipe.schema import Data, Dimension, Evaluation, Labels, OwnSet, Search, Source, Tracking

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 'name = "small"\nmodel.format = "hashed"\n[data]\nmain = "contrast"\n'
TUNED = 'name = "tuned"\nmodel.format = "transformer"\nmodel.base = "b"\n[data]\nmain = "contrast"\n'


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads_and_says_what_it_is(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.limits
    head = recipe_text(name).partition("\n\n")[0]
    assert head.startswith(f"# {name}: ")
    assert f"# Launch:{'':4}" in head
    assert f"toxmeter train {name} --data FOLDER --output runs/{name}" in head
    assert "# Data: " in head


@pytest.mark.parametrize("name", ["jigsaw-binary", "jigsaw-multilabel", "hate-speech-offensive", "sst2",
                                  "toxicity-levels"])
def test_a_reference_recipe_says_what_it_fixes_and_what_was_not_stated(name: str) -> None:
    head = recipe_text(name).partition("\n\n")[0]
    assert all(word in head for word in ("# Reproduces: ", "# Fixes: ", "# Not stated: "))
    model = read_recipe(name).model
    if isinstance(model, TransformerModel):
        assert (model.dropout, model.freeze) == (0.1, "nothing")


@pytest.mark.parametrize(("name", "settings"), [
    ("jigsaw-binary", {"epochs": 3, "lr": 2e-5, "weight_decay": 0.01, "warmup": 200, "batch_size": 16,
                       "accumulation": 2, "precision": "auto"}),
    ("jigsaw-multilabel", {"class_weights": "balanced", "schedule": "plateau", "patience": 3}),
    ("hate-speech-offensive", {"epochs": 3, "weight_decay": 0.01, "warmup": 500, "batch_size": 16,
                               "evaluate_every": 0}),
    ("sst2", {"epochs": 3, "lr": 1e-5, "warmup": 600, "batch_size": 32}),
])
def test_published_settings(name: str, settings: dict[str, object]) -> None:
    train = read_recipe(name).train
    assert {field: getattr(train, field) for field in settings} == settings


@pytest.mark.parametrize("name", ["jigsaw-binary", "jigsaw-multilabel"])
def test_jigsaw_recipes_are_tested_on_the_rows_of_nano(name: str) -> None:
    ours, nano = read_recipe(name), read_recipe("nano")
    for field in ("split", "validation", "test", "rows"):
        assert getattr(ours.data, field) == getattr(nano.data, field)
    assert ours.seed == nano.seed
    assert ours.data.main.removesuffix("-binary") == nano.data.main
    kaggle = read_recipe(name, [f"data.main={ours.data.main.replace('natural', 'kaggle')}", "data.sources=[]"])
    assert kaggle.data.main in PRESETS
    assert kaggle.data.sources == ()


def test_nano_means_what_it_did() -> None:
    nano = read_recipe("nano")
    assert (nano.number, nano.seed, nano.licence, len(nano.limits)) == (1, 42, "Apache-2.0", 8)
    assert nano.data == Data(
        main="jigsaw-natural", split="hash", validation=0.15, test=0.25,
        sources=(Source(set="jigsaw-enriched"), Source(set="contrast", weight=3.0),
                 Source(set="hate-speech-offensive-shares", weight=0.1)),
        keep_out=("perspective-wikipedia", "hatecheck", "madlibs"))
    assert nano.model == HashedModel(bits=17, window=2_000)
    assert nano.train == LinearTraining(penalty=0.2, iterations=200, main_weight=1.0, spaced=0.25, threshold=0.5)


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_manifest_gives_the_recipe_back(name: str) -> None:
    recipe = read_recipe(name)
    kept = json.loads(json.dumps(plain(recipe)))
    assert recipe_of(kept, "of a manifest") == recipe
    kept["train"]["lr" if "lr" in kept["train"] else "penalty"] = "much"
    with pytest.raises(RecipeError, match="of a manifest"):
        recipe_of(kept, "of a manifest")


def test_shipped_recipes_are_sorted() -> None:
    assert "nano" in shipped_recipes()
    assert shipped_recipes() == sorted(shipped_recipes())


def test_what_is_left_out_has_its_default(read: Callable[..., Recipe]) -> None:
    assert read(SMALL) == Recipe(name="small", data=Data(main="contrast"), model=HashedModel(), train=LinearTraining())
    tuned = read(TUNED)
    assert tuned == Recipe(name="tuned", data=Data(main="contrast"), model=TransformerModel(base="b"),
                           train=FineTuning())
    assert tuned.train == FineTuning(class_weights="none", schedule="linear", extra={})


def test_everything_can_be_set(read: Callable[..., Recipe]) -> None:
    recipe = read("""
        name = "big"
        number = 7
        seed = 0
        licence = "MIT"
        limits = ["It is small.", "It is new."]
        [data]
        main = "posts"
        split = "given"
        validation = 0.2
        test = 0.3
        rows = 100
        keep_out = ["perspective-wikipedia", "more"]
        [data.files.posts]
        file = "posts.csv"
        labels = ["a", "b", "c"]
        group = "author"
        [data.files.more]
        file = "more"
        label = "level"
        [[data.sources]]
        set = "contrast"
        weight = 2
        [[data.sources]]
        set = "more"
        [labels]
        names = ["a", "b", "c"]
        kind = "multilabel"
        toxic = ["c"]
        [model]
        format = "transformer"
        base = "folder/of/model"
        max_length = 16
        freeze = "encoder"
        [train]
        epochs = 1
        class_weights = [1, 2.5, 0]
        extra = {adam_epsilon = 1e-7, optim = "adamw_torch"}
        [evaluate]
        thresholds = "fixed"
        probes = ["a text"]
        [track]
        to = "mlflow"
        country = "FRA"
        [search]
        trials = 3
        [[search.space]]
        field = "train.lr"
        low = 1e-5
        high = 1e-3
        log = true
        [[search.space]]
        field = "train.batch_size"
        choices = [8, 16]
        [[search.space]]
        field = "data.sources.0.weight"
        low = 0
        high = 1
    """)
    assert recipe == Recipe(
        name="big", number=7, seed=0, licence="MIT", limits=("It is small.", "It is new."),
        data=Data(main="posts", split="given", validation=0.2, test=0.3, rows=100,
                  keep_out=("perspective-wikipedia", "more"),
                  files={"posts": OwnSet(file="posts.csv", labels=("a", "b", "c"), group="author"),
                         "more": OwnSet(file="more", label="level")},
                  sources=(Source(set="contrast", weight=2.0), Source(set="more"))),
        labels=Labels(names=("a", "b", "c"), kind="multilabel", toxic=("c",)),
        model=TransformerModel(base="folder/of/model", max_length=16, freeze="encoder"),
        train=FineTuning(epochs=1.0, class_weights=(1.0, 2.5, 0.0),
                         extra={"adam_epsilon": 1e-7, "optim": "adamw_torch"}),
        evaluate=Evaluation(thresholds="fixed", probes=("a text",)), track=Tracking(to="mlflow", country="FRA"),
        search=Search(trials=3, space=(
            Dimension(field="train.lr", low=1e-5, high=1e-3, log=True),
            Dimension(field="train.batch_size", choices=(8, 16)),
            Dimension(field="data.sources.0.weight", low=0.0, high=1.0))))
    # an integer stands for the float that it is, and becomes one
    assert type(recipe.train.epochs) is type(recipe.data.sources[0].weight) is float  # type: ignore[union-attr]


@pytest.mark.parametrize(("text", "problem"), [
    (SMALL.replace("name", "nmae"), "nmae: no such field (did you mean 'name'?); there are name, number"),
    (SMALL.replace("name", "nmae"), "name: missing: it is a word of letters, digits, . _ and -"),
    ('name = "x"', "data.main: missing: it is a data preset or a set of data.files"),
    ('name = "x"', "model.format: missing: it is hashed, transformer or bag"),
    (SMALL.replace("hashed", "hash"),
     "model.format: 'hash' is not hashed, transformer or bag (did you mean 'hashed'?)"),
    (SMALL.replace('"hashed"', "1"), "model.format: 1 is not hashed, transformer or bag"),
    ('model = 3\nname = "x"\n[data]\nmain = "contrast"', "model: 3 is not a table"),
    ("train = 3\n" + SMALL, "train: 3 is not a table"),
    (TUNED.replace("model.base", "# "), "model.base: missing: it is text"),
    ('name = "x"\ndata = 3', "data: 3 is not a table"),
    (SMALL.replace('"small"', '""'), "name: empty: it is a word"),
    (SMALL.replace('"small"', '" \\t"'), "name: empty"),
    (SMALL.replace('"small"', '"my model"'), "name: 'my model' is not a word of letters, digits, . _ and -"),
    (SMALL.replace('"small"', '"../up"'), "name: '../up' is not a word"),
    (SMALL.replace('"small"', '"two\\n"'), "name: 'two\\n' is not a word"),
    (SMALL.replace('"small"', "5"), "name: 5 is not a word"),
    ('licence = ""\n' + SMALL, "licence: empty: it is text"),
    ('number = "one"\n' + SMALL, "number: 'one' is not a whole number from 1 to 10,000"),
    ("number = true\n" + SMALL, "number: true is not a whole number"),
    ("number = 1.0\n" + SMALL, "number: 1.0 is not a whole number"),
    ("number = 0\n" + SMALL, "number: 0 is not a whole number from 1 to 10,000"),
    ("number = 2024-01-01\n" + SMALL, "number: datetime.date(2024, 1, 1) is not a whole number"),
    (f"number = {'9' * 400}\n" + SMALL, f"number: {'9' * 39}… is not a whole number from 1 to 10,000"),
    (f"number = 0x{'f' * 5000}\n" + SMALL, "number: a huge value is not a whole number"),
    (f"number{'.a' * 2000} = 1\n" + SMALL, "number: a huge value is not a whole number"),
    ("seed = -1\n" + SMALL, "seed: -1 is not a whole number from 0 to 4,294,967,295"),
    ('limits = "none"\n' + SMALL, "limits: 'none' is not a list of texts"),
    ('limits = ["fine", 4]\n' + SMALL, "limits.1: 4 is not text"),
    ('limits = [""]\n' + SMALL, "limits.0: empty"),
    (SMALL + "validation = false", "data.validation: false is not a number from 0.01 to 0.49"),
    (SMALL + "validation = nan", "data.validation: nan is not a number"),
    (SMALL + "test = inf", "data.test: inf is not a number"),
    (SMALL + f"test = 1{'0' * 400}", f"data.test: 1{'0' * 38}… is not a number"),
    (SMALL + "split = 'stratfied'",
     "data.split: 'stratfied' is not stratified, hash or given (did you mean 'stratified'?)"),
    (SMALL + "sources = 3", "data.sources: 3 is not a list of tables"),
    (SMALL + "sources = {set = 'contrast'}", "data.sources: {'set': 'contrast'} is not a list of tables"),
    (SMALL + "sources = ['contrast']", "data.sources.0: 'contrast' is not a table"),
    (SMALL + "[[data.sources]]\nweight = 2.0", "data.sources.0.set: missing"),
    (SMALL + "[[data.sources]]\nset = 'contrast'\nweight = -inf", "data.sources.0.weight: -inf is not a number"),
    (SMALL + "[[data.sources]]\nset = 'contrst'",
     "data.sources.0.set: 'contrst' is not a data preset or a set of data.files (did you mean 'contrast'?);"
     " there are jigsaw-natural"),
    (SMALL + "[data.files.mine]\nfile = 'a'\nlabel = 'b'\n[[data.sources]]\nset = 'mien'",
     "data.sources.0.set: 'mien' is not a data preset or a set of data.files (did you mean 'mine'?)"),
    (SMALL + "files = 3", "data.files: 3 is not a table of tables"),
    (SMALL + "files = {a = 3}", "data.files.a: 3 is not a table"),
    (SMALL + "files = {\"a b.c\" = 3}", 'data.files."a b.c": 3 is not a table'),
    (SMALL + "keep_out = ['contrast', 'nonsense']", "data.keep_out.1: 'nonsense' is not a data preset"),
    (SMALL + "[model]\nformat='hashed'\nbits = 23", "no TOML (Cannot declare ('model',) twice"),
    (SMALL + "[train]\npenalty = '0.4'", "train.penalty: '0.4' is not a number from 0 to 1,000"),
    (SMALL + "[train]\nlr = 1e-5", "train.lr: no such field; there are penalty"),
    (TUNED + "[train]\npenalty = 1", "train.penalty: no such field"),
    (TUNED + "[train]\nclass_weights = 'balance'",
     "train.class_weights: 'balance' is not none, balanced or a list of numbers from 0 to 1,000,000"
     " (did you mean 'balanced'?)"),
    (TUNED + "[train]\nclass_weights = [1, -1]", "train.class_weights.1: -1 is not a number from 0 to 1,000,000"),
    (TUNED + "[train.extra]\noptim = [1]", "train.extra.optim: [1] is not text, a whole number, a number or true"),
    (TUNED + "[track]\ncountry = 'usa'", "track.country: 'usa' is not three capital letters"),
    (TUNED + "[search]\nspace = [{field = 'train.lr', low = nan, high = 1}]",
     "search.space.0.low: nan is not a number"),
])
def test_a_mistake_is_named_with_its_path(
    read: Callable[..., Recipe], text: str, problem: str
) -> None:
    with pytest.raises(InputError if problem.startswith("no TOML") else ToxmeterError) as caught:
        read(text)
    assert re.search(rf"(^|: |- ){re.escape(problem)}", str(caught.value)), str(caught.value)


def test_all_mistakes_are_named_at_once(problems: Callable[..., list[str]]) -> None:
    found = problems("""
        nmae = "x"
        number = true
        [data]
        main = "contrst"
        validation = 0.49
        test = 0.48
        extra = 1
        keep_out = ["contrast", "nonsense"]
        [data.files.mine]
        file = "a.csv"
        [[data.sources]]
        weight = nan
        [labels]
        names = ["a", "a"]
        kind = "multilabel"
        [model]
        format = "hashed"
        bits = "many"
        [train]
        spaced = 2
    """, "trian.x=3", "seed", "model.window=2")
    assert [line.partition(": ")[0] for line in found] == [
        "--set seed", "nmae", "--set trian", "name", "number", "data.extra", "data.main", "data.sources.0.set",
        "data.sources.0.weight", "data.keep_out.1", "model.bits", "--set model.window", "train.spaced", "data.test",
        "data.files.mine", "labels"]


def test_one_mistake_is_one_problem(problems: Callable[..., list[str]]) -> None:
    assert problems("seed = -1\n" + SMALL) == ["seed: -1 is not a whole number from 0 to 4,294,967,295"]


@pytest.mark.parametrize(("content", "problem"), [
    (b"name = ", "no TOML (Invalid value"),
    (b"name = 'x'\nname = 'y'", "no TOML (Cannot overwrite a value"),
    (b"name = '\xff'", "byte 8 is no UTF-8: save the file as UTF-8"),
    ("name = 'x'".encode("utf-16"), "byte 0 is no UTF-8"),
    (b"\x00", "no TOML"),
    (b"a = " + b"[" * 100_000, "no TOML (nested too deeply)"),
    (b"a = " + b"9" * 5_000, "no TOML"),
    (b"#" * (1 << 20) + b"#", "over 1,048,576 bytes"),
], ids=["cut", "doubled", "latin-1", "utf-16", "binary", "deep", "huge", "large"])
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"recipe.toml: {problem}")):
        read_recipe(file)


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert read_recipe(file).name == "small"


@pytest.mark.parametrize("path", ["", ".", "a\x00b", "x" * 5_000])
def test_a_path_that_is_no_file(path: str) -> None:
    with pytest.raises(InputError, match="not readable"):
        read_recipe(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file here")
def test_an_endless_file_is_given_up() -> None:
    with pytest.raises(InputError, match="over 1,048,576 bytes"):
        read_recipe("/dev/zero")


@pytest.mark.parametrize(("name", "hint"), [("nnano", " (did you mean 'nano'?)"), ("runs/absent.toml", "")])
def test_an_unknown_recipe_lists_those_there_are(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read_recipe(name)
    shipped = ", ".join(shipped_recipes())
    assert str(caught.value) == f"no recipe {name!r}: neither shipped ({shipped}) nor a file{hint}"


TOML_VALUES = st.sampled_from([
    "1", "-1", "0.2", "nan", "-inf", "true", '""', '"contrast"', "[]", "[1]", "[[]]", "{}", "{a = 1}", "[{}]",
    '"transformer"', '"hashed"', '["a", "b"]', "1979-05-27", "07:32:00", '["contrast"]', '[{set = "contrast"}]',
    '[{field = "train.lr", low = 1, high = 2}]', f"{10**30}"])
FIELDS = st.sampled_from([
    "name", "number", "seed", "limits", "data", "model", "train", "train.spaced", "model.bits", "model.format",
    "model.base", "train.class_weights", "data.main", "data.sources", "data.keep_out", "data.test",
    "data.files", "data.files.mine", "data.validation", "labels", "labels.names", "labels.kind", "search.space",
    "unknown"])


@given(st.dictionaries(FIELDS, TOML_VALUES, max_size=5), st.booleans())
def test_whatever_is_written_gives_a_recipe_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, str], as_overrides: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    whole = {"name": '"any"', "data.main": '"contrast"', "model.format": '"hashed"'}
    lines = [f"{name} = {value}" for name, value in (whole if as_overrides else whole | fields).items()]
    file.write_text("\n".join(lines))
    overrides = [f"{name}={value}" for name, value in fields.items()] if as_overrides else []
    try:
        recipe = read_recipe(file, overrides)
    except ToxmeterError as caught:
        assert str(file) in str(caught)  # noqa: PT017 - either outcome is right
    else:
        assert recipe.data.main in PRESETS
        assert isinstance(recipe.train, (LinearTraining, FineTuning))
