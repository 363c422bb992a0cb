"""The two tasks, and all in which they differ without torch: link, probe, calibration, marks.

What needs torch is in `trainer.tasks.objective`.
"""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import Activation
from trainer.calibration import Calibration
from trainer.logistic import Advice, Dense, Floats
from trainer.marks import Marks
from trainer.reliability import Reliability

Flags: TypeAlias = NDArray[np.bool_]
"""bool [N, C]: of N pictures and C labels, what is so."""


class Task(Protocol):
    """`shown` is which labels each picture shows, `said` the probabilities given, both [N, C]."""

    @property
    def activation(self) -> Activation:
        """How logits become probabilities, as the manifest names it."""

    def link(self, logits: Floats) -> Floats:
        """The probabilities, float32 [N, C], of logits."""

    def called(self, said: Floats) -> Flags:
        """Which labels a picture is called by."""

    def mistakes(self, said: Floats, shown: Flags) -> Flags:
        """Each wrong answer once, at the label that it is about."""

    def probe(
        self, features: Floats, shown: Flags, pull: float, advice: Advice | None = None
    ) -> Dense:
        """The dense layer that tells the labels by features float32 [N, E], from nothing."""

    def calibration(self, logits: Floats, shown: Flags) -> Calibration:
        """What makes the probabilities of logits [N, C] as high as they are often right."""

    def marks(self, labels: tuple[str, ...], said: Floats, shown: Flags) -> Marks:
        """What is right and wrong, counted."""

    def reliability(self, said: Floats, shown: Flags) -> Reliability:
        """How far confidence can be believed."""

    def described(self, labels: int) -> str:
        """What it does, for a model card."""

    @property
    def unknown(self) -> str:
        """What it says of what it never learned, for a model card."""
