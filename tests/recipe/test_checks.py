"""What fields say only together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from toxmeter.recipe import Recipe, read_recipe
from toxmeter.recipe.checks import value_at

TUNED = 'name = "tuned"\nmodel.format = "transformer"\nmodel.base = "b"\n[data]\nmain = "contrast"\n'
SPACE = TUNED + "[[data.sources]]\nset = 'contrast'\n[search]\nspace = [{ %s }]"


@pytest.mark.parametrize(("text", "found"), [
    (TUNED + "validation = 0.46\ntest = 0.47", ["data.test: with data.validation 0.93 of the rows; at most 0.9"]),
    (TUNED + "files.a.file = 'x'", ["data.files.a: name either labels (one column per label) or label"]),
    (TUNED + "files.a = {file = 'x', labels = ['a'], label = 'b'}", ["data.files.a: name either labels"]),
    (TUNED + "files.a = {file = 'x', labels = ['a', 'b', 'a']}", ["data.files.a.labels: a more than once"]),
    (TUNED + "files.sst2 = {file = 'x', label = 'b'}", ["data.files.sst2: is the name of a data preset"]),
    (TUNED + "[labels]\nnames = ['a']\nkind = 'binary'", ["labels: a binary label set of 1 names: it needs 2"]),
    (TUNED + "[labels]\nnames = ['a', 'b']\nkind = 'binary'\ntoxic = ['c']", ["labels: label 'c' is not among a, b"]),
    (TUNED + "[labels]\nnames = ['a', 'b']\nkind = 'binary'\n[train]\nclass_weights = [1, 2, 3]",
     ["train.class_weights: 3 numbers for 2 labels (a, b)"]),
])
def test_contradictions(problems: Callable[..., list[str]], text: str, found: list[str]) -> None:
    lines = problems(text)
    assert len(lines) == len(found)
    assert all(line.startswith(start) for line, start in zip(lines, found, strict=True)), lines


def test_a_bag_reads_an_odd_number_of_tokens(problems: Callable[..., list[str]]) -> None:
    bag = TUNED.replace('"transformer"', '"bag"\nmodel.width = 4')
    assert problems(bag) == ["model.width: 4 is even: as many neighbours are read before a token as after it"]


def test_a_bag_has_no_encoder_to_go_back_to(problems: Callable[..., list[str]]) -> None:
    bag = TUNED.replace('"transformer"', '"bag"') + "[train]\nkeep_base = 0.2"
    assert problems(bag) == ["train.keep_base: a bag has no encoder to go back to: leave it out"]


def test_a_slack_of_f1_needs_thresholds_by_f1(problems: Callable[..., list[str]]) -> None:
    assert problems(f'{TUNED}[evaluate]\nf1_slack = 0.01\nthresholds = "fixed"') == [
        'evaluate.f1_slack: chooses among thresholds by F1: set evaluate.thresholds = "f1", or leave it out']


def test_two_readings_need_dropout(problems: Callable[..., list[str]]) -> None:
    dry = TUNED.replace('"transformer"', '"transformer"\nmodel.dropout = 0') + "[train]\nconsistency = 1"
    assert problems(dry) == ["train.consistency: two readings without dropout are one and the same: set model.dropout"
                             " above 0"]


def test_a_share_needs_a_teacher(problems: Callable[..., list[str]]) -> None:
    assert problems(f"{TUNED}[train]\nteacher_share = 0.5") == [
        "train.teacher_share: counts for nothing without train.teacher: name one, or leave it out"]


@pytest.mark.parametrize(("dimension", "problem"), [
    ("field = 'train.schedul', low = 1, high = 2",
     ".field: 'train.schedul' is no field that can be varied (did you mean 'train.schedule'?)"),
    ("field = 'train', low = 1, high = 2", ".field: 'train' is no field"),
    ("field = 'train.penalty', low = 1, high = 2", ".field: 'train.penalty' is no field"),
    ("field = 'train.extra', low = 1, high = 2", ".field: 'train.extra' is no field"),
    ("field = 'search.trials', low = 1, high = 2", ".field: 'search.trials' is no field"),
    ("field = 'track.energy', choices = [true]", ".field: 'track.energy' is no field"),
    ("field = 'name', choices = ['a', 'b']", ".field: 'name' is no field"),
    ("field = 'data.sources', choices = ['a', 'b']", ".field: 'data.sources' is no field"),
    ("field = 'data.sources.1.weight', low = 0, high = 1", ".field: 'data.sources.1.weight' is no field"),
    ("field = '', low = 0, high = 1", ".field: empty"),
    ("field = 'train.soup', low = 1, high = 3", ".field: a trial is one run, so that train.soup cannot be varied"),
    ("field = 'train.lr'", ": needs low and high, or choices"),
    ("field = 'train.lr', low = 0.1", ": needs low and high, or choices"),
    ("field = 'train.lr', low = 0.2, high = 0.1", ".low: 0.2 is not below high, 0.1"),
    ("field = 'train.lr', low = 0.1, high = 0.1", ".low: 0.1 is not below high"),
    ("field = 'train.lr', low = 0.1, high = 2", ".high: 2.0 is not a number from 0 to 1"),
    ("field = 'train.lr', low = 0, high = 1, log = true", ".low: 0: a logarithmic scale begins above 0"),
    ("field = 'train.lr', low = 0.1, high = 1, choices = [1]", ".choices: stand alone"),
    ("field = 'train.lr', choices = [0.1, 'b']", ".choices.1: 'b' is not a number from 0 to 1"),
    ("field = 'train.batch_size', low = 1.5, high = 8", ".low: 1.5 is not a whole number"),
    ("field = 'train.batch_size', choices = [8.0]", ".choices.0: 8.0 is not a whole number"),
    ("field = 'train.schedule', low = 1, high = 2", ".choices: missing: train.schedule is linear, cosine"),
    ("field = 'train.schedule', choices = ['linea']", ".choices.0: 'linea' is not linear, cosine"),
    ("field = 'model.format', choices = ['hashed']", ".choices.0: 'hashed' is not transformer"),
    ("field = 'data.main', choices = ['sst']", ".choices.0: 'sst' is not a data preset"),
])
def test_a_dimension_of_a_search_must_fit_its_field(
    problems: Callable[..., list[str]], dimension: str, problem: str
) -> None:
    (line,) = problems(SPACE % dimension)
    assert line.startswith(f"search.space.0{problem}"), line


def test_a_field_is_varied_once(problems: Callable[..., list[str]]) -> None:
    dimension = "field = 'train.lr', low = 0.1, high = 0.2"
    assert problems(SPACE % f"{dimension} }}, {{ {dimension}") == [
        "search.space.1.field: train.lr is varied twice: join the two"]


@pytest.mark.parametrize("dimension", [
    "field = 'train.batch_size', low = 1, high = 8, log = true", "field = 'data.rows', low = 1, high = 2",
    "field = 'model.base', choices = ['a', 'b']", "field = 'train.class_weights', choices = ['none', 'balanced']",
    "field = 'data.sources.0.weight', low = 0, high = 1", "field = 'seed', choices = [1, 2, 3]",
    "field = 'data.main', choices = ['sst2', 'contrast']",
])
def test_right_dimensions(read: Callable[..., Recipe], dimension: str) -> None:
    assert len(read(SPACE % dimension).search.space) == 1


def test_a_broken_field_does_not_make_another_one_wrong(problems: Callable[..., list[str]]) -> None:
    text = (TUNED + "validation = 'many'\ntest = 0.49\nfiles.a = {file = 'x', labels = 3, label = 'b'}\n"
            "[train]\nlr = 'x'\n[search]\nspace = [{field = 'train.lr', low = 0.1, high = 0.2}]")
    assert [line.partition(": ")[0] for line in problems(text)] == [
        "data.files.a.labels", "data.validation", "train.lr"]


def test_value_at() -> None:
    recipe = read_recipe("nano")
    assert value_at(recipe, "data.sources.1.weight") == 3.0
    for path in ("data.sources.9.weight", "data.sources.x", "data.files.absent.file", "nothing.at.all"):
        assert value_at(recipe, path) is None
