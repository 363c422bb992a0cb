"""A convolutional neural network, small and plain enough to be read as an introduction.

A picture enters as three planes of numbers: red, green and blue. Layer by layer it becomes more
planes of fewer numbers: the first say "an edge runs here", later ones "a wheel is about here",
until what is left is one number for each label.

    planes [3, 128, 128]                            a picture
      → stem      [24, 64, 64]                      edges and colours
      → stages    [48, 32, 32] … [128, 8, 8]        corners, wheels, legs: `feature_map`
      → pooling   [256]                             what is there, no matter where: `embedding`
      → dense     [C]                               evidence for each label: `logits`
      → softmax   [C]                               `probabilities`, which sum to 1

Where a picture may show several labels, a sigmoid of each number takes the place of softmax.
"""

from itertools import pairwise

import torch
from torch import nn

from trainer.networks.outputs import Link, NetworkOutputs, exclusive

STEM = 16
STAGES = (32, 64, 128)
"""Planes after each stage. Each stage halves the height and the width."""


class PlainNetwork(nn.Module):  # type: ignore[misc] # torch is untyped here (pyproject.toml)
    def __init__(self, classes: int, link: Link = exclusive) -> None:
        super().__init__()
        self.link = link
        widths = (STEM, *STAGES)
        stages = [stage(before, after) for before, after in pairwise(widths)]
        self.features = nn.Sequential(convolution(3, STEM, stride=2), *stages)
        self.dropout = nn.Dropout(0.2)
        self.dense = nn.Linear(2 * STAGES[-1], classes)

    def forward(self, planes: torch.Tensor) -> NetworkOutputs:
        """Classify planes, float32 [N, 3, H, W]."""
        feature_map = self.features(planes)
        embedding = pooled(feature_map)
        logits = self.dense(self.dropout(embedding))
        return NetworkOutputs(self.link(logits), logits, embedding, feature_map)


def stage(before: int, after: int) -> nn.Module:
    """See more, at half the resolution: 3x3 convolutions, then the strongest of each 2x2."""
    return nn.Sequential(
        convolution(before, after),
        nn.MaxPool2d(2),
        convolution(after, after),
    )


def convolution(before: int, after: int, stride: int = 1) -> nn.Module:
    """Each output number is a weighted sum of a 3x3 neighbourhood in all planes before it.

    BatchNorm brings every plane to a mean and spread that are learned, which lets the layers
    after it learn on steady ground (Ioffe & Szegedy, 2015). ReLU drops what is negative: without
    something that bends, all layers together would be no more than one.
    """
    return nn.Sequential(
        nn.Conv2d(before, after, kernel_size=3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


def pooled(feature_map: torch.Tensor) -> torch.Tensor:
    """How much of each feature there is on average, and how strong it is where it is strongest.

    The average tells the scene, the maximum finds a small object in a large one.
    """
    return torch.cat([feature_map.mean((2, 3)), feature_map.amax((2, 3))], 1)
