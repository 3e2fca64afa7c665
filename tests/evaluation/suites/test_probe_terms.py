from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.suites.probe_terms import Found, find_terms

NAMES = ["Ann", "Bob"]
TERMS = ["tall", "small", "left handed", "right handed"]
ADJECTIVES = {"nice": False, "kind": False, "awful": True, "vile": True}
JOBS = ["baker", "judge"]


def phrases() -> list[tuple[str, str, bool]]:
    """Template, phrase and label, as the madlibs have them."""
    rows = [("name", f"{name} is a {adjective} {term}", label)
            for name, (adjective, label), term in product(NAMES, ADJECTIVES.items(), TERMS)]
    rows += [("being", f"Being {term} is {adjective}", label)
             for (adjective, label), term in product(ADJECTIVES.items(), TERMS)]
    rows += [("job", f"You are a {adjective} {job}", label)
             for (adjective, label), job in product(ADJECTIVES.items(), JOBS)]
    return rows


def found_in(rows: list[tuple[str, str, bool]]) -> dict[str, Found]:
    templates, texts, toxic = zip(*rows, strict=True)
    return dict(zip(texts, find_terms(templates, texts, toxic), strict=True))


def test_terms_are_told_from_names_insults_and_jobs() -> None:
    found = found_in(phrases())
    assert {each.term for each in found.values()} == {*TERMS, ""}
    assert all(each.term == "" for text, each in found.items() if text.startswith("You are"))
    assert found["Ann is a vile left handed"] == Found("left handed", "name: Ann is a vile _", "name: * vile _")
    assert found["Being small is nice"].frame == "being: Being _ is nice"
    # another name is no other template, another adjective is
    patterns = {text: each.pattern for text, each in found.items()}
    assert patterns["Ann is a vile tall"] == patterns["Bob is a vile small"] != patterns["Bob is a awful small"]


def test_a_wrong_label_does_no_harm() -> None:
    rows = phrases()
    template, text, label = rows[0]
    rows[0] = (template, text, not label)
    assert {text: each.term for text, each in found_in(rows).items()} == {
        text: each.term for text, each in found_in(phrases()).items()}


@given(rows=st.lists(st.tuples(st.sampled_from("ab"), st.text("xy ", max_size=9), st.booleans()), min_size=1,
                     max_size=30))
def test_frames_and_terms_give_the_phrase_back(rows: list[tuple[str, str, bool]]) -> None:
    templates, texts, toxic = zip(*rows, strict=True)
    for template, text, each in zip(templates, texts, find_terms(templates, texts, toxic), strict=True):
        words = " ".join(text.split())
        assert each.frame.replace("_", each.term) == f"{template}: {words}"
        assert each.term in words


def test_nothing_to_find() -> None:
    assert find_terms([], [], []) == []
    assert find_terms(["a"], ["one two"], [True]) == [Found("", "a: one two", "a: one two")]
