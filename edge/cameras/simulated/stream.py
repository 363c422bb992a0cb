"""A camera that never ends: one event after the other, each with its truth."""

import math
import zlib
from functools import lru_cache

import numpy as np

from edge.cameras.simulated.scene import Scene
from edge.cameras.simulated.shot import LABELS, Shot
from edge.cameras.simulated.staging import some_hour, some_scene

EVENT_SECONDS = 5.0
_ROUND = len(LABELS)  # events in which every label comes up once
_ROUNDS_AN_HOUR = 3  # weather and daylight last that many rounds


class SimulatedCamera:
    """A camera on patrol: every `EVENT_SECONDS` it shows a vehicle, a pedestrian, a parcel or an
    empty place, each once in four events, in an order that changes.

    The empty place is one just seen, or about to be seen, with somebody in it. Who passes is in
    view for the whole event, so the truth is never in doubt; between events the picture cuts.
    """

    def __init__(self, name: str, seed: int, width: int = 640, height: int = 480) -> None:
        """`seed` is 0 or more; `width` and `height` are the frame's, in pixels."""
        self.name = name
        self._size = (width, height)
        self._roots = (zlib.crc32(name.encode()), seed)
        self._stage = lru_cache(maxsize=2)(self._build)

    def shot(self, time: float) -> Shot:
        """The frame at `time` seconds, 0 or more: always the same for the same camera and time."""
        if not (math.isfinite(time) and time >= 0.0):
            raise ValueError(f"a simulated camera's time is 0 or more seconds, not {time}")
        event = int(time // EVENT_SECONDS)
        round_, place = divmod(event, _ROUND)
        order = self._order(round_)
        noise = self._rng(3, int(time * 1000))
        scene = self._scene(round_, order, place)
        return scene.shot(time - event * EVENT_SECONDS, noise)

    def _scene(self, round_: int, order: tuple[str, ...], place: int) -> Scene:
        if order[place] != "background":
            return self._stage(round_ * _ROUND + place, order[place])
        host = place - 1 if place > 0 else place + 1
        return self._stage(round_ * _ROUND + host, order[host]).deserted()

    def _build(self, event: int, subject: str) -> Scene:
        hour = some_hour(self._rng(1, event // (_ROUND * _ROUNDS_AN_HOUR)))
        return some_scene(subject, hour, self._size, EVENT_SECONDS, self._rng(2, event))

    def _order(self, round_: int) -> tuple[str, ...]:
        return tuple(LABELS[i] for i in self._rng(0, round_).permutation(len(LABELS)))

    def _rng(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng((*self._roots, purpose, number))
