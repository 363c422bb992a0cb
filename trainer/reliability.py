"""How far confidence can be believed: of the answers given with 80 %, 80 % should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""As in "On Calibration of Modern Neural Networks" (Guo et al., 2017)."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence lies in one part of 0…1."""

    answers: int
    confidence: float
    """Mean; 0 where there are none."""
    accuracy: float


@dataclass(frozen=True, slots=True)
class Reliability:
    bins: tuple[Bin, ...]

    @classmethod
    def of(cls, sure: NDArray[np.float32], right: NDArray[np.bool_]) -> "Reliability":
        """Of N answers: the confidence of each, float32 [N], and whether it is right, bool [N]."""
        places = np.minimum((sure * BINS).astype(int), BINS - 1)
        return cls(tuple(_bin(sure[places == at], right[places == at]) for at in range(BINS)))

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of confidence and accuracy, by answers."""
        answers = sum(found.answers for found in self.bins)
        apart = sum(found.answers * abs(found.confidence - found.accuracy) for found in self.bins)
        return apart / answers if answers else 0.0


def _bin(sure: NDArray[np.float32], right: NDArray[np.bool_]) -> Bin:
    if not len(sure):
        return Bin(0, 0.0, 0.0)
    return Bin(len(sure), float(sure.mean(dtype=np.float64)), float(right.mean()))
