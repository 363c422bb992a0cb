"""A clock that stands still until it is told to go on."""

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Seconds, monotonic. `step` passes at every look at it."""

    now: float = 1000.0
    step: float = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now
