from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from toxmeter.evaluation.perturbed import robustness
from toxmeter.evaluation.report import figures as drawing
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import to_markdown
from toxmeter.evaluation.report.robustness import blocks
from toxmeter.evaluation.robustness import PERTURBATIONS
from toxmeter.labels import LabelSet
from toxmeter.models import DummyScorer
from toxmeter.models.scorer import FloatArray

ONE = LabelSet(("toxic",), "multilabel", ("toxic",))
Reads = Callable[[str], float]


class Reader(DummyScorer):
    """Scores what it is told to see in a text."""

    def __init__(self, reads: Reads) -> None:
        super().__init__(ONE)
        self.reads = reads

    def _score_short(self, texts: list[str]) -> FloatArray:
        return np.array([[self.reads(text)] for text in texts], np.float32).reshape(len(texts), 1)


@pytest.fixture
def _no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is said, as large maps take long to draw."""
    monkeypatch.setattr(drawing, "heat", lambda *_, **__: "<svg></svg>")


def word(text: str) -> float:
    """Is fooled by every other spelling."""
    return 0.9 if "fool" in text else 0.1


def mark(text: str) -> float:
    """Looks at a mark that no perturbation touches."""
    return 0.9 if "§" in text else 0.1


def shown(reads: Reads, toxic: int = 30, others: int = 30, *, known: bool = True, scorer: DummyScorer | None = None,
          strengths: tuple[float, ...] = (0.3, 1)) -> list[Block]:
    """The report on toxic texts with the word and the mark, and others without."""
    scorer = scorer or Reader(reads)
    texts = [f"you fool number {n} §" for n in range(toxic)] + [f"you friend number {n}" for n in range(others)]
    labels = np.repeat([1.0, 0.0], [toxic, others])[:, None] + np.zeros(len(scorer.labels))
    return blocks(robustness(scorer, texts, labels if known else labels * np.nan, strengths=strengths, resamples=60))


def notes(found: list[Block], kind: str) -> list[str]:
    return [block.text for block in found if isinstance(block, Note) and block.kind == kind]


def figures(found: list[Block]) -> list[str]:
    return [block.name for block in found if isinstance(block, Figure)]


def test_every_perturbation_is_told() -> None:
    found = shown(word)
    assert found[0] == Heading("Robustness")
    (table,) = (block for block in found if isinstance(block, Table))
    assert [row[0] for row in table.rows] == list(PERTURBATIONS)
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.caption.startswith("At strength 1.")
    leet = dict(zip(table.columns, table.rows[list(PERTURBATIONS).index("leet")], strict=True))
    assert leet["lost [95 %]"] == "100.0 % [88.6 %, 100.0 %]"
    assert leet["raised [95 %]"] == "0.0 % [0.0 %, 11.3 %]"
    (text,) = (block.text for block in found if isinstance(block, Text))
    assert text.startswith("60 texts, 30 of them toxic, rewritten in each way at strengths 0.3, 1:")
    assert text.endswith("Before, 30 of the texts are flagged, and ROC-AUC is 1.000 [1.000, 1.000].")
    assert figures(found) == ["robustness-lost", "robustness-auc"]
    lost, _ = (block for block in found if isinstance(block, Figure))
    assert lost.alt == "From 0.0 % to 100.0 %."
    for written in (to_html("t", found), to_markdown("t", found)):
        assert "homoglyphs" in written


@pytest.mark.usefixtures("_no_drawing")
def test_who_is_fooled_by_spelling_is_told() -> None:
    (bad,) = notes(shown(word), "bad")
    assert bad.startswith("Over half of the detections are lost at strength 1: ")
    names = bad.rstrip(".").partition(": ")[2].split(", ")
    assert {"leet", "zero_width", "spaced", "upper_case"} <= set(names)
    assert not {"negation", "neutral_text", "lower_case", "emoji"} & set(names)
    (good,) = notes(shown(word, 40), "good")
    assert {"neutral_text", "lower_case", "emoji"} <= set(good.rstrip(".").partition(": ")[2].split(", "))


@pytest.mark.usefixtures("_no_drawing")
def test_who_is_never_fooled_is_good() -> None:
    found = shown(mark, 40)
    assert notes(found, "bad") == notes(found, "missing") == []
    (good,) = notes(found, "good")
    names = good.rstrip(".").partition(": ")[2].split(", ")
    assert names == [name for name in PERTURBATIONS if name != "negation"]


@pytest.mark.usefixtures("_no_drawing")
def test_a_few_kept_detections_do_not_show_that_few_are_lost() -> None:
    """Of 34 texts none is lost, and still one in ten may be."""
    for toxic, said in ((34, 0), (35, 1)):
        assert len(notes(shown(mark, toxic), "good")) == said


@pytest.mark.usefixtures("_no_drawing")
def test_false_alarms_are_told() -> None:
    found = shown(lambda text: 0.9 if "§" in text or text.isupper() else 0.1)
    assert notes(found, "bad") == ["Over 5 % of the texts that were not flagged are flagged at strength 1: upper_case."]


@pytest.mark.usefixtures("_no_drawing")
def test_negation_is_not_judged() -> None:
    found = shown(lambda text: 0.9 if "§" in text and "not true" not in text else 0.1)
    assert notes(found, "bad") == []
    (table,) = (block for block in found if isinstance(block, Table))
    assert table.rows[-1][:1] + table.rows[-1][2:3] == ("negation", "100.0 % [88.6 %, 100.0 %]")


@pytest.mark.usefixtures("_no_drawing")
def test_the_largest_strength_is_judged_wherever_it_stands() -> None:
    found = shown(word, strengths=(1, 0.1, 0.3))
    assert notes(found, "bad")[0].startswith("Over half of the detections are lost at strength 1: ")


def test_of_one_class_there_is_no_ranking() -> None:
    found = shown(word, others=0)
    assert figures(found) == ["robustness-lost"]
    (text,) = (block.text for block in found if isinstance(block, Text))
    assert text.endswith("and ROC-AUC is –.")
    assert any("harmless, so ROC-AUC is not reported" in note for note in notes(found, "missing"))
    assert figures(shown(word, known=False)) == ["robustness-lost"]
    assert figures(shown(word, toxic=0)) == []


def test_three_texts_have_no_figure_and_no_verdict() -> None:
    found = shown(word, 3, 3)
    assert figures(found) == notes(found, "good") == notes(found, "bad") == []
    assert len(notes(found, "missing")) == 4
    (table,) = (block for block in found if isinstance(block, Table))
    assert {cell for row in table.rows for cell in row[2:]} == {"–"}


@pytest.mark.parametrize(("found", "note"), [
    (lambda: shown(word, 0, 0), "0 texts are flagged before"),
    (lambda: shown(lambda _: float("nan")), "texts have a score that is NaN"),
    (lambda: shown(word, scorer=DummyScorer(LabelSet(("bad", "good"), "binary"))), "declared toxic"),
])
def test_nothing_measured_is_told_too(found: Callable[[], list[Block]], note: str) -> None:
    heading, *rest = found()
    assert heading == Heading("Robustness")
    assert rest == [Note("missing", each) for each in notes(rest, "missing")]
    assert any(note in each for each in notes(rest, "missing"))
