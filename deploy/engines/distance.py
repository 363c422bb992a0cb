"""Distances between what an engine says and what the reference says."""

import numpy as np

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


def agreement(found: Scores, expected: Scores) -> float:
    """Fraction of frames with the same top label."""
    return float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
