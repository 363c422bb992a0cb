"""How a compiled model runs: what every engine offers to the rest of Yardlight."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from deploy.bundle.errors import BadFrame
from deploy.bundle.limits import Limits
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.engines.measurement import Run


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Measured seconds of one run for each measured batch size, ascending."""

    points: tuple[tuple[int, float], ...]

    def seconds(self, batch: int) -> float:
        """Seconds for `batch` frames: linear between measured sizes, by the last slope beyond."""
        sizes = [size for size, _ in self.points]
        right = min(max(bisect_left(sizes, batch), 1), len(sizes) - 1) if len(sizes) > 1 else 0
        if right == 0:
            return self.points[0][1] * batch / self.points[0][0]
        (left_size, left_cost), (right_size, right_cost) = self.points[right - 1 : right + 1]
        slope = (right_cost - left_cost) / (right_size - left_size)
        return max(left_cost + slope * (batch - left_size), 0.0)

    @classmethod
    def from_mapping(cls, seconds: Mapping[str, float]) -> "CostCurve":
        return cls(tuple(sorted((int(size), cost) for size, cost in seconds.items())))

    def to_mapping(self) -> dict[str, float]:
        return {str(size): cost for size, cost in self.points}


class Session(Protocol):
    """One run at a time, by one thread at a time; owns its buffers."""

    def run(self, pixels: Pixels) -> Scores:
        """Classify uint8 [N, H, W, 3], 1 ≤ N ≤ max_batch: probabilities float32 [N, C].

        Raises:
            Unavailable: the device is busy or short of memory; the same call may succeed later.
            Fatal: the device is gone.
            Exception: anything else is taken to be caused by one of the frames.
        """

    def run_all(self, pixels: Pixels) -> Outputs:
        """Like `run`, with the logits that parity is judged on."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What an engine that decodes says of encoded frames, in their order."""

    rows: Sequence[Scores | BadFrame]
    """Probabilities float32 [C], or why the frame is no picture."""
    input_seconds: float
    """From the start until the network's input was complete, by the device's clock."""
    network_seconds: float
    decoded_on_cpu: int
    """Frames that the device could not decode."""


@runtime_checkable
class DecodingSession(Protocol):
    """A session that takes frames as they come, so that nothing else crosses the bus. It is a
    `Session` as well, for those that come decoded.
    """

    def run_encoded(self, frames: Sequence[bytes | memoryview], limits: Limits) -> Answers:
        """Decode as `deploy/bundle/pixels.py` defines, near enough, and classify.

        Raises:
            Unavailable: the device is busy or short of memory; the same call may succeed later.
            Fatal: the device is gone.
            Exception: anything else is taken to be caused by one of the frames.
        """


@runtime_checkable
class TimedSession(Session, Protocol):
    """A session on a device of its own, which tells where the time of a run went."""

    def run_timed(self, pixels: Pixels) -> Run:
        """Run like `run`; what was found is of no interest."""


class Engine(Protocol):
    """A compiled model in memory. Sessions of one engine run beside each other."""

    @property
    def concurrency(self) -> int:
        """How many sessions it pays to run at once on this machine."""

    def session(self) -> Session:
        """A new session; each thread takes its own."""

    def close(self) -> None:
        """Give back the device. Sessions must not be used any more."""
