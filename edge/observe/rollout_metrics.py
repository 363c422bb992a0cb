"""How far a node is with a roll-out, and what became of the frames that a candidate saw."""

from typing import Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry

from edge.observe import definitions as listed
from edge.observe.registered import counter, gauge

Compared: TypeAlias = Literal["agreed", "differed", "failed", "dropped"]


class RolloutMetrics:
    """A state has a series once the node was in it; that which it is in is 1."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._now = ""
        self._state = gauge(listed.ROLLOUT_STATE, registry)
        self._wanted = gauge(listed.ROLLOUT_WANTED, registry)
        self._serving = gauge(listed.ROLLOUT_SERVING, registry)
        self._frames = counter(listed.ROLLOUT_FRAMES, registry)
        for result in get_args(Compared):
            self._frames.labels(result)

    def note(self, state: str, wanted: int, serving: int) -> None:
        """Where the node is: the generation that it took up, and that which it serves for good."""
        if self._now:
            self._state.labels(self._now).set(0)
        self._state.labels(state).set(1)
        self._now = state
        self._wanted.set(wanted)
        self._serving.set(serving)

    def compared(self, result: Compared, frames: int) -> None:
        self._frames.labels(result).inc(frames)
