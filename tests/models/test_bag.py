"""The embedding bag: padding counts nothing, distributions over tokens are tokens, and it opens like any checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from toxmeter import load
from toxmeter.extras import need
from toxmeter.models.bag import BagConfig, BagForSequenceClassification
from toxmeter.models.pretrained import quiet

VOCABULARY = 40
TOKENS = st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=12)
# the order of sums depends on shapes, and the weights are large
alike = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-4)


def made(width: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = BagForSequenceClassification(BagConfig(
            vocab_size=VOCABULARY, hidden_size=6, width=width, filters=7, layers=[5], num_labels=2))
        for weights in (model.embeddings.weight, *model.classifier.parameters()):
            torch.nn.init.normal_(weights)
        if model.filters is not None:
            torch.nn.init.normal_(model.filters.weight)
    return model.eval()


@pytest.fixture(scope="module", params=[1, 3, 5])
def bag(request: pytest.FixtureRequest) -> Any:
    return made(request.param)


@given(rows=st.lists(TOKENS, min_size=1, max_size=4), more=st.integers(0, 5))
def test_padding_counts_nothing(bag: Any, rows: list[list[int]], more: int) -> None:
    longest = max(map(len, rows)) + more
    ids = torch.zeros((len(rows), longest), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = torch.tensor(row), 1
    with torch.inference_mode():
        together = bag(input_ids=ids, attention_mask=mask).logits
        alone = torch.cat([bag(input_ids=torch.tensor([row])).logits for row in rows])
    alike(together, alone)


@given(row=TOKENS)
def test_the_order_of_tokens_counts_nothing_in_a_plain_bag(row: list[int]) -> None:
    bag = made(1)
    with torch.inference_mode():
        alike(bag(input_ids=torch.tensor([row])).logits, bag(input_ids=torch.tensor([row[::-1]])).logits)


def test_the_order_of_tokens_counts_in_phrases() -> None:
    one, other = (made(3)(input_ids=torch.tensor([row])).logits for row in ([1, 2, 3, 4], [4, 2, 1, 3]))
    assert not torch.allclose(one, other)


@given(row=TOKENS)
def test_certain_distributions_are_tokens(bag: Any, row: list[int]) -> None:
    ids = torch.tensor([row])
    shares = torch.nn.functional.one_hot(ids, VOCABULARY).float()
    with torch.inference_mode():
        expected = bag(inputs_embeds=shares @ bag.get_input_embeddings().weight, attention_mask=torch.ones_like(ids))
        alike(expected.logits, bag(input_ids=ids).logits)


def test_a_text_without_tokens_has_the_logits_of_a_pool_of_zero(bag: Any) -> None:
    ids = torch.tensor([[1, 2]])
    with torch.inference_mode():
        found = bag(input_ids=ids, attention_mask=torch.zeros_like(ids)).logits
        alike(found, bag.classifier(torch.zeros(1, 6 if bag.filters is None else 14)))


def test_it_takes_tokens_or_embeddings(bag: Any) -> None:
    ids = torch.tensor([[1, 2]])
    for given_ in ({}, {"input_ids": ids, "inputs_embeds": bag.embeddings(ids)}):
        with pytest.raises(ValueError, match="give either input_ids or inputs_embeds"):
            bag(**given_)


def test_only_tokens_of_the_text_have_gradients(bag: Any) -> None:
    bag.zero_grad()
    bag(input_ids=torch.tensor([[4, 7, 0]]), attention_mask=torch.tensor([[1, 1, 0]])).logits.sum().backward()
    assert bag.embeddings.weight.grad.abs().sum(dim=1).nonzero().flatten().tolist() == [4, 7]


def test_an_even_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width is 2: it is odd"):
        BagForSequenceClassification(BagConfig(width=2))


def test_a_saved_bag_opens_as_any_checkpoint(tiny_encoder: Path, tmp_path: Path) -> None:
    transformers = need("transformers", extra="train")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_encoder)
    model = BagForSequenceClassification(BagConfig(
        vocab_size=len(tokenizer), hidden_size=8, num_labels=2, id2label={0: "neutral", 1: "toxic"}))
    with quiet():
        model.save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
    scorer = load(tmp_path)
    texts = ["you are kind", "", "you are a fool and an idiot " * 40]
    scores = scorer.score(texts)
    assert scores.shape == (3, 2)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(scores, np.concatenate([scorer.score([text]) for text in texts]), atol=1e-6)
