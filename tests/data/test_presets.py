"""Presets: what they say, and that they read the files they know."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from toxmeter.data.presets import PRESETS, preset
from toxmeter.data.read import read_rows
from toxmeter.data.split import essence
from toxmeter.errors import InputError
from toxmeter.labels import JIGSAW

LABELS = {"jigsaw-natural": JIGSAW.names, "jigsaw-enriched": JIGSAW.names,
          "hate-speech-offensive": ("toxic", "identity_hate")}
DOWNLOADED = [name for name, known in PRESETS.items() if not known.file.startswith("package:")]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_where_it_comes_from(name: str) -> None:
    known = preset(name)
    assert known is PRESETS[name]
    assert known.file
    assert known.text
    assert known.licence
    assert known.source


@pytest.mark.parametrize(("name", "hint"), [("jigsaw", "(did you mean 'jigsaw-natural'?)"), ("zzz", "")])
def test_an_unknown_preset_lists_those_there_are(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        preset(name)
    assert str(caught.value).startswith(f"no data preset {name!r}: there are {', '.join(PRESETS)}")
    assert str(caught.value).endswith(hint)


def test_tweets_have_the_shares_of_their_annotators_as_labels() -> None:
    columns = {"count": np.array([3.0, 3, 6, 9]), "hate_speech": np.array([0.0, 1, 6, 1]),
               "offensive_language": np.array([0.0, 2, 0, 2])}
    made = PRESETS["hate-speech-offensive"].labels(columns)
    assert sorted(made) == ["identity_hate", "toxic"]
    np.testing.assert_allclose(made["toxic"], [0, 1, 1, 1 / 3])
    np.testing.assert_allclose(made["identity_hate"], [0, 1 / 3, 1, 1 / 9])


def test_a_tweet_that_nobody_has_seen_has_no_labels() -> None:
    nobody = {name: np.zeros(1) for name in ("count", "hate_speech", "offensive_language")}
    made = PRESETS["hate-speech-offensive"].labels(nobody)
    assert np.isnan([made["toxic"][0], made["identity_hate"][0]]).all()


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


@pytest.mark.realdata
@pytest.mark.parametrize("name", DOWNLOADED)
def test_the_real_file_reads(name: str, real_data: Path) -> None:
    if not (real_data / PRESETS[name].file).is_file():
        pytest.skip(f"no {PRESETS[name].file} in {real_data}")
    rows = read_rows(name, real_data, JIGSAW)
    assert len(rows.texts) == len(rows.labels) == rows.origin["rows"] > 100
    assert rows.labels.shape[1] == len(JIGSAW)
    complete = ~np.isnan(rows.labels).any(axis=0)
    none = np.isnan(rows.labels).all(axis=0)
    made = [label in LABELS.get(name, ()) for label in JIGSAW.names]
    assert complete.tolist() == made
    assert (~none).tolist() == made


@pytest.mark.realdata
def test_natural_rows_have_the_true_rate(real_data: Path) -> None:
    natural = read_rows("jigsaw-natural", real_data, JIGSAW)
    enriched = read_rows("jigsaw-enriched", real_data, JIGSAW)
    assert 0.085 < natural.labels[:, 0].mean() < 0.105 < enriched.labels[:, 0].mean()
    assert not np.isnan(natural.labels).any()
    assert natural.origin["sha256"] == enriched.origin["sha256"]
