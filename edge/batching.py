"""How many waiting frames an idle session takes. Pure rules: no thread, no clock."""

from dataclasses import dataclass

from deploy.engines.protocol import CostCurve

_AS_GOOD = 0.97
"""Sizes whose throughput is this share of the best are as good: costs are measured in noise."""


@dataclass(frozen=True, slots=True)
class Batcher:
    """Work-conserving: a session that is idle takes something as soon as anything is there.

    A session looks at its share of what waits, so that idle sessions work side by side. While
    frames are in time it takes the size that makes the mean of them wait least: one by one where
    an engine gains nothing from a batch, all at once where a batch costs no more than one frame.
    Once they are late it takes the size with the best throughput, which brings the others back
    in time.
    """

    cost: CostCurve
    max_batch: int
    budget: float
    """Seconds from polled to classified that a batch should not exceed."""

    def size(self, waiting: int, oldest_age: float, idle: int) -> int:
        """How many frames to take, 0 only when none waits.

        Args:
            waiting: frames in the queue.
            oldest_age: seconds since the oldest of them was polled.
            idle: sessions that wait for frames, this one included; at least 1.
        """
        if waiting <= 0:
            return 0
        share = -(-waiting // max(idle, 1))
        sizes = range(1, min(share, self.max_batch) + 1)
        in_time = [n for n in sizes if oldest_age + self.cost.seconds(n) <= self.budget]
        if in_time:
            return min(in_time, key=lambda n: (self.mean_wait(n, share), -n))
        best = max(map(self._throughput, sizes))
        return next(n for n in sizes if self._throughput(n) >= _AS_GOOD * best)

    def mean_wait(self, batch: int, share: int) -> float:
        """Mean seconds until one of `share` frames is classified, in batches of one size."""
        runs = -(-share // batch)
        return self.cost.seconds(batch) * (runs + 1) / 2

    def _throughput(self, batch: int) -> float:
        """Frames a second."""
        seconds = self.cost.seconds(batch)
        return batch / seconds if seconds > 0 else float(batch)
