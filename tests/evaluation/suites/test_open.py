from __future__ import annotations

from pathlib import Path

import pytest

from toxmeter.errors import InputError
from toxmeter.evaluation.suites.checklist_files import shipped_checklists
from toxmeter.evaluation.suites.open import open_suites, shipped_suites
from toxmeter.evaluation.suites.probe_files import shipped_probes
from toxmeter.models import DummyScorer

HATECHECK = "functionality,test_case,label_gold,target_ident,templ_id\n" + "".join(
    f"ident_neutral_nh,I met some {who} {place},non-hateful,{who},{number}\n"
    for number, place in enumerate(("today", "in town", "at work")) for who in ("women", "men"))


def test_all_that_is_shipped_runs() -> None:
    assert set(shipped_suites()) == {*shipped_checklists(), *shipped_probes()}
    found = {name: run(DummyScorer()) for name, run in open_suites(shipped_suites(), resamples=10).items()}
    assert {section["kind"] for section in found.values()} == {"checklist", "probe"}


def test_hatecheck_is_a_suite_and_a_probe(tmp_path: Path) -> None:
    file = tmp_path / "hatecheck.csv"
    file.write_text(HATECHECK)
    found = open_suites([file], resamples=10)
    assert list(found) == ["suite hatecheck", "probe hatecheck"]
    assert [run(DummyScorer())["kind"] for run in found.values()] == ["suite", "probe"]


def test_a_label_is_told_by_the_name_of_a_suite(tmp_path: Path) -> None:
    file = tmp_path / "hatecheck.csv"
    file.write_text(HATECHECK)
    found = open_suites([file], label="toxic", resamples=10)
    assert list(found) == ["suite hatecheck by toxic", "probe hatecheck"]
    assert [run(DummyScorer())["label"] for run in found.values()] == ["toxic", "toxic"]


def test_other_tables_are_a_probe_or_refused_as_a_suite(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("sent_more,sent_less,bias_type\nThe old man spoke.,The young man spoke.,age\n")
    assert list(open_suites([pairs])) == ["probe pairs"]
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"strange\.csv: no suite"):
        open_suites([strange])


def test_a_toml_file_with_tests_is_a_checklist(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[test]]\nname = "insults"\nkind = "MFT"\nabout = "They are flagged."\nunsafe = ["You fool."]\n')
    assert list(open_suites([file])) == ["checklist mine"]
    file.write_text("[[test")
    with pytest.raises(InputError, match="no TOML"):
        open_suites([file])


def test_equal_names_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "hatecheck.csv").write_text(HATECHECK)
    found = open_suites([tmp_path / "hatecheck.csv", tmp_path / "a" / "hatecheck.csv"])
    assert list(found) == ["suite hatecheck", "probe hatecheck", "suite hatecheck (2)", "probe hatecheck (2)"]


def test_a_name_that_is_nothing() -> None:
    with pytest.raises(InputError, match=r"genral.*neither shipped"):
        open_suites(["genral"])
