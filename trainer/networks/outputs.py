"""What every network gives; the names are those of the bundle's outputs."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch

Link: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""From logits [N, C] to probabilities."""


def exclusive(logits: torch.Tensor) -> torch.Tensor:
    """Softmax: the link of labels that exclude each other."""
    return torch.softmax(logits, 1)


class NetworkOutputs(NamedTuple):
    """For N pictures and C labels."""

    probabilities: torch.Tensor
    """[N, C], of the logits: softmax where labels exclude each other, else a sigmoid of each."""
    logits: torch.Tensor
    """[N, C]."""
    embedding: torch.Tensor
    """[N, E]: what a picture is, in one vector; neighbours look alike."""
    feature_map: torch.Tensor
    """[N, F, h, w]: what was seen where."""
