"""One epoch: learn from the training pictures once, or measure on the validation pictures."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from trainer.curve import Score
from trainer.data.batches import Batch
from trainer.errors import Diverged
from trainer.optimiser import Schedule, set_rate
from trainer.progress import Bar


@dataclass(slots=True)
class Learner:
    """A network with all that changes while it learns."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: Schedule
    label_smoothing: float
    step: int = 0

    @property
    def rate(self) -> float:
        return self.schedule.rate(self.step)

    def learn(self, batches: Iterable[Batch], bar: Bar) -> Score:
        """One pass of gradient descent.

        Raises:
            Diverged: the loss is not a finite number.
        """
        self.network.train()
        score = Score()
        for pixels, targets in batches:
            set_rate(self.optimiser, self.rate)
            logits = self.network(pixels).logits
            loss = functional.cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
            self._insist_on_a_number(loss.item())
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            score.add(len(targets), _correct(logits, targets), loss.item())
            self.step += 1
            bar.advance(len(targets))
        return score

    def measure(self, batches: Iterable[Batch], bar: Bar) -> Score:
        """Loss and accuracy without learning, as the network will answer in production."""
        self.network.eval()
        score = Score()
        with torch.inference_mode():
            for pixels, targets in batches:
                logits = self.network(pixels).logits
                loss = functional.cross_entropy(logits, targets)
                score.add(len(targets), _correct(logits, targets), loss.item())
                bar.advance(len(targets))
        return score

    def _insist_on_a_number(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(
                f"the loss became {loss} at step {self.step + 1} with learning rate "
                f"{self.rate:.3g}: try a lower --lr"
            )


def _correct(logits: torch.Tensor, targets: torch.Tensor) -> int:
    return int((logits.argmax(1) == targets).sum())
