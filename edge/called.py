"""What a frame is called by, in words that are equal where two bundles say the same of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.bundle.manifest import THRESHOLD, Activation

NO_LABEL = "(no label)"


@dataclass(frozen=True, slots=True)
class Called:
    name: str
    confidence: float


def called(scores: Mapping[str, float], activation: Activation) -> Called:
    """By probabilities of labels, highest first.

    Where labels exclude each other it is the likeliest. Where they do not, it is all that are
    there, with 0.5 or more, in alphabetical order: as sure as the answer about each label that is
    the least sure one.
    """
    if activation == "softmax":
        label = next(iter(scores))
        return Called(label, scores[label])
    there = sorted(label for label, score in scores.items() if score >= THRESHOLD)
    sure = min((max(score, 1 - score) for score in scores.values()), default=1.0)
    return Called(", ".join(there) or NO_LABEL, sure)
