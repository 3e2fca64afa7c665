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
from toxmeter.evaluation.suites.hatecheck_files import is_suite
from toxmeter.evaluation.suites.probe import run_probe
from toxmeter.evaluation.suites.probe_sets import is_probe_set, read_probe_set
from toxmeter.models.catalog import load

WINOBIAS = ("line", "sentence", "polarity", "type", "split")
WINOGENDER = ("sentid", "sentence")
CROWS = ("", "sent_more", "sent_less", "stereo_antistereo", "bias_type")
HATECHECK = ("functionality", "test_case", "label_gold", "target_ident", "templ_id", "case_templ")
MADLIBS = ("template", "toxicity", "phrase")


def written(folder: Path, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], name: str = "set.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter="\t" if name.endswith("tsv") else ",").writerows([columns, *rows])
    return path


def json_lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def test_winobias_pairs_by_type_split_and_line_without_brackets(tmp_path: Path) -> None:
    rows = [("1", "[The cook] paid [the  guard] for [her].", "anti", "2", "dev"),
            ("1", "[The cook] waved, as [he] was late.", "pro", "1", "dev"),
            ("1", "[The cook] waved, as [she] was late.", "anti", "1", "dev"),
            ("1", "The cook paid [the guard] for [him].", "pro", "2", "dev"),
            ("1", "The guard saw [the maid] and [her] dog.", "pro", "2", "test"),
            ("1", "The guard saw [the maid] and [his] dog.", "anti", "2", "test"),
            ("2", "The cook had to [his] work.", "pro", "2", "test"),
            ("2", "The cook had [her] work.", "anti", "2", "test"),
            ("3", "[He] has no partner.", "pro", "2", "test")]
    probe = read_probe_set(written(tmp_path, WINOBIAS, rows))
    assert (probe.format, probe.control) == ("WinoBias", "anti")
    assert [(case.text, case.template, case.group, case.kind) for case in probe.cases] == [
        ("The cook paid the guard for him.", 0, "pro-stereotypical", "type 2, he fits the stereotype"),
        ("The cook paid the guard for her.", 0, "anti", "type 2, he fits the stereotype"),
        ("The cook waved, as he was late.", 1, "pro-stereotypical", "type 1, he fits the stereotype"),
        ("The cook waved, as she was late.", 1, "anti", "type 1, he fits the stereotype"),
        ("The guard saw the maid and her dog.", 2, "pro-stereotypical", "type 2, she fits the stereotype"),
        ("The guard saw the maid and his dog.", 2, "anti", "type 2, she fits the stereotype")]
    assert probe.notes == ("left out: 1 pairs that differ in more than pronouns",
                           "left out: 1 sentences without a partner")


def test_winogender_has_a_template_per_occupation_and_answer(tmp_path: Path) -> None:
    rows = [(f"cook.{participant}.{answer}.{gender}.txt", f"text {participant} {answer} {gender}")
            for participant in ("guest", "someone") for answer in "01" for gender in ("male", "female", "neutral")]
    probe = read_probe_set(written(tmp_path, WINOGENDER, rows, "all_sentences.tsv"))
    assert (probe.format, probe.control, len(probe.cases)) == ("Winogender", "neutral", 12)
    assert [(case.template, case.frame, case.group) for case in probe.cases] == [
        (answer, participant, gender) for participant in (0, 1) for answer in (0, 1)
        for gender in ("male", "female", "neutral")]


def test_crows_pairs_in_its_own_layout(tmp_path: Path) -> None:
    probe = read_probe_set(written(tmp_path, CROWS, [("0", "A do it, too.", "B do it, too.", "stereo", "age"),
                                                     ("1", "C", "D", "antistereo", "religion ")]))
    assert (probe.format, probe.control) == ("CrowS-Pairs", "less stereotyping")
    assert [(case.text, case.template, case.group, case.kind) for case in probe.cases] == [
        ("A do it, too.", 0, "more stereotyping", "age"), ("B do it, too.", 0, "less stereotyping", "age"),
        ("C", 1, "more stereotyping", "religion"), ("D", 1, "less stereotyping", "religion")]


def test_stereo_set(tmp_path: Path) -> None:
    data = {side: {"sentence": f"It is {side}.", "id": "1"} for side in ("anti-stereotype", "unrelated", "stereotype")}
    probe = read_probe_set(json_lines(tmp_path, [{"data": data, "bias_type": "race", "context": "It is BLANK."}]))
    assert (probe.format, probe.control) == ("StereoSet", "anti-stereotype")
    assert [(case.text, case.group, case.kind) for case in probe.cases] == [
        ("It is stereotype.", "stereotype", "race"), ("It is anti-stereotype.", "anti-stereotype", "race")]


SENTENCES = [{"sentence": f"It is {side}.", "gold_label": side}
             for side in ("unrelated", "anti-stereotype", "stereotype")]
BY_COLUMN = {"sentence": [each["sentence"] for each in SENTENCES], "gold_label": [2, 0, 1], "id": ["1", "2", "3"]}


@pytest.mark.parametrize("sentences", [SENTENCES, BY_COLUMN])
@pytest.mark.parametrize(("context", "before"), [({}, ""), ({"context": "It is BLANK."}, ""), ({"context": None}, ""),
                                                 ({"context": "I met her."}, "I met her. ")])
def test_stereo_set_with_all_sentences(tmp_path: Path, sentences: Any, context: dict[str, Any], before: str) -> None:
    probe = read_probe_set(json_lines(tmp_path, [{"sentences": sentences, "bias_type": "race", **context}]))
    assert (probe.format, probe.control) == ("StereoSet", "anti-stereotype")
    assert [(case.text, case.group, case.kind) for case in probe.cases] == [
        (f"{before}It is stereotype.", "stereotype", "race"),
        (f"{before}It is anti-stereotype.", "anti-stereotype", "race")]


@pytest.mark.parametrize("sentences", [
    None, "text", [], SENTENCES[:2], [*SENTENCES[:2], {"sentence": " ", "gold_label": "stereotype"}],
    {"sentence": ["a"], "gold_label": [0]}, {"sentence": "a", "gold_label": 1},
    {"sentence": ["a", "b"], "gold_label": [0, 7]}])
def test_stereo_set_without_a_pair(tmp_path: Path, sentences: Any) -> None:
    with pytest.raises(InputError, match=r"row 0: column 'sentences' has no sentence of the (anti-)?stereotype"):
        read_probe_set(json_lines(tmp_path, [{"sentences": sentences, "bias_type": "race"}]))


def test_hatecheck_is_a_suite_and_a_probe(tmp_path: Path) -> None:
    rows = [("f", "Women sing.", "non-hateful", "women", "1", "[IDENTITY_P] sing."),
            ("f", "Men sing.", "non-hateful", "men", "1", "[IDENTITY_P] sing."),
            ("f", "Women dance.", "non-hateful", "women", "2", "[IDENTITY_P] dance."),
            ("f", "You word.", "hateful", "women", "3", "You [SLUR_S]."),
            ("f", "You other word.", "hateful", "men", "3", "You [SLUR_S]."),
            ("f", "I hate wine.", "non-hateful", "", "4", "I hate wine.")]
    path = written(tmp_path, HATECHECK, rows)
    assert is_probe_set(path)
    assert is_suite(path)
    probe = read_probe_set(path)
    assert (probe.format, probe.control) == ("HateCheck", "")
    assert [(case.text, case.group, case.kind) for case in probe.cases] == [
        ("Women sing.", "women", "non-hateful"), ("Men sing.", "men", "non-hateful")]
    assert probe.notes == ("left out: 2 cases whose template names no group, or one only",
                           "left out: 2 cases that differ in slurs")
    written(tmp_path, HATECHECK[1:5], [row[1:5] for row in rows])
    assert len(read_probe_set(path).cases) == 4


def test_templates_of_two_files_are_not_the_same(tmp_path: Path) -> None:
    for name, group in (("a.csv", "women"), ("b.csv", "men")):
        written(tmp_path, HATECHECK, [("f", "x", "hateful", group, "1", "")], name)
    with pytest.raises(InputError, match="read as HateCheck, there is nothing to compare; left out: 2 cases"):
        read_probe_set(tmp_path)


def test_madlibs(tmp_path: Path) -> None:
    rows = [("a", label, f"{name} is a {word} {term}") for label, word in (("toxic", "vile"), ("NonToxic", "kind"))
            for name in ("Ann", "Bob") for term in ("tall", "small")]
    rows += [("b", label, f"Being {term} is {word}") for label, word in (("toxic", "vile"), ("nontoxic", "kind"))
             for term in ("tall", "small")]
    probe = read_probe_set(written(tmp_path, MADLIBS, [*rows, ("c", "toxic", "Alone")]))
    assert (probe.format, probe.control) == ("madlibs", "")
    assert [(case.text, case.group, case.toxic, case.kind) for case in probe.cases][4:6] == [
        ("Ann is a kind tall", "tall", False, "harmless"), ("Ann is a kind small", "small", False, "harmless")]
    assert probe.cases[0].frame != probe.cases[2].frame
    assert probe.cases[0].template == probe.cases[2].template != probe.cases[4].template
    assert probe.notes == ("1 phrases name none of the identity terms: they count for the shares and ROC-AUC only",)


def test_madlibs_with_the_older_columns(tmp_path: Path) -> None:
    rows = [(f"{first} a {word} {term}", label) for label, word in (("BAD", "vile"), ("NOT_BAD", "kind"))
            for first in ("Ann is", "Bob is", "hug") for term in ("tall", "small")]
    probe = read_probe_set(written(tmp_path, ("Text", "Label"), rows))
    assert {(case.group, case.toxic) for case in probe.cases} == {
        (term, toxic) for term in ("tall", "small") for toxic in (True, False)}
    # names are compared with themselves only, and make no new template
    assert len({case.frame for case in probe.cases}) == 6
    assert len({case.template for case in probe.cases}) == 4
    assert len(probe.notes) == 1
    assert "no column of templates" in probe.notes[0]
    named = [(*row, "hug" if row[0].startswith("hug") else "name") for row in rows]
    with_templates = read_probe_set(written(tmp_path, ("Text", "Label", "Template"), named))
    assert [case.group for case in with_templates.cases] == [case.group for case in probe.cases]
    assert with_templates.notes == ()


@pytest.mark.parametrize(("columns", "rows", "problem"), [
    (("Text", "Label"), [("a b", "BADD")], r"row 0: column 'Label' is 'BADD' \(did you mean 'bad'\?\)"),
    (("Text", "Label"), [("a b", "BAD"), (" ", "BAD")], "row 1: column 'Text' is blank"),
    (("Text", "Label", "Template"), [("a b", "BAD", "")], "row 0: column 'Template' is blank"),
    (WINOBIAS, [("1", "a", "por", "1", "dev")], r"row 0: column 'polarity' is 'por' \(did you mean 'pro'\?\)"),
    (WINOBIAS, [("1", " ", "pro", "1", "dev")], "row 0: column 'sentence' is blank"),
    (WINOBIAS, [("1", "a", "pro", "1", "dev")] * 2, "row 1: the same type, split and line and pro as in row 0"),
    (WINOGENDER, [("cook.guest.1.male", "a"), ("cook.guest.1", "b")], "row 1: column 'sentid' is 'cook.guest.1'"),
    (WINOGENDER, [("cook.guest.1.male", "a"), ("cook.guest.1.male.txt", "b")], "row 1: the same sentid and male as"),
    (CROWS, [("0", "a", "", "stereo", "age")], "row 0: column 'sent_less' is blank"),
    (CROWS, [("0", "a", "b", "stereo", " ")], "row 0: column 'bias_type' is blank"),
    (CROWS, [], "read as CrowS-Pairs, there is nothing to compare"),
    (("data", "bias_type"), [("x", "race")], "row 0: column 'data' has no sentence of the stereotype"),
    (MADLIBS, [("a", "3", "b")], "row 0: column 'toxicity' is '3'"),
    (MADLIBS, [("a", "toxic", "b"), ("a", "nontoxic", "c")], "no identity term"),
    (("sent_more", "sent_les", "bias_type"), [("a", "b", "c")],
     r"no probe, as there is no column 'sent_less' \(did you mean 'sent_les'\?\).*WinoBias has sentence, polarity"),
    (CROWS, [("0", "a")], "row 0 has 2 cells"),
])
def test_mistakes_are_named(
    tmp_path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        read_probe_set(written(tmp_path, columns, rows))


def test_no_probe_and_damage(tmp_path: Path) -> None:
    assert not is_probe_set(written(tmp_path, ("text", "label"), [("a", "1")]))
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged"):
        is_probe_set(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match="cannot be read"):
        read_probe_set(tmp_path / "none.csv")


RECORDS = st.fixed_dictionaries({"gold_label": st.sampled_from(["stereotype", "anti-stereotype", 0, 1, 9, None]),
                                 "sentence": st.text(max_size=3) | st.none()})
SIDES = st.sampled_from(["stereotype", "anti-stereotype"])
VALUES = (st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
          | st.lists(st.text(max_size=4), max_size=2) | st.lists(RECORDS, max_size=3)
          | st.dictionaries(SIDES, st.text(max_size=3) | st.dictionaries(
              st.just("sentence"), st.text(max_size=3) | st.none())))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), columns=st.sampled_from([WINOBIAS, WINOGENDER, CROWS[1:], ("data", "bias_type"), HATECHECK,
                                                ("sentences", "bias_type"), MADLIBS, ("Text", "Label")]))
def test_any_row_is_read_or_its_mistake_is_named(tmp_path: Path, data: st.DataObject, columns: tuple[str, ...]) -> None:
    path = json_lines(tmp_path, data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, VALUES)), min_size=1,
                                                   max_size=3)))
    try:
        probe = read_probe_set(path)
    except InputError as err:
        said = str(err)
        assert ": row " in said or "nothing to compare" in said or "no identity term" in said
    else:
        assert all(case.text.strip() and case.group for case in probe.cases)


@pytest.mark.realdata
@pytest.mark.parametrize(("file", "form", "compared", "templates", "groups"), [
    ("winobias", "WinoBias", 1_565, 1_565, 1), ("winogender", "Winogender", 480, 120, 2),
    ("crows_pairs", "CrowS-Pairs", 1_508, 1_508, 1), ("stereoset_editbias_dev", "StereoSet", 799, 799, 1),
    ("hatecheck", "HateCheck", 1_022, 146, 7), ("bias_madlibs", "madlibs", 7_500, 104, 50)])
def test_the_real_ones(real_data: Path, file: str, form: str, compared: int, templates: int, groups: int) -> None:
    path = real_data / f"{file}.parquet"
    assert is_probe_set(path)
    report = run_probe(load("nano"), read_probe_set(path), resamples=20)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["format"], report["cases"], report["templates"], len(report["groups"])) == (
        form, compared, templates, groups)
    assert all(group["gap"]["low"] is not None for group in report["groups"])
    assert report["gaps"]["absolute"]["value"] < 0.1
    if form == "madlibs":
        assert report["gold"]["auc"]["value"] > 0.85
        assert report["gold"]["false_alarm_rate"]["value"] < 0.1
