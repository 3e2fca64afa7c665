from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.suites.hatecheck_files import read_suite

HATECHECK = ("functionality", "case_id", "test_case", "label_gold", "target_ident", "templ_id")
ROWS = [("derog_h", "1", "I hate X.", "hateful", "women", "1"), ("ident_nh", "2", "I am X.", "non-hateful", "", "2")]


def written(folder: Path, rows: Sequence[tuple[str, ...]], columns: tuple[str, ...], name: str = "suite.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return path


def test_hatecheck(tmp_path: Path) -> None:
    suite = read_suite(written(tmp_path, ROWS, HATECHECK))
    assert (suite.name, suite.format) == ("suite.csv", "HateCheck")
    assert suite.texts == ["I hate X.", "I am X."]
    assert suite.hateful.tolist() == [True, False]
    assert suite.functionality == ["derog_h", "ident_nh"]
    assert suite.targets == [("women",), ()]
    assert suite.template is not None
    assert suite.template.tolist() == [0, 1]
    assert suite.language == ["", ""]
    assert len(suite.sha256) == 64


def test_multilingual_hatecheck_as_a_folder(tmp_path: Path) -> None:
    columns = ("mhc_case_id", "functionality", "test_case", "label_gold", "target_ident", "templ_id")
    for language in ("french", "mandarin"):
        written(tmp_path, [(f"{language}-1", "derog_h", f"{language} text", "hateful", "women", "1"),
                           (f"{language}-2", "derog_h", "more", "hateful", "women", "1")], columns, f"{language}.csv")
    suite = read_suite(tmp_path)
    assert suite.format == "Multilingual HateCheck"
    assert suite.language == ["french", "french", "mandarin", "mandarin"]
    assert suite.template is not None
    assert suite.template.tolist() == [0, 0, 1, 1]  # template 1 of another language is another one


def test_a_column_of_languages(tmp_path: Path) -> None:
    rows = [(*row, lang) for row, lang in zip(ROWS, ("en", "de"), strict=True)]
    assert read_suite(written(tmp_path, rows, (*HATECHECK, "lang"))).language == ["en", "de"]


def test_hatemoji_check(tmp_path: Path) -> None:
    columns = ("case_id", "templ_id", "text", "target", "functionality", "set", "label_gold")
    suite = read_suite(written(tmp_path, [("1", "", "a", "gay people", "use", "orig", "1"),
                                          ("2", "", "b", "none", "use", "polarity perturb", "0")], columns))
    assert suite.format == "HatemojiCheck"
    assert suite.hateful.tolist() == [True, False]
    assert suite.targets == [("gay people",), ()]
    assert suite.template is not None
    assert suite.template.tolist() == [0, 1]  # without a number, a template of its own


def test_hatemoji_build_in_json_lines(tmp_path: Path) -> None:
    rows = [{"text": "a", "type": "none", "target": "['none']", "label_gold": 0},
            {"text": "b", "type": "derogation", "target": "['mus', \"wom\"]", "label_gold": 1},
            {"text": "c", "type": "animosity", "target": ["mus", "mus"], "label_gold": True}]
    path = tmp_path / "build.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    suite = read_suite(path)
    assert suite.format == "Hatemoji-build"
    assert suite.targets == [(), ("mus", "wom"), ("mus",)]
    assert suite.hateful.tolist() == [False, True, True]
    assert suite.template is None


def test_only_three_columns_are_needed(tmp_path: Path) -> None:
    suite = read_suite(written(tmp_path, [("f", "a", "HATEFUL ")], ("functionality", "test_case", "label_gold")))
    assert (suite.targets, suite.template, suite.hateful.tolist()) == ([()], None, [True])


@pytest.mark.parametrize(("columns", "row", "problem"), [
    (HATECHECK, ("f", "1", "a", "hatefull", "", "1"),
     r"row 0: column 'label_gold' is 'hatefull' \(did you mean 'hateful'"),
    (HATECHECK, ("f", "1", "a", "", "", "1"), "row 0: column 'label_gold' is ''"),
    (HATECHECK, ("f", "1", "a", "2", "", "1"), "it is hateful or non-hateful, or 1 or 0"),
    (HATECHECK, ("f", "1", "  ", "hateful", "", "1"), "row 0: column 'test_case' is blank"),
    (HATECHECK, ("", "1", "a", "hateful", "", "1"), "row 0: column 'functionality' is blank"),
    (("functionality", "test_case", "gold_label"), ("f", "a", "hateful"), "no column 'label_gold'"),
    (("functionalty", "test_case", "label_gold"), ("f", "a", "1"),
     r"no column 'functionality' \(did you mean 'functionalty'"),
    (("a", "b"), ("1", "2"), "no column 'text' and 'functionality' and 'label_gold'.*A suite has test_case"),
    (HATECHECK, ("f", "1", "a"), "row 0 has 3 cells, the header 6"),
])
def test_mistakes_are_named(tmp_path: Path, columns: tuple[str, ...], row: tuple[str, ...], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_suite(written(tmp_path, [row], columns))


def test_no_cases_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without cases"):
        read_suite(written(tmp_path, [], HATECHECK))
    with pytest.raises(InputError, match="cannot be read"):
        read_suite(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged"):
        read_suite(tmp_path / "bad.parquet")


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.lists(
    st.text(max_size=4), max_size=2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.fixed_dictionaries(
    {"text": VALUES, "type": VALUES, "label_gold": VALUES | st.sampled_from([0, 1])},
    optional={"target": VALUES, "templ_id": VALUES, "lang": VALUES}))
def test_any_row_is_read_or_its_mistake_is_named(tmp_path: Path, row: dict[str, Any]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row), "utf-8")
    mistake = ""
    try:
        suite = read_suite(path)
    except InputError as err:
        mistake = str(err)
    if mistake:
        assert "row 0: column" in mistake
    else:
        assert (suite.texts, suite.functionality) == ([row["text"]], [row["type"]])
        assert all(target.strip() for target in suite.targets[0])


@pytest.mark.realdata
@pytest.mark.parametrize(("file", "form", "cases", "templates"), [
    ("hatecheck", "HateCheck", 1_176, 283), ("hatemoji_build", "Hatemoji-build", 5_912, None)])
def test_the_real_ones(real_data: Path, file: str, form: str, cases: int, templates: int | None) -> None:
    suite = read_suite(real_data / f"{file}.parquet")
    assert (suite.format, len(suite.texts)) == (form, cases)
    assert (None if suite.template is None else len(set(suite.template.tolist()))) == templates
    assert 0 < suite.hateful.sum() < cases
    assert {"women", "wom"} & {target for targets in suite.targets for target in targets}
