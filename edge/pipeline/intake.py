"""The bounded queue between polling and inference."""

from collections.abc import Callable, Collection, Iterable
from threading import Condition

from edge.batching import Batcher
from edge.fairness import FairShare
from edge.frame import Frame, Partition
from edge.queueing import Judge, Line, OldestFirst, Overload


class Intake:
    """Frames that wait for a session, bounded by count and by bytes.

    Under `block` they wait oldest first, and whoever polls looks at `has_room` before `put`, so the
    bound is exceeded by what one poll brings at most. Under `shed` there is always room, because
    frames give way.

    Suspects wait in a line of their own, where none gives way, for whoever tries them alone.
    """

    def __init__(
        self,
        batcher: Batcher,
        *,
        max_frames: int,
        max_bytes: int,
        clock: Callable[[], float],
        overload: Overload = "block",
    ) -> None:
        self._batcher = batcher
        self._clock = clock
        line = OldestFirst if overload == "block" else FairShare
        self._line: Line = line(max_frames, max_bytes)
        self._suspects: Line = OldestFirst(max_frames, max_bytes)
        self._idle = 0
        self._changed = Condition()

    def put(self, frames: Iterable[Frame]) -> list[Frame]:
        """Add frames; returns those that gave way, which nobody will take."""
        with self._changed:
            shed = [gone for frame in frames for gone in self._line_of(frame).put(frame)]
            self._changed.notify_all()
            return shed

    def take(self, seconds: float) -> list[Frame]:
        """The next batch for one session; empty if nothing came within `seconds`."""
        with self._changed:
            self._idle += 1
            try:
                self._changed.wait_for(lambda: len(self._line), timeout=seconds)
                return [self._line.pop() for _ in range(self._batch_size())]
            finally:
                self._idle -= 1

    def take_suspect(self, seconds: float) -> list[Frame]:
        """The next suspect, alone; empty if none came within `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._suspects), timeout=seconds)
            return [self._suspects.pop()] if len(self._suspects) else []

    def withdraw(self, partitions: Collection[Partition]) -> dict[Partition, list[int]]:
        """Remove the waiting frames of these partitions; returns their offsets."""
        withdrawn: dict[Partition, list[int]] = {}
        for frame in self.remove(lambda frame, _: frame.partition in partitions):
            withdrawn.setdefault(frame.partition, []).append(frame.offset)
        return withdrawn

    def remove(self, leaves: Judge) -> list[Frame]:
        """Take out the waiting frames that leave; nobody will take them."""
        with self._changed:
            return self._line.remove(leaves) + self._suspects.remove(leaves)

    def plan_with(self, batcher: Batcher) -> None:
        """Plan the batches from now on for another engine."""
        with self._changed:
            self._batcher = batcher

    @property
    def has_room(self) -> bool:
        return self._line.has_room and self._suspects.has_room

    @property
    def half_empty(self) -> bool:
        return self._line.half_empty and self._suspects.half_empty

    def _line_of(self, frame: Frame) -> Line:
        return self._suspects if frame.suspect else self._line

    def _batch_size(self) -> int:
        waiting = len(self._line)
        if not waiting:
            return 0
        return self._batcher.size(waiting, self._clock() - self._line.oldest(), self._idle)
