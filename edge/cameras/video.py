"""Frames from whatever OpenCV opens: a video file, an RTSP stream, a webcam."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2

from deploy.bundle.errors import Fatal
from deploy.bundle.pixels import Pixels
from edge.cameras.picture import Picture, encode_jpeg
from edge.observe.logs import get_logger

_log = get_logger("cameras")
_OPEN_TIMEOUT_MS = 10_000
_READ_TIMEOUT_MS = 5_000
_REOPEN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class VideoFileSource:
    """The frames of a video file."""

    path: str
    camera: str
    loop: bool = False

    def pictures(self) -> Iterator[Picture]:
        while True:
            empty = True
            for pixels in _frames(_open(self.path, "video file")):
                yield Picture(self.camera, encode_jpeg(pixels))
                empty = False
            if empty:
                raise Fatal(f"{self.path} holds no frames")
            if not self.loop:
                return


@dataclass(frozen=True, slots=True)
class LiveSource:
    """An RTSP stream or a webcam. A stream that breaks off is opened again."""

    address: str | int
    camera: str
    wait: Callable[[float], bool]
    """Sleeps up to that many seconds and returns whether to stop."""

    def pictures(self) -> Iterator[Picture]:
        what = "webcam" if isinstance(self.address, int) else "stream"
        capture = _open(self.address, what)
        while capture is not None:
            for pixels in _frames(capture):
                yield Picture(self.camera, encode_jpeg(pixels))
            _log.warning("the source broke off, opening it again", camera=self.camera)
            capture = self._reopened(what)

    def _reopened(self, what: str) -> Any:
        """The source once it is back; None if told to stop before."""
        while not self.wait(_REOPEN_SECONDS):
            try:
                return _open(self.address, what)
            except Fatal as error:
                _log.warning("still not there", camera=self.camera, error=str(error))
        return None


def _open(address: str | int, what: str) -> Any:
    """Open a capture; credentials within an address are not repeated in the error."""
    # FFmpeg would write lines of its own between those of the log: silent, unless told otherwise.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if isinstance(address, int):
        capture = cv2.VideoCapture(address)
    else:
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS),
        ]
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        shown = address if isinstance(address, int) else address.rpartition("@")[2]
        raise Fatal(f"{what} {shown} cannot be opened")
    return capture


def _frames(capture: Any) -> Iterator[Pixels]:
    """RGB frames, uint8 [H, W, 3], until the source ends."""
    try:
        while True:
            good, frame = capture.read()
            if not good:
                return
            yield frame[..., ::-1]
    finally:
        capture.release()
