"""The dense layer of a network in torch, as numbers and back."""

import torch
from torch import nn

from trainer.logistic import Dense


def take_dense(layer: nn.Linear) -> Dense:
    """A copy of its weights, on the CPU."""
    return Dense(
        layer.weight.detach().cpu().numpy().copy(), layer.bias.detach().cpu().numpy().copy()
    )


def put_dense(layer: nn.Linear, dense: Dense) -> None:
    """Give it these weights."""
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(dense.weight))
        layer.bias.copy_(torch.from_numpy(dense.bias))
