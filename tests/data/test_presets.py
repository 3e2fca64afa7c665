"""Presets: what they say, and that they read the files they know."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from toxmeter.data.presets import PRESETS, preset
from toxmeter.data.read import Rows, labels_of, read_rows
from toxmeter.data.split import essence
from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW, LabelSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxmeter.data.tables import Table

    MakeTable = Callable[..., Table]

TRAINABLE = [name for name, known in PRESETS.items() if known.labels]
DOWNLOADED = [name for name, known in PRESETS.items() if not known.files[0].startswith("package:")]
PARTLY_KNOWN = ("hatemoji-build", "edos", "toxic-spans")
ANYTHING = LabelSet(("unused",), "multilabel")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_where_it_comes_from(name: str) -> None:
    known = preset(name)
    assert known is PRESETS[name]
    assert known.files
    assert known.text
    assert re.fullmatch(r"[A-Za-z0-9.-]+", known.licence), "SPDX"
    assert known.source
    assert known.citation == "" or "http" in known.citation
    assert known.labels or not known.columns
    assert set(known.parts.values()) <= {"train", "validation", "test"}


@pytest.mark.parametrize("name", TRAINABLE)
def test_a_preset_makes_the_labels_that_it_declares(make_table: MakeTable, name: str) -> None:
    known = PRESETS[name]
    assert known.labels
    first = {"type": "none", "label_category": "2. derogation"}
    columns = known.columns or ("any",)
    made = known.parse(make_table(**{column: [first.get(column, 1)] * 2 for column in columns}), ANYTHING)
    assert set(made) == set(known.labels.names)
    if known.labels.kind != "multilabel":
        np.testing.assert_allclose(np.sum(list(made.values()), axis=0), 1)


@pytest.mark.parametrize(("name", "names", "toxic"), [
    ("jigsaw-kaggle-binary", ("safe", "toxic"), ("toxic",)),
    ("hate-speech-offensive", ("hate_speech", "offensive_language", "neither"), ("hate_speech", "offensive_language")),
    ("sst2", ("NEGATIVE", "POSITIVE"), ()),
    ("toxicity-levels", ("neutral", "toxic"), ("toxic",)),
])
def test_label_sets_are_those_of_the_reference_systems(
    name: str, names: tuple[str, ...], toxic: tuple[str, ...]
) -> None:
    found = labels_of(name, None)
    assert (found.names, found.toxic) == (names, toxic)


@pytest.mark.parametrize("name", ["perspective-wikipedia", "hatecheck", "madlibs"])
def test_a_set_for_evaluation_has_no_labels(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}' has no labels to train on"):
        labels_of(name, None)


@pytest.mark.parametrize(("name", "hint"), [("jigsaw-naturally", "(did you mean 'jigsaw-natural'?)"), ("zzz", "")])
def test_an_unknown_preset_lists_those_there_are(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        preset(name)
    assert str(caught.value).startswith(f"no data preset {name!r}: there are {', '.join(PRESETS)}")
    assert str(caught.value).endswith(hint)


def test_contrast_sentences_are_packaged_and_distinct() -> None:
    rows = read_rows("contrast", Path("absent"), JIGSAW)
    assert len(rows.texts) == rows.origin["rows"] > 1_000
    assert set(np.unique(rows.labels)) == {0.0, 1.0}
    assert all(text.strip() == text for text in rows.texts)
    twice = [mark for mark, count in Counter(map(essence, rows.texts)).items() if count > 1]
    assert twice == []
    # an insult is toxic, and so on: every other label implies the first
    assert (rows.labels[:, 0] >= rows.labels.max(axis=1)).all()
    assert 0.2 < rows.labels[:, 0].mean() < 0.8


def _real(name: str, folder: Path) -> Rows:
    if not any((folder / file).is_file() for file in PRESETS[name].files):
        pytest.skip(f"no {' or '.join(PRESETS[name].files)} in {folder}")
    return read_rows(name, folder, PRESETS[name].labels)


@pytest.mark.realdata
@pytest.mark.parametrize("name", DOWNLOADED)
def test_the_real_file_reads(name: str, real_data: Path) -> None:
    rows = _real(name, real_data)
    assert len(rows.texts) == len(rows.labels) == rows.origin["rows"] > 100
    assert rows.labels.shape[1] == len(PRESETS[name].labels or ())
    assert np.isnan(rows.labels).any() == (name in PARTLY_KNOWN)


@pytest.mark.realdata
def test_sets_that_know_some_labels_say_what_they_know(real_data: Path) -> None:
    emoji, sexism, spans = (_real(name, real_data) for name in PARTLY_KNOWN)
    assert np.nansum(emoji.labels, axis=0).tolist() == [2_965, 2_965, 203]
    assert np.nansum(sexism.labels[:, 1]) == 3_884
    assert np.isnan(sexism.labels[:, 0]).sum() == 12_116 + 381
    assert np.nansum(spans.labels) == 8_101
    assert Counter(emoji.part or []) == {"train": 4_728, "validation": 591, "test": 593}


@pytest.mark.realdata
def test_pairs_say_the_same_with_and_without_toxicity(real_data: Path) -> None:
    toxic, neutral = _real("paradetox-toxic", real_data), _real("paradetox-neutral", real_data)
    assert toxic.labels.min() == 1
    assert neutral.labels.max() == 0
    assert len(toxic.texts) >= len(neutral.texts) > 10_000
    assert "None" not in neutral.texts


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "counts"), [
    ("sst2", [30_208, 38_013]), ("hate-speech-offensive", [1_284, 17_292, 3_763])])
def test_real_classes_have_their_counts(name: str, counts: list[int], real_data: Path) -> None:
    assert _real(name, real_data).labels.sum(axis=0).tolist() == counts


@pytest.mark.realdata
def test_the_class_of_a_tweet_is_what_most_voted_for(real_data: Path) -> None:
    classes, votes = _real("hate-speech-offensive", real_data), _real("hate-speech-offensive-votes", real_data)
    assert (votes.labels.argmax(axis=1) == classes.labels.argmax(axis=1)).all()
    assert (votes.labels.max(axis=1) == 1).mean() == pytest.approx(0.70, abs=0.01)  # as the preset says


@pytest.mark.realdata
def test_tweets_hold_no_entities(real_data: Path) -> None:
    texts = _real("hate-speech-offensive", real_data).texts
    assert sum("&#" in text for text in texts) < 10
    assert sum("😂" in text for text in texts) > 1_000


@pytest.mark.realdata
def test_sst2_declares_the_sentences_of_glue_as_test_rows(real_data: Path) -> None:
    rows = _real("sst2", real_data)
    assert Counter(rows.part or []) == {"train": 67_349, "test": 872}


@pytest.mark.realdata
def test_natural_rows_have_the_true_rate(real_data: Path) -> None:
    natural = read_rows("jigsaw-natural", real_data, JIGSAW)
    enriched = read_rows("jigsaw-enriched", real_data, JIGSAW)
    assert 0.085 < natural.labels[:, 0].mean() < 0.105 < enriched.labels[:, 0].mean()
    assert not np.isnan(natural.labels).any()
    assert natural.origin["sha256"] == enriched.origin["sha256"]
