"""The order in which frames wait for a session. Pure rules: no thread, no clock."""

from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from edge.frame import Frame

Overload: TypeAlias = Literal["block", "shed"]
Judge: TypeAlias = Callable[[Frame, bool], bool]
"""Whether a frame is to leave, told whether a newer one of its camera waits too."""


class Line(Protocol):
    """Frames that wait, bounded by count and by bytes."""

    def put(self, frame: Frame) -> list[Frame]:
        """Append a frame; returns those that give way to it."""

    def pop(self) -> Frame:
        """The frame whose turn it is; one must wait."""

    def remove(self, leaves: Judge) -> list[Frame]:
        """Take out every frame that leaves, in no special order."""

    def oldest(self) -> float:
        """When the frame that waits longest was polled, in monotonic seconds; one must wait."""

    @property
    def has_room(self) -> bool:
        """Whether more may come."""

    @property
    def half_empty(self) -> bool:
        """Whether more may come again, once there was no room."""

    def __len__(self) -> int: ...


class Bound:
    """Frames and bytes that wait, and the most of each."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self.frames = self.bytes = 0

    def add(self, frame: Frame) -> None:
        self.frames += 1
        self.bytes += frame.size

    def take(self, frame: Frame) -> Frame:
        self.frames -= 1
        self.bytes -= frame.size
        return frame

    @property
    def reached(self) -> bool:
        return self.frames >= self._max_frames or self.bytes >= self._max_bytes

    @property
    def exceeded(self) -> bool:
        return self.frames > self._max_frames or self.bytes > self._max_bytes

    @property
    def half_empty(self) -> bool:
        return self.frames * 2 <= self._max_frames and self.bytes * 2 <= self._max_bytes


class OldestFirst:
    """No frame gives way, and `put` never refuses: whoever puts looks at `has_room` first, so the
    bound is exceeded by what is put at once at most.
    """

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._frames: deque[Frame] = deque()
        self._bound = Bound(max_frames, max_bytes)

    def put(self, frame: Frame) -> list[Frame]:
        self._frames.append(frame)
        self._bound.add(frame)
        return []

    def pop(self) -> Frame:
        return self._bound.take(self._frames.popleft())

    def remove(self, leaves: Judge) -> list[Frame]:
        gone: list[Frame] = []
        kept: deque[Frame] = deque()
        for frame in self._frames:
            (gone if leaves(frame, False) else kept).append(frame)
        self._frames = kept
        return [self._bound.take(frame) for frame in gone]

    def oldest(self) -> float:
        return self._frames[0].stamps.polled

    @property
    def has_room(self) -> bool:
        return not self._bound.reached

    @property
    def half_empty(self) -> bool:
        return self._bound.half_empty

    def __len__(self) -> int:
        return self._bound.frames
