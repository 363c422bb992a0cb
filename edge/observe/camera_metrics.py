"""Series for each camera, of so many cameras and no more: whoever may append frames names them."""

from prometheus_client import CollectorRegistry

from edge.observe import definitions as listed
from edge.observe.registered import counter, gauge

OTHER = "(other)"
"""Stands for every camera beyond the limit."""
_LONGEST = 64
"""Characters of a camera's id that may be a label; one with a longer id is counted with the rest,
or a hostile one could make the page as large as it likes."""


class CameraLabels:
    """The first `most` cameras that are seen are labels, for as long as the service runs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, camera: str) -> str:
        """Its label: its own id, or that of all who have none."""
        if camera in self._known:
            return camera
        if len(self._known) >= self._most or len(camera) > _LONGEST or camera == OTHER:
            return OTHER
        self._known.add(camera)
        return camera


class CameraMetrics:
    """The first cameras that are seen get series of their own."""

    def __init__(self, most: int, registry: CollectorRegistry) -> None:
        self._labels = CameraLabels(most)
        self._frames = counter(listed.CAMERA_FRAMES, registry)
        self._newest = gauge(listed.CAMERA_NEWEST, registry)

    def note(self, camera: str, now: float) -> None:
        """The outcome of one of its frames was acknowledged at `now`, Unix seconds."""
        label = self._labels.of(camera)
        self._frames.labels(label).inc()
        self._newest.labels(label).set(now)
