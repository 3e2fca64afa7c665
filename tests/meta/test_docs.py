"""The documents tell the truth: their code runs, their links lead somewhere, their figures are the measured ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_code_runs(page: Path) -> None:
    for code in blocks(page, "python"):
        exec(compile(code, str(page), "exec"), {})  # noqa: S102 - our own documents


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_the_checklist_in_the_documents_can_be_read(tmp_path: Path) -> None:
    from toxmeter.evaluation.suites.checklist_files import read_checklist

    (example,) = blocks(ROOT / "docs" / "evaluate.md", "toml")
    (tmp_path / "mine.toml").write_text(example)
    assert [check.kind for check in read_checklist(tmp_path / "mine.toml").checks] == ["MFT", "INV", "DIR"]


def test_readme_has_the_measured_figures() -> None:
    subprocess.run([sys.executable, ROOT / "benchmarks" / "readme.py", "--check"], check=True)


def test_results_are_the_measured_ones() -> None:
    subprocess.run([sys.executable, ROOT / "benchmarks" / "results_page.py", "--check"], check=True)


def test_pages_have_the_measured_figures() -> None:
    subprocess.run([sys.executable, ROOT / "benchmarks" / "figures.py", "--check"], check=True)


def test_the_card_has_the_measured_suites() -> None:
    subprocess.run([sys.executable, ROOT / "benchmarks" / "cards.py", "--check"], check=True)


@pytest.mark.parametrize(("model", "result"), [("nano", "nano"), ("nano", "measure"), ("mini", "measure"),
                                               ("mini", "engine")])
def test_figures_are_those_of_the_shipped_model(model: str, result: str) -> None:
    from toxmeter.models.catalog import artifact_of

    assert artifact_of(model).version in (ROOT / "benchmarks" / "results" / f"{result}.json").read_text("utf-8")


def test_generated_parts_are_those_of_the_code() -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], check=True)


def test_every_command_and_option_is_in_the_docs() -> None:
    import typer.main

    from toxmeter.cli import app

    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    parts = re.split(r"^#+ (?=toxmeter)", page, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part for part in parts}
    waiting: list[tuple[str, Any]] = [("toxmeter", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        assert name in sections
        missing = [option for param in command.params if param.param_type_name == "option"
                   for option in [*param.opts, *param.secondary_opts] if f"`{option}" not in sections[name]]
        assert not missing, name
        assert not [param.name for param in command.params if param.param_type_name == "option" and not param.help]
        waiting += [(f"{name} {below}", inner) for below, inner in getattr(command, "commands", {}).items()]


def test_every_field_of_a_recipe_is_in_the_docs() -> None:
    from toxmeter.recipe.describe import tables

    page = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    for table in tables():
        assert table.header in page
        assert [field.name for field in table.fields if f"| `{field.name}` |" not in page] == []


def test_recipes_in_the_docs_are_right(tmp_path: Path) -> None:
    from toxmeter.recipe import read_recipe

    first, labels, source = blocks(ROOT / "docs" / "recipes.md", "toml")
    file = tmp_path / "recipe.toml"
    file.write_text(first, "utf-8")
    assert len([line for line in first.splitlines() if line]) <= 10
    assert read_recipe(file).data.files["posts"].labels == ("toxic", "spam")
    file.write_text(first + labels + source, "utf-8")
    recipe = read_recipe(file)
    assert recipe.labels
    assert recipe.labels.toxic == ("toxic",)
    assert recipe.data.sources[0].weight == 0.1


@pytest.mark.parametrize("command", ["check", "score", "models", "train", *(
    f"recipes {name}" for name in ("list", "show", "copy", "check", "fields"))])
def test_every_option_is_explained_by_help(command: str) -> None:
    shown = subprocess.run([sys.executable, "-m", "toxmeter", *command.split(), "--help"], check=True,
                           capture_output=True, text=True).stdout
    assert "toxmeter " + command in shown
    for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown, re.MULTILINE):
        assert re.search(rf"{option}\b.*\s\S+|{option}\b.*\n\s+\S+", shown), option


def test_verdict_fields_are_all_in_the_guide() -> None:
    from dataclasses import fields

    from toxmeter.guard import Verdict

    guide = (ROOT / "docs" / "guard.md").read_text("utf-8")
    assert [f.name for f in fields(Verdict) if f"| `{f.name}` |" not in guide] == []


def test_shipped_policies_are_all_in_the_guide() -> None:
    from toxmeter.policy import shipped_policies

    guide = (ROOT / "docs" / "guard.md").read_text("utf-8")
    assert [name for name in shipped_policies() if f"`{name}`" not in guide] == []
