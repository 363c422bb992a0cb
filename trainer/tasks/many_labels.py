"""A frame shows any of several labels, or none: a sigmoid each, precision and recall of each."""

from dataclasses import dataclass

import numpy as np

from deploy.bundle.manifest import THRESHOLD, Activation
from trainer.calibration import Calibration, slope_and_offsets
from trainer.logistic import Advice, Dense, Floats, logistic_of_each, sigmoid
from trainer.marks import Marks
from trainer.presence import Presence
from trainer.reliability import Reliability
from trainer.tasks.task import Flags


@dataclass(frozen=True, slots=True)
class ManyLabels:
    """`trainer.tasks.task.Task`."""

    activation: Activation = "sigmoid"

    def link(self, logits: Floats) -> Floats:
        return sigmoid(logits)

    def called(self, said: Floats) -> Flags:
        found: Flags = said >= THRESHOLD
        return found

    def mistakes(self, said: Floats, shown: Flags) -> Flags:
        """A label that is not there and was named, or is there and was not."""
        found: Flags = self.called(said) != shown
        return found

    def probe(
        self, features: Floats, shown: Flags, pull: float, advice: Advice | None = None
    ) -> Dense:
        nothing = Dense.nothing(shown.shape[1], features.shape[1])
        return logistic_of_each(features, shown, nothing, pull, advice)

    def calibration(self, logits: Floats, shown: Flags) -> Calibration:
        return slope_and_offsets(logits, shown)

    def marks(self, labels: tuple[str, ...], said: Floats, shown: Flags) -> Marks:
        return Presence(labels, shown, said)

    def reliability(self, said: Floats, shown: Flags) -> Reliability:
        """Of the answer to each label of each picture."""
        right = self.called(said) == shown
        return Reliability.of(np.where(self.called(said), said, 1 - said).ravel(), right.ravel())

    def described(self, labels: int) -> str:
        if labels == 1:
            return "whether its label is in a frame"
        return f"which of {labels} labels are in a frame: none, one or several"

    @property
    def unknown(self) -> str:
        return (
            "It knows its labels and nothing else. What it never learned should be none of them, "
            "but may resemble one: its confidence in that means nothing."
        )
