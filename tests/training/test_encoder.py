"""The encoder that a run starts from: head, dropout, freezing, and what is refused."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError, UnknownModel
from toxmeter.labels import JIGSAW, LabelSet
from toxmeter.recipe.fitting import TransformerModel
from toxmeter.training.encoder import encode_all, load_network

if TYPE_CHECKING:
    from pathlib import Path

PAIR = LabelSet(("safe", "toxic"), "binary", ("toxic",))


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: Path) -> Any:
    return load_network(TransformerModel(base=str(tiny_encoder)), PAIR)[1]


def test_the_head_has_an_output_for_each_label(tiny_encoder: Path) -> None:
    model, _ = load_network(TransformerModel(base=str(tiny_encoder)), JIGSAW)
    assert tuple(model.classifier.weight.shape) == (6, 32)
    assert model.config.id2label == dict(enumerate(JIGSAW.names))
    assert model.config.problem_type == "multi_label_classification"


def test_a_head_of_as_many_labels_is_kept_and_another_is_new(tiny_encoder: Path, tmp_path: Path) -> None:
    first, tokenizer = load_network(TransformerModel(base=str(tiny_encoder)), PAIR)
    first.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    same, _ = load_network(TransformerModel(base=str(tmp_path)), LabelSet(("good", "bad"), "binary"))
    assert torch.equal(same.classifier.weight, first.classifier.weight)
    other, _ = load_network(TransformerModel(base=str(tmp_path)), JIGSAW)
    assert other.classifier.weight.shape[0] == 6
    assert torch.equal(other.bert.pooler.dense.weight, first.bert.pooler.dense.weight)


def test_dropout_is_that_of_the_recipe(tiny_encoder: Path) -> None:
    model, _ = load_network(TransformerModel(base=str(tiny_encoder), dropout=0.25), PAIR)
    assert {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)} == {0.25}


@pytest.mark.parametrize(("freeze", "trained"), [
    ("nothing", {"classifier", "word_embeddings", "encoder"}),
    ("embeddings", {"classifier", "encoder"}),
    ("encoder", {"classifier"}),
])
def test_what_is_frozen_is_not_trained(tiny_encoder: Path, freeze: Any, trained: set[str]) -> None:
    model, _ = load_network(TransformerModel(base=str(tiny_encoder), freeze=freeze), PAIR)
    names = [name for name, value in model.named_parameters() if value.requires_grad]
    for part in ("classifier", "word_embeddings", "encoder"):
        assert any(part in name for name in names) is (part in trained)


def test_a_base_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UnknownModel, match=r"model\.base: 'nobody/nothing' is no folder with a pretrained model"):
        load_network(TransformerModel(base="nobody/nothing"), PAIR)
    with pytest.raises(UnknownModel, match=r"model\.base"):
        load_network(TransformerModel(base=str(tmp_path)), PAIR)


def test_more_tokens_than_the_base_reads_are_refused(tiny_encoder: Path) -> None:
    with pytest.raises(InputError, match=r"model\.max_length: .* reads at most 128 tokens, not 129"):
        load_network(TransformerModel(base=str(tiny_encoder), max_length=129), PAIR)


def test_texts_are_cut_and_counted(tokenizer: Any) -> None:
    ids, cut = encode_all(tokenizer, ["a", "the city " * 50, ""], 16)
    assert [len(one) for one in ids] == [3, 16, 2]
    assert cut == 1


@given(st.lists(st.text(st.characters() | st.sampled_from(string.ascii_letters + "\ud800\udfff\0")), max_size=5))
def test_any_text_has_tokens(tokenizer: Any, texts: list[str]) -> None:
    ids, _ = encode_all(tokenizer, texts, 24)
    assert len(ids) == len(texts)
    assert all(2 <= len(one) <= 24 for one in ids)
