"""Sentence vectors: length 1, the same in any batch, pooled as the folder says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from toxmeter.detox.sentences import SentenceEncoder
from toxmeter.errors import ArtifactError, InputError, UnknownModel

TEXTS = ["you are kind", "", "the team won the game in the city " * 40, "lone \ud800 surrogate", "good day"]


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> SentenceEncoder:
    return SentenceEncoder(str(tiny_encoder))


def test_vectors_have_length_one_and_do_not_depend_on_the_batch(encoder: SentenceEncoder) -> None:
    found = encoder.encode(TEXTS)
    assert found.shape == (5, 32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(found, np.concatenate([encoder.encode([text]) for text in TEXTS]), atol=1e-5)


def test_no_texts_have_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 32)


def test_equal_sentences_are_nearest(encoder: SentenceEncoder) -> None:
    one, same, other = encoder.encode(["you are kind", "You are kind", "the food is bad"])
    assert one @ same == pytest.approx(1)
    assert one @ other < 0.999


def test_a_folder_may_ask_for_the_first_token(tiny_encoder: Path, tmp_path: Path, encoder: SentenceEncoder) -> None:
    folder = tmp_path / "first"
    shutil.copytree(tiny_encoder, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    assert not np.allclose(SentenceEncoder(str(folder)).encode(TEXTS[:1]), encoder.encode(TEXTS[:1]))
    (folder / "1_Pooling" / "config.json").write_text("no JSON")
    np.testing.assert_allclose(SentenceEncoder(str(folder)).encode(TEXTS[:1]), encoder.encode(TEXTS[:1]))


def test_the_version_names_folder_and_content(tiny_encoder: Path, encoder: SentenceEncoder, tmp_path: Path) -> None:
    name, _, digits = encoder.version.partition("@0+")
    assert name == tiny_encoder.name
    shutil.copytree(tiny_encoder, tmp_path / "other")
    assert SentenceEncoder(str(tmp_path / "other")).version == f"other@0+{digits}"


def test_what_is_no_encoder_is_refused(tmp_path: Path, encoder: SentenceEncoder) -> None:
    with pytest.raises(ArtifactError, match=r"sim: .* transformers cannot read it as an encoder"):
        SentenceEncoder(str(tmp_path))
    with pytest.raises(UnknownModel):
        SentenceEncoder("nobody/nothing")
    with pytest.raises(InputError):
        encoder.encode("bare text")
