"""Imports run one way, and what must not be used is not; read from the source of every module."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import toxmeter

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(toxmeter.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
BASE = {"numpy", "onnxruntime", "rich", "tokenizers", "typer", "toxmeter"}
"""Packages of the base install, and our own."""

GUARD = {"policy", "wordlist", "verdict", "stream", "guard", "bulk"}
"""The guardrail and what is built on it."""

# each part imports from parts before its own line, and from its own line
ORDER = [
    {"errors", "labels", "extras", "text", "files"},
    {"artifact"},
    {"recipe", "data", "models"},
    {"evaluation"},
    {"training"},
    {"export", "detox"},
    GUARD,
    {"cli"},
    {"__main__"},
]
FORBIDDEN = {
    "models": {"training", "export", "data", "recipe", "evaluation", "cli"} | GUARD,
    "evaluation": {"training", "export", "cli"} | GUARD,
    "training": {"export", "cli"} | GUARD,
    "export": {"cli"} | GUARD,
    **dict.fromkeys(GUARD, frozenset({"training", "export", "evaluation", "recipe", "cli"})),
}


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def part_of(file: Path) -> str:
    """The top-level module or folder that a file belongs to."""
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(node: ast.AST) -> Iterator[str]:
    """Dotted names of the modules that are imported in a tree; ``from a import b`` is both a and a.b."""
    for each in ast.walk(node):
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            assert each.level == 0, "imports are absolute here"
            yield each.module or ""
            yield from (f"{each.module}.{alias.name}" for alias in each.names)


def own_parts(file: Path) -> set[str]:
    """Which parts of toxmeter a file imports, anywhere in it."""
    names = {name.split(".")[1] for name in imported(tree(file)) if name.startswith("toxmeter.")}
    return {name for name in names if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file()}


def at_import(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run with a module: not those of functions, nor those for type checkers."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield node
    only_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if isinstance(node, ast.If) and only_types else ast.iter_child_nodes(node):
        yield from at_import(child)


@pytest.fixture(params=FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_part_has_its_place() -> None:
    parts = {part_of(file) for file in FILES} - {"__init__"}
    assert parts <= set().union(*ORDER), "name the new part in ORDER"


def test_imports_run_one_way(file: Path) -> None:
    if file == SOURCE / "__init__.py":
        return  # names of all parts, imported when first used
    part = part_of(file)
    place = next(place for place, parts in enumerate(ORDER) if part in parts)
    allowed = set().union(*ORDER[: place + 1])
    assert own_parts(file) <= allowed - FORBIDDEN.get(part, set()), f"{part} imports from a part above it"


def test_only_the_entry_point_imports_the_command_line(file: Path) -> None:
    if part_of(file) not in ("cli", "__main__"):
        assert "cli" not in own_parts(file)


def test_optional_packages_are_not_imported_with_a_module(file: Path) -> None:
    names = {name.partition(".")[0] for node in at_import(tree(file)) for name in imported(node)}
    assert not names & {"torch", "transformers", "pandas", "sklearn"}
    assert names <= BASE | sys.stdlib_module_names | {"__future__"}


def test_nothing_is_unpickled_or_evaluated(file: Path) -> None:
    names = {name.partition(".")[0] for name in imported(tree(file))}
    assert not names & {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec"), called
            assert not any(keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False"
                           for keyword in node.keywords)
            if called in ("np.load", "numpy.load"):
                assert "allow_pickle" in {keyword.arg for keyword in node.keywords}


def test_modules_are_looked_up_by_name_in_two_places_only(file: Path) -> None:
    if file.relative_to(SOURCE).as_posix() not in ("__init__.py", "extras.py"):
        assert not {name for name in imported(tree(file)) if name.startswith("importlib.import_module")}
        assert "import_module" not in {node.attr for node in ast.walk(tree(file)) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(("source", "names"), [
    ("import torch", ["torch"]),
    ("def f():\n    import torch", []),
    ("class A:\n    import torch", ["torch"]),
    ("try:\n    import torch\nexcept ImportError:\n    import pandas", ["torch", "pandas"]),
    ("if TYPE_CHECKING:\n    import torch\nelse:\n    import pandas", ["pandas"]),
])
def test_these_tests_see_what_runs_at_import(source: str, names: list[str]) -> None:
    found = [name for node in at_import(ast.parse(source)) for name in imported(node)]
    assert sorted(found) == sorted(names)
