"""Weights that are averages: over the last steps, and between where training began and ended."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def moving_average(network: nn.Module, decay: float) -> Any:
    """A copy of the network that follows it slowly: `decay` of it stays at each step."""
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


def between(
    start: Mapping[str, torch.Tensor], end: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """Weights on the line from `start` to `end`: 0 is the start, 1 the end.

    What lies between a network as it came and the same network fine-tuned keeps much of what the
    first knew of other cameras and most of what the second learned of these. Source: "Robust
    fine-tuning of zero-shot models" (Wortsman et al., 2022).
    """
    return {
        name: torch.lerp(value, end[name], share) if value.is_floating_point() else end[name]
        for name, value in start.items()
    }
