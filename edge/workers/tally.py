"""What all workers have counted since the start, whichever of them still run."""

from collections.abc import Iterable
from threading import Lock

import msgspec

from edge.observe.camera_metrics import CameraLabels
from edge.observe.samples import Sample
from edge.workers.merging import lasting, merge

_CAMERA = "camera"


class Tally:
    """Written by the threads that hear the workers, read by those that are scraped."""

    def __init__(self, cameras: int) -> None:
        """`cameras` get series of their own, however many each of the workers knows."""
        self._lock = Lock()
        self._cameras = CameraLabels(cameras)
        self._living: dict[int, list[Sample]] = {}
        self._ended: list[Sample] = []

    def note(self, number: int, page: Iterable[Sample]) -> None:
        """The newest page of a worker that runs."""
        with self._lock:
            self._living[number] = [self._relabelled(sample) for sample in page]

    def close(self, number: int) -> None:
        """It has ended: what it counted stays, what it was is forgotten."""
        with self._lock:
            page = lasting(self._living.pop(number, []))
            self._ended = merge(self._ended, [page])

    def page(self) -> list[Sample]:
        """All of them as one."""
        with self._lock:
            return merge(self._ended, self._living.values())

    def _relabelled(self, sample: Sample) -> Sample:
        if all(name != _CAMERA for name, _ in sample.labels):
            return sample
        labels = tuple(
            (name, self._cameras.of(value) if name == _CAMERA else value)
            for name, value in sample.labels
        )
        return msgspec.structs.replace(sample, labels=labels)
