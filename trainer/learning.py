"""One epoch: learn from the training pictures once, or measure on the validation pictures."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from trainer.acceleration import Acceleration
from trainer.chance import Chance
from trainer.checkpoint import State
from trainer.curve import Score
from trainer.data.batches import Batch
from trainer.errors import Diverged
from trainer.optimiser import Schedule, Tether, set_rate
from trainer.progress import Bar
from trainer.tasks.objective import Objective
from trainer.teacher import Teacher


@dataclass(slots=True)
class Learner:
    """A network with all that changes while it learns."""

    network: nn.Module
    objective: Objective
    optimiser: torch.optim.Optimizer
    schedule: Schedule
    chance: Chance
    fast: Acceleration
    """How the network is run in a step."""
    label_smoothing: float
    weights: torch.Tensor | None = None
    """What a picture counts (`Objective.weights`); None counts all alike."""
    tether: Tether | None = None
    teacher: Teacher | None = None
    """Its answers are learned too."""
    average: Any = None
    """Follows the network slowly (`trainer.averaging`) and is measured in its place."""
    keeps_norms: bool = False
    """BatchNorm stays as it is: where it was folded, new statistics would destroy the features."""
    step: int = 0

    @property
    def rate(self) -> float:
        return self.schedule.rate(self.step)

    def learn(self, batches: Iterable[Batch], score: Score, bar: Bar) -> None:
        """One pass of gradient descent, or the rest of one; adds to `score`.

        Raises:
            Diverged: the loss is not a finite number.
        """
        self._train_mode()
        for pixels, targets in batches:
            logits, loss = self._step(pixels, targets)
            score.add(len(targets), self.objective.right(logits, targets), loss)
            self.step += 1
            bar.advance(len(targets) * self.fast.ranks.count)

    @property
    def learned(self) -> nn.Module:
        """The network to measure and to keep."""
        averaged: nn.Module = self.network if self.average is None else self.average.module
        return averaged

    def measure(self, batches: Iterable[Batch], bar: Bar) -> Score:
        """Loss and accuracy without learning, as the network will answer in production; over the
        batches of all processes.

        Raises:
            Diverged: the loss is not a finite number.
        """
        network = self.learned.eval()
        self.fast.ranks.same(network)
        score = Score()
        with torch.inference_mode():
            for pixels, targets in batches:
                logits = network(pixels).logits
                loss = self.objective.loss(logits, targets)
                score.add(len(targets), self.objective.right(logits, targets), loss.item())
                bar.advance(len(targets) * self.fast.ranks.count)
        whole = Score.of(self.fast.ranks.sums(score.sums))
        self._insist(whole.loss, "validation loss")
        return whole

    def state(self) -> State:
        """What a checkpoint has to hold of it."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.fast.scaler.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "step": self.step,
        }

    def restore(self, state: State) -> None:
        """Be again what gave that state."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.fast.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.step = state["step"]

    def insist_on_numbers(self) -> None:
        """A step can end in weights that are none though its loss was one; they are not kept.

        Raises:
            Diverged: some weight is not finite.
        """
        for weight in self.network.parameters():
            if not bool(torch.isfinite(weight).all()):
                self._insist(math.nan, "weights")

    def _train_mode(self) -> None:
        self.network.train()
        if self.keeps_norms:
            for layer in self.network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()

    def _step(self, pixels: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Move the weights once; gives the logits and the loss before it."""
        set_rate(self.optimiser, self.rate)
        self.chance.dropout(self.step)
        logits = self.fast.logits(pixels)
        loss = self._loss(logits, pixels, targets)
        found = loss.item()
        self._insist(found, "loss")
        self.fast.descend(loss, self.optimiser)
        if self.average is not None:
            self.average.update_parameters(self.network)
        return logits, found

    def _loss(
        self, logits: torch.Tensor, pixels: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        loss = self.objective.loss(logits, targets, self.weights, self.label_smoothing)
        if self.teacher is not None:
            loss = self.teacher.taught(loss, logits, pixels)
        return loss if self.tether is None else loss + self.tether.pull()

    def _insist(self, loss: float, what: str) -> None:
        if not math.isfinite(loss):
            raise Diverged(
                f"the {what} became {loss} at step {self.step + 1} with learning rate "
                f"{self.rate:.3g}: try a lower --lr"
            )
