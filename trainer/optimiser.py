"""How the weights move: AdamW or SGD, at a rate that warms up and then falls along a cosine."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from trainer.settings import Optimiser

_WARM_UP = 0.1
_MOMENTUM = 0.9


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rate of each step: linear up to `highest`, then half a cosine down to zero.

    Source: "SGDR: Stochastic Gradient Descent with Warm Restarts" (Loshchilov & Hutter, 2017),
    without restarts.
    """

    highest: float
    steps: int

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        warm_up = max(1, round(_WARM_UP * self.steps))
        if step < warm_up:
            return self.highest * (step + 1) / warm_up
        done = (step - warm_up) / max(1, self.steps - warm_up)
        return self.highest * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True, slots=True)
class Tether:
    """Holds weights to where they began. Source: L2-SP, "Explicit Inductive Bias for Transfer
    Learning" (Li et al., 2018).
    """

    weights: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    """Pairs of a weight and its start."""
    strength: float

    @classmethod
    def to_start(cls, layers: nn.Module, strength: float) -> "Tether":
        pairs = tuple((weight, weight.detach().clone()) for weight in layers.parameters())
        return cls(pairs, strength)

    def pull(self) -> torch.Tensor:
        """Half the squared distance from the start, times the strength."""
        distance = [(weight - start).square().sum() for weight, start in self.weights]
        return self.strength / 2 * torch.stack(distance).sum()


def build_optimiser(
    network: nn.Module, weight_decay: float, kind: Optimiser = "adamw"
) -> torch.optim.Optimizer:
    """Biases and BatchNorm's scales are not pulled towards zero, they do not overfit."""
    parameters = [weight for weight in network.parameters() if weight.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=1.0, momentum=_MOMENTUM, nesterov=True)
    return torch.optim.AdamW(groups)


def normalises(network: nn.Module) -> bool:
    """Whether some layer keeps what it passes on within bounds. Where none does, as in VGG16, the
    first steps at a high learning rate destroy the weights.
    """
    return any("norm" in type(layer).__name__.lower() for layer in network.modules())


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
