"""Which frames are worth keeping: all or a share, or those that the network is not sure of."""

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from deploy.bundle.pixels import Pixels
from edge.gate import Thumbnail, thumbnail
from edge.wire import Classification

_CAMERAS = 4096


@dataclass(slots=True)
class Sample:
    """Every n-th, where the share is one in n; any other share as evenly as that goes."""

    share: float
    _due: float = 0.0

    def takes(self) -> bool:
        self._due += self.share
        if self._due < 1:
            return False
        self._due -= 1
        return True


def is_uncertain(said: Classification | None, margin: float) -> bool:
    """Whether the two highest scores are close. Of one label alone nobody can be uncertain."""
    if said is None:
        return False
    scores = sorted(said.scores.values(), reverse=True)
    return len(scores) > 1 and scores[0] - scores[1] < margin


@dataclass(slots=True)
class Novelty:
    """Compares each frame with the last one that was kept of its camera."""

    unlike: float
    _last: OrderedDict[str, Thumbnail] = field(default_factory=OrderedDict)

    def shows_something_new(self, camera: str, pixels: Pixels) -> bool:
        """Whether uint8 [H, W, 3] is worth keeping; it is then what the next is compared with."""
        seen, last = thumbnail(pixels), self._last.get(camera)
        if last is not None and float(np.abs(seen - last).max()) < self.unlike:
            return False
        self._last[camera] = seen
        self._last.move_to_end(camera)
        if len(self._last) > _CAMERAS:
            self._last.popitem(last=False)
        return True
