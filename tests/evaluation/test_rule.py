from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.evaluation.rule import DEFAULT_RULE, FIGURES, Figure, Term, judge, parse_rule

LABELS = st.text(st.characters(exclude_characters=",<>=", exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)
TERMS = st.builds(Term, st.sampled_from(sorted(FIGURES)), LABELS, st.floats(-1, 1))


@given(st.lists(TERMS, min_size=1, max_size=6))
def test_what_is_shown_is_read_back(terms: list[Term]) -> None:
    written = [str(term) for term in terms]
    assert parse_rule(written) == parse_rule(", ".join(written)) == tuple(terms)


def test_the_default_rule_bounds_ranks_decisions_and_flips() -> None:
    assert [str(term) for term in parse_rule(DEFAULT_RULE)] == ["auc>=-0.01", "f1>=-0.02", "flips<=0.05"]
    assert [term.needs_labels for term in parse_rule(DEFAULT_RULE)] == [True, True, False]


def test_spaces_do_not_matter() -> None:
    assert parse_rule(" auc >= -1e-2 ,, hate.speech . f1>=0,") == (
        Term("auc", "", -0.01), Term("f1", "hate.speech", 0.0))


def test_labels_have_their_own_names_in_a_term() -> None:
    (term,) = parse_rule("TOXICITY.auc>=0", {"toxic": "toxic", "TOXICITY": "toxic"})
    assert str(term) == "toxic.auc>=0"


@pytest.mark.parametrize("empty", ["", " , ", [], [""]])
def test_a_rule_without_terms(empty: str | list[str]) -> None:
    with pytest.raises(InputError, match=r"has no term; one is for instance auc>=-0\.01"):
        parse_rule(empty)


@pytest.mark.parametrize(("text", "said"), [
    ("auk>=0", "no figure 'auk' (did you mean 'auc'?); there are auc, average_precision"),
    ("toxic.acc>=0", "no figure 'acc'"),
    ("auc", "'auc' is no term: write FIGURE>=BOUND"),
    (">=0", "is no term"),
    ("auc>=", "is no term"),
    ("0<=auc", "no figure '0'"),
    ("auc<=0.01", "bounded from the side that hurts: write auc>=0.01"),
    ("auc>0.01", "write auc>=0.01"),
    ("auc=0.01", "write auc>=0.01"),
    ("flips>=0.05", "write flips<=0.05"),
    ("auc>=-1%", "'-1%' is not a number"),
    ("auc>=nan", "'nan' is not a number"),
    ("auc>=-inf", "'-inf' is not a number"),
    ("toxik.auc>=0", "no label 'toxik' (did you mean 'toxic'?); the two share toxic, insult"),
])
def test_a_mistake_is_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_rule(text, {"toxic": "toxic", "TOXICITY": "toxic", "insult": "insult"})
    assert said in str(caught.value)
    assert str(caught.value).startswith("rule: ")
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_rule("auk>=0, flips<=0.1, f1<=0, toxik.auc>=0", {"toxic": "toxic"})
    head, *lines = str(caught.value).split("\n")
    assert head == "rule: 3 mistakes"
    assert [line.split(":")[0] for line in lines] == ["  - 'auk>=0'", "  - 'f1<=0'", "  - 'toxik.auc>=0'"]


def test_what_needs_labels_is_refused_without_them() -> None:
    with pytest.raises(InputError, match=r"'auc>=0' needs labels, .* with --label"):
        parse_rule("auc>=0, flips<=0.1", labelled=False)
    assert parse_rule("flips<=0.1, shift<=1", labelled=False)


@pytest.mark.parametrize(("rule", "passed"), [
    ("auc>=-0.02", True), ("auc>=-0.01", False), ("auc>=0", False), ("flips<=0.02", True), ("flips<=0.01", False)])
def test_the_end_that_speaks_against_the_new_one_decides(rule: str, passed: bool) -> None:
    (term,) = parse_rule(rule)
    verdict = judge([term], lambda _: Figure(0.0, -0.02, 0.02))
    assert verdict["replace"] is passed
    assert verdict["terms"] == [{"term": rule, "figure": {"value": 0.0, "low": -0.02, "high": 0.02},
                                 "judged": "low" if "auc" in rule else "high", "passed": passed}]


@pytest.mark.parametrize("figure", [None, Figure(0.0, float("nan"), float("nan"))])
def test_what_could_not_be_measured_does_not_pass(figure: Figure | None) -> None:
    verdict = judge(parse_rule("auc>=-1, flips<=1"), lambda term: figure if term.figure == "auc" else Figure(0, 0, 0))
    assert verdict["replace"] is False
    assert [term["passed"] for term in verdict["terms"]] == [False, True]
    assert json.dumps(verdict, allow_nan=False)
