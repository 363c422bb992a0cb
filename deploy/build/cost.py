"""What one run costs at each batch size, measured on this machine, for the batcher to plan with."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

import numpy as np

from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels
from deploy.engines.protocol import CostCurve, Session

_RUNS = 7
_SECONDS_A_SIZE = 0.5


def measure_cost(session: Session, spec: InputSpec, max_batch: int) -> CostCurve:
    """Median seconds of a run for batch sizes 1, 2, 4 … `max_batch`, after one warm-up each."""
    generator = np.random.default_rng(0)
    points = []
    for size in batch_sizes(max_batch):
        shape = (size, spec.height, spec.width, 3)
        pixels = generator.integers(0, 256, shape, np.uint8)
        points.append((size, _median_seconds(session, pixels)))
    return CostCurve(tuple(points))


def _median_seconds(session: Session, pixels: Pixels) -> float:
    session.run(pixels)
    taken: list[float] = []
    while len(taken) < _RUNS and sum(taken) < _SECONDS_A_SIZE:
        start = perf_counter()
        session.run(pixels)
        taken.append(perf_counter() - start)
    return median(taken)


def batch_sizes(max_batch: int) -> Iterator[int]:
    """1, 2, 4 … and `max_batch`: what is measured where nobody asks for others."""
    size = 1
    while size < max_batch:
        yield size
        size *= 2
    yield max_batch
