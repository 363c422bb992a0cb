"""One epoch: learn from the training pictures once, or measure on the validation pictures."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from trainer.curve import Score
from trainer.data.batches import Batch
from trainer.errors import Diverged
from trainer.optimiser import Schedule, Tether, set_rate
from trainer.progress import Bar


@dataclass(slots=True)
class Learner:
    """A network with all that changes while it learns."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: Schedule
    label_smoothing: float
    class_weights: torch.Tensor | None = None
    """float32 [C]: what one picture of each label counts; None counts all alike."""
    tether: Tether | None = None
    average: Any = None
    """Follows the network slowly (`trainer.averaging`) and is measured in its place."""
    keeps_norms: bool = False
    """BatchNorm stays as it is: where it was folded, new statistics would destroy the features."""
    step: int = 0

    @property
    def rate(self) -> float:
        return self.schedule.rate(self.step)

    def learn(self, batches: Iterable[Batch], bar: Bar) -> Score:
        """One pass of gradient descent.

        Raises:
            Diverged: the loss is not a finite number.
        """
        self._train_mode()
        score = Score()
        for pixels, targets in batches:
            logits, loss = self._step(pixels, targets)
            score.add(len(targets), _correct(logits, targets), loss)
            self.step += 1
            bar.advance(len(targets))
        return score

    @property
    def learned(self) -> nn.Module:
        """The network to measure and to keep."""
        averaged: nn.Module = self.network if self.average is None else self.average.module
        return averaged

    def measure(self, batches: Iterable[Batch], bar: Bar) -> Score:
        """Loss and accuracy without learning, as the network will answer in production."""
        network = self.learned.eval()
        score = Score()
        with torch.inference_mode():
            for pixels, targets in batches:
                logits = network(pixels).logits
                loss = functional.cross_entropy(logits, targets)
                score.add(len(targets), _correct(logits, targets), loss.item())
                bar.advance(len(targets))
        return score

    def _train_mode(self) -> None:
        self.network.train()
        if self.keeps_norms:
            for layer in self.network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()

    def _step(self, pixels: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Move the weights once; gives the logits and the loss before it."""
        set_rate(self.optimiser, self.rate)
        logits = self.network(pixels).logits
        loss = functional.cross_entropy(
            logits, targets, self.class_weights, label_smoothing=self.label_smoothing
        )
        if self.tether is not None:
            loss = loss + self.tether.pull()
        self._insist_on_a_number(loss.item())
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return logits, loss.item()

    def _insist_on_a_number(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(
                f"the loss became {loss} at step {self.step + 1} with learning rate "
                f"{self.rate:.3g}: try a lower --lr"
            )


def class_weights(targets: torch.Tensor, classes: int) -> torch.Tensor:
    """float32 [classes]: what one picture of each label counts, so that labels count the same."""
    counts = torch.bincount(targets, minlength=classes).clamp_min(1)
    return len(targets) / (classes * counts)


def _correct(logits: torch.Tensor, targets: torch.Tensor) -> int:
    """Targets int64 [N], or shares [N, C] where pictures were mixed: then the larger one counts."""
    labels = targets if targets.ndim == 1 else targets.argmax(1)
    return int((logits.argmax(1) == labels).sum())
