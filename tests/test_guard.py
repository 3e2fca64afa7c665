"""The guardrail: thresholds, bands, lists, windows and batches, over a scorer whose scores the text sets."""

from __future__ import annotations

import json
import time
from dataclasses import FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError, LabelError, PolicyError, ToxmeterError, UnknownModel
from toxmeter.guard import TextGuardrail, Verdict, VerdictSpan
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.models import DummyScorer
from toxmeter.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from toxmeter.models.scorer import FloatArray

HATE = LabelSet(("hate", "offensive", "neither"), "multiclass", ("hate", "offensive"))
BINARY = LabelSet(("fine", "toxic"), "binary", ("toxic",))
SENTIMENT = LabelSet(("NEGATIVE", "POSITIVE"), "binary")


class Constant(DummyScorer):
    """Answers every text with the same score and keeps the texts that it was given."""

    def __init__(self, score: float) -> None:
        super().__init__(window=100)
        self.answer = score
        self.seen: list[str] = []

    def score(self, texts: Sequence[str]) -> FloatArray:
        self.seen.extend(texts)
        return np.full((len(texts), len(self.labels)), self.answer, np.float32)


def check(text: str, labels: LabelSet = JIGSAW, *, window: int = 2_000, **policy: Any) -> Verdict:
    return TextGuardrail(DummyScorer(labels, window=window), policy=Policy(**policy)).check_text(text)


@pytest.mark.parametrize(("text", "label", "flagged", "confidence"), [
    ("hello", "safe", (), 1.0),
    ("toxic=0.25", "safe", (), 0.75),
    ("toxic=0.5", "unsafe", ("toxic",), 0.5),
    ("threat=0.875 toxic=0.375", "unsafe", ("threat",), 0.875),
    ("insult=0.5 obscene=0.75", "unsafe", ("obscene", "insult"), 0.75),
])
def test_any_toxic_label_at_its_threshold_is_unsafe(
    text: str, label: str, flagged: tuple[str, ...], confidence: float
) -> None:
    verdict = check(text)
    assert (verdict.label, verdict.flagged, verdict.confidence) == (label, flagged, confidence)
    assert verdict.action == {"safe": "allow", "unsafe": "block"}[label]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.55, 0.7, 0.9])
def test_a_score_equal_to_its_threshold_counts_in_spite_of_float32(share: float) -> None:
    assert check(f"insult={share}", thresholds={"INSULT": share}).label == "unsafe"


def test_the_confidence_is_of_a_flagged_label_even_if_another_scores_higher() -> None:
    verdict = check("threat=0.25 toxic=0.75", thresholds={"threat": 0.2, "toxic": 0.9})
    assert (verdict.flagged, verdict.confidence) == (("threat",), 0.25)


def test_a_verdict_tells_all() -> None:
    verdict = check("insult=0.75 fool")
    assert verdict.text == "insult=0.75 fool"
    assert verdict.scores == dict.fromkeys(JIGSAW.names, 0.0) | {"insult": 0.75}
    assert verdict.spans == ()
    assert verdict.version == DummyScorer.version


# ---------------------------------------------------------------- classes that exclude each other


@pytest.mark.parametrize(("text", "label", "flagged", "confidence"), [
    ("hate=0.25 offensive=0.125 neither=0.625", "safe", (), 0.625),
    ("hate=0.75 neither=0.25", "unsafe", ("hate",), 0.75),
    ("hate=0.25 offensive=0.5 neither=0.25", "unsafe", ("offensive",), 0.75),
    ("hate=0.375 offensive=0.25 neither=0.375", "unsafe", (), 0.625),
    ("hate=0.45 offensive=0.05 neither=0.5", "unsafe", (), 0.5),
])
def test_toxicity_spread_over_classes_does_not_slip_through(
    text: str, label: str, flagged: tuple[str, ...], confidence: float
) -> None:
    verdict = check(text, HATE)
    assert (verdict.label, verdict.flagged) == (label, flagged)
    assert verdict.confidence == pytest.approx(confidence)


def test_the_sum_is_compared_with_the_smallest_threshold_of_the_toxic_classes() -> None:
    text = "hate=0.25 offensive=0.25 neither=0.5"
    assert check(text, HATE, thresholds={"hate": 0.5, "offensive": 0.9}).label == "unsafe"
    assert check(text, HATE, thresholds={"hate": 0.6, "offensive": 0.9}).label == "safe"


def test_harmless_classes_have_no_threshold() -> None:
    assert check("neither=1.0", HATE).label == "safe"
    assert check("fine=1.0", BINARY).label == "safe"
    assert check("toxic=0.75 fine=0.25", BINARY).confidence == 0.75


def test_sums_are_taken_window_by_window() -> None:
    text = "hate=0.375 neither=0.625. " + "offensive=0.375 neither=0.625. "
    verdict = check(text, HATE, window=40)
    assert verdict.scores == {"hate": 0.375, "offensive": 0.375, "neither": 0.625}
    assert (verdict.label, verdict.confidence) == ("safe", 0.625)


def test_a_window_whose_sum_alone_is_over_is_reported_under_both_names() -> None:
    verdict = check("Some words here. " * 3 + "hate=0.375 offensive=0.375.", HATE, window=40)
    assert verdict.label == "unsafe"
    assert [(span.label, span.score) for span in verdict.spans] == [("hate+offensive", 0.75)]


def test_a_sum_never_exceeds_one() -> None:
    assert check("hate=1.0 offensive=1.0", HATE).confidence == 1.0


# ---------------------------------------------------------------- review


@pytest.mark.parametrize(("text", "label", "action"), [
    ("insult=0.39", "safe", "allow"),
    ("insult=0.4", "safe", "review"),
    ("insult=0.499", "safe", "review"),
    ("insult=0.5", "unsafe", "review"),
    ("insult=0.6", "unsafe", "review"),
    ("insult=0.61", "unsafe", "block"),
    ("insult=0.55 threat=0.9", "unsafe", "block"),
    ("insult=0.45 threat=0.55", "unsafe", "review"),
])
def test_within_the_band_of_the_deciding_label_a_person_looks(text: str, label: str, action: str) -> None:
    verdict = check(text, review=0.1)
    assert (verdict.label, verdict.action) == (label, action)


def test_without_a_band_nothing_is_reviewed() -> None:
    assert check("insult=0.5").action == "block"
    assert check("insult=0.499").action == "allow"


def test_the_band_holds_around_the_sum_of_classes_too() -> None:
    assert check("hate=0.3 offensive=0.25 neither=0.45", HATE, review=0.1).action == "review"
    assert check("hate=0.4 offensive=0.4 neither=0.2", HATE, review=0.1).action == "block"


# ---------------------------------------------------------------- lists


def test_a_denied_phrase_blocks_whatever_the_scores() -> None:
    verdict = check("Oh YOU\n fool", deny=["you fool"], review=1.0)
    assert (verdict.label, verdict.action, verdict.confidence) == ("unsafe", "block", 1.0)
    assert verdict.flagged == ()
    assert verdict.spans == (VerdictSpan(3, 12, "deny", 1.0, "deny"),)


def test_a_denied_phrase_does_not_hide_the_scores() -> None:
    verdict = check("fool insult=0.75", deny=["fool"])
    assert (verdict.flagged, verdict.scores["insult"]) == (("insult",), 0.75)


def test_an_allowed_phrase_is_not_judged() -> None:
    verdict = check("say insult=0.9 twice", allow=["insult=0.9"])
    assert (verdict.label, verdict.scores["insult"]) == ("safe", 0.0)
    assert verdict.text == "say insult=0.9 twice"
    assert verdict.spans == (VerdictSpan(4, 14, "allow", 0.0, "allow"),)


def test_an_allowed_phrase_lifts_only_what_it_covers() -> None:
    verdict = check("insult=0.9 threat=0.9", allow=["insult=0.9"])
    assert verdict.flagged == ("threat",)


def test_allowed_phrases_become_as_many_spaces() -> None:
    scorer = Constant(0.0)
    TextGuardrail(scorer, policy=Policy(allow=["straße fool"])).check_text("A STRASSE \n fool, b")
    assert scorer.seen == ["A " + " " * len("STRASSE \n fool") + ", b"]


@pytest.mark.parametrize(("deny", "allow", "action"), [
    (["fool"], ["fool hardy"], "allow"),
    (["fool"], ["fool"], "allow"),
    (["the fool"], ["fool hardy"], "block"),
    (["fool hardy man"], ["fool hardy"], "block"),
    (["fool", "hardy man"], ["fool hardy"], "block"),
    (["the fool", "fool hardy man"], ["the fool"], "block"),
    (["the fool hardy", "hardy man"], ["the fool hardy"], "block"),
    (["fool hardy"], ["the fool", "hardy man"], "block"),
    (["hardy"], ["the fool hardy", "the fool hardy man"], "allow"),
])
def test_a_denied_phrase_wholly_inside_an_allowed_one_is_lifted(
    deny: list[str], allow: list[str], action: str
) -> None:
    assert check("the fool hardy man", deny=deny, allow=allow).action == action


@given(st.text())
def test_an_allow_list_never_makes_the_rest_safe(text: str) -> None:
    assert check(f"{text} nice day threat=0.9", allow=["nice day"]).label == "unsafe"


# ---------------------------------------------------------------- blank, odd and long text


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000\u00a0", " " * 5_000, "\u200b", "\ufeff \u3164"])
def test_blank_text_is_safe_and_not_scored(text: str) -> None:
    scorer = Constant(1.0)
    verdict = TextGuardrail(scorer, policy=Policy(thresholds={"toxic": 0.0}, review=1.0)).check_text(text)
    assert (verdict.label, verdict.action, verdict.confidence) == ("safe", "allow", 1.0)
    assert verdict.scores == dict.fromkeys(JIGSAW.names, 0.0)
    assert (verdict.text, scorer.seen) == (text, [])


def test_text_that_is_allowed_whole_is_safe_and_not_scored() -> None:
    scorer = Constant(1.0)
    assert TextGuardrail(scorer, policy=Policy(allow=["nice day"])).check_text(" Nice day").label == "safe"
    assert scorer.seen == []


@pytest.mark.parametrize("text", [
    "\ud800 insult=0.9", "insult=0.9\x00", "\u0301", "😀" * 3_000, "a\ud800" * 3_000,
])
def test_odd_text_is_judged_as_any_other(text: str) -> None:
    assert check(text, deny=["x"], allow=["y"]).flagged == (("insult",) if "insult" in text else ())


@pytest.mark.parametrize("bad", [None, 3, 2.5, float("nan"), b"bytes", ["list"]])
def test_what_is_no_text_is_named_by_its_index(bad: Any) -> None:
    guardrail = TextGuardrail(DummyScorer())
    with pytest.raises(InputError, match=r"texts\[1\] is "):
        guardrail.batch_check(["good", bad])
    with pytest.raises(InputError, match=r"texts\[0\] is "):
        guardrail.check_text(bad)


def test_one_bare_text_is_no_batch() -> None:
    with pytest.raises(InputError, match="bare text"):
        TextGuardrail(DummyScorer()).batch_check("hello")


def test_windows_at_or_over_a_threshold_are_reported() -> None:
    text = "Harmless words here. insult=0.5 now. Harmless again, for long. threat=0.9 insult=0.75!"
    verdict = check(text, window=40)
    assert verdict.flagged == ("threat", "insult")
    assert verdict.scores["insult"] == 0.75
    assert {(span.label, round(span.score, 3)) for span in verdict.spans} == {
        ("insult", 0.5), ("insult", 0.75), ("threat", 0.9)}
    for span in verdict.spans:
        assert span.source == "window"
        assert f"{span.label}=" in text[span.begin:span.end]
    assert list(verdict.spans) == sorted(verdict.spans)


def test_a_long_text_that_is_mostly_blank_has_its_window_reported_too() -> None:
    spans = check("insult=0.75" + " " * 100, window=40).spans
    assert spans == (VerdictSpan(0, 11, "insult", 0.75, "window"),)


def test_window_offsets_hold_beside_allowed_phrases() -> None:
    text = "A nice day. " * 10 + "insult=0.9 at last. " + "A nice day. " * 10
    verdict = check(text, window=40, allow=["nice day"])
    reported = [text[span.begin:span.end] for span in verdict.spans if span.source == "window"]
    assert reported
    assert all("insult=0.9" in piece for piece in reported)
    assert sum(span.source == "allow" for span in verdict.spans) == 20


@given(st.lists(st.sampled_from(["insult=0.75", "threat=0.25", "word.", "\n"]), min_size=1, max_size=40))
def test_long_text_scores_as_its_scorer_says(parts: list[str]) -> None:
    text = " ".join(parts)
    scorer = DummyScorer(window=48)
    verdict = TextGuardrail(scorer).check_text(text)
    expected = scorer.score([text])[0].tolist() if text.strip() else [0.0] * len(JIGSAW)
    assert list(verdict.scores.values()) == expected


@pytest.mark.parametrize("unit", ["Words in a sentence. ", "fool ", "nice day ", "x! ", "ｆｏｏｌish\u200b "])
def test_ten_megabytes(unit: str) -> None:
    guardrail = TextGuardrail(Constant(0.25), policy=Policy(deny=["fool"], allow=["nice day"]))
    text = unit * (10_000_000 // len(unit))
    started = time.perf_counter()
    verdict = guardrail.check_text(text)
    assert verdict.label == ("unsafe" if unit == "fool " else "safe")
    assert time.perf_counter() - started < 60


# ---------------------------------------------------------------- batches


TEXTS = ["hello", "", "insult=0.75", "Some words. " * 20 + "threat=0.75 here.", " ", "toxic=0.25"]


def test_a_batch_is_one_call_of_the_scorer_windows_included() -> None:
    scorer = DummyScorer(window=40)
    TextGuardrail(scorer).batch_check(TEXTS)
    assert len(scorer.calls) == 1
    assert scorer.calls[0] > len(TEXTS)


def test_a_batch_says_what_single_checks_say() -> None:
    guardrail = TextGuardrail(DummyScorer(window=40), policy="news")
    assert guardrail.batch_check(TEXTS) == [guardrail.check_text(text) for text in TEXTS]


@pytest.mark.parametrize("texts", [(), [], ["", " "]])
def test_a_batch_with_nothing_to_score(texts: Sequence[str]) -> None:
    scorer = DummyScorer()
    assert len(TextGuardrail(scorer).batch_check(texts)) == len(texts)
    assert scorer.calls == []


def test_a_batch_takes_any_sequence() -> None:
    verdicts = TextGuardrail(DummyScorer()).batch_check(("hello", "toxic=1.0"))
    assert [verdict.label for verdict in verdicts] == ["safe", "unsafe"]


# ---------------------------------------------------------------- construction and communities


def test_a_head_that_says_nothing_about_toxicity_is_refused() -> None:
    with pytest.raises(LabelError, match="NEGATIVE/POSITIVE say nothing about toxicity: declare which do"):
        TextGuardrail(DummyScorer(SENTIMENT))


def test_models_and_policies_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[thresholds]\ninsult = 0.25\n", "utf-8")
    assert TextGuardrail("dummy", policy="kids").policy == Policy.from_toml("kids")
    for policy in (path, str(path)):
        assert TextGuardrail("dummy", policy=policy).check_text("insult=0.25").label == "unsafe"


def test_unknown_models_and_policies() -> None:
    with pytest.raises(UnknownModel, match="no model 'dumy'"):
        TextGuardrail("dumy")
    with pytest.raises(PolicyError, match="did you mean 'kids'"):
        TextGuardrail("dummy", policy="kid")


@pytest.mark.parametrize("policy", [
    Policy(thresholds={"insolt": 0.5}),
    Policy(communities={"kids": Policy(thresholds={"insolt": 0.5})}),
])
def test_a_policy_that_does_not_fit_the_labels_is_refused_at_once(policy: Policy) -> None:
    with pytest.raises(PolicyError, match="did you mean 'insult'"):
        TextGuardrail("dummy", policy=policy)


def test_each_community_has_its_own_rules() -> None:
    kids = Policy(thresholds={"insult": 0.25}, deny=("twit",))
    guardrail = TextGuardrail("dummy", policy=Policy(deny=("fool",), communities={"kids": kids}))
    text = "insult=0.3"
    assert guardrail.check_text(text).label == "safe"
    assert guardrail.check_text(text, community="kids").label == "unsafe"
    assert [v.label for v in guardrail.batch_check(["fool", "twit"], community="kids")] == ["safe", "unsafe"]
    assert [v.label for v in guardrail.batch_check(["fool", "twit"])] == ["unsafe", "safe"]


def test_an_unknown_community_gets_a_hint() -> None:
    guardrail = TextGuardrail("dummy", policy=Policy(communities={"kids": Policy()}))
    with pytest.raises(PolicyError, match=r"no community 'kid': .*did you mean 'kids'"):
        guardrail.check_text("hello", community="kid")
    with pytest.raises(PolicyError, match="no community 'kid'"):
        guardrail.batch_check([], community="kid")


def test_a_broken_model_is_not_taken_for_a_safe_text() -> None:
    with pytest.raises(ToxmeterError, match="answers NaN"):
        TextGuardrail(Constant(float("nan"))).check_text("hello")


def test_four_texts_of_a_guardrail() -> None:
    texts = ["Hello, how are you today?", "You're so stupid and worthless",
             "The weather is nice today", "I hate everyone here"]
    verdicts = TextGuardrail("dummy", policy=Policy(deny=["worthless", "hate everyone"])).batch_check(texts)
    assert [verdict["label"] for verdict in verdicts] == ["safe", "unsafe", "safe", "unsafe"]


# ---------------------------------------------------------------- the verdict itself


def test_fields_are_read_by_name_as_well() -> None:
    verdict = check("insult=0.75")
    assert {f.name: verdict[f.name] for f in fields(Verdict)} == {
        f.name: getattr(verdict, f.name) for f in fields(Verdict)}


@pytest.mark.parametrize("name", ["colour", "to_dict", "__class__", ""])
def test_other_names_are_key_errors(name: str) -> None:
    with pytest.raises(KeyError, match=f"'{name}'"):
        check("hello")[name]


def test_a_verdict_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        check("hello").label = "unsafe"  # type: ignore[misc]


def test_a_verdict_is_plain_json() -> None:
    plain = check("fool insult=0.75", deny=["fool"]).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["spans"] == [{"begin": 0, "end": 4, "label": "deny", "score": 1.0, "source": "deny"}]


def test_checking_costs_little_more_than_scoring() -> None:
    guardrail = TextGuardrail(Constant(0.25))
    started = time.perf_counter()
    for _ in range(2_000):
        guardrail.check_text("hello you there")
    assert time.perf_counter() - started < 0.4  # 200 µs each, for busy machines: 6 µs on an idle one


def test_a_threshold_of_one_switches_a_label_off() -> None:
    guardrail = TextGuardrail(DummyScorer(), policy=Policy(thresholds={"obscene": 1.0}))
    verdict = guardrail.check_text("obscene=1.0 insult=0.2")
    assert (verdict.label, verdict.flagged) == ("safe", ())
    assert verdict.confidence == pytest.approx(0.8)
    assert verdict.scores["obscene"] == 1.0


def test_with_all_labels_off_only_the_deny_list_judges() -> None:
    off = Policy(thresholds=dict.fromkeys(DummyScorer().labels.names, 1.0), deny=["spam"])
    labels = [verdict.label for verdict in TextGuardrail(DummyScorer(), policy=off).batch_check(["toxic=1.0", "spam"])]
    assert labels == ["safe", "unsafe"]
