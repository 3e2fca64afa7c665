"""Progress: a bar on a terminal, lines now and then in a log, one process of several."""

from __future__ import annotations

import pytest

from toxmeter.cli import progress as module
from toxmeter.cli.progress import progress


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    with progress() as tell:
        tell("reading data", 0.0)
        tell("training, step 5 of 10\x1b[2J", 0.5)
    captured = capsys.readouterr()
    assert not captured.out
    return captured.err


def test_a_log_has_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.0)
    assert shown(capsys).splitlines() == ["  0% reading data", r" 50% training, step 5 of 10\x1b[2J"]


def test_short_work_leaves_no_trace_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert not shown(capsys)


def test_a_terminal_shows_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    found = shown(capsys)
    assert r"step 5 of 10\x1b[2J" in found
    assert "━" in found


@pytest.mark.parametrize("force", ["", "1"])
def test_of_several_processes_the_first_one_tells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, force: str
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(module, "EVERY", 0.0)
    if force:
        monkeypatch.setenv("FORCE_COLOR", force)
    assert "training" not in shown(capsys)
