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


def wilson(right: int, of: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Bounds of a proportion at 95 % confidence (Wilson, "Probable Inference", 1927).

    Unlike the usual ± it stays within 0 and 1, and says something of 0 or all of a few.
    """
    if of == 0:
        return 0.0, 1.0
    share, square = right / of, z * z
    middle = share + square / (2 * of)
    reach = z * ((share * (1 - share) + square / (4 * of)) / of) ** 0.5
    whole = 1 + square / of
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)
