"""Pictures in batches on the training device: shuffled to learn from, in order to measure with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch

from deploy.bundle.errors import Fatal
from trainer.data.pictures import Pictures
from trainer.ranks import Ranks

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Pixels uint8 [N, H, W, 3] and targets float32 [N, C]: how much of each label is there."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Of a batch each of the processes that train together takes its share."""

    pictures: Pictures
    size: int
    """Pictures of one step, in all processes together."""
    ranks: Ranks

    def shuffled(self, generator: torch.Generator, step: int = 0) -> Iterator[Batch]:
        """One epoch in random order from `step` on, full batches only: BatchNorm learns badly from
        a short one. What is left over is another picture each time.

        Raises:
            Fatal: there is not a picture for each process.
        """
        if min(self.size, len(self.pictures)) < self.ranks.count:
            raise Fatal(
                f"{self.ranks.count} processes share {len(self.pictures)} pictures in batches of "
                f"{self.size}: give torchrun fewer processes, or fit a larger --batch"
            )
        order = torch.randperm(len(self.pictures), generator=generator)
        for at in range(step, self.steps):
            yield self._take(self.ranks.share(order[at * self.size : (at + 1) * self.size]))

    def in_order(self) -> Iterator[Batch]:
        """All pictures, in every process."""
        return self._of(torch.arange(len(self.pictures)))

    def shared(self) -> Iterator[Batch]:
        """All pictures in order, each in one of the processes."""
        return self._of(torch.arange(len(self.pictures))[self.ranks.rank :: self.ranks.count])

    @property
    def steps(self) -> int:
        """Steps of one epoch of `shuffled`: at least one, however few the pictures."""
        return max(1, len(self.pictures) // self.size)

    @property
    def device(self) -> torch.device:
        return self.ranks.device

    def _of(self, indices: torch.Tensor) -> Iterator[Batch]:
        return map(self._take, indices.split(self.size))

    def _take(self, chosen: torch.Tensor) -> Batch:
        indices = chosen.numpy()
        pixels = torch.from_numpy(self.pictures.pixels[indices])
        targets = torch.from_numpy(self.pictures.shown[indices]).float()
        return pixels.to(self.device), targets.to(self.device)
