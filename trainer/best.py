"""The best epoch so far: its weights are kept, and training stops when nothing better comes."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from trainer.curve import Score


@dataclass(slots=True)
class Best:
    """Highest validation accuracy; of equals, the lowest loss."""

    patience: int
    """Epochs to wait for something better; 0 waits for ever."""
    epoch: int = 0
    accuracy: float = -1.0
    loss: float = float("inf")
    waited: int = 0
    _weights: dict[str, Any] = field(default_factory=dict, repr=False)

    def offer(self, epoch: int, score: Score, network: nn.Module) -> None:
        if (score.accuracy, -score.loss) > (self.accuracy, -self.loss):
            self.epoch, self.accuracy, self.loss, self.waited = epoch, score.accuracy, score.loss, 0
            self._weights = copy.deepcopy(network.state_dict())
        else:
            self.waited += 1

    @property
    def is_final(self) -> bool:
        return 0 < self.patience <= self.waited

    def restore(self, network: nn.Module) -> None:
        network.load_state_dict(self._weights)

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to hold of it."""
        score = {"epoch": self.epoch, "accuracy": self.accuracy, "loss": self.loss}
        return {**score, "waited": self.waited, "weights": self._weights}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Be again what gave that state."""
        self.epoch, self.accuracy, self.loss = state["epoch"], state["accuracy"], state["loss"]
        self.waited, self._weights = state["waited"], dict(state["weights"])
