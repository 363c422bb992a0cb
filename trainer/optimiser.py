"""How the weights move: AdamW, with a learning rate that warms up and then falls along a cosine."""

import math
from dataclasses import dataclass

import torch
from torch import nn

_WARM_UP = 0.1


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


def build_optimiser(network: nn.Module, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW; biases and BatchNorm's scales are not pulled towards zero, they do not overfit."""
    parameters = list(network.parameters())
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
    )


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
