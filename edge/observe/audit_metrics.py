"""The newest recount as metrics, so that a broken one is an alert."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry

from edge.observe import definitions as listed
from edge.observe.registered import gauge

State: TypeAlias = Literal["clean", "broken", "could-not-tell"]
STATES: tuple[State, ...] = ("clean", "broken", "could-not-tell")


class AuditMetrics:
    """No state is 1 before the first recount."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._state = gauge(listed.AUDIT_STATE, self.registry)
        self._frames = gauge(listed.AUDIT_FRAMES, self.registry)
        self._time = gauge(listed.AUDIT_TIME, self.registry)
        for state in STATES:
            self._state.labels(state)

    def note(self, state: State, found: Mapping[str, int], now: float) -> None:
        """A recount ended at `now`, Unix seconds, with so many frames of each kind."""
        for each in STATES:
            self._state.labels(each).set(each == state)
        for finding, frames in found.items():
            self._frames.labels(finding).set(frames)
        self._time.set(now)
