"""The entrance of every network: pixels as production gives them, in training and in the bundle."""

import torch
from torch import nn

from trainer.networks.outputs import NetworkOutputs

# Mean and standard deviation of ImageNet's RGB values in 0…1, as used since "Deep Residual Learning
# for Image Recognition" (2015); backbones trained there expect them.
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class TakesPixels(nn.Module):  # type: ignore[misc] # torch is untyped here (pyproject.toml)
    """Takes uint8 [N, H, W, 3] RGB. It is trained and exported as it is, so both see the same."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(_MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(_STD), persistent=False)

    def forward(self, pixels: torch.Tensor) -> NetworkOutputs:
        scaled = (pixels.float() / 255 - self.mean) / self.std
        planes = scaled.permute(0, 3, 1, 2)  # [N, 3, H, W], as convolutions want it
        outputs: NetworkOutputs = self.network(planes)
        return outputs
