"""What every network gives; the names are those of the bundle's outputs."""

from typing import NamedTuple

import torch


class NetworkOutputs(NamedTuple):
    """For N pictures and C labels."""

    probabilities: torch.Tensor
    """[N, C], softmax of the logits."""
    logits: torch.Tensor
    """[N, C]."""
    embedding: torch.Tensor
    """[N, E]: what a picture is, in one vector; neighbours look alike."""
    feature_map: torch.Tensor
    """[N, F, h, w]: what was seen where."""
