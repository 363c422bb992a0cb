"""Which frames wait where there are more than can be looked at. Pure: no thread, no clock."""

from collections import deque
from collections.abc import Iterator

from edge.frame import Frame
from edge.queueing import Bound, Judge


class FairShare:
    """Cameras take turns, each with its oldest frame. Beyond the bound the oldest frame of the
    busiest camera gives way, so the newest of each camera stays while another has more than one.

    A camera that has nothing waiting is forgotten, and joins at the end of the round.
    """

    has_room = True
    half_empty = True

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._waiting: dict[str, deque[Frame]] = {}
        """By camera, in the order of their turns; never an empty one."""
        self._bound = Bound(max_frames, max_bytes)

    def put(self, frame: Frame) -> list[Frame]:
        self._waiting.setdefault(frame.camera, deque()).append(frame)
        self._bound.add(frame)
        return list(self._give_way())

    def pop(self) -> Frame:
        camera = next(iter(self._waiting), "")
        waiting = self._waiting.pop(camera)
        frame = waiting.popleft()
        if waiting:
            self._waiting[camera] = waiting
        return self._bound.take(frame)

    def remove(self, leaves: Judge) -> list[Frame]:
        gone: list[Frame] = []
        left: dict[str, deque[Frame]] = {}
        for camera, waiting in self._waiting.items():
            kept: deque[Frame] = deque()
            for frame in waiting:
                (gone if leaves(frame, frame is not waiting[-1]) else kept).append(frame)
            if kept:
                left[camera] = kept
        self._waiting = left
        return [self._bound.take(frame) for frame in gone]

    def oldest(self) -> float:
        return min(waiting[0].stamps.polled for waiting in self._waiting.values())

    def __len__(self) -> int:
        return self._bound.frames

    def _give_way(self) -> Iterator[Frame]:
        """A single frame stays, whatever its size."""
        while self._bound.exceeded and self._bound.frames > 1:
            camera, waiting = max(self._waiting.items(), key=_busier)
            yield self._bound.take(waiting.popleft())
            if not waiting:
                del self._waiting[camera]


def _busier(waiting: tuple[str, deque[Frame]]) -> tuple[int, float]:
    """More frames, and among equals the one whose oldest waits longest."""
    _, frames = waiting
    return len(frames), -frames[0].stamps.polled
