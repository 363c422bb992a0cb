"""Which frames show nothing new: a cheap look before the network takes an expensive one."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.frame import Frame
from edge.outcome import Classified, Sighting

Thumbnail: TypeAlias = NDArray[np.float32]

_CELLS = 16
_CAMERAS = 4096
"""Cameras remembered; the one not seen for the longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class _Last:
    """The last classified frame of a camera."""

    sighting: Sighting
    assignment: int
    thumbnail: Thumbnail


@dataclass(slots=True)
class Gate:
    """Compares each frame with the last classified one of its camera. Shared by all sessions.

    Sessions finish out of order, so a frame is compared with an older one only, and an older one
    never takes the place of a newer. A partition that was given back and came again starts anew:
    somebody else may have seen what this member has not.
    """

    threshold: float
    """Levels, of 255, by which a colour of one of 16 x 16 cells of the picture must differ."""
    _last: OrderedDict[str, _Last] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Every camera's next frame is classified."""
        with self._lock:
            self._last.clear()

    def same_as(self, frame: Frame, pixels: NDArray[np.uint8]) -> Sighting | None:
        """What the camera saw before, where this picture does not differ from it."""
        with self._lock:
            last = self._last.get(frame.camera)
            if last is None or not _follows(frame, last):
                return None
            self._last.move_to_end(frame.camera)
        unlike = np.abs(thumbnail(pixels) - last.thumbnail).max()
        return last.sighting if unlike < self.threshold else None

    def saw(self, outcome: Classified, pixels: NDArray[np.uint8]) -> None:
        """A frame was classified."""
        picture, frame, label = thumbnail(pixels), outcome.frame, outcome.label
        sighting = Sighting(
            label,
            outcome.scores[label],
            frame.id,
            frame.partition,
            frame.offset,
            frame.captured_at,
        )
        remembered = _Last(sighting, frame.assignment, picture)
        with self._lock:
            last = self._last.get(frame.camera)
            if last is not None and _comes_before(frame, last):
                return
            self._last[frame.camera] = remembered
            self._last.move_to_end(frame.camera)
            if len(self._last) > _CAMERAS:
                self._last.popitem(last=False)


def thumbnail(pixels: NDArray[np.uint8]) -> Thumbnail:
    """Mean colour of each cell of a picture: uint8 [H, W, 3] to float32 [16, 16, 3].

    The mean takes the sensor's noise away. What moves changes a cell or two by much, so cells are
    compared one by one and not on average; and colours too, for red may be as dark as blue.
    """
    cells: NDArray[Any] = pixels
    for axis in (0, 1):
        length = pixels.shape[axis]
        edges = np.linspace(0, length, min(_CELLS, length), endpoint=False).astype(int)
        sizes = np.diff(edges, append=length)
        sums = np.add.reduceat(cells, edges, axis=axis, dtype=np.float32)
        cells = sums / np.expand_dims(sizes, tuple({0, 1, 2} - {axis}))
    means: Thumbnail = cells.astype(np.float32, copy=False)
    return means


def _follows(frame: Frame, last: _Last) -> bool:
    """Whether the frame comes after the remembered one in the same assignment."""
    return (
        last.assignment == frame.assignment
        and last.sighting.partition == frame.partition
        and last.sighting.offset < frame.offset
    )


def _comes_before(frame: Frame, last: _Last) -> bool:
    return last.assignment > frame.assignment or (
        last.assignment == frame.assignment and last.sighting.offset > frame.offset
    )
