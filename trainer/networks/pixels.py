"""The entrance of every network: pixels as production gives them, in training and in the bundle."""

from dataclasses import dataclass

import torch
from torch import nn

from trainer.networks.outputs import NetworkOutputs


@dataclass(frozen=True, slots=True)
class Scaling:
    """Mean and standard deviation of red, green and blue, in 0…1: both become 0 and 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


# Of ImageNet's pictures, as used since "Deep Residual Learning for Image Recognition" (2015);
# most backbones trained there expect them.
IMAGENET = Scaling(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


class TakesPixels(nn.Module):  # type: ignore[misc] # torch is untyped here (pyproject.toml)
    """Takes uint8 [N, H, W, 3] RGB. It is trained and exported as it is, so both see the same."""

    def __init__(self, network: nn.Module, scaling: Scaling = IMAGENET) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(scaling.mean), persistent=False)
        self.register_buffer("std", torch.tensor(scaling.std), persistent=False)

    def forward(self, pixels: torch.Tensor) -> NetworkOutputs:
        outputs: NetworkOutputs = self.network(self.planes(pixels))
        return outputs

    def planes(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 [N, 3, H, W], as convolutions want it."""
        return ((pixels.float() / 255 - self.mean) / self.std).permute(0, 3, 1, 2)
