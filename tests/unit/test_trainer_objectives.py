"""The losses of both tasks, in torch."""

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch
from torch.nn import functional

from trainer.data.mix import Mixing, mix
from trainer.logistic import Advice, Dense, logistic_of_each, sigmoid
from trainer.networks.catalogue import build_network
from trainer.tasks.objective import Objective, objective_of

ONE, MANY = objective_of("softmax"), objective_of("sigmoid")
SHOWN = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]])


def logits() -> torch.Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(2))


def test_one_label_is_learned_by_the_cross_entropy_of_its_index() -> None:
    found, targets = logits(), torch.tensor([0, 2, 1, 1])
    shares = functional.one_hot(targets, 3).float()
    expected = functional.cross_entropy(found, targets, label_smoothing=0.1)
    torch.testing.assert_close(ONE.loss(found, shares, smoothing=0.1), expected)
    assert ONE.right(found, shares) == int((found.argmax(1) == targets).sum())


def test_the_loss_of_several_labels_is_that_of_each() -> None:
    alone = [
        functional.binary_cross_entropy_with_logits(*each)
        for each in zip(logits().T, SHOWN.T, strict=True)
    ]
    torch.testing.assert_close(MANY.loss(logits(), SHOWN), torch.stack(alone).sum())


def test_smoothing_leaves_a_doubt_on_either_side() -> None:
    sure = torch.logit(torch.tensor([[0.95, 0.05, 0.05]]))
    found = sure.clone().requires_grad_()
    MANY.loss(found, torch.tensor([[1.0, 0.0, 0.0]]), smoothing=0.1).backward()
    assert found.grad is not None
    torch.testing.assert_close(found.grad, torch.zeros(1, 3), atol=1e-6, rtol=0)


def test_pictures_with_and_without_a_label_count_the_same_when_balanced() -> None:
    found = torch.zeros(4, 3, requires_grad=True)
    MANY.loss(found, SHOWN, MANY.weights(SHOWN)).backward()
    assert found.grad is not None
    for column, shown in zip(found.grad.T, SHOWN.T, strict=True):
        assert column[shown == 1].sum().item() == pytest.approx(-column[shown == 0].sum().item())


def test_a_picture_is_right_in_every_label_or_not_at_all() -> None:
    found = SHOWN * 4 - 2
    assert MANY.right(found, SHOWN) == 4
    found[0, 2] = 3
    assert MANY.right(found, SHOWN) == 3


@pytest.mark.parametrize("objective", [ONE, MANY])
def test_nothing_is_between_a_teacher_and_who_says_the_same(objective: Objective) -> None:
    assert objective.distance(logits(), logits()).item() == pytest.approx(0, abs=1e-6)
    assert objective.distance(logits(), logits() * 2).item() > 0.01


def test_advice_is_the_same_loss_for_the_probe_as_for_a_network() -> None:
    """Where the dense layer has converged, the loss of a network has no slope."""
    generator = torch.Generator().manual_seed(5)
    features, said = (
        torch.randn(40, 4, generator=generator),
        torch.randn(40, 2, generator=generator),
    )
    shown = torch.arange(40)[:, None] % torch.tensor([2, 2]) == torch.tensor([0, 1])
    advice = Advice(sigmoid((said / 2).numpy()), temperature=2.0, weight=0.6)
    dense = logistic_of_each(features.numpy(), shown.numpy(), Dense.nothing(2, 4), 0.0, advice)
    weight = torch.from_numpy(dense.weight).requires_grad_()
    found = features @ weight.T + torch.from_numpy(dense.bias)
    of_labels = MANY.loss(found, shown.float())
    (0.4 * of_labels + 0.6 * 4 * MANY.distance(found / 2, said / 2)).backward()
    assert weight.grad is not None
    assert weight.grad.abs().max().item() < 1e-3


def test_mixed_pictures_show_each_label_as_far_as_it_is_there() -> None:
    pixels = torch.zeros(4, 8, 8, 3, dtype=torch.uint8)
    _, found = mix(pixels, SHOWN, Mixing(mixup=1), torch.Generator().manual_seed(5))
    assert found.sum().item() == pytest.approx(SHOWN.sum().item())
    assert ((found > 0) & (found < 1)).any()


@pytest.mark.parametrize("backbone", ["plain", "test_efficientnet"])
def test_a_network_gives_each_label_a_probability_of_its_own(backbone: str) -> None:
    network = build_network(backbone, 3, 32, MANY.link).eval()
    with torch.inference_mode():
        found = network(torch.zeros(2, 32, 32, 3, dtype=torch.uint8))
    torch.testing.assert_close(found.probabilities, torch.sigmoid(found.logits))
