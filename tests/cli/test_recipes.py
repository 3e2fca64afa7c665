"""``toxmeter recipes`` as users meet it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from toxmeter.cli import app
from toxmeter.recipe import plain, read_recipe, recipe_text, shipped_recipes

WRONG = 'name = "x"\nsed = 3\nmodel.format = "hashed"\n[data]\nmain = "contrst"\n'


def recipes(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["recipes", *arguments], catch_exceptions=False)


def output(*arguments: str) -> str:
    done = recipes(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list() -> None:
    header, *rows = output("list").splitlines()
    assert header.split() == ["name", "labels", "starts", "from", "what", "it", "is"]
    assert [row.split()[0] for row in rows] == shipped_recipes()
    sst2 = next(row for row in rows if row.startswith("sst2"))
    for fact in ("2, binary", "distilbert-base-uncased", "film reviews"):
        assert fact in sst2


@pytest.mark.parametrize("name", shipped_recipes())
def test_show_prints_the_file_with_its_comments(name: str) -> None:
    assert output("show", name).rstrip("\n") == recipe_text(name).rstrip("\n")


def test_show_filled() -> None:
    shown = tomllib.loads(output("show", "sst2", "--filled"))
    assert shown["train"]["watchdog"] == 500
    assert shown["data"]["main"] == "sst2"


def test_show_with_overrides_is_filled() -> None:
    shown = tomllib.loads(output("show", "sst2", "--set", "train.lr=1e-3", "--set", "model.base=my-model"))
    assert (shown["train"]["lr"], shown["model"]["base"], shown["train"]["clip"]) == (1e-3, "my-model", 1.0)


def test_show_does_not_let_a_file_act_on_the_terminal(folder: Path) -> None:
    (folder / "a.toml").write_text("# \x1b[2J\n\tname = 3", "utf-8")
    assert output("show", "a.toml") == "# \\x1b[2J\n\tname = 3\n"


def test_copy_and_check(folder: Path) -> None:
    assert output("copy", "sst2") == "sst2.toml\n"
    assert (folder / "sst2.toml").read_text("utf-8") == recipe_text("sst2")
    assert output("copy", "sst2.toml", "mine.toml") == "mine.toml\n"
    assert output("check", "mine.toml").startswith("mine.toml: no mistakes\n")
    assert read_recipe("mine.toml") == read_recipe("sst2")


def test_copy_replaces_nothing_unless_told(folder: Path) -> None:
    (folder / "mine.toml").write_text("dear to me")
    done = recipes("copy", "sst2", "mine.toml")
    assert done.exit_code == 2
    assert done.stderr == "toxmeter: mine.toml exists already: name another file, or add --force\n"
    assert (folder / "mine.toml").read_text() == "dear to me"
    output("copy", "sst2", "mine.toml", "--force")
    assert "DistilBERT" in (folder / "mine.toml").read_text("utf-8")


def test_copy_into_a_folder_that_is_not_there() -> None:
    done = recipes("copy", "sst2", "absent/mine.toml")
    assert done.exit_code == 2
    assert "absent/mine.toml" in done.stderr


def test_check_says_what_a_recipe_would_do() -> None:
    told = output("check", "jigsaw-binary", "--set", "train.max_steps=7")
    for fact in ("jigsaw-natural-binary + jigsaw-enriched-binary × 1", "hash split: 15% validation, 25% test",
                 "safe, toxic (2, binary)", "finetuned-sst-2-english, 128 tokens", "7 steps, rate 2e-05 linear",
                 "batches of 16 texts × 2", "class weights none, seed 42"):
        assert fact in told


@pytest.mark.parametrize(("overrides", "fact"), [
    (["data.files.a={file='b', label='c'}", "data.main=a"], "labels  those of the data"),
    (["train.batching=tokens"], "batches of 2048 tokens"),
    (["train.class_weights=[1, 2]"], "class weights given"),
    (["data.sources.0={set='contrast', weight=0.5}"], "sst2 + contrast × 0.5"),
])
def test_check_with_overrides(overrides: list[str], fact: str) -> None:
    assert fact in output("check", "sst2", *(each for override in overrides for each in ("--set", override)))


def test_check_prints_all_mistakes_of_all_files(folder: Path) -> None:
    (folder / "wrong.toml").write_text(WRONG)
    done = recipes("check", "wrong.toml", "sst2", "absent.toml", "--set", "seed=-1")
    assert done.exit_code == 2
    assert done.stdout == ""
    for line in ("recipe wrong.toml: 3 problems", "  - sed: no such field (did you mean 'seed'?)",
                 "  - data.main: 'contrst' is not a data preset", "  - --set seed: -1 is not a whole number",
                 "recipe sst2: 1 problem", "no recipe 'absent.toml'"):
        assert f"\n{line}" in f"\n{done.stderr}"


def test_one_wrong_file_does_not_hide_the_others(folder: Path) -> None:
    (folder / "wrong.toml").write_text(WRONG)
    done = recipes("check", "wrong.toml", "nano")
    assert done.exit_code == 2
    assert "nano: no mistakes" in done.stdout


def test_fields() -> None:
    told = output("fields")
    for name, value in plain(read_recipe("sst2")).items():
        assert f"  {name}  (" in told or isinstance(value, dict) or name == "labels"
    assert "[train], where model.format = \"transformer\" or \"bag\": How a network is fitted" in told
    assert max(map(len, told.splitlines())) <= 140


@pytest.mark.parametrize(("table", "headers"), [
    ("train", 2), ("data", 3), ("data.sources", 1), ("labels", 1), ("search", 2),
])
def test_fields_of_a_table(table: str, headers: int) -> None:
    told = output("fields", table)
    assert sum(line.startswith("[") for line in told.splitlines()) == headers
    assert f"[{table}]" in told


def test_fields_of_no_table() -> None:
    done = recipes("fields", "trian")
    assert done.exit_code == 2
    assert "a recipe has no table 'trian'" in done.stderr
    assert "(did you mean 'train'?)" in done.stderr


@pytest.mark.parametrize("arguments", [["show", "nnano"], ["copy", "nnano"], ["show", "nano", "--filled", "--set", "x"],
                                       ["show"], ["check"], ["nonsense"]])
def test_mistakes_end_with_status_two(arguments: list[str]) -> None:
    done: Any = recipes(*arguments)
    assert done.exit_code == 2
    assert done.stderr
    assert done.stdout == ""
