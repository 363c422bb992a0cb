"""Pictures in batches on the training device: shuffled to learn from, in order to measure with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch

from trainer.data.pictures import Pictures

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Pixels uint8 [N, H, W, 3] and targets int64 [N]."""


@dataclass(frozen=True, slots=True)
class Batches:
    pictures: Pictures
    size: int
    device: torch.device

    def shuffled(self, generator: torch.Generator) -> Iterator[Batch]:
        """One epoch in random order, full batches only: BatchNorm learns badly from a short one.

        What is left over is another picture each time.
        """
        order = torch.randperm(len(self.pictures), generator=generator)
        for step in range(self.steps):
            yield self._take(order[step * self.size : (step + 1) * self.size])

    def in_order(self) -> Iterator[Batch]:
        for chosen in torch.arange(len(self.pictures)).split(self.size):
            yield self._take(chosen)

    @property
    def steps(self) -> int:
        """Steps of one epoch of `shuffled`: at least one, however few the pictures."""
        return max(1, len(self.pictures) // self.size)

    def _take(self, chosen: torch.Tensor) -> Batch:
        indices = chosen.numpy()
        pixels = torch.from_numpy(self.pictures.pixels[indices])
        targets = torch.from_numpy(self.pictures.targets[indices])
        return pixels.to(self.device), targets.to(self.device)
