"""Losses against formulas and torch's own; weights that reach them; what constant answers cost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.errors import InputError
from toxmeter.training.loss import balanced_weights, chance_level, disagreement, make_loss

KINDS = ["binary", "multiclass", "multilabel"]
LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 1.0]])
HARD = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def test_multilabel_is_the_binary_cross_entropy_of_torch() -> None:
    weights = np.array([1.5, 20.0, 3.0])
    ours = make_loss("multilabel", class_weights=weights)(LOGITS, HARD).mean()
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, HARD, pos_weight=torch.tensor(weights))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_multiclass_is_the_cross_entropy_of_torch(smoothing: float) -> None:
    ours = make_loss("multiclass", smoothing=smoothing)(LOGITS, HARD)
    theirs = torch.nn.functional.cross_entropy(LOGITS, HARD.argmax(1), reduction="none", label_smoothing=smoothing)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_class_weights_of_classes_are_those_of_torch() -> None:
    weights = np.array([5.0, 0.4, 2.0])
    ours = make_loss("multiclass", class_weights=weights)(LOGITS, HARD)
    theirs = torch.nn.functional.cross_entropy(LOGITS, HARD.argmax(1), reduction="none",
                                               weight=torch.tensor(weights, dtype=torch.float32))
    assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_class_weights_change_the_loss_of_their_positives_alone(kind: Any) -> None:
    plain, weighted = make_loss(kind), make_loss(kind, class_weights=np.array([1.0, 7.0, 1.0]))
    changed = ~torch.isclose(plain(LOGITS, HARD), weighted(LOGITS, HARD))
    assert changed.tolist() == [False, False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_focal_of_gamma_zero_is_cross_entropy(kind: Any) -> None:
    assert torch.allclose(make_loss(kind, name="focal", gamma=0.0)(LOGITS, HARD), make_loss(kind)(LOGITS, HARD))


def test_focal_counts_what_is_easy_less() -> None:
    sure, unsure = torch.tensor([[6.0, -6.0]]), torch.tensor([[0.1, -0.1]])
    truth = torch.tensor([[1.0, 0.0]])
    focal, plain = make_loss("binary", name="focal", gamma=2.0), make_loss("binary")
    assert (focal(sure, truth) / plain(sure, truth)).item() < 1e-4
    probability = 1 / (1 + math.exp(-0.2))
    assert focal(unsure, truth).item() == pytest.approx(-((1 - probability) ** 2) * math.log(probability), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_soft_labels_are_least_at_their_own_probability(kind: Any) -> None:
    soft = torch.tensor([[0.3, 0.7]])
    right = torch.tensor([[math.log(0.3 / 0.7), math.log(0.7 / 0.3)]]) if kind == "multilabel" \
        else torch.log(soft)
    loss = make_loss(kind)
    for change in (-0.5, 0.5):
        assert loss(right, soft) < loss(right + torch.tensor([[change, 0.0]]), soft)


def test_a_missing_label_has_no_part() -> None:
    labels = HARD.clone()
    labels[0, 1] = torch.nan
    logits = LOGITS.clone().requires_grad_()
    loss = make_loss("multilabel", class_weights=np.array([1.0, 9.0, 1.0]))(logits, labels)
    loss.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[0, [0, 2]] != 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_labels_has_no_loss(kind: Any) -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = make_loss(kind, smoothing=0.1)(logits, torch.full_like(HARD, torch.nan))
    loss.sum().backward()
    assert loss.tolist() == [0.0, 0.0, 0.0]
    assert logits.grad is not None
    assert not logits.grad.any()


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2), st.sampled_from(KINDS), st.floats(0, 5))
def test_huge_logits_have_a_finite_loss(logits: list[float], kind: Any, gamma: float) -> None:
    loss = make_loss(kind, name="focal", gamma=gamma, smoothing=0.1)
    assert torch.isfinite(loss(torch.tensor([logits]), torch.tensor([[1.0, 0.0]]))).all()


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_disagreement_is_the_divergence_of_torch_both_ways(kind: Any) -> None:
    one, other = LOGITS.log_softmax(1), LOGITS.flip(0).log_softmax(1)
    divergence = torch.nn.functional.kl_div
    expected = (divergence(one, other, log_target=True, reduction="none").sum(1)
                + divergence(other, one, log_target=True, reduction="none").sum(1)) / 2
    assert torch.allclose(disagreement(kind, LOGITS, LOGITS.flip(0)), expected, atol=1e-6)


def test_disagreement_on_labels_is_that_on_their_yes_and_no() -> None:
    def choices(logits: Any) -> Any:
        return torch.stack([logits, torch.zeros_like(logits)], dim=-1).reshape(-1, 2)

    expected = disagreement("binary", choices(LOGITS), choices(LOGITS.flip(0))).reshape(3, 3).mean(1)
    assert torch.allclose(disagreement("multilabel", LOGITS, LOGITS.flip(0)), expected, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_answers_do_not_disagree(kind: Any) -> None:
    assert disagreement(kind, LOGITS, LOGITS).tolist() == [0.0, 0.0, 0.0]


def test_the_published_weights_come_from_the_published_counts() -> None:
    counts, rows = [15_294, 1_595, 8_449, 478, 7_877, 1_405], 159_571
    labels = np.zeros((rows, 6), np.float32)
    for column, count in enumerate(counts):
        labels[:count, column] = 1
    expected = [1.739, 16.674, 3.148, 55.638, 3.376, 18.929]
    assert np.round(balanced_weights(labels.astype(np.float64)), 3).tolist() == expected


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    classes = np.array([0] * 10 + [1] * 80 + [2] * 10)
    assert np.allclose(balanced_weights(np.eye(3)[classes]),
                       compute_class_weight("balanced", classes=np.arange(3), y=classes))


def test_balanced_weights_leave_out_what_is_missing() -> None:
    labels = np.array([[1, 0.5], [0, np.nan], [0, 0.5], [1, np.nan]])
    assert balanced_weights(labels).tolist() == [4 / (2 * 2), 2 / (2 * 1)]


def test_a_label_without_positives_cannot_be_balanced() -> None:
    with pytest.raises(InputError, match="label number 1 has no positives"):
        balanced_weights(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_chance_is_ln_2_for_balanced_labels() -> None:
    labels = np.array([[1.0, 0.0], [0.0, 1.0]] * 20)
    for kind in ("binary", "multilabel"):
        assert chance_level(make_loss(kind), labels, np.ones(40)) == pytest.approx(math.log(2), rel=1e-4)


def test_chance_is_the_entropy_of_the_rates() -> None:
    labels = np.eye(3)[[0] * 10 + [1] * 70 + [2] * 20]
    entropy = -sum(share * math.log(share) for share in (0.1, 0.7, 0.2))
    assert chance_level(make_loss("multiclass"), labels, np.ones(100)) == pytest.approx(entropy, rel=1e-3)
    with_weights = chance_level(make_loss("multiclass"), labels, np.repeat([7.0, 1.0, 3.5], [10, 70, 20]))
    assert with_weights == pytest.approx(math.log(3), rel=1e-3)
