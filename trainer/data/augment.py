"""Augmentation: the same scene as it might have looked a step aside, at another hour, half hidden.

Pixels in, pixels out (uint8 [N, H, W, 3]), so the network learns from what production gives it.
Every picture of a batch gets its own random numbers, drawn on the CPU: a seed means the same
pictures on every device.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a picture may be changed; 0 switches a change off."""

    flip: float = 0.5
    """Share of pictures that are mirrored, left to right."""
    zoom: float = 0.2
    """Largest relative change of scale."""
    stretch: float = 0.1
    """Largest relative change of the aspect."""
    shift: float = 0.1
    """Largest move along each axis, in picture sides. An object should stay in the picture."""
    rotate: float = 0.1
    """Largest rotation, in radians."""
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    """Largest relative change of each."""
    erase: float = 0.25
    """Share of pictures of which a small rectangle is hidden."""
    erased_side: float = 0.2
    """Longest side of that rectangle, in picture sides."""


def augment(pixels: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Change each picture of a batch at random.

    What is returned lies in memory as what was given: convolutions take a third longer over pixels
    whose colours lie in planes of their own (`make bench PARTS=training`).
    """
    dice = Dice(len(pixels), generator, pixels.device)
    planes = pixels.permute(0, 3, 1, 2).contiguous().float()
    planes = _move(planes, how, dice)
    planes = _recolour(planes, how, dice)
    planes = _erase(planes, how, dice)
    changed = planes.round_().clamp_(0, 255).to(torch.uint8)
    return changed.permute(0, 2, 3, 1).contiguous()


class Dice:
    """Random numbers, one for each picture of a batch."""

    def __init__(self, count: int, generator: torch.Generator, device: torch.device) -> None:
        self._count, self._generator, self._device = count, generator, device

    def between(self, low: float, high: float) -> torch.Tensor:
        """float32 [N], uniform."""
        drawn = torch.rand(self._count, generator=self._generator).to(self._device)
        return low + (high - low) * drawn

    def around(self, centre: float, most: float) -> torch.Tensor:
        return self.between(centre - most, centre + most)

    def chance(self, share: float) -> torch.Tensor:
        """bool [N], true for this share of pictures."""
        return self.between(0, 1) < share


def _move(planes: torch.Tensor, how: Augmentation, dice: Dice) -> torch.Tensor:
    """Flip, scale, stretch, rotate and shift in one resampling.

    `affine_grid` asks for each output pixel where in the input it comes from, on axes from -1 to 1.
    """
    scale, aspect = dice.around(1, how.zoom), dice.around(1, how.stretch)
    angle = dice.around(0, how.rotate)
    mirror = 1 - 2 * dice.chance(how.flip).float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    across = torch.stack([cos * mirror * aspect, -sin, dice.around(0, 2 * how.shift)], 1)
    down = torch.stack([sin * mirror * aspect, cos, dice.around(0, 2 * how.shift)], 1)
    size = list(planes.shape)
    grid = functional.affine_grid(torch.stack([across, down], 1), size, align_corners=False)
    return functional.grid_sample(planes, grid, padding_mode="reflection", align_corners=False)


def _recolour(planes: torch.Tensor, how: Augmentation, dice: Dice) -> torch.Tensor:
    """Saturation against the pixel's grey, contrast against the mean, brightness against black.

    For one picture all three together are a matrix and a number to add: one pass over the pixels.
    """
    luma = torch.tensor(_GREY, device=planes.device)
    saturation, contrast, brightness = (
        dice.around(1, most)[:, None, None]
        for most in (how.saturation, how.contrast, how.brightness)
    )
    saturated = torch.lerp(luma.expand(3, 3), torch.eye(3, device=planes.device), saturation)
    mean = (planes.mean((2, 3)) @ luma)[:, None, None]
    colours = saturated * contrast * brightness
    added = mean * (1 - contrast) * brightness
    return torch.baddbmm(added, colours, planes.flatten(2)).view_as(planes)


def _erase(planes: torch.Tensor, how: Augmentation, dice: Dice) -> torch.Tensor:
    """Hide a rectangle behind the picture's mean colour, in some pictures."""
    height, width = planes.shape[2:]
    rows = _inside(height, how.erased_side, dice, planes.device)
    columns = _inside(width, how.erased_side, dice, planes.device)
    chosen = dice.chance(how.erase).nonzero()[:, 0]
    hidden = rows[chosen, None, :, None] & columns[chosen, None, None, :]
    means = planes[chosen].mean((2, 3), keepdim=True)
    planes[chosen] = torch.where(hidden, means, planes[chosen])
    return planes


def _inside(length: int, longest: float, dice: Dice, device: torch.device) -> torch.Tensor:
    """bool [N, length]: true along a random stretch of each picture's axis."""
    centre, half = dice.between(0, length), dice.between(0, longest * length / 2)
    places = torch.arange(length, device=device)
    return (places[None, :] - centre[:, None]).abs() < half[:, None]


def _each(values: torch.Tensor) -> torch.Tensor:
    """[N] → [N, 1, 1, 1], to meet planes [N, C, H, W]."""
    return values.reshape(-1, 1, 1, 1)
