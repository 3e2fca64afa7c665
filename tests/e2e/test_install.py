"""The base install in environments of its own, with a compiler and without. Takes a minute, needs an index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNWANTED = {"torch", "transformers", "pandas", "scikit-learn", "scipy"}
pytestmark = pytest.mark.slow


def install(folder: Path, **environment: str) -> Path:
    """Install from a copy of the sources, without anything that was built here, into an environment of its own."""
    venv.create(folder, with_pip=True, symlinks=True)
    sources = folder / "sources"
    built = shutil.ignore_patterns("*.so", "*.c", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "src", sources / "src", ignore=built)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", sources], check=True, timeout=600,
                   env=os.environ | environment, cwd=folder)
    return python


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("interpreted"), CC="/bin/false")


def packages(python: Path) -> set[str]:
    listed = subprocess.run([python, "-m", "pip", "list", "--format", "freeze"], check=True, capture_output=True,
                            text=True)
    return {line.split("==")[0].lower() for line in listed.stdout.splitlines()}


def check(python: Path, *texts: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python.with_name("toxmeter"), "check", *texts], capture_output=True, text=True, timeout=60,
                          cwd=python.parent, check=False)


def test_base_has_no_heavy_packages(compiled: Path) -> None:
    assert not packages(compiled) & UNWANTED


def test_base_is_small(compiled: Path) -> None:
    site = next((compiled.parents[1] / "lib").glob("python*"))
    size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
    assert size < 300_000_000  # 48 MB of it are weights


def test_base_judges(compiled: Path) -> None:
    assert check(compiled, "Hello, how are you today?").returncode == 0
    assert check(compiled, "You're so stupid and worthless").returncode == 1


def test_base_has_the_kernel(compiled: Path) -> None:
    subprocess.run([compiled, "-W", "error", "-c", "from toxmeter import load; load('nano')"], check=True,
                   cwd=compiled.parent)


def test_without_a_compiler_it_installs_says_so_and_judges(interpreted: Path) -> None:
    judged = check(interpreted, "You're so stupid and worthless", "--model", "nano")
    assert judged.returncode == 1
    assert "without its compiled kernel" in judged.stderr


def test_the_wheel_holds_data_and_types(compiled: Path) -> None:
    code = ("from importlib.resources import files; base = files('toxmeter');"
            "assert all((base / name).is_file() for name in ('py.typed', 'recipe/nano.toml', 'data/contrast.csv',"
            "'evaluation/everyday.txt', 'policies/shipped.toml', 'models/weights/nano/README.md',"
            "'models/weights/nano/toxmeter.json'))")
    subprocess.run([compiled, "-c", code], check=True, cwd=compiled.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
def test_cold_start_does_not_import_what_it_does_not_need(compiled: Path) -> None:
    code = ("import sys; sys.argv = ['toxmeter', 'check', '-q', 'hello']; from toxmeter.cli import main\n"
            "try: main()\nexcept SystemExit: pass\n"
            "print([m for m in ('torch', 'transformers', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'rich', 'pydantic')"
            " if m in sys.modules])")
    done = subprocess.run([compiled, "-c", code], check=True, capture_output=True, text=True, cwd=compiled.parent)
    assert done.stdout.strip() == "[]"
