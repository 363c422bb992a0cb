from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from trainer.best import Best
from trainer.curve import Score
from trainer.data.augment import Augmentation, augment
from trainer.optimiser import Schedule, build_optimiser

STILL = Augmentation(
    flip=0, zoom=0, stretch=0, shift=0, rotate=0, brightness=0, contrast=0, saturation=0, erase=0
)


def some_pixels() -> torch.Tensor:
    return torch.randint(0, 256, (6, 20, 24, 3), dtype=torch.uint8)


def augmented(pixels: torch.Tensor, how: Augmentation, seed: int = 3) -> torch.Tensor:
    return augment(pixels, how, torch.Generator().manual_seed(seed))


def test_augmented_pixels_are_pixels_again() -> None:
    pixels = some_pixels()
    changed = augmented(pixels, Augmentation())
    assert changed.shape == pixels.shape
    assert changed.dtype == torch.uint8
    assert not torch.equal(changed, pixels)


def test_augmentation_that_is_switched_off_changes_nothing() -> None:
    pixels = some_pixels()
    assert (augmented(pixels, STILL).int() - pixels.int()).abs().max() <= 1


def test_a_flip_mirrors_left_and_right() -> None:
    pixels = some_pixels()
    mirrored = augmented(pixels, replace(STILL, flip=1))
    assert (mirrored.int() - pixels.flip(2).int()).abs().max() <= 1


def test_a_seed_gives_the_same_pictures_and_each_picture_its_own_change() -> None:
    pixels = some_pixels()[:1].expand(6, -1, -1, -1)
    once, again = augmented(pixels, Augmentation()), augmented(pixels, Augmentation())
    assert torch.equal(once, again)
    assert len({frame.numpy().tobytes() for frame in once}) == 6


def test_the_learning_rate_warms_up_and_falls_to_nothing() -> None:
    rates = [Schedule(highest=0.1, steps=100).rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.1)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-4


def test_a_single_step_has_a_learning_rate_too() -> None:
    assert Schedule(highest=0.1, steps=1).rate(0) == pytest.approx(0.1)


def test_only_weights_are_pulled_towards_zero() -> None:
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    pulled, free = build_optimiser(layers, 0.05).param_groups
    assert [parameter.ndim for parameter in pulled["params"]] == [4]
    assert [parameter.ndim for parameter in free["params"]] == [1, 1, 1]
    assert (pulled["weight_decay"], free["weight_decay"]) == (0.05, 0.0)


def test_the_best_epoch_is_kept_and_patience_ends() -> None:
    layer, best = torch.nn.Linear(1, 1), Best(patience=2)
    for epoch, correct in enumerate((5, 8, 7, 8), start=1):
        torch.nn.init.constant_(layer.weight, epoch)
        best.offer(epoch, Score(pictures=10, correct=correct, total_loss=1.0), layer)
    assert best.is_final
    best.restore(layer)
    assert (best.epoch, layer.weight.item()) == (2, 2.0)


def test_of_equal_accuracies_the_lower_loss_is_better() -> None:
    layer, best = torch.nn.Linear(1, 1), Best(patience=0)
    for epoch, loss in enumerate((3.0, 1.0, 2.0), start=1):
        best.offer(epoch, Score(pictures=10, correct=9, total_loss=loss), layer)
    assert best.epoch == 2
    assert not best.is_final
