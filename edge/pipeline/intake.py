"""The bounded queue between polling and inference."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from threading import Condition

from edge.batching import Batcher
from edge.frame import Frame, Partition


class Intake:
    """Frames that wait for a session, oldest first, bounded by count and by bytes.

    `put` never refuses: whoever polls looks at `has_room` first, so the bound is exceeded by what
    one poll brings at most.
    """

    def __init__(
        self,
        batcher: Batcher,
        *,
        max_frames: int,
        max_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._batcher = batcher
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._clock = clock
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._idle = 0
        self._taken: dict[tuple[Partition, int], int] = {}
        self._changed = Condition()

    def put(self, frames: Iterable[Frame]) -> None:
        with self._changed:
            for frame in frames:
                self._frames.append(frame)
                self._bytes += frame.size
            self._changed.notify_all()

    def take(self, seconds: float) -> list[Frame]:
        """The next batch for one session; empty if nothing came within `seconds`."""
        with self._changed:
            self._idle += 1
            try:
                self._changed.wait_for(lambda: self._frames, timeout=seconds)
                return [self._pop() for _ in range(self._batch_size())]
            finally:
                self._idle -= 1

    def finished(self, frame: Frame) -> None:
        """The broker has the outcome of a taken frame, or nobody will send it any more."""
        with self._changed:
            if _stretch(frame) in self._taken:
                self._taken[_stretch(frame)] -= 1

    def taken(self, partitions: Collection[Partition]) -> int:
        """Frames of these partitions that a session took and that are not finished."""
        with self._changed:
            return sum(count for (at, _), count in self._taken.items() if at in partitions)

    def forget(self, partitions: Collection[Partition]) -> None:
        """They were given back: frames of them that are still under way are counted no more."""
        with self._changed:
            for stretch in [stretch for stretch in self._taken if stretch[0] in partitions]:
                del self._taken[stretch]

    def withdraw(self, partitions: Collection[Partition]) -> dict[Partition, list[int]]:
        """Remove the waiting frames of these partitions; returns their offsets."""
        withdrawn: dict[Partition, list[int]] = {}
        with self._changed:
            kept: deque[Frame] = deque()
            for frame in self._frames:
                if frame.partition in partitions:
                    withdrawn.setdefault(frame.partition, []).append(frame.offset)
                    self._bytes -= frame.size
                else:
                    kept.append(frame)
            self._frames = kept
        return withdrawn

    @property
    def has_room(self) -> bool:
        return len(self._frames) < self._max_frames and self._bytes < self._max_bytes

    @property
    def half_empty(self) -> bool:
        return len(self._frames) * 2 <= self._max_frames and self._bytes * 2 <= self._max_bytes

    def _batch_size(self) -> int:
        if not self._frames:
            return 0
        age = self._clock() - self._frames[0].stamps.polled
        return self._batcher.size(len(self._frames), age, self._idle)

    def _pop(self) -> Frame:
        frame = self._frames.popleft()
        self._bytes -= frame.size
        self._taken[_stretch(frame)] = self._taken.get(_stretch(frame), 0) + 1
        return frame


def _stretch(frame: Frame) -> tuple[Partition, int]:
    """The assignment of its partition that a frame came with."""
    return frame.partition, frame.assignment
