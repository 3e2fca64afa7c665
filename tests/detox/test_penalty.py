"""The penalty: gradients are those of differences, tokens and distributions agree, and strangers are refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from toxmeter import load
from toxmeter.detox.penalty import ToxicityPenalty, penalised_loss
from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.labels import LabelSet
from toxmeter.models.bag import BagConfig, BagForSequenceClassification
from toxmeter.models.transformer import TransformerScorer

LEVELS = LabelSet(("neutral", "toxic"), "binary", ("toxic",))


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: Path) -> Any:
    return need("transformers", extra="train").AutoTokenizer.from_pretrained(tiny_encoder)


def bag(tokenizer: Any, labels: LabelSet = LEVELS) -> TransformerScorer:
    """One that finds ``idiot`` toxic and ``friend`` harmless, and knows nothing else."""
    model = BagForSequenceClassification(BagConfig(
        vocab_size=len(tokenizer), hidden_size=1, dropout=0.0, num_labels=len(labels)))
    with torch.no_grad():
        model.embeddings.weight.zero_()
        for word, value in (("idiot", 8.0), ("friend", -8.0)):
            model.embeddings.weight[tokenizer.convert_tokens_to_ids(word)] = value
        model.classifier[-1].bias.zero_()
        for column, name in enumerate(labels.names):
            model.classifier[-1].weight[column] = 1.0 if name in labels.toxic else -1.0
    return TransformerScorer(model, tokenizer, labels=labels, thresholds={}, version="bag@1+00000000", max_length=32)


@pytest.fixture(scope="module")
def scorer(tokenizer: Any) -> TransformerScorer:
    return bag(tokenizer)


def certain(tokenizer: Any, texts: list[str]) -> tuple[Any, Any]:
    """Logits of a generator that is certain of these texts, and the mask of their tokens."""
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    return 100.0 * torch.nn.functional.one_hot(batch["input_ids"], len(tokenizer)).float(), batch["attention_mask"]


@pytest.mark.parametrize("sampling", ["expected", "gumbel"])
def test_a_certain_generator_is_judged_as_its_text(scorer: Any, tokenizer: Any, sampling: Any) -> None:
    texts = ["you are an idiot", "hello my friend", "you are kind"]
    found = [float(ToxicityPenalty(scorer, tokenizer, sampling=sampling)(*certain(tokenizer, [text])))
             for text in texts]
    np.testing.assert_allclose(found, -np.log(1 - scorer.score(texts)[:, 1]), rtol=1e-3)
    assert found[0] > found[2] > found[1]


def test_texts_count_alike_however_long(scorer: Any, tokenizer: Any) -> None:
    texts = ["you are an idiot", "friend"]
    penalty = ToxicityPenalty(scorer, tokenizer)
    alone = [float(penalty(*certain(tokenizer, [text]))) for text in texts]
    assert float(penalty(*certain(tokenizer, texts))) == pytest.approx(np.mean(alone), rel=1e-4)


def test_gradients_are_those_of_differences(scorer: Any, tokenizer: Any) -> None:
    penalty = ToxicityPenalty(scorer, tokenizer)
    penalty._network[0].double()
    try:
        chosen = torch.randn(2, 3, len(tokenizer), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
        words = tokenizer.convert_tokens_to_ids(["idiot", "friend", "you"])

        def of_three(values: Any) -> Any:
            logits = chosen.clone()
            logits[..., words] = values
            return penalty(logits, mask)

        assert torch.autograd.gradcheck(of_three, (chosen[..., words].clone().requires_grad_(),))
    finally:
        penalty._network[0].float()


@pytest.mark.parametrize("sampling", ["expected", "gumbel"])
def test_descent_turns_to_harmless_words(scorer: Any, tokenizer: Any, sampling: Any) -> None:
    torch.manual_seed(0)
    logits = torch.zeros(4, 3, len(tokenizer), requires_grad=True)
    penalty, mask = ToxicityPenalty(scorer, tokenizer, sampling=sampling), torch.ones(4, 3)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    for _ in range(60):
        optimizer.zero_grad()
        penalty(logits, mask).backward()
        optimizer.step()
    shares = logits.softmax(dim=-1).mean(dim=(0, 1)).detach()
    idiot, friend = tokenizer.convert_tokens_to_ids(["idiot", "friend"])
    assert shares[friend] > 2 / len(tokenizer)
    assert shares[idiot] < 0.5 / len(tokenizer)


def test_the_classifier_is_frozen_and_no_part_of_a_model(scorer: Any, tokenizer: Any) -> None:
    penalty = ToxicityPenalty(scorer, tokenizer)
    before = scorer.network.embeddings.weight.clone()
    logits = torch.zeros(1, 2, len(tokenizer), requires_grad=True)
    penalty(logits, torch.ones(1, 2)).backward()
    assert logits.grad is not None
    assert scorer.network.embeddings.weight.grad is None
    assert torch.equal(scorer.network.embeddings.weight, before)
    assert [*penalty.parameters()] == []
    assert penalty.state_dict() == {}


def test_masked_tokens_have_no_gradient_and_empty_texts_count_nothing(scorer: Any, tokenizer: Any) -> None:
    penalty = ToxicityPenalty(scorer, tokenizer)
    logits = torch.zeros(2, 3, len(tokenizer), requires_grad=True)
    found = penalty(logits, torch.tensor([[1, 0, 1], [0, 0, 0]]))
    found.backward()
    assert logits.grad is not None
    assert logits.grad.abs().sum(dim=2).gt(0).tolist() == [[True, False, True], [False, False, False]]
    nothing = penalty(logits, torch.zeros(2, 3))
    nothing.backward()
    assert nothing.item() == 0


def test_outputs_beyond_the_vocabulary_are_left_out(scorer: Any, tokenizer: Any) -> None:
    penalty = ToxicityPenalty(scorer, tokenizer)
    logits, mask = certain(tokenizer, ["you are an idiot"])
    wider = torch.nn.functional.pad(logits, (0, 28), value=1_000.0)
    assert float(penalty(wider, mask)) == pytest.approx(float(penalty(logits, mask)))


@pytest.mark.parametrize(("shape", "mask", "message"), [
    ((1, 2, 10), (1, 2), "10 outputs of the generator for"), ((2, 10), (2,), "they are"),
    ((1, 2, 900), (1, 3), "they are")])
def test_shapes_that_do_not_fit_are_refused(
    scorer: Any, tokenizer: Any, shape: tuple[int, ...], mask: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ToxicityPenalty(scorer, tokenizer)(torch.zeros(shape), torch.ones(mask))


def test_labels_that_may_come_together_count_by_the_likeliest(tokenizer: Any) -> None:
    several = bag(tokenizer, LabelSet(("toxic", "insult"), "multilabel", ("toxic", "insult")))
    found = ToxicityPenalty(several, tokenizer)(*certain(tokenizer, ["you are an idiot"]))
    assert float(found) == pytest.approx(-np.log(1 - several.score(["you are an idiot"]).max()), rel=1e-3)


def test_another_vocabulary_is_refused(scorer: Any, tokenizer: Any, tiny_encoder: Path) -> None:
    other = need("transformers", extra="train").AutoTokenizer.from_pretrained(tiny_encoder)
    other.add_tokens(["toxmeter"])
    with pytest.raises(InputError, match=r"another than the classifier's .* first that differs is 'toxmeter'"):
        ToxicityPenalty(scorer, other)


def test_other_scorers_are_refused(tokenizer: Any) -> None:
    with pytest.raises(InputError, match=r"nano@.* is no bag classifier; train one on the generator's tokenizer"):
        ToxicityPenalty(load("nano"), tokenizer)
    plain = bag(tokenizer, LabelSet(("neutral", "toxic"), "binary"))
    with pytest.raises(InputError, match="declares no label toxic"):
        ToxicityPenalty(plain, tokenizer)


@pytest.mark.parametrize(("setting", "message"), [
    ({"sampling": "hard"}, "sampling: 'hard'"), ({"temperature": 0}, "temperature: 0"),
    ({"temperature": float("nan")}, "temperature: nan")])
def test_settings_that_mean_nothing_are_refused(
    scorer: Any, tokenizer: Any, setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ToxicityPenalty(scorer, tokenizer, **setting)


def test_the_loss_is_cross_entropy_and_the_penalty(scorer: Any, tokenizer: Any) -> None:
    penalty = ToxicityPenalty(scorer, tokenizer)
    logits, mask = certain(tokenizer, ["you are an idiot", "friend"])
    logits = logits / 20
    labels = logits.argmax(dim=-1).masked_fill(mask == 0, -100)
    entropy = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
    outputs = SimpleNamespace(logits=logits)
    assert float(penalised_loss(penalty, 0)(outputs, labels)) == pytest.approx(float(entropy))
    whole = penalised_loss(penalty, 0.5)(outputs, labels)
    assert float(whole) == pytest.approx(float(entropy) + 0.5 * float(penalty(logits, mask)), rel=1e-5)
    tokens = int(mask.sum())
    halves = sum(penalised_loss(penalty, 0.5)({"logits": logits}, labels, num_items_in_batch=2 * tokens)
                 for _ in range(2))
    assert float(halves) == pytest.approx(float(whole), rel=1e-5)


@pytest.mark.parametrize("weight", [-1, float("nan")])
def test_a_weight_below_zero_is_refused(scorer: Any, tokenizer: Any, weight: float) -> None:
    with pytest.raises(InputError, match="weight: "):
        penalised_loss(ToxicityPenalty(scorer, tokenizer), weight)
