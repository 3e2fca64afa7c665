from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toxmeter.files import write_whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_a_text_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    file = tmp_path / "new" / "a.txt"
    write_whole(file, text)
    assert file.read_bytes() == text.encode("utf-8", "replace")
    assert list(file.parent.iterdir()) == [file]


def test_what_was_there_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before")

    def full(part: Path, content: bytes) -> int:
        part.touch()
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        write_whole(file, "after")
    assert file.read_text() == "before"
