"""A dense layer that learns from a few photos and keeps what it knew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.logistic import Dense, Floats, logistic
from trainer.memory import Memory

_PULL_NEW, _PULL_KNOWN = 0.03, 0.01
"""How near to its start the layer stays: measured in docs/training.md."""
_SHARE = 0.5
"""What the new photos of a label count beside its remembered pictures."""
_FOLDS = 5
_EAGERNESS = 0.5
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there is to learn from."""

    start: Dense
    """Knows the old labels."""
    labels: int
    """Old and new ones; the new ones come last."""
    memory: Memory
    photos: Memory
    mirrored: Floats
    """Features of the photos as a mirror shows them, in the same order."""

    def without(self, left_out: NDArray[np.int64]) -> "Lesson":
        kept = np.setdiff1d(np.arange(len(self.photos)), left_out)
        photos = Memory(self.photos.features[kept], self.photos.targets[kept])
        return Lesson(self.start, self.labels, self.memory, photos, self.mirrored[kept])


def learn(lesson: Lesson) -> Dense:
    """The dense layer for all labels: near its start, and right on photos and memory."""
    photos = lesson.photos
    seen = photos.joined(Memory(lesson.mirrored, photos.targets))
    every = lesson.memory.joined(seen)
    is_new = np.arange(len(every)) >= len(lesson.memory)
    pull = _PULL_NEW if lesson.labels > len(lesson.start.bias) else _PULL_KNOWN
    counts = _counts(every.targets, is_new)
    # A temperature was folded in, so logits may be of any size: the pull must not depend on it.
    size = max(_TINY, float(lesson.start.logits(lesson.memory.features).std()))
    start = _times(_widened(lesson), 1 / size)
    learned = _times(logistic(every.features, every.targets, start, pull, counts), size)
    return _eager(learned, len(lesson.start.bias), lesson.memory)


def right_when_unseen(lesson: Lesson) -> int:
    """How many of the photos are called rightly by a layer that has not learned from them: each
    fifth is left out in turn.
    """
    right = 0
    for fold in range(min(_FOLDS, len(lesson.photos))):
        left_out = np.arange(fold, len(lesson.photos), _FOLDS)
        dense = learn(lesson.without(left_out))
        called = dense.logits(lesson.photos.features[left_out]).argmax(1)
        right += int((called == lesson.photos.targets[left_out]).sum())
    return right


def _times(dense: Dense, factor: float) -> Dense:
    return Dense(dense.weight * np.float32(factor), dense.bias * np.float32(factor))


def _widened(lesson: Lesson) -> Dense:
    """The old layer with a row of nothing for each new label."""
    start = lesson.start
    more = Dense.nothing(lesson.labels - len(start.bias), start.weight.shape[1])
    return Dense(
        np.concatenate([start.weight, more.weight]), np.concatenate([start.bias, more.bias])
    )


def _eager(learned: Dense, old: int, memory: Memory) -> Dense:
    """Move new labels half as far towards being named as it takes until one remembered picture is
    called by them: ten photos show too little of a label, so it would be named too rarely.
    """
    if len(learned.bias) == old:
        return learned
    logits = learned.logits(memory.features)
    room = float((logits[:, :old].max(1) - logits[:, old:].max(1)).min())
    bias = learned.bias.copy()
    bias[old:] += _EAGERNESS * room
    return Dense(learned.weight, bias)


def _counts(targets: NDArray[np.int64], is_new: NDArray[np.bool_]) -> Floats:
    """What each picture counts, with mean 1: labels count the same, with photos or without, so
    that a place where one label is frequent does not make it so everywhere.
    """
    counts = np.zeros(len(targets))
    for label in np.unique(targets):
        new, old = (targets == label) & is_new, (targets == label) & ~is_new
        share = _SHARE if new.any() and old.any() else float(new.any())
        counts[new], counts[old] = share / max(1, new.sum()), (1 - share) / max(1, old.sum())
    mean_one: Floats = (counts / counts.mean()).astype(np.float32)
    return mean_one
