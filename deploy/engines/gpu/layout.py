"""How the memory of one batch is divided: once, for the largest batch, and never anew."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.manifest import InputSpec
from deploy.engines.gpu.device import Mirror
from deploy.engines.gpu.jobs import COLOURS, JOB

_ALIGNMENT = 256
"""Bytes; what CUDA's own allocations keep to, and TensorRT asks for."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the memory that holds an array, one row for each place of the batch."""

    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def row(self) -> int:
        """Bytes of one place."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    @property
    def end(self) -> int:
        return self.start + self.shape[0] * self.row

    def on_host(self, mirror: Mirror) -> NDArray[Any]:
        """The array, in the host's memory: no copy."""
        return mirror.host[self.start : self.end].view(self.dtype).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Layout:
    """Regions of the batch's memory."""

    jobs: Region
    pixels: Region
    probabilities: Region
    logits: Region

    @property
    def size(self) -> int:
        return _aligned(self.logits.end)


def lay_out(places: int, spec: InputSpec, labels: int) -> Layout:
    """Divide memory for batches of up to `places` pictures."""
    jobs = Region(0, (places,), JOB)
    frames = (places, spec.height, spec.width, COLOURS)
    pixels = Region(_aligned(jobs.end), frames, np.dtype(np.uint8))
    scores = (places, labels)
    probabilities = Region(_aligned(pixels.end), scores, np.dtype(np.float32))
    logits = Region(_aligned(probabilities.end), scores, np.dtype(np.float32))
    return Layout(jobs, pixels, probabilities, logits)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
