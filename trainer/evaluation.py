"""What a network gets right, and how far its confidence can be believed."""

from dataclasses import dataclass, field

from trainer.calibration import Calibration
from trainer.logistic import Floats
from trainer.marks import Marks
from trainer.reliability import Reliability
from trainer.tasks.task import Flags, Task


@dataclass(frozen=True, slots=True)
class Evaluation:
    task: Task
    marks: Marks
    reliability: Reliability
    before: Reliability | None
    """What confidence would be worth without the calibration; None where that is not known."""
    calibration: Calibration | None
    probabilities: Floats = field(repr=False)
    """float32 [N, C], in the order of the pictures."""

    @classmethod
    def of(
        cls,
        task: Task,
        labels: tuple[str, ...],
        shown: Flags,
        probabilities: Floats,
        logits: Floats,
        calibration: Calibration | None,
    ) -> "Evaluation":
        """Judge answers float32 [N, C].

        Args:
            task: what was asked.
            labels: C labels.
            shown: bool [N, C], what is right.
            probabilities: the network's answers.
            logits: what they were made from, calibrated already.
            calibration: None where nobody knows it.
        """
        before = None if calibration is None else task.link(calibration.undone(logits))
        return cls(
            task,
            task.marks(labels, probabilities, shown),
            task.reliability(probabilities, shown),
            None if before is None else task.reliability(before, shown),
            calibration,
            probabilities,
        )
