"""The documents tell the truth: their code runs, their links lead somewhere, their figures are the measured ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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


def test_readme_has_the_measured_figures() -> None:
    subprocess.run([sys.executable, ROOT / "benchmarks" / "readme.py", "--check"], check=True)


def test_figures_are_those_of_the_shipped_model() -> None:
    from toxmeter.models.catalog import artifact_of

    assert artifact_of("nano").version in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("command", ["check", "score", "models", "train"])
def test_every_option_is_explained_by_help(command: str) -> None:
    shown = subprocess.run([sys.executable, "-m", "toxmeter", command, "--help"], check=True, capture_output=True,
                           text=True).stdout
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
