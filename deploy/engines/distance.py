"""Distances between what an engine says and what the reference says."""

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import Activation
from deploy.bundle.reference import Scores

_SMALLEST = 1e-12


def max_error(found: Scores, expected: Scores) -> float:
    """Largest absolute difference of logits [N, C], as a fraction of the largest expected one."""
    largest = max(float(np.abs(expected).max()), _SMALLEST)
    return float(np.abs(found - expected).max() / largest)


def cosines(found: Scores, expected: Scores) -> Scores:
    """Cosine between both for each of N frames; no number where an engine gave infinities."""
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    with np.errstate(invalid="ignore"):
        both: Scores = (found * expected).sum(axis=1) / np.maximum(norms, _SMALLEST)
    return both


def answers(logits: Scores, activation: Activation) -> NDArray[np.int64]:
    """What N frames are said to show: the index of one label, int64 [N, 1], or where labels do not
    exclude each other 0 or 1 for each, int64 [N, C].
    """
    if activation == "softmax":
        best: NDArray[np.int64] = logits.argmax(axis=1, keepdims=True)
        return best
    return (logits >= 0).astype(np.int64)


def agreement(found: Scores, expected: Scores, activation: Activation) -> float:
    """Fraction of frames that get the same answer, in every label."""
    both = answers(found, activation) == answers(expected, activation)
    return float(both.all(axis=1).mean())
