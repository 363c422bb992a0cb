"""A lane as a session of an engine: warm before it is given away, smaller where memory is short."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from deploy.bundle.errors import Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.engines.gpu.jobs import COLOURS
from deploy.engines.gpu.lane import Lane
from deploy.engines.measurement import Run
from deploy.engines.protocol import Answers

_log = logging.getLogger("yardlight.gpu")


@dataclass(frozen=True, slots=True)
class GpuSession:
    """Takes decoded frames."""

    lane: Lane = field(repr=False)

    def run(self, pixels: Pixels) -> Scores:
        return self.lane.run(pixels).probabilities

    def run_all(self, pixels: Pixels) -> Outputs:
        return self.lane.run(pixels)

    def run_timed(self, pixels: Pixels) -> Run:
        return self.lane.run_timed(pixels)


@dataclass(frozen=True, slots=True)
class DecodingGpuSession(GpuSession):
    """Takes encoded frames as well, and decodes them on the GPU."""

    def run_encoded(self, frames: Sequence[bytes | memoryview], limits: Limits) -> Answers:
        return self.lane.run_encoded(frames, limits)


def session_on(lane: Lane) -> GpuSession:
    """A session on a lane, after runs of the smallest, a middle and the largest batch: what is
    slow only once is over.
    """
    for size in sorted({1, (lane.places + 1) // 2, lane.places}):
        lane.run(np.zeros((size, lane.spec.height, lane.spec.width, COLOURS), np.uint8))
    return GpuSession(lane) if lane.decoder is None else DecodingGpuSession(lane)


def largest(make: Callable[[int], Lane], places: int, least: int = 1) -> Lane:
    """A lane for batches of up to `places`, or of half as many again and again while the GPU is
    short of memory; the log says so. Larger batches are then run in several parts.

    Args:
        least: the smallest batch that the network takes.

    Raises:
        Unavailable: not even that many pictures fit.
    """
    try:
        return make(places)
    except Unavailable as error:
        if places // 2 < least:
            raise
        _log.warning("%s: batches of %d instead of %d", error, places // 2, places)
        return largest(make, places // 2, least)
