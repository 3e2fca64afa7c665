from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.everyday import everyday
from toxmeter.evaluation.suites import toml_reader
from toxmeter.evaluation.suites.checklist_files import read_checklist, shipped_checklists

MFT = '[[test]]\nname = "a"\nkind = "MFT"\n'
INV = '[[test]]\nname = "b"\nkind = "INV"\n'
DIR = '[[test]]\nname = "c"\nkind = "DIR"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_checklist(written(folder, text))
    return str(caught.value).split("\n  - ")[1:]


def test_slots_are_filled_with_every_word(tmp_path: Path) -> None:
    checklist = read_checklist(written(tmp_path, '[words]\nx = ["1", "2"]\n' + MFT + (
        'about = "why"\nwords = { y = ["3", "4"], x = ["5"] }\nsafe = ["{x} {y} {x}", "{ no slot }"]\nunsafe = ["u"]')))
    check, = checklist.checks
    assert (checklist.name, check.name, check.kind, check.about) == ("own", "a", "MFT", "why")
    assert [(case.text, case.template, case.unsafe) for case in check.cases] == [
        ("5 3 5", 0, False), ("5 4 5", 0, False), ("{ no slot }", 1, False), ("u", 2, True)]


def test_pairs_are_filled_with_the_same_words(tmp_path: Path) -> None:
    checklist = read_checklist(written(tmp_path, '[words]\nx = ["1", "2"]\n' + DIR + (
        'direction = "down"\ntolerance = 0.25\npairs = [["a {x}", "b {x}"], ["{x}", "none"]]')))
    check, = checklist.checks
    assert (check.direction, check.tolerance) == ("down", 0.25)
    assert [(case.text, case.changed, case.template) for case in check.cases] == [
        ("a 1", "b 1", 0), ("a 2", "b 2", 0), ("1", "none", 1), ("2", "none", 1)]


def test_texts_are_perturbed_and_what_stays_the_same_is_no_case(tmp_path: Path) -> None:
    path = written(tmp_path, INV + 'texts = ["stupid", "42"]\nperturbations = ["upper_case", "stretched"]\n'
                                   'strength = 1\npairs = [["p", "q"]]')
    check, = read_checklist(path).checks
    assert [(case.text, case.changed, case.template) for case in check.cases] == [
        ("p", "q", 0), ("stupid", "STUPID", 1), ("stupid", "stuuuupid", 1)]
    assert read_checklist(path) == read_checklist(path)


@pytest.mark.parametrize(("text", "problem"), [
    ("", "test: missing: a checklist has one [[test]] or more"),
    ("test = 3", "test: missing"),
    ("test = [3]", "test.0: 3 is not a table"),
    ("tests = []\n" + MFT + 'safe = ["a"]', "tests: no such field (did you mean 'test'?)"),
    ('[[test]]\nkind = "MFT"\nsafe = ["a"]', "test.0.name: missing"),
    ('[[test]]\nname = "a"\nsafe = ["a"]', "test.0.kind: missing: it is MFT, INV or DIR"),
    ('[[test]]\nname = "a"\nkind = "MTF"\nsafe = ["a"]', "test.0.kind: 'MTF' (did you mean 'MFT'?): it is"),
    (MFT, "test.0: no cases: MFT needs safe or unsafe"),
    (MFT + 'saef = ["a"]\nunsafe = ["b"]', "test.0.saef: no such field (did you mean 'safe'?)"),
    (MFT + 'pairs = [["a", "b"]]', "test.0.pairs: no such field"),
    (MFT + 'safe = "a"', "test.0.safe: 'a' is not a list of texts"),
    (MFT + 'safe = ["a", 3]', "test.0.safe.1: 3 is not a text"),
    (MFT + 'safe = [" "]', "test.0.safe.0: ' ' is not a text"),
    (MFT + 'safe = ["a"]\nabout = 3', "test.0.about: 3 is not a text"),
    ('[words]\nname = ["a"]\n' + MFT + 'safe = ["{nmae}"]',
     "test.0.safe.0: no word list 'nmae' (did you mean 'name'?): there are name"),
    (MFT + 'safe = ["{x}"]', "test.0.safe.0: no word list 'x': there are none"),
    ("words = 3\n" + MFT + 'safe = ["a"]', "words: 3 is not a table"),
    ("[words]\nx = []\n" + MFT + 'safe = ["{x} a"]', "words.x: an empty list"),
    ('[words]\nx = ["a", ""]\n' + MFT + 'safe = ["a"]', "words.x.1: '' is not a text"),
    (MFT + 'words = { x = ' + str([str(n) for n in range(101)]) + ' }\nsafe = ["{x} {y}"]', "no word list 'y'"),
    ("[words]\n" + "".join(f"{x} = {[str(n) for n in range(30)]}\n" for x in "abc") + MFT + 'safe = ["{a}{b}{c}"]',
     "test.0.safe.0: 27,000 combinations of words: at most 10,000"),
    (INV, "test.0: no cases: INV needs texts with perturbations, or pairs"),
    (INV + 'texts = ["a"]', "test.0.perturbations: missing: texts need them"),
    (INV + 'perturbations = ["swap"]', "test.0.texts: missing: perturbations need them"),
    (INV + 'texts = ["a"]\nperturbations = ["swop"]',
     "test.0.perturbations: no perturbation 'swop' (did you mean 'swap'?)"),
    (INV + 'pairs = ["ab"]', "test.0.pairs.0: 'ab' is not a pair of texts"),
    (INV + 'pairs = [["a"]]', "test.0.pairs.0: ['a'] is not a pair of texts"),
    (INV + 'pairs = [["a", 1]]', "test.0.pairs.0.1: 1 is not a text"),
    (INV + 'pairs = [["a", "b"]]\ntolerance = 1.5', "test.0.tolerance: 1.5 is not a number from 0 to 1"),
    (INV + 'pairs = [["a", "b"]]\ntolerance = nan', "test.0.tolerance: nan is not a number from 0 to 1"),
    (INV + 'pairs = [["a", "b"]]\nstrength = true', "test.0.strength: true is not a number from 0 to 1"),
    (DIR + 'pairs = [["a", "b"]]', "test.0.direction: missing: it is up or down"),
    (DIR + 'pairs = [["a", "b"]]\ndirection = "upp"', "test.0.direction: 'upp' (did you mean 'up'?)"),
    (MFT + 'safe = ["a"]\n' + MFT + 'safe = ["b"]', "test: two are called 'a'"),
])
def test_mistakes_are_named(tmp_path: Path, text: str, problem: str) -> None:
    assert [line for line in problems(tmp_path, text) if line.startswith(problem) or problem in line]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "other = 1\n" + MFT + 'safe = [1, "{x}"]\n' + INV + 'pairs = [3, ["{y}", "b"]]\ntolerance = 2\n' + DIR
    found = problems(tmp_path, text)
    assert [line.split(": ")[0] for line in found] == [
        "other", "test.0.safe.0", "test.0.safe.1", "test.1.tolerance", "test.1.pairs.0", "test.1.pairs.1",
        "test.2.direction", "test.2"]


@pytest.mark.parametrize(("content", "problem"), [
    (b"[words", "no TOML"), (b"x = \xff", "byte 4 is no UTF-8"), (b"x = " + b"[" * 9_999, "no TOML")])
def test_what_is_no_toml(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        read_checklist(path)


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"no checklist 'generl': neither shipped \(general\).*did you mean 'general'"):
        read_checklist("generl")
    with pytest.raises(InputError, match="not readable"):
        read_checklist(tmp_path)
    monkeypatch.setattr(toml_reader, "_LARGEST", 5)
    with pytest.raises(InputError, match="over 5 bytes"):
        read_checklist(written(tmp_path, MFT))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    for start in ("", MFT, INV + "texts = ["):
        with pytest.raises(InputError):
            read_checklist(written(tmp_path, start + text))


# the shipped one


def test_every_shipped_checklist_is_read() -> None:
    assert shipped_checklists() == ["general"]
    checklist = read_checklist()
    assert 20 <= len(checklist.checks) <= 30
    cases = [case for check in checklist.checks for case in check.cases]
    assert 300 <= len(cases) <= 450
    assert {check.kind for check in checklist.checks} == {"MFT", "INV", "DIR"}
    for check in checklist.checks:
        assert check.about.endswith(".")
        assert len(check.cases) >= 10
        texts = [(case.text, case.changed) for case in check.cases]
        assert len(set(texts)) == len(texts)


def test_no_shipped_word_list_lies_idle() -> None:
    text = (files("toxmeter.evaluation.suites") / "checklists" / "general.toml").read_text("utf-8")
    table = tomllib.loads(text)
    lists = [*table["words"], *(name for test in table["test"] for name in test.get("words", {}))]
    assert [name for name in lists if f"{{{name}}}" not in text] == []


def test_shipped_cases_are_none_of_the_everyday_sentences() -> None:
    known = set(everyday())
    assert not [case.text for check in read_checklist().checks for case in check.cases if case.text in known]
