"""Mixup and cutmix: two pictures become one, and so do their targets.

Sources: "mixup: Beyond Empirical Risk Minimization" (Zhang et al., 2018), "CutMix" (Yun et al.,
2019). torchvision has both, but draws from PyTorch's one global stream of random numbers.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Mixing:
    """Shares of the batches that are mixed; both 0 mixes none."""

    mixup: float = 0.0
    """Every pixel is a blend of two pictures'."""
    cutmix: float = 0.0
    """A rectangle comes from another picture."""


def mix(
    pixels: torch.Tensor,
    targets: torch.Tensor,
    how: Mixing,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix a batch with itself in another order, or leave it as it is.

    Args:
        pixels: uint8 [N, H, W, 3].
        targets: float32 [N, C].
        how: how often.
        generator: where chance comes from, on the CPU.

    Returns:
        Pixels of the same shape, and float32 [N, C]: how much of each label is there.
    """
    drawn, kept = torch.rand(2, generator=generator).tolist()
    other = torch.randperm(len(pixels), generator=generator).to(pixels.device)
    if drawn < how.mixup:
        blend = torch.lerp(pixels[other].float(), pixels.float(), kept)
        return blend.round().to(torch.uint8), torch.lerp(targets[other], targets, kept)
    if drawn < how.mixup + how.cutmix:
        pixels, kept = _patched(pixels, other, kept, generator)
        return pixels, torch.lerp(targets[other], targets, kept)
    return pixels, targets


def _patched(
    pixels: torch.Tensor, other: torch.Tensor, kept: float, generator: torch.Generator
) -> tuple[torch.Tensor, float]:
    """The pictures with one rectangle of the others, and the share of pixels that they keep."""
    height, width = pixels.shape[1:3]
    side = (1 - kept) ** 0.5
    rows, columns = round(side * height), round(side * width)
    top = int(torch.randint(height - rows + 1, (), generator=generator))
    left = int(torch.randint(width - columns + 1, (), generator=generator))
    patched = pixels.clone()
    place = (slice(None), slice(top, top + rows), slice(left, left + columns))
    patched[place] = pixels[other][place]
    return patched, 1 - rows * columns / (height * width)
