"""What a network gets right, and how far its confidence can be believed."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.logistic import softmax
from trainer.metrics import Confusion
from trainer.reliability import Reliability

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Evaluation:
    confusion: Confusion
    reliability: Reliability
    before: Reliability | None
    """What confidence would be worth without the temperature; None where that is not known."""
    temperature: float | None
    probabilities: Floats = field(repr=False)
    """float32 [N, C], in the order of the pictures."""

    @classmethod
    def of(
        cls,
        labels: tuple[str, ...],
        targets: NDArray[np.int64],
        probabilities: Floats,
        logits: Floats,
        temperature: float | None,
    ) -> "Evaluation":
        """Judge answers float32 [N, C].

        Args:
            labels: C labels.
            targets: int64 [N], what is right.
            probabilities: the network's answers.
            logits: what they were made from, divided by `temperature` already.
            temperature: None where nobody knows it.
        """
        before = None if temperature is None else softmax(logits * temperature)
        return cls(
            Confusion.of(labels, targets, probabilities.argmax(1)),
            Reliability.of(probabilities, targets),
            None if before is None else Reliability.of(before, targets),
            temperature,
            probabilities,
        )
