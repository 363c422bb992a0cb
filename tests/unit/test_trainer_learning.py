from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from trainer.averaging import between
from trainer.best import Best
from trainer.calibration import Calibration, temperature
from trainer.curve import Score
from trainer.data.augment import Augmentation, augment
from trainer.data.mix import Mixing, mix
from trainer.dense_weights import put_dense, take_dense
from trainer.logistic import Dense, logistic
from trainer.networks.catalogue import build_network
from trainer.optimiser import Schedule, Tether, build_optimiser, normalises
from trainer.settings import FitSettings

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
    assert changed.is_contiguous()
    assert not torch.equal(changed, pixels)


def test_augmentation_that_is_switched_off_changes_nothing() -> None:
    pixels = some_pixels()
    assert (augmented(pixels, STILL).int() - pixels.int()).abs().max() <= 1


def test_each_picture_is_recoloured_by_numbers_of_its_own() -> None:
    """Two greys stay greys, whatever their saturation; their difference is scaled by contrast and
    brightness alone, their mean by brightness alone.
    """
    pixels = torch.full((6, 8, 8, 3), 100, dtype=torch.uint8)
    pixels[:, ::2] = 120
    changed = augmented(
        pixels, replace(STILL, brightness=0.3, contrast=0.3, saturation=0.9)
    ).float()
    assert (changed.amax(3) - changed.amin(3)).max() <= 1
    brightness = changed.mean((1, 2, 3)) / 110
    contrast = (changed[:, 0] - changed[:, 1]).mean((1, 2)) / 20 / brightness
    assert brightness.sub(1).abs().max() <= 0.31
    assert contrast.sub(1).abs().max() <= 0.37
    assert brightness.std() > 0.05
    assert contrast.std() > 0.05


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


@pytest.mark.parametrize("backbone", ["plain", "convnext_atto"])
def test_the_rate_is_high_where_layers_normalise_unless_another_is_given(backbone: str) -> None:
    settings = FitSettings(data=Path("data"), out=Path("out"), backbone=backbone)
    network = build_network(backbone, 2, 32)
    assert settings.highest_rate(normalised=normalises(network)) == 2e-3
    without = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    assert settings.highest_rate(normalised=normalises(without)) == 1e-4
    assert replace(settings, lr=0.5).highest_rate(normalised=normalises(without)) == 0.5


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


def mixed(how: Mixing) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = torch.arange(4, dtype=torch.uint8).reshape(4, 1, 1, 1).expand(4, 8, 8, 3) * 60
    generator = torch.Generator().manual_seed(5)
    return mix(pixels, torch.eye(4), how, generator)


@pytest.mark.parametrize("how", [Mixing(mixup=1), Mixing(cutmix=1)])
def test_mixed_pictures_have_labels_in_the_same_shares(how: Mixing) -> None:
    pixels, shares = mixed(how)
    assert pixels.dtype == torch.uint8
    torch.testing.assert_close(shares.sum(1), torch.ones(4))
    expected = shares @ (torch.arange(4.0) * 60)
    assert (pixels.float().mean((1, 2, 3)) - expected).abs().max() <= 1


def test_without_mixing_nothing_is_changed() -> None:
    pixels, shares = mixed(Mixing())
    assert torch.equal(shares, torch.eye(4))
    assert pixels[2].unique().tolist() == [120]


def test_a_probe_separates_what_the_features_separate() -> None:
    targets = np.array([0] * 90 + [1] * 6)
    noise = np.random.default_rng(1).normal(size=(96, 5)).astype(np.float32)
    features = noise + 4 * targets[:, None].astype(np.float32)
    dense = logistic(features, targets, Dense.nothing(2, 5), 1e-3)
    assert (dense.logits(features).argmax(1) == targets).all()


def test_a_strong_pull_keeps_a_dense_layer_where_it_began() -> None:
    chance = np.random.default_rng(1)
    features = chance.normal(size=(40, 5)).astype(np.float32)
    start = Dense(chance.normal(size=(3, 5)).astype(np.float32), np.zeros(3, np.float32))
    dense = logistic(features, chance.integers(0, 3, 40), start, 1e3)
    np.testing.assert_allclose(dense.weight, start.weight, atol=1e-2)


def test_the_temperature_makes_answers_as_sure_as_they_are_right() -> None:
    chance = np.random.default_rng(0)
    logits = chance.normal(size=(4000, 3)).astype(np.float32)
    likely = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    targets = np.array([chance.choice(3, p=row) for row in likely / likely.sum(1, keepdims=True)])
    assert temperature(logits, targets) == pytest.approx(1, rel=0.1)
    assert temperature(logits * 5, targets) == pytest.approx(5, rel=0.1)
    assert temperature(logits / np.float32(1000), targets) == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize(("offsets", "added"), [((), 0.0), ((1.0, -3.0), np.array([1.0, -3.0]))])
def test_a_calibration_is_folded_into_the_dense_layer_and_can_be_undone(
    offsets: tuple[float, ...], added: float
) -> None:
    dense, features = torch.nn.Linear(3, 2), torch.randn(4, 3)
    before, found = dense(features).detach().numpy(), Calibration(2.0, offsets)
    put_dense(dense, found.folded(take_dense(dense)))
    after = dense(features).detach().numpy()
    np.testing.assert_allclose(after, before / 2 + added, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.undone(after), before, rtol=1e-4, atol=1e-5)
    assert Calibration.read(found.document()) == found


def test_weights_between_start_and_end_lie_on_the_line() -> None:
    start = {"w": torch.zeros(2), "steps": torch.tensor(1)}
    end = {"w": torch.ones(2), "steps": torch.tensor(9)}
    found = between(start, end, 0.25)
    assert found["w"].tolist() == [0.25, 0.25]
    assert found["steps"].item() == 9


def test_a_tether_pulls_back_by_the_squared_distance() -> None:
    layer = torch.nn.Linear(2, 1, bias=False)
    tether = Tether.to_start(layer, 0.5)
    assert tether.pull().item() == 0
    with torch.no_grad():
        layer.weight += 2
    assert tether.pull().item() == pytest.approx(0.25 * 8)
