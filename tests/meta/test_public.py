"""What a module offers is listed, sorted and explained; what users import stays light."""

from __future__ import annotations

import ast
import fnmatch
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import toxmeter
from toxmeter.models import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(toxmeter.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = {".".join(["toxmeter", *file.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__"): file
           for file in FILES}
HEAVY = {"torch", "transformers", "pandas", "sklearn"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def listed(module: str) -> list[str] | None:
    """``__all__`` of a module."""
    for node in tree(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def defined(module: str) -> set[str]:
    """Names that a module makes or re-exports, apart from what type checkers alone see."""
    names: set[str] = set()
    for node in tree(module).body:
        if isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        elif isinstance(node, ast.AnnAssign):
            names.add(ast.unparse(node.target))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names


def used_elsewhere() -> dict[str, set[str]]:
    """Per module, the names that other modules import from it."""
    used: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ImportFrom) and node.module in MODULES:
                names = {alias.name for alias in node.names if f"{node.module}.{alias.name}" not in MODULES}
                used.setdefault(node.module, set()).update(names)
    return used


def public(body: list[ast.stmt], path: str = "") -> Iterator[tuple[str, Definition]]:
    """Public functions, classes and methods."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield f"{path}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{path}{node.name}.")


def sort_key(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff sorts."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_offers_is_listed_and_sorted(module: str) -> None:
    if module.endswith("__main__"):
        return
    names = listed(module)
    if names is None:
        assert not list(public(tree(module).body)), f"{module} has no __all__"
        names = []
    assert names == sorted(set(names), key=sort_key)
    if module != "toxmeter":
        assert set(names) <= defined(module)
    assert used_elsewhere().get(module, set()) <= set(names), f"{module}: used elsewhere, but not in __all__"


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_is_explained(module: str) -> None:
    body = tree(module)
    silent = [name for name, node in public(body.body) if not ast.get_docstring(node)]
    assert silent == []
    assert ast.get_docstring(body), f"{module} has no docstring"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_no_file_is_longer_than_three_hundred_lines(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 300, "split it by noun"


@pytest.mark.parametrize("name", toxmeter.__all__)
def test_public_names_resolve(name: str) -> None:
    assert getattr(toxmeter, name) is not None
    assert name in dir(toxmeter)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'toxmeter' has no attribute 'laod'"):
        toxmeter.laod  # noqa: B018


def test_every_data_file_is_packaged() -> None:
    project = SOURCE.parents[1] / "pyproject.toml"
    if not project.is_file():
        pytest.skip("an installed package has no pyproject.toml")
    patterns = tomllib.loads(project.read_text())["tool"]["setuptools"]["package-data"]["toxmeter"]
    built = {".py", ".pyc", ".pyx", ".so", ".pyd", ".c"}
    data = [file.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*")
            if file.is_file() and file.suffix not in built and not file.name.startswith(".")]
    assert len(data) > 5
    assert [name for name in data if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []


def imported_by(program: str) -> set[str]:
    """Top-level packages that a program has loaded when it ends, in a process of its own."""
    ending = "\nimport sys; print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program + ending], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    marked = [line for line in done.stdout.splitlines() if line.startswith("LOADED ")]
    return set(marked[-1].split()[1:])


def test_importing_toxmeter_costs_nothing() -> None:
    loaded = imported_by("import toxmeter")
    assert "toxmeter" in loaded
    assert not loaded & (HEAVY | {"numpy", "typer", "rich", "scipy", "pyarrow"})


@pytest.mark.parametrize("model", ["dummy", *shipped()])
@pytest.mark.parametrize("program", [
    "import toxmeter; toxmeter.load({model!r}).score(['hello', 'insult=0.9'])",
    "import toxmeter; toxmeter.TextGuardrail({model!r}).batch_check(['hello', 'insult=0.9'])",
    "from toxmeter.cli import app; app(['check', '-m', {model!r}, 'hello'], standalone_mode=False)",
], ids=["load", "guardrail", "check"])
def test_judging_a_text_loads_no_heavy_package(program: str, model: str) -> None:
    loaded = imported_by(program.format(model=model))
    assert {"toxmeter", "numpy"} <= loaded
    assert not loaded & (HEAVY | {"scipy", "pyarrow", "pydantic"})


@pytest.mark.parametrize("package", ["torch", "sklearn", "scipy", "pyarrow"])
def test_the_packages_that_are_not_loaded_could_have_been(package: str) -> None:
    import importlib.util

    assert importlib.util.find_spec(package) is not None
