from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.suites import toml_reader
from toxmeter.evaluation.suites.toml_reader import Checker, read_toml, shipped_names


def test_a_file_is_read_with_its_checksum(tmp_path: Path) -> None:
    content = "\ufeffa = 1\r\nb = 'é'\r\n".encode()
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    assert read_toml(str(path), "probe", "probes") == ("own", {"a": 1, "b": "é"}, hashlib.sha256(content).hexdigest())


def test_a_shipped_name_comes_before_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "countries").write_text("a = 1", "utf-8")
    assert shipped_names("probes") == ["countries", "identities"]
    assert "template" in read_toml("countries", "probe", "probes").table


@pytest.mark.parametrize(("content", "problem"), [
    (b"a = \xff", "probe .*: byte 4 is no UTF-8: save the file as UTF-8"),
    (b"a = ", "probe .*: no TOML"),
    (b"a = 1\na = 2", "probe .*: no TOML"),
    (b'a = "\\uD800"', "probe .*: no TOML"),
    (b"a = " + b"[" * 100_000, "probe .*: no TOML"),
])
def test_damage_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        read_toml(str(path), "probe", "probes")


def test_no_file_no_name_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no probe 'contries'.*countries, identities.*did you mean 'countries'"):
        read_toml("contries", "probe", "probes")
    for unreadable in (tmp_path, "a\0b"):
        with pytest.raises(InputError, match="not readable"):
            read_toml(str(unreadable), "probe", "probes")


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml_reader, "_LARGEST", 8)
    path = tmp_path / "own.toml"
    path.write_text("a = 1 # 9", "utf-8")
    with pytest.raises(InputError, match="over 8 bytes, which no probe has"):
        read_toml(str(path), "probe", "probes")


def test_mistakes_are_kept_and_told_at_once() -> None:
    checker = Checker()
    checker.done("probe x")
    checker.fields("", {"abuot": 1, "words": 2}, ("about", "words"))
    assert (checker.text("a", " x "), checker.text("b", " "), checker.text("c", None)) == (" x ", "", "")
    assert checker.texts("d", ["x", 3]) == ["x", ""]
    assert checker.texts("e", "x") == checker.texts("f", []) == []
    assert checker.table("g", {"x": 1}, "words") == {"x": 1}
    assert checker.table("h", [], "words") == {}
    with pytest.raises(InputError) as caught:
        checker.done("probe x")
    assert str(caught.value).split("\n  - ") == [
        "probe x: 7 problems", "abuot: no such field (did you mean 'about'?): there are about, words",
        "b: ' ' is not a text", "c: missing", "d.1: 3 is not a text", "e: 'x' is not a list of texts",
        "f: an empty list: give at least one text, or leave it out", "h: [] is not a table of words"]
