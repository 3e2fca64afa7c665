"""The exception tree is as its docstring draws it, and messages carry all problems."""

from __future__ import annotations

import re

import pytest

from toxmeter import errors
from toxmeter.errors import PolicyError, RecipeError, ToxmeterError, did_you_mean

BASES = {
    "InputError": ValueError,
    "LabelError": ValueError,
    "PolicyError": ValueError,
    "RecipeError": ValueError,
    "ArtifactError": ToxmeterError,
    "TrainingError": ToxmeterError,
    "ExportError": ToxmeterError,
    "UnknownModel": LookupError,
    "MissingExtra": ImportError,
}


@pytest.mark.parametrize(("name", "base"), BASES.items())
def test_errors_can_be_caught_as_ours_and_as_the_builtin(name: str, base: type[Exception]) -> None:
    error = getattr(errors, name)
    assert issubclass(error, ToxmeterError)
    assert issubclass(error, base)


def test_the_docstring_draws_every_error() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    raised = [name for name, value in vars(errors).items()
              if isinstance(value, type) and issubclass(value, ToxmeterError) and not name.startswith("_")]
    assert sorted([*drawn, "ToxmeterError"]) == sorted(raised)


def test_all_names_are_exported() -> None:
    assert set(errors.__all__) == {*BASES, "ToxmeterError", "did_you_mean"}


@pytest.mark.parametrize(("error", "kind"), [(PolicyError, "policy"), (RecipeError, "recipe")])
def test_problems_are_listed_one_a_line(error: type[PolicyError], kind: str) -> None:
    raised = error("my.toml", ["a: wrong", "b: wrong too"])
    assert str(raised) == f"{kind} my.toml: 2 problems\n  - a: wrong\n  - b: wrong too"
    assert raised.problems == ("a: wrong", "b: wrong too")
    assert raised.source == "my.toml"


def test_one_problem_is_counted_in_the_singular() -> None:
    assert str(PolicyError("x", ["a: wrong"])).startswith("policy x: 1 problem\n")


@pytest.mark.parametrize(("word", "hint"), [
    ("insolt", " (did you mean 'insult'?)"),
    ("insult", " (did you mean 'insult'?)"),
    ("zzz", ""),
    ("", ""),
])
def test_did_you_mean(word: str, hint: str) -> None:
    assert did_you_mean(word, ["insult", "threat"]) == hint


def test_did_you_mean_of_nothing_known() -> None:
    assert did_you_mean("insult", []) == ""
