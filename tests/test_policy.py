"""Policies: one validator for files, dicts and keywords; communities inherit; thresholds bind to labels."""

from __future__ import annotations

import copy
import pickle
import tomllib
from dataclasses import FrozenInstanceError, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import PolicyError
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer
from toxmeter.policy import Policy, shipped_policies

HALVES = dict.fromkeys(JIGSAW.names, 0.5)
HATE = LabelSet(("hate", "offensive", "neither"), "multiclass", ("hate", "offensive"))
WORDY = """
name = "forum"
review = 0.1
deny = ["you fool", "twit"]
allow = ["Shitterton"]

[thresholds]
insult = 0.6
THREAT = 0

[communities.kids]
deny = []
[communities.kids.thresholds]
insult = 0.25
"""


def problems(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        Policy.from_dict(data)
    return caught.value.problems


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "my.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(("data", "problem"), [
    ({"thresholds": {"insult": 1.7}}, "thresholds.insult: 1.7 is not in [0, 1]"),
    ({"thresholds": {"insult": -0.1}}, "thresholds.insult: -0.1 is not in [0, 1]"),
    ({"thresholds": {"insult": float("nan")}}, "thresholds.insult: nan is not in [0, 1]"),
    ({"thresholds": {"insult": float("inf")}}, "thresholds.insult: inf is not in [0, 1]"),
    ({"thresholds": {"insult": 10**400}}, f"thresholds.insult: {'1' + '0' * 39} is not in [0, 1]"),
    ({"thresholds": {"insult": True}}, "thresholds.insult: True is not a number in [0, 1]"),
    ({"thresholds": {"insult": "0.5"}}, "thresholds.insult: '0.5' is not a number in [0, 1]"),
    ({"thresholds": {"insult": None}}, "thresholds.insult: None is not a number in [0, 1]"),
    ({"thresholds": {"": 0.5}}, "thresholds.: '' is not a name"),
    ({"thresholds": 0.5}, "thresholds: 0.5 is not a table of label = probability"),
    ({"review": 2}, "review: 2 is not in [0, 1]"),
    ({"review": False}, "review: False is not a number in [0, 1]"),
    ({"name": " "}, "name: ' ' is not a name"),
    ({"name": 7}, "name: 7 is not a name"),
    ({"deny": "fool"}, "deny: 'fool' is not a list of words or phrases"),
    ({"deny": ["fool", " "]}, "deny[1]: ' ' is blank"),
    ({"allow": [7]}, "allow[0]: 7 (int) is no text"),
    ({"treshold": {}}, "treshold: no such field (did you mean 'thresholds'?)"),
    ({"communities": []}, "communities: [] is not a table of policies"),
    ({"communities": {"kids": 3}}, "communities.kids: 3 is not a policy"),
    ({"communities": {"kids": {"revew": 1}}},
     "communities.kids.revew: no such field (did you mean 'review'?)"),
    ({"communities": {"kids": {"communities": {}}}}, "communities.kids.communities: communities cannot nest"),
    ({"communities": {"kids": {"thresholds": {"insult": 1.7}}}},
     "communities.kids.thresholds.insult: 1.7 is not in [0, 1]"),
    ({"communities": {"": {}}}, "communities.: '' is not a name"),
])
def test_a_mistake_is_named_by_its_path(data: dict[str, Any], problem: str) -> None:
    assert problems(data) == (problem,)


def test_all_mistakes_come_at_once() -> None:
    kids = {"thresholds": {"a": 2, "b": 3}}
    assert len(problems({"review": -1, "colour": 1, "deny": [""], "communities": {"kids": kids}})) == 5


@pytest.mark.parametrize("fields", [
    {"review": 2.0}, {"thresholds": {"insult": True}}, {"deny": "fool"}, {"communities": {"a": {"name": ""}}},
])
def test_keywords_are_checked_like_a_dict(fields: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(**fields)
    assert caught.value.problems == problems(fields)


def test_policies_given_as_communities_cannot_nest() -> None:
    inner = Policy(communities={"x": Policy()})
    with pytest.raises(PolicyError, match=r"communities\.kids\.communities: communities cannot nest"):
        Policy(communities={"kids": inner})


LISTS = st.lists(st.integers(), min_size=1)
ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.dates() | LISTS


@given(st.sampled_from(["name", "thresholds", "review", "deny", "allow", "communities"]), ANYTHING)
def test_a_value_of_the_wrong_type_is_one_mistake(field: str, value: object) -> None:
    good_types = {"name": str, "review": int}
    if isinstance(value, good_types.get(field, ())) and not isinstance(value, bool):
        value = None
    assert problems({field: value})[0].startswith(field)


@given(st.dictionaries(st.text(min_size=1).filter(str.strip), st.floats(0, 1)), st.floats(0, 1))
def test_a_policy_survives_its_plain_form(thresholds: dict[str, float], review: float) -> None:
    policy = Policy(thresholds=thresholds, review=review)
    assert policy.to_dict() == {"thresholds": thresholds, "review": review}
    assert Policy.from_dict(policy.to_dict()) == policy


@given(st.text(min_size=100))
def test_messages_are_short_whatever_the_values(text: str) -> None:
    listed = problems({text: 1, "review": text, "thresholds": {text: text}, "deny": [0, text.encode()]})
    assert all(len(line) < 160 for line in listed)


def test_a_dict_is_a_dict() -> None:
    with pytest.raises(PolicyError, match="is not a table"):
        Policy.from_dict([])  # type: ignore[arg-type]


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    policy = Policy.from_toml(write(tmp_path, WORDY))
    assert policy.name == "forum"
    assert policy.thresholds == {"insult": 0.6, "THREAT": 0.0}
    assert policy.review == 0.1
    assert policy.deny == ("you fool", "twit")
    assert policy.allow == ("Shitterton",)
    assert list(policy.communities) == ["kids"]


def test_a_file_without_a_name_is_called_after_itself(tmp_path: Path) -> None:
    assert Policy.from_toml(write(tmp_path, "")).name == "my"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert Policy.from_toml(write(tmp_path, "\ufeffreview = 0.5")).review == 0.5


@pytest.mark.parametrize(("content", "message"), [
    (b"\xff\xfename", r"not UTF-8 \(byte 0\)"),
    ("name = 'caf\xe9'".encode("latin-1"), r"not UTF-8 \(byte 11\)"),
    ("review = 0.1 0.2", "not TOML: .*line 1"),
    ("a = " + "[" * 100_000, "nested too deeply"),
    ("review = 1979-05-27", "review: .* is not a number"),
    ("revew = 0.5", "did you mean 'review'"),
])
def test_a_broken_file_is_named(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(PolicyError, match=message) as caught:
        Policy.from_toml(path)
    assert caught.value.source == str(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read: Is a directory"):
        Policy.from_toml(tmp_path)


@pytest.mark.parametrize("name", ["gamin", "no/such.toml"])
def test_a_missing_file_lists_the_shipped_policies(name: str) -> None:
    with pytest.raises(PolicyError, match=r"no such file, nor a shipped policy .*gaming"):
        Policy.from_toml(name)


def test_a_name_with_a_nul_cannot_be_read() -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        Policy.from_toml("a\x00b")


def test_shipped_policies() -> None:
    assert shipped_policies() == ["default", "kids", "gaming", "news", "review-queue"]


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_policy_binds(name: str) -> None:
    policy = Policy.from_toml(name)
    assert policy.name == name
    assert np.isfinite(policy.bind(JIGSAW, HALVES)).all()


def test_the_example_in_the_shipped_file_is_a_policy() -> None:
    head = resources.files("toxmeter").joinpath("policies/shipped.toml").read_text("utf-8")
    example = head[head.index('#     name = "my-forum"'):head.index("# deny and allow hold")]
    policy = Policy.from_dict(tomllib.loads(example.replace("#     ", "")))
    assert policy.for_community("kids").thresholds == {"insult": 0.3}
    assert policy.for_community("kids").allow == policy.allow == ("Shitterton",)


def test_the_shipped_policies_keep_their_promises() -> None:
    default, kids, gaming = (Policy.from_toml(name).bind(JIGSAW, HALVES) for name in shipped_policies()[:3])
    assert (default == 0.5).all()
    assert (kids < default).all()
    assert (gaming[[JIGSAW.id("obscene"), JIGSAW.id("insult")]] > 0.9).all()
    assert (gaming[[JIGSAW.id("threat"), JIGSAW.id("identity_hate")]] < 0.5).all()
    assert Policy.from_toml("review-queue").review > Policy.from_toml("news").review > 0


def test_a_path_is_a_file_even_if_named_like_a_shipped_policy() -> None:
    with pytest.raises(PolicyError, match="no such file"):
        Policy.from_toml(Path("gaming"))


OUTER = Policy(
    name="outer",
    thresholds={"insult": 0.6, "threat": 0.3},
    review=0.1,
    deny=("twit",),
    allow=("Shitterton",),
    communities={
        "bare": Policy(),
        "own": Policy(thresholds={"insult": 0.2}, review=0.0, deny=(), allow=("x",)),
        "named": Policy(name="other"),
    },
)


def test_no_community_is_the_policy_itself() -> None:
    assert OUTER.for_community(None) is OUTER


def test_a_community_inherits_what_it_does_not_give() -> None:
    assert OUTER.for_community("bare") == replace(OUTER, name="bare", communities={})


def test_a_community_overrides_what_it_gives_and_its_thresholds_label_by_label() -> None:
    own = OUTER.for_community("own")
    assert own.thresholds == {"insult": 0.2, "threat": 0.3}
    assert (own.review, own.deny, own.allow) == (0.0, (), ("x",))


def test_a_community_is_named_after_its_key_unless_it_has_a_name() -> None:
    assert (OUTER.for_community("own").name, OUTER.for_community("named").name) == ("own", "other")


def test_communities_from_a_file_inherit_too(tmp_path: Path) -> None:
    kids = Policy.from_toml(write(tmp_path, WORDY)).for_community("kids")
    assert kids.thresholds == {"insult": 0.25, "THREAT": 0.0}
    assert (kids.review, kids.deny, kids.allow) == (0.1, (), ("Shitterton",))


def test_an_unknown_community_gets_a_hint() -> None:
    with pytest.raises(PolicyError, match=r"'owm': there are bare, own, named \(did you mean 'own'\?\)"):
        OUTER.for_community("owm")
    with pytest.raises(PolicyError, match="no community 'kids': it has none"):
        Policy().for_community("kids")


def test_bind_fills_in_the_scorers_thresholds() -> None:
    bound = Policy(thresholds={"insult": 0.25, "THREAT": 1}).bind(JIGSAW, HALVES)
    assert bound.dtype == np.float32
    np.testing.assert_array_equal(bound, [0.5, 0.5, 0.5, 1, 0.25, 0.5])


def test_labels_that_are_not_toxic_are_never_reached() -> None:
    bound = Policy(thresholds={"hate": 0.25}).bind(HATE, {"hate": 0.5, "offensive": 0.75, "neither": 0.5})
    np.testing.assert_array_equal(bound, [0.25, 0.75, np.inf])


@pytest.mark.parametrize(("thresholds", "labels", "message"), [
    ({"insolt": 0.5}, JIGSAW, r"thresholds\.insolt: no such label: .*did you mean 'insult'"),
    ({"neither": 0.5}, HATE, r"thresholds\.neither: the label is not toxic: the toxic ones are hate, off"),
    ({"insult": 0.5, "INSULT": 0.5}, JIGSAW, r"thresholds\.INSULT: the same label as thresholds\.insult"),
])
def test_thresholds_that_do_not_fit_the_labels(
    thresholds: dict[str, float], labels: LabelSet, message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        Policy(thresholds=thresholds).bind(labels, DummyScorer(labels).thresholds)


def test_all_thresholds_that_do_not_fit_come_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(name="mine", thresholds={"a": 0.5, "b": 0.5}).bind(JIGSAW, {})
    assert caught.value.source == "mine"
    assert len(caught.value.problems) == 2 + len(JIGSAW)


def test_a_policy_does_not_change() -> None:
    thresholds = {"insult": 0.5}
    policy = Policy(thresholds=thresholds)
    thresholds["insult"] = 0.9
    assert policy.thresholds == {"insult": 0.5}
    with pytest.raises(FrozenInstanceError):
        policy.review = 0.5  # type: ignore[misc]
    with pytest.raises(TypeError):
        policy.thresholds["insult"] = 0.9  # type: ignore[index]


@pytest.mark.parametrize("policy", [Policy(), OUTER, Policy.from_toml("kids")])
def test_a_policy_is_copied_pickled_and_hashed_with_what_it_inherits(policy: Policy) -> None:
    for twin in (copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):  # noqa: S301 - our own bytes
        assert twin == policy
        assert hash(twin) == hash(policy)
        assert [twin.for_community(name) for name in policy.communities] == [
            policy.for_community(name) for name in policy.communities]
