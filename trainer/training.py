"""All that changes while a network is trained: what a checkpoint has to hold, and nothing else.

Order, augmentation and dropout need no place in it: they follow from seed and step
(`trainer.chance`), and the learning rate from the step.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import nn

from trainer.best import Best
from trainer.checkpoint import State
from trainer.curve import Epoch, Score
from trainer.learning import Learner


@dataclass(slots=True)
class Training:
    learner: Learner
    best: Best
    start: Mapping[str, Any]
    """The network's weights before the first step."""
    steps: int
    """Of one epoch."""
    curve: list[Epoch] = field(default_factory=list)
    learned: Score = field(default_factory=Score)
    """Of the epoch that is under way."""
    changes: list[str] = field(default_factory=list)
    """What was set otherwise when training was resumed."""

    @property
    def epoch(self) -> int:
        """The epoch that is under way, counted from 1."""
        return len(self.curve) + 1

    @property
    def step(self) -> int:
        """Steps of that epoch that are done."""
        return self.learner.step - len(self.curve) * self.steps

    def measured(self, score: Score) -> Epoch:
        """The epoch is over, and the network that was measured may be the best."""
        rate = self.learner.schedule.rate(len(self.curve) * self.steps)
        point = Epoch.of(self.epoch, self.learned, score, rate)
        self.best.offer(self.epoch, score, self.learner.learned)
        self.curve.append(point)
        self.learned = Score()
        return point

    def state(self) -> State:
        return {
            "start": dict(self.start),
            "learner": self.learner.state(),
            "best": self.best.state(),
            "curve": [asdict(point) for point in self.curve],
            "learned": asdict(self.learned),
            "changes": list(self.changes),
        }

    def restore(self, state: State) -> None:
        """Go on from there. The network has `start`'s weights already: tethers hold to them."""
        self.learner.restore(state["learner"])
        self.best.resume(state["best"])
        self.curve = [Epoch(**point) for point in state["curve"]]
        self.learned = Score(**state["learned"])
        self.changes = list(state["changes"])


def start_of(network: nn.Module) -> Mapping[str, Any]:
    """A copy of the weights as they are now."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
