"""A missing optional dependency becomes the line that installs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from toxmeter.errors import MissingExtra
from toxmeter.extras import need

if TYPE_CHECKING:
    from pathlib import Path


def test_an_installed_module_is_returned() -> None:
    assert need("json", extra="train") is json


def test_a_submodule_is_returned_itself() -> None:
    assert need("json.decoder", extra="train") is json.decoder


@pytest.mark.parametrize("module", ["no_such_module_here", "json.no_such_part"])
def test_a_missing_module_names_the_extra(module: str) -> None:
    line = rf"{module} is needed here: pip install 'toxmeter\[train\]'"
    with pytest.raises(MissingExtra, match=line) as caught:
        need(module, extra="train")
    assert isinstance(caught.value.__cause__, ImportError)


def test_what_a_module_itself_misses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_installed_module.py").write_text("import no_such_dependency_here\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingExtra, match="no_such_dependency_here"):
        need("half_installed_module", extra="bulk")


def test_other_errors_of_a_module_are_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_module_here.py").write_text("1 / 0\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        need("broken_module_here", extra="bulk")
