"""Multinomial logistic regression on features, balanced between labels; it needs no torch.

The dense layer of a frozen network is nothing else. It may begin at weights that are there already,
and is then pulled towards those instead of towards zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_STEPS = 400
_CLOSE = 1e-5
"""Gradient at which it has converged; a label's share of the loss is between 0 and 1."""
_POWER_STEPS = 20
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Dense:
    """A dense layer: weight float32 [C, E], bias float32 [C]."""

    weight: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """[N, C] of features [N, E]."""
        found: Floats = features @ self.weight.T + self.bias
        return found

    @classmethod
    def nothing(cls, labels: int, width: int) -> "Dense":
        return cls(np.zeros((labels, width), np.float32), np.zeros(labels, np.float32))


@dataclass(frozen=True, slots=True)
class Advice:
    """What a teacher says of N pictures, beside their labels (`trainer.teacher`)."""

    shares: Floats
    """float32 [N, C], how much of each label; softened by the temperature."""
    temperature: float
    weight: float
    """Of the advice in the loss; the labels have the rest."""


def balance(targets: NDArray[np.int64], labels: int) -> Floats:
    """What each picture counts, float32 [N] with mean 1, so that labels count the same."""
    counts = np.bincount(targets, minlength=labels)
    present = int((counts > 0).sum())
    counted: Floats = (len(targets) / (present * counts.clip(1)))[targets].astype(np.float32)
    return counted


def spread_of(features: Floats) -> Floats:
    """What to divide features [N, E] by, so that each varies alike and a picture has length 1."""
    spread: Floats = features.std(0).clip(_TINY) * features.shape[1] ** 0.5
    return spread


def logistic(
    features: Floats,
    targets: NDArray[np.int64],
    start: Dense,
    pull: float,
    counts: Floats | None = None,
    advice: Advice | None = None,
) -> Dense:
    """Learn a dense layer by accelerated gradient descent (Nesterov, 1983); the loss is convex.

    Args:
        features: [N, E].
        targets: index of each picture's label, int64 [N].
        start: where to begin, and what to stay near.
        pull: weight of half the squared distance from `start` in the loss; the bias is free.
        counts: what each picture counts, [N] with mean 1; unless given, labels count the same.
        advice: what else to learn from, picture by picture.
    """
    labels = len(start.bias)
    spread = spread_of(features)
    scaled = np.hstack([features / spread, np.ones((len(features), 1), np.float32)])
    share = (balance(targets, labels) if counts is None else counts) / len(features)
    wanted = np.eye(labels, dtype=np.float32)[targets]
    first = np.hstack([start.weight * spread, start.bias[:, None]])
    ridge = np.append(np.full(features.shape[1], pull, np.float32), np.float32(_TINY))
    step = 1 / (_steepest(scaled * np.sqrt(share)[:, None]) / 2 + pull)
    now = ahead = first
    for turn in range(_STEPS):
        missed = _missed(scaled @ ahead.T, wanted, advice) * share[:, None]
        gradient = missed.T @ scaled + ridge * (ahead - first)
        if np.abs(gradient).max() < _CLOSE:
            break
        before, now = now, ahead - step * gradient
        ahead = now + turn / (turn + 3) * (now - before)
    return Dense((now[:, :-1] / spread).astype(np.float32), now[:, -1].astype(np.float32))


def _missed(logits: Floats, wanted: Floats, advice: Advice | None) -> Floats:
    """The gradient of each picture's loss along its logits, [N, C]; no steeper with advice."""
    missed: Floats = softmax(logits) - wanted
    if advice is None:
        return missed
    unlike = softmax(logits / advice.temperature) - advice.shares
    both: Floats = (1 - advice.weight) * missed + advice.weight * advice.temperature * unlike
    return both


def _steepest(rows: Floats) -> float:
    """The largest eigenvalue of rows.T @ rows, by power iteration from a fixed start."""
    vector, length = np.ones(rows.shape[1], np.float32), 1.0
    for _ in range(_POWER_STEPS):
        vector = rows.T @ (rows @ (vector / np.linalg.norm(vector)))
        length = float(np.linalg.norm(vector))
    return 1.1 * length


def softmax(logits: Floats) -> Floats:
    """Shares that sum to 1, of [N, C]."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    shares: Floats = raised / raised.sum(1, keepdims=True)
    return shares
