"""Keeping a rate: a source gives frames as fast as they are asked for, cameras do not."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from edge.cameras.picture import Picture


@dataclass(frozen=True, slots=True)
class Pace:
    """How many pictures, how fast. Late pictures are not made up for in a burst."""

    rate: float | None = None
    """Pictures a second; None as fast as possible."""
    count: int | None = None
    seconds: float | None = None
    """Counted from the first picture."""

    def paced(
        self, pictures: Iterator[Picture], stopping: Callable[[float], bool]
    ) -> Iterator[Picture]:
        """The pictures at this pace, until one of the limits or `stopping` ends them."""
        due, end = time.monotonic(), None
        for picture in islice(pictures, self.count):
            now = time.monotonic()
            end = end or now + (math.inf if self.seconds is None else self.seconds)
            if now >= end:
                return
            if stopping(max(0.0, due - now) if self.rate else 0.0):
                return
            yield picture
            if self.rate:
                due = max(due + 1 / self.rate, time.monotonic() - 1 / self.rate)
