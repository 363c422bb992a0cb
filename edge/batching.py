"""How many waiting frames an idle session takes. Pure rules: no thread, no clock."""

from dataclasses import dataclass

from deploy.engines.protocol import CostCurve


@dataclass(frozen=True, slots=True)
class Batcher:
    """Work-conserving: a session that is idle takes something as soon as anything is there.

    Size is a share of what waits, so that idle sessions work side by side; among the sizes within
    that share and the deadline, the one with the best throughput on the measured cost curve.
    """

    cost: CostCurve
    max_batch: int
    budget: float
    """Seconds from polled to classified that a batch should not exceed. Already late frames go
    out in batches of the best throughput, which is what brings the others back in time."""

    def size(self, waiting: int, oldest_age: float, idle: int) -> int:
        """How many frames to take, 0 only when none waits.

        Args:
            waiting: frames in the queue.
            oldest_age: seconds since the oldest of them was polled.
            idle: sessions that wait for frames, this one included; at least 1.
        """
        if waiting <= 0:
            return 0
        share = min(-(-waiting // max(idle, 1)), self.max_batch)
        in_time = [
            n for n in range(1, share + 1) if oldest_age + self.cost.seconds(n) <= self.budget
        ]
        return max(in_time or range(1, share + 1), key=self._throughput)

    def _throughput(self, batch: int) -> tuple[float, int]:
        """Frames a second, then size: of equally fast ones the larger."""
        seconds = self.cost.seconds(batch)
        return (batch / seconds if seconds > 0 else float(batch), batch)
