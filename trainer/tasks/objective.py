"""What of a task needs torch: link, loss and what counts as right, on the training device.

Targets are float32 [N, C], how much of each label is there: 0 or 1, or between where pictures were
mixed.
"""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch.nn import functional

from deploy.bundle.manifest import Activation
from trainer.networks.outputs import exclusive


class Objective(Protocol):
    def link(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities [N, C] of logits."""

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Negative log likelihood of a picture's labels, mean over the pictures.

        Args:
            weights: of `weights`; None counts all alike.
            smoothing: share of certainty that is given to what is not so.
        """

    def weights(self, targets: torch.Tensor) -> torch.Tensor:
        """What a picture counts, so that none does less for being frequent."""

    def right(self, logits: torch.Tensor, targets: torch.Tensor) -> int:
        """How many pictures are right in every label."""

    def distance(self, logits: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        """How far logits [N, C] are from those that a teacher said: Kullback-Leibler divergence,
        mean over the pictures.
        """


class OneOf:
    """Labels exclude each other. In mixed pictures the one with the larger share counts."""

    def link(self, logits: torch.Tensor) -> torch.Tensor:
        return exclusive(logits)

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        smoothing: float = 0.0,
    ) -> torch.Tensor:
        return functional.cross_entropy(logits, targets, weights, label_smoothing=smoothing)

    def weights(self, targets: torch.Tensor) -> torch.Tensor:
        """float32 [C]."""
        return len(targets) / (targets.shape[1] * targets.sum(0).clamp_min(1))

    def right(self, logits: torch.Tensor, targets: torch.Tensor) -> int:
        return int((logits.argmax(1) == targets.argmax(1)).sum())

    def distance(self, logits: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        return functional.kl_div(
            torch.log_softmax(logits, 1),
            torch.log_softmax(said, 1),
            reduction="batchmean",
            log_target=True,
        )


class AnyOf:
    """Labels do not know of each other: each is a question of its own, answered yes or no."""

    def link(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(logits)

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        smoothing: float = 0.0,
    ) -> torch.Tensor:
        unsure = targets * (1 - smoothing) + smoothing / 2
        counts = None if weights is None else torch.lerp(weights[0], weights[1], targets)
        losses = functional.binary_cross_entropy_with_logits(
            logits, unsure, counts, reduction="none"
        )
        return losses.sum(1).mean()

    def weights(self, targets: torch.Tensor) -> torch.Tensor:
        """float32 [2, C]: of pictures without each label, and with it."""
        present = targets.sum(0)
        counts = torch.stack([len(targets) - present, present])
        return len(targets) / (2 * counts.clamp_min(1))

    def right(self, logits: torch.Tensor, targets: torch.Tensor) -> int:
        return int(((logits >= 0) == (targets > 1 / 2)).all(1).sum())

    def distance(self, logits: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        wanted = torch.sigmoid(said)
        found, least = (
            functional.binary_cross_entropy_with_logits(one, wanted, reduction="none")
            for one in (logits, said)
        )
        return (found - least).sum(1).mean()


_OBJECTIVES: Mapping[Activation, Objective] = {"softmax": OneOf(), "sigmoid": AnyOf()}


def objective_of(activation: Activation) -> Objective:
    """The objective whose probabilities are made that way."""
    return _OBJECTIVES[activation]
