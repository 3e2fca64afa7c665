"""``toxmeter check --explain``: marks, colours, JSON, and text that must not act on the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from toxmeter.cli import app
from toxmeter.cli.explained import marked
from toxmeter.models.explain import Evidence

TEXT = "Honestly, you are such an idiot, my dear."


def words(*found: tuple[str, float], text: str = TEXT) -> list[Evidence]:
    return [Evidence(text.index(word), text.index(word) + len(word), "insult", weight) for word, weight in found]


def test_strong_and_weak_words_are_marked() -> None:
    given_ = words(("idiot", 4.0), ("such", 1.5), ("dear", 0.5))
    assert marked(TEXT, given_, colour=False, room=80) == "Honestly, you are (such) an [idiot], my dear."
    painted = marked(TEXT, given_, colour=True, room=80)
    assert "\x1b[31midiot\x1b[0m" in painted
    assert "\x1b[33msuch\x1b[0m" in painted
    assert "[" not in painted.replace("\x1b[", "")


def test_a_long_text_is_shown_around_the_strongest_word() -> None:
    text = "We had tea. " * 50 + TEXT + " We had cake." * 50
    found = marked(text, words(("idiot", 4.0), text=text), colour=False, room=40)
    assert "[idiot]" in found
    assert found[0] == found[-1] == "…"
    assert len(found) <= 44


@given(text=st.text(min_size=1, max_size=50), at=st.integers(0, 49), room=st.integers(1, 60))
def test_no_text_acts_on_the_terminal(text: str, at: int, room: int) -> None:
    begin = min(at, len(text) - 1)
    found = marked(text, [Evidence(begin, begin + 1, "toxic", 1.0)], colour=False, room=room)
    assert "\n" not in found
    assert "\x1b" not in found


@pytest.mark.parametrize("model", ["nano", "mini"])
def test_words_stand_below_the_verdict(model: str) -> None:
    done = CliRunner().invoke(app, ["check", "--explain", "-m", model, TEXT, "Have a nice day", ""])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[1].startswith("unsafe")
    assert any(line.split() [0] == "insult" and "[idiot]" in line for line in lines[2:])
    assert lines[-1].startswith("safe")


def test_json_has_evidence_and_spans() -> None:
    done = CliRunner().invoke(app, ["check", "-e", "--json", "-m", "nano", TEXT, " "])
    first, blank = map(json.loads, done.stdout.splitlines())
    assert first["toxic_spans"] == [[TEXT.index("idiot"), TEXT.index("idiot") + 5]]
    strongest = max((each for each in first["evidence"] if each["label"] == "insult"), key=lambda each: each["weight"])
    assert TEXT[strongest["begin"] : strongest["end"]] == "idiot"
    assert (blank["evidence"], blank["toxic_spans"]) == ([], [])
    plain = json.loads(CliRunner().invoke(app, ["check", "--json", "-m", "nano", TEXT]).stdout)
    assert "evidence" not in plain


def test_quiet_explains_nothing() -> None:
    done = CliRunner().invoke(app, ["check", "-e", "-q", "-m", "nano", TEXT])
    assert done.exit_code == 2
    assert "leave one of them out" in done.output
