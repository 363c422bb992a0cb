"""Logistic regression on features, balanced between labels: of labels that exclude each other, or
one of each label. It needs no torch.

The dense layer of a frozen network is nothing else. It may begin at weights that are there already,
and is then pulled towards those instead of towards zero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Link: TypeAlias = Callable[[Floats], Floats]
"""From logits [N, C] to how much of each label is there."""
_Real = TypeVar("_Real", bound=np.floating[Any])
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
    counted = balance(targets, labels) if counts is None else counts
    share = counted / np.float32(len(features))
    wanted = np.eye(labels, dtype=np.float32)[targets]
    return _descended(features, wanted, share[:, None], softmax, start, pull, advice)


def logistic_of_each(
    features: Floats,
    shown: NDArray[np.bool_],
    start: Dense,
    pull: float,
    advice: Advice | None = None,
) -> Dense:
    """The same for labels that do not exclude each other: a regression of each, all at once.

    Args:
        features: [N, E].
        shown: which labels each picture shows, bool [N, C]. With and without a label count the
            same, however few show it.
        start: where to begin, and what to stay near.
        pull: as above.
        advice: what else to learn from, picture by picture.
    """
    present = shown.sum(0)
    counts = np.where(shown, present, len(shown) - present)
    share = (1 / (2 * counts)).astype(np.float32)
    return _descended(features, shown.astype(np.float32), share, sigmoid, start, pull, advice)


def _descended(
    features: Floats,
    wanted: Floats,
    share: Floats,
    link: Link,
    start: Dense,
    pull: float,
    advice: Advice | None,
) -> Dense:
    """`share` is what each picture counts for each label, [N, C], or [N, 1] for all of them."""
    spread = spread_of(features)
    scaled = np.hstack([features / spread, np.ones((len(features), 1), np.float32)])
    first = np.hstack([start.weight * spread, start.bias[:, None]])
    ridge = np.append(np.full(features.shape[1], pull, np.float32), np.float32(_TINY))
    step = 1 / (_steepest(scaled, share) / 2 + pull)
    now = ahead = first
    for turn in range(_STEPS):
        missed = _missed(scaled @ ahead.T, wanted, link, advice) * share
        gradient = missed.T @ scaled + ridge * (ahead - first)
        if np.abs(gradient).max() < _CLOSE:
            break
        before, now = now, ahead - step * gradient
        ahead = now + turn / (turn + 3) * (now - before)
    return Dense((now[:, :-1] / spread).astype(np.float32), now[:, -1].astype(np.float32))


def _missed(logits: Floats, wanted: Floats, link: Link, advice: Advice | None) -> Floats:
    """The gradient of each picture's loss along its logits, [N, C]; no steeper with advice."""
    missed: Floats = link(logits) - wanted
    if advice is None:
        return missed
    unlike = link(logits / np.float32(advice.temperature)) - advice.shares
    both: Floats = (1 - advice.weight) * missed + advice.weight * advice.temperature * unlike
    return both


def _steepest(rows: Floats, share: Floats) -> Floats:
    """The largest eigenvalue of rows.T @ (share * rows) for each column of `share`, [C, 1] or
    [1, 1], by power iteration from a fixed start.
    """
    vectors = np.ones((rows.shape[1], share.shape[1]), np.float32)
    lengths = np.ones((1, share.shape[1]), np.float32)
    for _ in range(_POWER_STEPS):
        vectors = rows.T @ (share * (rows @ (vectors / lengths)))
        lengths = np.linalg.norm(vectors, axis=0, keepdims=True).clip(_TINY)
    steepest: Floats = 1.1 * lengths.T
    return steepest


def softmax(logits: Floats) -> Floats:
    """Shares that sum to 1, of [N, C]."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    shares: Floats = raised / raised.sum(1, keepdims=True)
    return shares


def sigmoid(logits: NDArray[_Real]) -> NDArray[_Real]:
    """Of each number by itself, in its own precision."""
    half = logits.dtype.type(0.5)
    found: NDArray[_Real] = half + half * np.tanh(half * logits)
    return found
