from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.report.world import outlined
from toxmeter.evaluation.suites import probe_files
from toxmeter.evaluation.suites.probe import ProbeCase
from toxmeter.evaluation.suites.probe_files import read_probe, shipped_probes

GROUPS = '[groups]\nname = ["A", "B"]\n'
PLAIN = '[[template]]\ntext = "Hello {name}."\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_probe(written(folder, text))
    return str(caught.value).split("\n  - ")[1:]


def test_a_list_of_words_fills_its_slot(tmp_path: Path) -> None:
    probe = read_probe(written(tmp_path, 'about = "why"\n' + PLAIN + GROUPS))
    assert (probe.name, probe.about, probe.control, probe.format) == ("own", "why", "", "TOML templates")
    assert probe.cases == (ProbeCase("Hello A.", 0, "A", kind="name"), ProbeCase("Hello B.", 0, "B", kind="name"))


def test_groups_have_a_word_for_each_slot_and_templates_take_those_that_fit(tmp_path: Path) -> None:
    probe = read_probe(written(tmp_path, '''
        [control]
        person = "somebody"
        people = "élan"
        [groups.faith]
        Xs = { person = "an X", people = "xs" }
        Ys = { person = "a Y" }
        [groups.person]
        Zs = "a Z"
        [[template]]
        text = "{person}, {Person}"
        toxic = true
        [[template]]
        text = "{People} {person} { no slot }"
    '''))
    assert [(case.text, case.template, case.group, case.kind, case.toxic) for case in probe.cases] == [
        ("somebody, Somebody", 0, "control", "", True), ("an X, An X", 0, "Xs", "faith", True),
        ("a Y, A Y", 0, "Ys", "faith", True), ("a Z, A Z", 0, "Zs", "person", True),
        ("Élan somebody { no slot }", 1, "control", "", None),
        ("Xs an X { no slot }", 1, "Xs", "faith", None)]
    assert probe.control == "control"


def test_places_and_a_control_of_its_own(tmp_path: Path) -> None:
    probe = read_probe(written(tmp_path, '''
        [places]
        FRA = "France"
        [[template]]
        text = "In {place}."
        control = "Abroad."
    '''))
    assert [(case.text, case.group, case.place) for case in probe.cases] == [
        ("Abroad.", "control", ""), ("In France.", "France", "FRA")]


def test_other_slots_make_frames(tmp_path: Path) -> None:
    probe = read_probe(written(tmp_path, '[words]\nx = ["1", "2"]\ny = ["3"]\n' + GROUPS + (
        '[[template]]\ntext = "{name} {x}"\ncontrol = "{x} {y}"')))
    assert [(case.text, case.frame) for case in probe.cases] == [
        ("1 3", 0), ("A 1", 0), ("B 1", 0), ("2 3", 1), ("A 2", 1), ("B 2", 1)]


WORDS = st.lists(st.text("ab {}", min_size=1, max_size=6).filter(str.strip), min_size=1, max_size=3, unique=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=WORDS.filter(lambda words: len(words) > 1), words=WORDS, pieces=st.lists(st.sampled_from(
    ["{name}", "{other}", " and ", "{ ", "}"]), max_size=6))
def test_every_word_is_put_into_every_slot_as_it_is(
    tmp_path: Path, groups: list[str], words: list[str], pieces: list[str]
) -> None:
    text = "".join(["{name}", *pieces])
    probe = read_probe(written(tmp_path, f"[words]\nother = {words}\n[groups]\nname = {groups}\n"
                                         f"[[template]]\ntext = '{text}'"))
    other = words if "{other}" in text else words[:1]
    split = re.split(r"(\{name\}|\{other\})", text)
    expected = ["".join({"{name}": name, "{other}": word}.get(piece, piece) for piece in split)
                for word, name in product(other, groups)]
    assert [case.text for case in probe.cases] == expected
    assert [case.frame for case in probe.cases] == [frame for frame in range(len(other)) for _ in groups]


@pytest.mark.parametrize(("text", "problem"), [
    ("", "template: missing: a probe has one [[template]] or more"),
    ("template = 3\n" + GROUPS, "template: missing"),
    ("template = [3]\n" + GROUPS, "template.0: 3 is not a table: write [[template]]"),
    ("templates = 3\n" + PLAIN + GROUPS, "templates: no such field (did you mean 'template'?)"),
    (PLAIN, "groups: missing: a probe has [groups] or [places]"),
    ("about = 3\n" + PLAIN + GROUPS, "about: 3 is not a text"),
    ("groups = 3\n" + PLAIN, "groups: 3 is not a table of groups"),
    ("[groups]\nname = 3\n" + PLAIN, "groups.name: 3 is neither a list of words nor a table of groups"),
    ("[groups]\nname = []\n" + PLAIN, "groups.name: an empty list"),
    ('[groups]\nname = ["A", 3, "B"]\n' + PLAIN, "groups.name.1: 3 is not a text"),
    ('[groups]\nname = ["A", "A"]\n' + PLAIN, "groups: two are called 'A': each has a name of its own"),
    ('[groups]\nname = ["control", "A"]\n' + PLAIN, "groups: 'control' is the name of the control"),
    ('[groups]\nname = ["A"]\n' + PLAIN, "template.0.text: 1 groups have words for name: two or more are compared"),
    ('[groups]\n"a b" = ["A", "B"]\nname = ["C", "D"]\n' + PLAIN, "groups: 'a b' cannot be the name of a slot"),
    ("[groups.x]\nA = 3\n" + PLAIN, "groups.x.A: 3 is not a table of words"),
    ('[groups.x]\nA = { name = "" }\n' + PLAIN, "groups.x.A.name: '' is not a text"),
    ('[groups.x]\n"" = { name = "A" }\n' + PLAIN, "groups.x.: '' is not a text"),
    (PLAIN + GROUPS + '[groups.x]\nC = { other = "c" }', "groups: no template takes C: each group needs one"),
    ('[places]\nFR = "A"\n' + PLAIN, "places.FR: no ISO 3166 alpha-3 code"),
    ("[places]\nFRA = 3\n" + PLAIN, "places.FRA: 3 is not a text"),
    (GROUPS + "[control]\nname = 3\n" + PLAIN, "control.name: 3 is not a text"),
    (GROUPS + '[control]\nnmae = "x"\n' + PLAIN, "control.nmae: no group has words for this slot (did you mean 'name'"),
    (GROUPS + "[words]\nx = []\n" + PLAIN, "words.x: an empty list"),
    (GROUPS + '[words]\nname = ["x"]\n' + PLAIN, "words.name: groups have words for this slot"),
    (GROUPS + "[[template]]\ncontrol = 'a'", "template.0.text: missing"),
    (GROUPS + '[[template]]\ntext = "Hello {nmae}."', "template.0.text: no words for {nmae} (did you mean 'name'?)"),
    (GROUPS + '[[template]]\ntext = "Hello."', "template.0.text: no slot of a group: these are name"),
    (GROUPS + PLAIN + 'control = "{x}"', "template.0.control: no words for {x}: there are name"),
    (GROUPS + PLAIN + "control = 3", "template.0.control: 3 is not a text"),
    (GROUPS + PLAIN + "toxic = 1", "template.0.toxic: 1 is neither true nor false"),
    (GROUPS + PLAIN + "name = 'a'", "template.0.name: no such field"),
    (GROUPS + PLAIN + PLAIN + "control = 'Hello.'", "template.0.control: missing: give the template one, or [control]"),
    (GROUPS + PLAIN + "control = 'Hello {name}.'", "template.0.control: missing"),
    (GROUPS + "[words]\n" + "".join(f"{x} = {[str(n) for n in range(40)]}\n" for x in "abc")
     + '[[template]]\ntext = "{name}{a}{b}{c}"', "template.0: 128,000 texts up to here: a probe has at most 50,000"),
])
def test_mistakes_are_named(tmp_path: Path, text: str, problem: str) -> None:
    assert [line for line in problems(tmp_path, text) if line.startswith(problem)]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, 'other = 1\n[groups]\nname = ["A", "", "B"]\n[places]\nx = "C"\n'
                               '[[template]]\ntext = "{y}"\n[[template]]\ntext = 3\n[[template]]\ntext = "no"')
    assert [line.split(": ")[0] for line in found] == [
        "other", "groups.name.1", "places.x", "template.1.text", "template.0.text", "template.2.text"]


def test_many_long_texts_are_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_files, "_CHARACTERS", 100)
    found = problems(tmp_path, GROUPS + f'[[template]]\ntext = "{{name}}{"x" * 60}"')
    assert found[0].startswith("template.0: 2 texts up to here: a probe has at most 50,000, and 100 characters")


SHIPPED = ("countries", "identities")


def test_shipped_probes_are_listed() -> None:
    assert shipped_probes() == list(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_probes_are_plain_sentences(name: str) -> None:
    probe = read_probe(name)
    texts = [case.text for case in probe.cases]
    assert probe.about.endswith(".")
    assert len({case.template for case in probe.cases}) >= 12
    assert all(case.toxic is False for case in probe.cases)
    for text in texts:
        assert "  " not in text
        assert not set("{}") & set(text)
        assert text == text.strip()
        assert text[0].isupper()
        assert text.endswith(".")
    assert len(set(texts)) == len(texts)
    # every group, and the control, stands in every template
    groups = {case.group for case in probe.cases}
    assert len(texts) == len(groups) * len({case.template for case in probe.cases})


def test_countries_are_those_of_the_map_and_small_states() -> None:
    codes = {case.place: case.group for case in read_probe("countries").cases if case.place}
    small = {"AND", "ATG", "BHR", "BRB", "COM", "CPV", "DMA", "FSM", "GRD", "HKG", "KIR", "KNA", "LCA", "LIE", "MCO",
             "MDV", "MHL", "MLT", "MUS", "NRU", "PLW", "SGP", "SMR", "STP", "SYC", "TON", "TUV", "VAT", "VCT", "WSM"}
    assert codes.keys() - outlined() == small
    assert outlined() - codes.keys() == {"ATF"}  # nobody lives there
    texts = {case.text for case in read_probe("countries").cases}
    assert {"This film was filmed in France.", "This film was filmed in Afghanistan."} <= texts
    assert (codes["DEU"], codes["NLD"], codes["XKX"]) == ("Germany", "the Netherlands", "Kosovo")


def test_identities_have_eight_kinds() -> None:
    probe = read_probe("identities")
    kinds = {case.kind for case in probe.cases}
    assert kinds == {"", "religion", "nationality", "origin", "gender", "orientation", "age", "disability",
                     "occupation"}
    articles = [case.text for case in probe.cases if re.search(r"\ba [AEIOaeio]|\ban [^AEIOaeio]", case.text)]
    assert articles == []
