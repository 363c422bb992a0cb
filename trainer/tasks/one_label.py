"""A frame shows one label of several: softmax, confusion matrix."""

from dataclasses import dataclass

import numpy as np

from deploy.bundle.manifest import Activation
from trainer.calibration import Calibration, temperature
from trainer.logistic import Advice, Dense, Floats, logistic, softmax
from trainer.marks import Confusion, Marks
from trainer.reliability import Reliability
from trainer.tasks.task import Flags


@dataclass(frozen=True, slots=True)
class OneLabel:
    """`trainer.tasks.task.Task`."""

    activation: Activation = "softmax"

    def link(self, logits: Floats) -> Floats:
        return softmax(logits)

    def called(self, said: Floats) -> Flags:
        found: Flags = said.argmax(1)[:, None] == np.arange(said.shape[1])
        return found

    def mistakes(self, said: Floats, shown: Flags) -> Flags:
        """At the label that the picture was called by; that another was missed is the same."""
        return self.called(said) & ~shown

    def probe(
        self, features: Floats, shown: Flags, pull: float, advice: Advice | None = None
    ) -> Dense:
        nothing = Dense.nothing(shown.shape[1], features.shape[1])
        return logistic(features, shown.argmax(1), nothing, pull, advice=advice)

    def calibration(self, logits: Floats, shown: Flags) -> Calibration:
        return Calibration(temperature(logits, shown.argmax(1)))

    def marks(self, labels: tuple[str, ...], said: Floats, shown: Flags) -> Marks:
        return Confusion.of(labels, shown.argmax(1), said.argmax(1))

    def reliability(self, said: Floats, shown: Flags) -> Reliability:
        """Of the answer to each picture."""
        return Reliability.of(said.max(1), said.argmax(1) == shown.argmax(1))

    def described(self, labels: int) -> str:
        return f"one of {labels} labels for a whole frame"

    @property
    def unknown(self) -> str:
        return (
            "It knows its labels and nothing else. Whatever it sees becomes one of them, and its "
            "confidence in something that it never learned means nothing."
        )
