"""Frames of a video file: one every few seconds, or one for each scene."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deploy.bundle.golden import encode_frame
from deploy.bundle.pixels import Pixels
from deploy.bundle.printable import printable
from trainer.ingest.found import Found, Losses
from trainer.likeness.grey import Greys, grey_of

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts"})
_USUAL_RATE = 25.0
_SCENE_CHANGE = 20.0
"""Levels, of 255, by which the small grey pictures of two scenes differ on average."""
_QUALITY = 92


class _NoVideo(Exception):  # noqa: N818 - it says what the matter is
    """What has a video's name is none."""


@dataclass(frozen=True, slots=True)
class VideoSource:
    """Frames of one camera, told apart by the seconds since the video began."""

    path: Path
    every: float
    """Seconds from one frame to the next."""
    on_scene_change: bool = False
    label: str | None = None
    camera: str | None = None

    def pictures(self, losses: Losses) -> Iterator[Found]:
        name = printable(self.path.name)
        labels = (self.label,) if self.label is not None else ()
        chosen = self._scenes() if self.on_scene_change else self._paced()
        count = 0
        try:
            for seconds, pixels in chosen:
                count += 1
                yield Found(
                    encode_frame(pixels, _QUALITY),
                    f"{name}@{seconds:.2f}s",
                    labels,
                    camera=self.camera or printable(self.path.stem),
                    taken_at=seconds,
                )
        except _NoVideo:
            losses.note("videos that cannot be opened", name)
            return
        if not count:
            losses.note("videos without frames", name)

    def _paced(self) -> Iterator[tuple[float, Pixels]]:
        due = 0.0
        for seconds, pixels in _frames(self.path):
            if seconds >= due:
                due = seconds + self.every - 1e-6
                yield seconds, pixels

    def _scenes(self) -> Iterator[tuple[float, Pixels]]:
        """The first frame, and every frame that looks unlike the last one taken."""
        last: Greys | None = None
        for seconds, pixels in _frames(self.path):
            grey = grey_of(pixels)
            if last is None or _unlike(grey, last) > _SCENE_CHANGE:
                last = grey
                yield seconds, pixels


def _unlike(one: Greys, other: Greys) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _frames(path: Path) -> Iterator[tuple[float, Pixels]]:
    """Seconds since the begin and RGB uint8 [H, W, 3] of every frame that can be decoded."""
    capture: Any = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise _NoVideo(path)
        rate = capture.get(cv2.CAP_PROP_FPS)
        rate = rate if np.isfinite(rate) and rate > 0 else _USUAL_RATE
        number = 0
        while True:
            good, frame = capture.read()
            if not good:
                return
            yield number / rate, np.ascontiguousarray(frame[..., ::-1])
            number += 1
    finally:
        capture.release()
