"""Random numbers that follow from the seed and from where they are needed.

Nothing has to be remembered of them: whoever goes on at step 700 after a kill draws what the run
before would have drawn there.
"""

from dataclasses import dataclass

import numpy as np
import torch

_FIRST_WEIGHTS, _VIEWS, _ORDER, _CHANGES, _DROPOUT = range(5)


@dataclass(frozen=True, slots=True)
class Chance:
    seed: int
    rank: int = 0
    """Which of the processes that train together: each changes its own pictures its own way."""

    def begin(self) -> None:
        """Before a network is built: its first weights come from PyTorch's one global stream."""
        torch.manual_seed(self._number(_FIRST_WEIGHTS))

    def views(self) -> torch.Generator:
        """How pictures are changed for the probe; the same in every process."""
        return self._generator(_VIEWS)

    def order(self, epoch: int) -> torch.Generator:
        """In which order an epoch goes through the pictures; the same in every process."""
        return self._generator(_ORDER, epoch)

    def changes(self, step: int) -> torch.Generator:
        """How the pictures of a step are changed."""
        return self._generator(_CHANGES, step, self.rank)

    def dropout(self, step: int) -> None:
        """Before a step: what it drops out comes from the global stream."""
        torch.manual_seed(self._number(_DROPOUT, step, self.rank))

    def _generator(self, *place: int) -> torch.Generator:
        return torch.Generator().manual_seed(self._number(*place))

    def _number(self, *place: int) -> int:
        """One number of 63 bits for each seed and place; near ones have nothing in common."""
        return int(np.random.SeedSequence((self.seed, *place)).generate_state(1, np.uint64)[0] >> 1)
