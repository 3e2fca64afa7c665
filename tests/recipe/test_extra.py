"""Further fields of transformers.TrainingArguments."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import toxmeter
from toxmeter.recipe import read_recipe
from toxmeter.recipe.extra import OURS, check_extra
from toxmeter.recipe.schema import Recipe
from toxmeter.recipe.values import locate

if TYPE_CHECKING:
    from collections.abc import Callable

TUNED = 'name = "tuned"\nmodel.format = "transformer"\nmodel.base = "b"\n[data]\nmain = "contrast"\n'


def test_fields_that_are_free(read: Callable[..., Recipe]) -> None:
    assert list(check_extra({"optim": "adamw_torch", "adam_epsilon": 1e-7})) == []
    assert list(check_extra({})) == []


def test_fields_that_are_ours_or_unknown(problems: Callable[..., list[str]]) -> None:
    found = problems(TUNED + "[train.extra]\nlearning_rate = 1.0\noptm = 'x'\nlogging_steps = 3\nlog_leve = 'info'")
    assert found == [
        "train.extra.learning_rate: is set by train.lr",
        "train.extra.optm: transformers.TrainingArguments has no such field (did you mean 'optim'?)",
        "train.extra.logging_steps: is set by toxmeter itself",
        "train.extra.log_leve: transformers.TrainingArguments has no such field (did you mean 'log_level'?)"]


def test_our_fields_exist_on_both_sides() -> None:
    transformers = pytest.importorskip("transformers")
    theirs = {field.name for field in dataclasses.fields(transformers.TrainingArguments)}
    assert OURS.keys() - theirs <= {"warmup_ratio", "logging_dir"}  # of other versions
    for ours in OURS.values():
        assert locate(Recipe, ours.split(".")) or ours.startswith("--") or " " in ours, ours


def test_what_training_sets_is_ours() -> None:
    source = Path(toxmeter.__file__).parent / "training" / "arguments.py"
    calls = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call)
             and ast.unparse(node.func).endswith(".TrainingArguments")]
    assert calls
    assert {keyword.arg for call in calls for keyword in call.keywords if keyword.arg} <= OURS.keys()


@pytest.mark.parametrize("name", ["sst2", "hate-speech-offensive"])
def test_transformers_is_not_imported_for_nothing(name: str) -> None:
    code = (f"import sys; from toxmeter.recipe import read_recipe; read_recipe({name!r});"
            " print({'transformers', 'torch', 'pandas', 'pyarrow'} & set(sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"set()\n"


def test_a_hashed_model_has_none() -> None:
    with pytest.raises(ValueError, match=r"--set train\.extra: no such field"):
        read_recipe("nano", ["train.extra.optim=x"])
