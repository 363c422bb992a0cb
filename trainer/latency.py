"""How long the network takes on this machine, in the reference: no engine is faster than proven."""

import os
import time
from dataclasses import dataclass

import numpy as np

from deploy.bundle.manifest import InputSpec
from deploy.bundle.reference import Reference

_WARM_UP, _RUNS, _SECONDS = 3, 50, 2.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one picture alone, in seconds."""

    median: float
    p95: float
    runs: int
    threads: int
    """What ONNX Runtime could use."""


def measure_latency(reference: Reference, spec: InputSpec, threads: int) -> Latency:
    """Run one picture up to fifty times, for two seconds at most; `threads` 0 is every core."""
    pixels = np.zeros((1, spec.height, spec.width, 3), np.uint8)
    for _ in range(_WARM_UP):
        reference.run(pixels)
    taken: list[float] = []
    while len(taken) < _RUNS and sum(taken) < _SECONDS:
        began = time.perf_counter()
        reference.run(pixels)
        taken.append(time.perf_counter() - began)
    median, p95 = np.percentile(taken, [50, 95]).tolist()
    return Latency(median, p95, len(taken), threads or os.cpu_count() or 1)
