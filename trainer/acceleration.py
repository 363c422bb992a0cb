"""How a step is run fast: in half precision, compiled, and on several devices at once."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from trainer.ranks import Ranks


@dataclass(frozen=True, slots=True)
class Acceleration:
    """What runs the network forwards and its gradients backwards."""

    network: Any
    """The network, or what was made of it; its weights are the network's own."""
    ranks: Ranks
    half: torch.dtype | None
    """What convolutions and dense layers compute in; None leaves everything in float32."""
    scaler: Any
    """Keeps gradients within float16; does nothing for the other types."""

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 [N, C]: the loss is computed in full precision."""
        kind = self.ranks.device.type
        with torch.autocast(kind, self.half or torch.bfloat16, enabled=self.half is not None):
            logits: torch.Tensor = self.network(pixels).logits
        return logits.float()

    def descend(self, loss: torch.Tensor, optimiser: torch.optim.Optimizer) -> None:
        """One step down the gradient of the loss."""
        optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(optimiser)
        self.scaler.update()


def accelerate(network: nn.Module, ranks: Ranks, *, half: bool, compiled: bool) -> Acceleration:
    """Make of `network` what is asked for.

    Args:
        network: on the device of `ranks`.
        ranks: the processes that train together.
        half: compute in bfloat16 where the device can, else in float16.
        compiled: let torch write code for it; the first step takes a minute.
    """
    ranks.same(network)
    kind = _half(ranks.device) if half else None
    scaler = torch.amp.GradScaler(ranks.device.type, enabled=kind is torch.float16)
    runs = torch.compile(network) if compiled else network
    return Acceleration(ranks.spread(runs), ranks, kind, scaler)


def _half(device: torch.device) -> torch.dtype:
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float16
    return torch.bfloat16
