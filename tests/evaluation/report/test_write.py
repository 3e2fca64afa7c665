"""A report is written whole, replaces an older one, and touches nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Text
from toxmeter.evaluation.report.write import write_report

SVG = '<svg xmlns="http://www.w3.org/2000/svg" role="img"><path d="M0 0l1 1"/></svg>'


def figure(name: str) -> Figure:
    return Figure(name, SVG, "title", "caption", "words")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_all_files_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    blocks: list[Block] = [Heading("Quality"), figure("roc"), figure("roc"), Text("lone \ud800")]
    write_report(folder, {"b": 1, "a": [None, 0.5], "text": "\ud800<"}, "Report", blocks, subtitle="of a test")
    assert files(folder) == {"report.json", "report.md", "report.html", "figures/roc.svg", "figures/roc-2.svg"}
    read = json.loads((folder / "report.json").read_text("ascii"))
    assert list(read) == ["b", "a", "text"]
    assert read["text"] == "\ud800<"
    assert "of a test" in (folder / "report.html").read_text("utf-8")
    markdown = (folder / "report.md").read_text("utf-8")
    assert "(figures/roc.svg)" in markdown
    assert "(figures/roc-2.svg)" in markdown
    assert ElementTree.parse(folder / "figures/roc-2.svg").getroot().tag.endswith("svg")  # noqa: S314


def test_an_older_report_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    write_report(tmp_path, {"old": 1}, "Old", [figure("old"), figure("both")])
    for other in ("notes.txt", "figures/own.svg"):
        (tmp_path / other).write_text("mine")
    write_report(tmp_path, {"new": 1}, "New", [figure("both")])
    assert files(tmp_path) == {"report.json", "report.md", "report.html", "figures/both.svg", "figures/own.svg",
                               "notes.txt"}
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == {"new": 1}
    assert "Old" not in (tmp_path / "report.md").read_text("utf-8")


def test_the_same_report_has_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_report(tmp_path / folder, {"x": 0.1}, "Report", [Heading("Quality"), figure("roc")])
    for name in files(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_nan_stops_the_report_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_report(tmp_path / "report", {"x": float("nan")}, "Report", [])
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="name a folder"):
        write_report(tmp_path / folder, {}, "Report", [])
    assert (tmp_path / "file").read_text() == "mine"


def test_figures_cannot_leave_the_folder(tmp_path: Path) -> None:
    write_report(tmp_path / "report", {}, "Report", [figure("../../evil")])
    assert files(tmp_path) == {"report/report.json", "report/report.md", "report/report.html",
                               "report/figures/evil.svg"}
